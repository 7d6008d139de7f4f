import { expect, test } from 'vitest';
import type { Manners } from './late-exchange.test-helper.ts';
import { keepPromise } from './promise.test-helper.ts';

const NIGHTLY = process.env['NIGHTLY'] === '1';
const SEEDS = NIGHTLY ? Array.from({ length: 100 }, (_, seed) => seed) : [4, 8, 12, 21];
const HOURS = 8;
const MANNERS: readonly Manners[] = ['fair', 'refusing', 'losing'];

test('in a random market no day loses more than its limit and what sales below the allowance have cost, and nothing is held without a stop for long', {
  timeout: NIGHTLY ? 900_000 : 60_000,
}, async () => {
  const sums = { trades: 0, daysLocked: 0 };
  for (const seed of SEEDS) {
    const { broken, trades, daysLocked } = await keepPromise(seed, HOURS, MANNERS[seed % 3] ?? 'fair');
    expect(broken).toEqual([]);
    sums.trades += trades;
    sums.daysLocked += daysLocked;
  }
  expect(sums.trades).toBeGreaterThan(SEEDS.length);
  if (NIGHTLY) expect(sums.daysLocked).toBeGreaterThan(5);
});
