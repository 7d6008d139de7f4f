import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { NOON, order, place, timer } from '../adapters/sqlite/effects.test-helper.ts';
import { openForTest, temporaryDirectory } from '../adapters/sqlite/sqlite.test-helper.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { replay } from './replay.ts';

test('what the exchange said of an order reaches the terminal without what a terminal takes for orders', () => {
  const path = join(temporaryDirectory(), 'paper.db');
  const database = openForTest(path);
  database.journal.commit([timer(NOON)], () => [place('gb1'), order('gb1', { status: 'rejected', detail: '-2010 \u001b]0;owned\u0007no' })]);
  database.close();
  const printed: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  replay({ database: path, explain: 'gb1' });
  vi.restoreAllMocks();
  expect(printed.join('')).toContain('-2010 \ufffd]0;owned\ufffdno');
});

test('a proof up to an entry that is not there yet proves less than was asked for, and says so', () => {
  const path = join(temporaryDirectory(), 'paper.db');
  const database = openForTest(path);
  database.journal.commit([timer(NOON), timer(NOON + 1)], () => []);
  database.close();
  expect(() => replay({ database: path, verify: true, until: '3' })).toThrow(new UserError('--until 3 is beyond the last entry, 2; leave it out to prove all there is'));
  const printed: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  // Two timers alone are no journal of the engine's: what matters is that they are looked at.
  expect(replay({ database: path, verify: true, until: '2' })).toBe(1);
  vi.restoreAllMocks();
  expect(printed.join('')).toContain('first difference: entry 1');
});
