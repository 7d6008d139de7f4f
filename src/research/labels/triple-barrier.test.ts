import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyColumns, type CandleColumns } from '../../core/features/candle-columns.ts';
import { HOUR_MS } from '../../core/units.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { columnsFromCandles } from '../../core/features/candle-columns.ts';
import { labelSeries, OUTCOME, uniquenessWeights } from './triple-barrier.ts';

const OPTIONS = { stop: 0.01, target: 0.02, horizonHours: 3, entrySlippage: 0 };
type Bar = readonly [open: number, high: number, low: number, close: number];

const series = (
  bars: readonly Bar[],
  hours: readonly number[] = bars.map((_, i) => i),
  step = HOUR_MS,
): CandleColumns => {
  const columns = emptyColumns(bars.length);
  bars.forEach(([open, high, low, close], row) => {
    columns.openTime[row] = (hours[row] ?? 0) * step;
    columns.open[row] = open;
    columns.high[row] = high;
    columns.low[row] = low;
    columns.close[row] = close;
  });
  return columns;
};
const quiet: Bar = [100, 100.5, 99.5, 100];
const first = (bars: readonly Bar[], options = OPTIONS, hours?: readonly number[], finer?: CandleColumns) => {
  const labels = labelSeries(series(bars, hours), options, finer);
  return { outcome: labels.outcome[0], end: labels.endRow[0], gross: labels.grossReturn[0] };
};

describe('triple-barrier labels', () => {
  it('see the target, the stop and the time-out', () => {
    expect(first([quiet, quiet, [100, 102, 99.5, 101], quiet, quiet])).toEqual({
      outcome: OUTCOME.target,
      end: 2,
      gross: expect.closeTo(0.02, 12) as number,
    });
    expect(first([quiet, quiet, [100, 101, 99, 100], quiet, quiet])).toEqual({
      outcome: OUTCOME.stop,
      end: 2,
      gross: expect.closeTo(-0.01, 12) as number,
    });
    expect(first([quiet, quiet, quiet, [100, 101, 99.5, 100.7], quiet])).toEqual({
      outcome: OUTCOME.timeout,
      end: 3,
      gross: expect.closeTo(0.007, 12) as number,
    });
  });

  it('do not look at the candle of the decision itself, and enter at the next open', () => {
    expect(
      first([[100, 150, 50, 100], [110, 111, 109.5, 110], [110, 112.2, 109.5, 112], quiet, quiet]).gross,
    ).toBeCloseTo(0.02, 12);
  });

  it('let the stop win where one candle touches both', () => {
    expect(first([quiet, [100, 103, 98, 100], quiet, quiet]).outcome).toBe(OUTCOME.stop);
  });

  it('ask finer candles which barrier came first, and the stop wins within one of those', () => {
    const both: Bar = [100, 103, 98, 100];
    const finer = (bars: readonly Bar[]) => series(bars, [4, 5, 6, 7], HOUR_MS / 4);
    expect(
      first(
        [quiet, both, quiet, quiet],
        OPTIONS,
        undefined,
        finer([quiet, [100, 103, 99.5, 100], [100, 100, 98, 99], quiet]),
      ).outcome,
    ).toBe(OUTCOME.target);
    expect(
      first(
        [quiet, both, quiet, quiet],
        OPTIONS,
        undefined,
        finer([quiet, [100, 100, 98, 99], [100, 103, 99.5, 100], quiet]),
      ).outcome,
    ).toBe(OUTCOME.stop);
    expect(first([quiet, both, quiet, quiet], OPTIONS, undefined, finer([quiet, both, quiet, quiet])).outcome).toBe(
      OUTCOME.stop,
    );
    // Nor do they across a hole: the stop may have been in it.
    const holed = series(
      [
        [100, 100, 99.5, 100],
        [100, 103, 99.5, 100],
      ],
      [4, 6],
      HOUR_MS / 4,
    );
    expect(first([quiet, both, quiet, quiet], OPTIONS, undefined, holed).outcome).toBe(OUTCOME.stop);
    expect(
      first([quiet, both, quiet, quiet], OPTIONS, undefined, series([[100, 103, 99.5, 100]], [5], HOUR_MS / 4)).outcome,
    ).toBe(OUTCOME.stop);
    // Candles of another hour settle nothing.
    expect(
      first([quiet, both, quiet, quiet], OPTIONS, undefined, series([[100, 103, 99.5, 100]], [12], HOUR_MS / 4))
        .outcome,
    ).toBe(OUTCOME.stop);
  });

  it('fill a gap through the stop at the gap and a gap over the target at the target', () => {
    expect(first([quiet, quiet, [95, 96, 94, 95], quiet]).gross).toBeCloseTo(-0.05, 12);
    expect(first([quiet, quiet, [106, 107, 105, 106], quiet]).gross).toBeCloseTo(0.02, 12);
  });

  it('are unknown without a next hour, and at the end of the series', () => {
    expect(first([quiet, quiet, quiet, quiet], OPTIONS, [0, 2, 3, 4]).outcome).toBe(OUTCOME.unknown);
    expect(first([quiet, quiet, quiet]).outcome).toBe(OUTCOME.unknown);
    expect(first([quiet]).outcome).toBe(OUTCOME.unknown);
  });

  it('leave at the first price after a hole that swallows the horizon', () => {
    expect(first([quiet, quiet, [100.4, 100.5, 99.5, 100]], OPTIONS, [0, 1, 9])).toEqual({
      outcome: OUTCOME.timeout,
      end: 2,
      gross: expect.closeTo(0.004, 12) as number,
    });
  });

  it('pay the slippage at the entry', () => {
    const bars: Bar[] = [quiet, [100, 102, 99.5, 100], quiet, quiet, quiet];
    expect(first(bars).outcome).toBe(OUTCOME.target);
    expect(first(bars, { ...OPTIONS, entrySlippage: 0.001 }).outcome).toBe(OUTCOME.timeout);
  });
});

describe('uniqueness weights', () => {
  it('are one for labels that stand alone and less for those that overlap', () => {
    const target: Bar = [100, 102, 99.5, 100];
    const alone = labelSeries(series([quiet, target, target, target]), OPTIONS);
    expect([...uniquenessWeights(alone)].slice(0, 3)).toEqual([1, 1, 1]);
  });

  it('share each hour among the labels open in it: all weights times lengths add up to the hours covered', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (seed) => {
        const columns = columnsFromCandles(generateCandles({ seed, symbol: 'BTC/USDT', from: 0, hours: 300 }));
        const labels = labelSeries(columns, { ...OPTIONS, horizonHours: 24 });
        const weights = uniquenessWeights(labels);
        const covered = new Set<number>();
        let total = 0;
        for (let row = 0; row < labels.length; row++) {
          const end = labels.endRow[row] ?? row;
          total += (weights[row] ?? 0) * (end - row);
          for (let hour = row + 1; hour <= end; hour++) covered.add(hour);
        }
        expect(total).toBeCloseTo(covered.size, 6);
        expect(weights.every((weight) => weight >= 0 && weight <= 1 + 1e-12)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});
