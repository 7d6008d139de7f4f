/** Lists the benchmarks, or runs one: `npm run bench -- journal [arguments]`. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = import.meta.dirname;
const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

/** First sentence of a benchmark's head comment. */
const purpose = (name: string): string => {
  const comment = /\/\*\*([\s\S]*?)\*\//.exec(readFileSync(join(FOLDER, `${name}.ts`), 'utf8'))?.[1] ?? '';
  return (
    comment
      .replace(/\s*\n\s*\*\s?/g, ' ')
      .trim()
      .split(/[.:] /, 1)[0] ?? ''
  );
};

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || name === '--help') {
  process.stdout.write(
    'Usage: npm run bench -- <name> [arguments]\nTimings are for comparison within one run: machines are noisy.\n\n',
  );
  for (const known of names) process.stdout.write(`  ${known.padEnd(20)} ${purpose(known)}\n`);
} else if (names.includes(name)) {
  process.exitCode =
    spawnSync(process.execPath, [join(FOLDER, `${name}.ts`), ...rest], { stdio: 'inherit' }).status ?? 1;
} else {
  process.stderr.write(`no benchmark "${name}"; there are ${names.join(', ')}\n`);
  process.exitCode = 2;
}
