import { spawnSync } from 'node:child_process';
import { Command } from 'commander';

/** `npm run check`: everything that is fast, one after the other, to the first that fails. */
const CHECKS = {
  'check:format': 'layout of the source; npx biome format --write . mends it',
  'check:types': 'types, those of core without Node and DOM, too',
  'check:lint': 'type-aware lint',
  'check:directions': 'which folder may import which',
  'check:unused': 'dead code and unused dependencies',
  'check:architecture': 'rules of the source, and that each of these checks finds its fixture',
} as const;

const list = Object.entries(CHECKS).map(([name, what]) => `  ${name.padEnd(20)} ${what}`);
// A word too many is refused: given on to a check it would change what that one does, and it would be said to have
// passed.
new Command('npm run check --')
  .description('everything that is fast, one after the other, to the first that fails')
  .addHelpText('after', `\nChecks, each a script of its own:\n${list.join('\n')}`)
  .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : 2))
  .parse();

for (const name of Object.keys(CHECKS)) {
  const { status } = spawnSync('npm', ['run', '--silent', name], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
