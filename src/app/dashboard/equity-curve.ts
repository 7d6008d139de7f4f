import type { EpochMs, Fraction } from '../../core/units.ts';
import type { EquityBucket, EquityCurve } from '../../ports/dashboard.ts';

export interface Deposit {
  readonly at: EpochMs;
  readonly amount: number;
}

/**
 * Drawdown along a curve: the fall from the highest equity so far, which moves
 * with deposits and withdrawals as the Guardian's mark does. Of each stretch its
 * lowest equity counts against what was the peak before it, and its last
 * against the peak within: never overstated, and a low between two points is kept.
 */
export const withDrawdown = (buckets: readonly EquityBucket[], deposits: readonly Deposit[]): Pick<EquityCurve, 'points' | 'maxDrawdown'> => {
  let peak = 0;
  let next = 0;
  let worst: Fraction | null = null;
  const below = (value: number, mark: number): Fraction => (mark > 0 ? Math.max(0, 1 - value / mark) : 0);
  const points = buckets.map(({ at, equity, high, low, exposure }) => {
    for (let deposit = deposits[next]; deposit !== undefined && deposit.at <= at; deposit = deposits[next]) {
      if (peak > 0) peak = Math.max(0, peak + deposit.amount);
      next += 1;
    }
    const drawdown = Math.max(below(low, peak), below(equity, Math.max(peak, high)));
    peak = Math.max(peak, high);
    worst = Math.max(worst ?? 0, drawdown);
    return { at, equity, drawdown, exposure };
  });
  return { points, maxDrawdown: worst };
};
