import type { Fraction } from '../../core/units.ts';
import type { EquityBucket, EquityCurve } from '../../ports/dashboard.ts';

/**
 * Drawdown along a curve: the fall from the highest equity so far, which moves
 * with deposits and withdrawals as the Guardian's mark does. Of each stretch its
 * lowest equity counts against what was the peak before it, and its last
 * against the peak within: never overstated, and a low between two points is kept.
 */
export const withDrawdown = (
  buckets: readonly EquityBucket[],
): Pick<EquityCurve, 'points' | 'peak' | 'maxDrawdown'> => {
  /** Less the deposits, as the highs and lows are. */
  let peak = Number.NEGATIVE_INFINITY;
  let before = buckets[0]?.deposited ?? 0;
  let worst: Fraction | null = null;
  const points = buckets.map(({ at, equity, high, low, exposure, deposited }) => {
    // Where in a stretch the money came is not known: the larger mark makes the smaller fraction.
    const outside = Math.max(before, deposited);
    const below = (value: number, mark: number): Fraction =>
      Number.isFinite(mark) && mark + outside > 0 ? Math.max(0, (mark - value) / (mark + outside)) : 0;
    const drawdown = Math.max(below(low, peak), below(equity - deposited, Math.max(peak, high)));
    const since = deposited - before;
    peak = Math.max(peak, high);
    before = deposited;
    worst = Math.max(worst ?? 0, drawdown);
    return { at, equity, drawdown, exposure, deposited: since };
  });
  return { points, peak: Math.max(0, peak + before), maxDrawdown: worst };
};
