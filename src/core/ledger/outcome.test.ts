import { expect, test } from 'vitest';
import { decimal } from '../decimal.ts';
import { tradeStatistics } from './metrics.ts';
import { outcomeOf } from './outcome.ts';

test('a trade is won above zero, lost below it, and at exactly zero neither, in decimals as in doubles', () => {
  expect([decimal('0.00000001'), 0.01].map(outcomeOf)).toEqual(['win', 'win']);
  expect([decimal('-0.00000001'), -1e-9].map(outcomeOf)).toEqual(['loss', 'loss']);
  expect([decimal('0'), 0, -0].map(outcomeOf)).toEqual(['even', 'even', 'even']);
});

test('statistics count it so', () => {
  const trades = [1, 0, -1].map((pnl) => ({ symbol: 'BTC/USDT', pnl, openedAt: 0, closedAt: 1 }));
  expect(tradeStatistics(trades)).toMatchObject({ trades: 3, wins: 1, losses: 1 });
});
