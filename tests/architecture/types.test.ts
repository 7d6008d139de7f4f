import { readdirSync } from 'node:fs';

import { expect, test } from 'vitest';

import { FIXTURES, TYPE_CHECKER, runTool } from './tools.ts';

/** Files of a fixture in which the type checker finds no fault. */
const accepted = (fixture: string): readonly string[] => {
  const folder = `${FIXTURES}/${fixture}`;
  const { exitCode, output } = runTool(TYPE_CHECKER, ['-p', '.', '--pretty', 'false'], folder);
  expect(exitCode).toBeGreaterThan(0);
  const refused = new Set(output.split('\n').map((line) => line.split('(')[0]));
  return readdirSync(folder).filter((name) => name.endsWith('.ts') && !refused.has(name));
};

test('in core neither process nor timers nor the network compile', () => {
  expect(accepted('core-types')).toEqual([]);
});

test('look-alikes of approved orders, money from plain numbers and loose types do not compile', () => {
  expect(accepted('strict-types')).toEqual([]);
});
