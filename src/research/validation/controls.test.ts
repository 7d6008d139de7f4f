import { describe, expect, it } from 'vitest';
import { columnsFromCandles } from '../../core/features/candle-columns.ts';
import { DAY_MS } from '../../core/units.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { baselines } from './baselines.ts';
import { lookAheadControl, overlapControl } from './controls.ts';

describe('controls of the validation', () => {
  it('a random walk with overlapping labels shows no edge, and does when the purge is removed', () => {
    const control = overlapControl(1, 90);
    expect(Math.abs(control.purgedAuc - 0.5)).toBeLessThan(0.1);
    expect(control.unpurgedAuc).toBeGreaterThan(0.62);
  });

  it('no feature of the catalogue looks ahead over 500 truncated histories, and a planted one is flagged', () => {
    expect(lookAheadControl(500)).toEqual({ cuts: 500, catalogue: 0, plantedFlagged: true });
  });
});

describe('baselines', () => {
  const days = 200;
  const from = Date.UTC(2024, 0, 1);
  const flat = columnsFromCandles(
    generateCandles({ seed: 1, symbol: 'BTC/USDT', from: from - 60 * DAY_MS, hours: (days + 60) * 24 }),
  );

  it('buy and hold earns what the price did, less half a round trip', () => {
    const [idle, hold] = baselines([flat], from, from + days * DAY_MS);
    const before = flat.close[60 * 24 - 1] ?? 0;
    const change = (flat.close[(60 + days) * 24 - 1] ?? 0) / before;
    expect(idle).toEqual({ name: 'always flat', totalReturn: 0, maxDrawdown: 0, sharpe: null });
    const firstDay = (flat.close[61 * 24 - 1] ?? 0) / before;
    expect((hold?.totalReturn ?? 0) + 1).toBeCloseTo((change / firstDay) * (firstDay - 0.0015), 9);
  });

  it('the trend rule decides on closes known the day before', () => {
    const shocked = columnsFromCandles(
      generateCandles({ seed: 1, symbol: 'BTC/USDT', from: from - 60 * DAY_MS, hours: (days + 60) * 24 }),
    );
    const last = shocked.length - 1;
    shocked.close[last] = (shocked.close[last] ?? 0) * 0.5;
    const trendOf = (columns: typeof flat): number =>
      baselines([columns], from, from + days * DAY_MS)[2]?.totalReturn ?? 0;
    // The last day's crash can only hurt a position already held: it can never have been avoided.
    expect(trendOf(shocked)).toBeLessThanOrEqual(trendOf(flat));
  });
});
