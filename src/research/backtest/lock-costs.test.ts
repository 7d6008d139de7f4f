import { expect, test } from 'vitest';
import { toNumber } from '../../core/decimal.ts';
import type { Lock } from '../../core/guardian/lock.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/units.ts';
import { enterInto } from './fixture.test-helper.ts';
import { lockCosts } from './lock-costs.ts';

test('a position that a lock closed is held against the same entry of the other run, whatever second of its hour that was filled in', () => {
  const result = enterInto([[50_000, 52_000, 49_900, 51_900]]);
  const [trade] = result.trades;
  if (trade === undefined) throw new Error('a trade was expected');
  const lock: Lock = { id: 'daily-drawdown', kind: 'daily-drawdown', symbol: null, since: trade.openedAt + 30 * MINUTE_MS, reason: 'test', limit: 0.02, value: 0.02 };
  const guarded = {
    ...result,
    trades: [{ ...trade, exitReason: 'daily drawdown', closedAt: lock.since + SECOND_MS, pnlFraction: trade.pnlFraction - 0.05 }],
    locks: [{ lock, until: null, by: null, equity: 10_000 }],
  };
  const notional = toNumber(trade.quantity) * toNumber(trade.entryPrice);
  for (const [later, difference] of [[0, 0.05 * notional], [2 * SECOND_MS, 0.05 * notional], [HOUR_MS, 0]] as const) {
    const [cost] = lockCosts(guarded, { ...result, trades: [{ ...trade, openedAt: trade.openedAt + later }] });
    expect(cost?.flattened).toBe(1);
    expect(cost?.flattenedDifference).toBeCloseTo(difference, 6);
  }
});
