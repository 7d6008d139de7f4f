import { expect, test } from 'vitest';

import { FORMATTER, inProjectOf, runTool } from './tools.ts';

test('a file that is laid out by hand is found, one that the formatter wrote is left alone', () => {
  inProjectOf('format', ['biome.json'], (folder) => {
    const { exitCode, output } = runTool(FORMATTER, ['format', '.'], folder);
    expect(exitCode).toBe(1);
    expect(output).toContain('crooked.ts');
    expect(output).not.toContain('straight.ts');
  });
});
