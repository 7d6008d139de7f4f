import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const check = (...words: readonly string[]) =>
  spawnSync(process.execPath, ['tests/support/run-checks.ts', ...words], { cwd: ROOT, encoding: 'utf8' });

test('npm run check explains itself, and takes no word that one of its checks would take for its own', () => {
  const help = check('--help');
  expect(help.stdout).toMatch(/^Usage: npm run check --/);
  for (const name of ['format', 'types', 'lint', 'directions', 'unused', 'architecture'])
    expect(help.stdout).toContain(`check:${name} `);
  expect(help.status).toBe(0);
  const odd = check('--fix');
  expect([odd.stdout, odd.status]).toEqual(['', 2]);
  expect(odd.stderr).toContain("unknown option '--fix'");
});
