import { describe, expect, it } from 'vitest';
import { emptyColumns, type CandleColumns } from '../../core/features/candle-columns.ts';
import { DAY_MS } from '../../core/units.ts';
import { baselines } from './baselines.ts';
import { roundTripCost } from './policy-trades.ts';

const FROM = Date.UTC(2022, 0, 1);

/** One candle a day, the first of them the close before the span. */
const daily = (closes: readonly number[]): CandleColumns => {
  const columns = emptyColumns(closes.length);
  closes.forEach((close, i) => {
    columns.openTime[i] = FROM + (i - 1) * DAY_MS;
    columns.close[i] = close;
  });
  return columns;
};
const holdOf = (series: readonly (readonly number[])[]) =>
  baselines(series.map(daily), FROM, FROM + ((series[0]?.length ?? 1) - 1) * DAY_MS, 0)[1];

describe('buy and hold', () => {
  it('moves nothing between the symbols once it has bought', () => {
    // One doubles every day, the other halves: at the end 8/2 + 1/16. Evened out every day it would be 1.25 ^ 3.
    const hold = holdOf([
      [100, 200, 400, 800],
      [100, 50, 25, 12.5],
    ]);
    expect(hold?.totalReturn).toBeCloseTo(4 + 1 / 16 - 1, 12);
    expect(hold?.maxDrawdown).toBe(0);
    // 1, then (2 + 0.5) / 2, then back.
    expect(
      holdOf([
        [100, 200, 100],
        [100, 50, 100],
      ])?.totalReturn,
    ).toBeCloseTo(0, 12);
    expect(
      holdOf([
        [100, 200, 100],
        [100, 50, 100],
      ])?.maxDrawdown,
    ).toBeCloseTo(0.2, 12);
  });

  it('pays half a round trip when it buys, and nothing after', () => {
    const hold = baselines([daily([100, 100, 100])], FROM, FROM + 2 * DAY_MS)[1];
    expect(hold?.totalReturn).toBeCloseTo(-roundTripCost(1) / 2, 12);
  });
});
