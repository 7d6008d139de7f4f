import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');
export const FIXTURES = join(import.meta.dirname, 'fixtures');

export interface Run {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a tool of node_modules as `npm run check` does, with this Node. */
export const runTool = (script: string, args: readonly string[], cwd: string): Run => {
  const result = spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], NO_COLOR: '1' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return { exitCode: result.status, output: `${result.stdout}${result.stderr}` };
};

/** A fixture in a folder of its own with the project's configuration beside it, as if it were the project. */
export const inProjectOf = <T>(fixture: string, configurations: readonly string[], use: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'guardian-fixture-'));
  try {
    cpSync(join(FIXTURES, fixture), folder, { recursive: true });
    for (const name of configurations) cpSync(join(ROOT, name), join(folder, name));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

export const DEPENDENCY_CRUISER = 'dependency-cruiser/bin/dependency-cruiser.mjs';
export const TYPE_CHECKER = '@typescript/native/bin/tsc';
export const LINTER = 'oxlint/bin/oxlint';
export const DEAD_CODE = 'knip/bin/knip.js';
export const FORMATTER = '@biomejs/biome/bin/biome';
