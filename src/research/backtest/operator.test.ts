import { describe, expect, test } from 'vitest';
import { createGuardian, setLock, type GuardianState } from '../../core/guardian/state.ts';
import type { LockKind } from '../../core/guardian/lock.ts';
import { HOUR_MS } from '../../core/units.ts';
import { Operator } from './operator.ts';

const SINCE = Date.UTC(2024, 0, 1, 3);
const WAIT = 12 * HOUR_MS;

const under = (...kinds: readonly LockKind[]): GuardianState => {
  const guardian = createGuardian();
  for (const kind of kinds)
    setLock(guardian, {
      kind,
      symbol: kind === 'volatility' ? 'BTC/USDT' : null,
      since: SINCE,
      reason: '',
      limit: null,
      value: null,
    });
  return guardian;
};

describe('the operator says until when nothing is done', () => {
  test.each<[string, readonly LockKind[], number, number]>([
    ['no lock', [], 3, Number.POSITIVE_INFINITY],
    ['locks that clear by themselves', ['volatility', 'daily-drawdown'], 3, Number.POSITIVE_INFINITY],
    ['a kill-switch', ['volatility', 'kill-switch'], 3, SINCE + WAIT],
    ['a total drawdown', ['total-drawdown'], 3, SINCE + WAIT],
    ['a total drawdown that is not cleared any more', ['kill-switch', 'total-drawdown'], 0, Number.NEGATIVE_INFINITY],
  ])('under %s', (_name, kinds, totalDrawdownUnlocks, until) => {
    const operator = new Operator({ unlockAfter: WAIT, totalDrawdownUnlocks });
    const guardian = under(...kinds);
    expect(operator.until(guardian)).toBe(until);
    // And does nothing before, but then.
    if (until > SINCE) expect(operator.act(guardian, Math.min(until, SINCE + 1_000 * HOUR_MS) - 1)).toBeNull();
    if (until < Number.POSITIVE_INFINITY) expect(operator.act(guardian, Math.max(until, SINCE))).not.toBeNull();
  });
});
