import { expect, test } from 'vitest';

import { DEAD_CODE, inProjectOf, runTool } from './tools.ts';

test('an unused file, an unused export and an unused dependency are found', () => {
  const { exitCode, output } = inProjectOf('unused', ['knip.json', 'tsconfig.json'], (folder) =>
    runTool(DEAD_CODE, ['--no-progress', '--no-config-hints'], folder),
  );
  expect(exitCode).toBe(1);
  expect(output).toContain('src/app/unused-file.ts');
  expect(output).toContain('unusedExport');
  expect(output).toMatch(/ccxt\s+package\.json/);
  expect(output).not.toMatch(/^used\s/m);
});
