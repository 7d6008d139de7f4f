import fc from 'fast-check';
import { ATR } from 'trading-signals';
import { describe, expect, test } from 'vitest';
import { RollingWindow } from './rolling-window.ts';
import {
  ATR_PERIOD,
  CALM_CANDLES,
  createVolatility,
  mayTighten,
  passCandles,
  takeBackCandles,
  tightenByForming,
  updateVolatility,
  VOLATILITY_MINIMUM,
  type HourlyPrices,
  type Volatility,
} from './volatility.ts';

/** A candle around 100 with a given range. */
const candle = (state: Volatility, range: number): void =>
  updateVolatility(state, 100 + range / 2, 100 - range / 2, 100, 0.99);
const feed = (state: Volatility, range: number, count: number): void => {
  for (let index = 0; index < count; index += 1) candle(state, range);
};
/** A year's beginning: ranges from 0.5 to 1.5, then calm, one candle more than the fewest that say anything. */
const known = (): Volatility => {
  const state = createVolatility();
  for (let index = 0; index < VOLATILITY_MINIMUM + 40; index += 1) candle(state, 0.5 + (index % 300 < 20 ? 1 : 0));
  feed(state, 0.5, 60);
  return state;
};

describe('average true range', () => {
  test("Wilder's example (StockCharts ChartSchool, QQQ April 2010): the first value is the mean of 14 ranges, then 13 parts of the old one", () => {
    // High, low, close as published there, and the ATR(14) from the fourteenth day on.
    const days = [
      [48.7, 47.79, 48.16],
      [48.72, 48.14, 48.61],
      [48.9, 48.39, 48.75],
      [48.87, 48.37, 48.63],
      [48.82, 48.24, 48.74],
      [49.05, 48.64, 49.03],
      [49.2, 48.94, 49.07],
      [49.35, 48.86, 49.32],
      [49.92, 49.5, 49.91],
      [50.19, 49.87, 50.13],
      [50.12, 49.2, 49.53],
      [49.66, 48.9, 49.5],
      [49.88, 49.43, 49.75],
      [50.19, 49.73, 50.03],
      [50.36, 49.26, 50.31],
      [50.57, 50.09, 50.52],
      [50.65, 50.3, 50.41],
      [50.43, 49.21, 49.34],
    ] as const;
    const state = createVolatility();
    const found = days.map(([high, low, close]) => {
      updateVolatility(state, high, low, close, 0.99);
      return state.atr.toFixed(2);
    });
    expect(found.slice(13)).toEqual(['0.55', '0.59', '0.59', '0.57', '0.61']);
  });

  test('agrees with an independent library (trading-signals) over a random walk', () => {
    const oracle = new ATR(14);
    const state = createVolatility();
    let close = 100;
    for (let index = 0; index < 500; index += 1) {
      const next = close * (1 + Math.sin(index * 12.9898) * 0.01);
      const high = Math.max(close, next) * (1 + 0.004 * Math.abs(Math.sin(index * 78.233)));
      const low = Math.min(close, next) * (1 - 0.004 * Math.abs(Math.cos(index * 37.719)));
      oracle.add({ high, low, close: next });
      updateVolatility(state, high, low, next, 0.99);
      if (index >= 13) expect(Math.abs(state.atr / oracle.getResultOrThrow() - 1)).toBeLessThan(1e-12);
      close = next;
    }
  });

  test('a gap counts: the range reaches from the close before', () => {
    const up = createVolatility();
    updateVolatility(up, 101, 99, 100, 0.99);
    updateVolatility(up, 111, 109, 110, 0.99);
    expect(up.atr).toBe((2 + 11) / 2);
    const down = createVolatility();
    updateVolatility(down, 101, 99, 100, 0.99);
    updateVolatility(down, 91, 89, 90, 0.99);
    expect(down.atr).toBe((2 + 11) / 2);
  });
});

describe('the lock', () => {
  test('holds until 90 days are known, and then until six calm candles in a row', () => {
    const state = createVolatility();
    // Falling ranges: every candle is calmer than the year before it.
    const falling = (count: number, from: number): void => {
      for (let index = 0; index < count; index += 1) candle(state, 10 - (from + index) * 0.001);
    };
    falling(13, 0);
    expect(state.ratio).toBeNull();
    falling(VOLATILITY_MINIMUM, 13);
    expect(state.window.size).toBe(VOLATILITY_MINIMUM);
    expect(state.status).toBe('unknown');
    falling(CALM_CANDLES - 1, VOLATILITY_MINIMUM + 13);
    expect(state.status).toBe('unknown');
    falling(1, VOLATILITY_MINIMUM + 18);
    expect(state.status).toBe('calm');
  });

  test('trips above the 99th percentile, at once', () => {
    const state = known();
    expect(state.status).toBe('calm');
    candle(state, 30);
    expect(state.status).toBe('high');
    expect(state.ratio ?? 0).toBeGreaterThan(state.threshold ?? Number.POSITIVE_INFINITY);
  });

  test('clears after six candles in a row below the 95th, counted anew after each that is not', () => {
    const state = known();
    candle(state, 30);
    let steps = 0;
    while (state.calmCandles === 0) {
      candle(state, 0.4);
      steps += 1;
      expect(state.status).toBe('high');
      if (steps > 200) throw new Error('never calm');
    }
    feed(state, 0.4, CALM_CANDLES - 2);
    expect(state).toMatchObject({ status: 'high', calmCandles: CALM_CANDLES - 1 });
    candle(state, 20);
    expect(state.calmCandles).toBe(0);
    feed(state, 0.4, 200);
    expect(state.status).toBe('calm');
  });

  test('between the 95th and the 99th it neither trips nor clears', () => {
    const state = known();
    const middle = ((state.window.percentile(0.95) + state.window.percentile(0.99)) / 2) * 100;
    // A range that brings the average to the middle in one candle.
    const range = (of: Volatility): number => middle * 14 - of.atr * 13;
    candle(state, range(state));
    expect(state.status).toBe('calm');
    candle(state, 30);
    expect(state.status).toBe('high');
    while ((state.ratio ?? 1) > middle / 100) candle(state, 0.01);
    feed(state, middle, 60);
    expect(state).toMatchObject({ status: 'high', calmCandles: 0 });
  });

  test('a configured percentile below the 95th trips there', () => {
    const state = createVolatility();
    for (let index = 0; index < VOLATILITY_MINIMUM + 100; index += 1)
      updateVolatility(state, 100.25 + (index % 300 < 100 ? 0.5 : 0), 99.75, 100, 0.5);
    expect(state.threshold).toBe(state.window.percentile(0.5));
  });
});

describe('the forming candle', () => {
  test('tightens with its range so far, and the gap from the last close counts', () => {
    const state = known();
    tightenByForming(state, 100.2, 99.8, 100);
    expect(state.status).toBe('calm');
    tightenByForming(state, 100, 80, 80);
    expect(state.status).toBe('high');
    const gap = known();
    tightenByForming(gap, 120, 120, 120);
    expect(gap.status).toBe('high');
  });

  test('never loosens, and breaks a row of calm candles', () => {
    const state = known();
    candle(state, 30);
    while (state.calmCandles < 3) candle(state, 0.4);
    tightenByForming(state, 100, 100, 100);
    expect(state).toMatchObject({ status: 'high', calmCandles: 3 });
    tightenByForming(state, 100, 60, 60);
    expect(state).toMatchObject({ status: 'high', calmCandles: 0 });
  });

  test('leaves unknown what is unknown', () => {
    const state = createVolatility();
    feed(state, 1, 50);
    tightenByForming(state, 100, 50, 50);
    expect(state.status).toBe('unknown');
  });

  test('is asked in advance whether it matters: where it says no, no price of the range changes anything', () => {
    let [matters, not] = [0, 0];
    fc.assert(
      fc.property(
        fc.constantFrom('calm', 'high', 'row'),
        fc.double({ min: 60, max: 100, noNaN: true }),
        fc.double({ min: 100, max: 140, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (kind, low, high, share) => {
          const state = known();
          if (kind !== 'calm') candle(state, 30);
          if (kind === 'row') while (state.calmCandles < 3) candle(state, 0.4);
          const before = JSON.stringify(state);
          const asked = mayTighten(state, high, low);
          tightenByForming(state, high, low, low + share * (high - low));
          const changed = JSON.stringify(state) !== before;
          if (changed) expect(asked).toBe(true);
          if (asked) matters += 1;
          else not += 1;
        },
      ),
      { numRuns: 60 },
    );
    expect(Math.min(matters, not)).toBeGreaterThan(0);
  });

  test('does not matter under a lock that has no calm candle yet', () => {
    const state = known();
    candle(state, 30);
    expect(state).toMatchObject({ status: 'high', calmCandles: 0 });
    expect(mayTighten(state, 100, 60)).toBe(false);
    while (state.calmCandles < 1) candle(state, 0.4);
    expect(mayTighten(state, 100, 60)).toBe(true);
  });
});

describe('several hours at once', () => {
  const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  const hour = fc.record({
    open: fc.oneof({ arbitrary: between(0.985, 1.015), weight: 9 }, { arbitrary: between(0.8, 1.25), weight: 1 }),
    up: between(0, 0.01),
    down: between(0, 0.01),
    wild: fc.nat(9).map((k) => k === 0),
  });
  const pricesOf = (
    hours: readonly { readonly open: number; readonly up: number; readonly down: number; readonly wild: boolean }[],
  ): HourlyPrices => {
    const column = (of: (hour: (typeof hours)[number]) => number): Float64Array => Float64Array.from(hours, of);
    const reach = ({ wild }: (typeof hours)[number]): number => (wild ? 40 : 0.2);
    return {
      open: column(({ open }) => 100 * open),
      high: column((each) => 100 * (Math.max(1, each.open) + reach(each) * each.up)),
      low: column((each) => 100 * (Math.min(1, each.open) - reach(each) * each.down)),
      close: column(() => 100),
    };
  };
  /** The same, hour by hour, on a copy: up to an hour that changes the lock, or after one that may. */
  const oneByOne = (state: Volatility, { open, high, low, close }: HourlyPrices, hours: number): number => {
    const at = (column: Float64Array, row: number): number => column[row] ?? Number.NaN;
    for (let k = 0; k < hours; k += 1) {
      const first = at(open, k + 1);
      const probe = copyOf(state);
      tightenByForming(probe, first, first, first);
      if (JSON.stringify(probe) !== JSON.stringify(state)) return k;
      updateVolatility(probe, at(high, k), at(low, k), at(close, k), 0.99);
      if ((probe.status === 'calm') !== (state.status === 'calm')) return k;
      updateVolatility(state, at(high, k), at(low, k), at(close, k), 0.99);
      if (mayTighten(state, at(high, k + 1), at(low, k + 1))) return k + 1;
    }
    return hours;
  };
  const copyOf = (state: Volatility): Volatility => ({
    ...state,
    window: RollingWindow.fromJSON(state.window.toJSON().$window, state.window.capacity),
  });

  test('leave what they leave one by one, and can be taken back', () => {
    let [together, whole] = [0, 0];
    fc.assert(
      fc.property(
        fc.constantFrom('calm', 'high', 'row', 'unknown', 'nearly known'),
        fc.array(hour, { minLength: 2, maxLength: 40 }),
        fc.boolean(),
        (kind, hours, quiet) => {
          let state = known();
          if (kind === 'high' || kind === 'row') candle(state, 30);
          if (kind === 'row') while (state.calmCandles < 3) candle(state, 0.4);
          if (kind.endsWith('known')) {
            state = createVolatility();
            feed(state, 0.6, kind === 'unknown' ? 100 : VOLATILITY_MINIMUM + ATR_PERIOD - 6);
          }
          const prices = pricesOf(quiet ? hours.map((each) => ({ ...each, open: 1, wild: false })) : hours);
          const stepped = copyOf(state);
          const wanted = oneByOne(stepped, prices, hours.length - 1);
          const before = { ...state };
          const untouched = JSON.stringify(state);
          const passed = passCandles(state, prices, 1, hours.length - 1, 0.99);
          expect(passed).toBe(wanted);
          expect(JSON.stringify(state)).toBe(JSON.stringify(stepped));
          if (passed > 1) together += 1;
          if (passed === hours.length - 1) whole += 1;
          takeBackCandles(state, before, passed);
          expect(JSON.stringify(state)).toBe(untouched);
          expect(passCandles(state, prices, 1, passed, 0.99)).toBe(passed);
          expect(JSON.stringify(state)).toBe(JSON.stringify(stepped));
          expect(state.window.percentile(0.97)).toBe(stepped.window.percentile(0.97));
        },
      ),
      { numRuns: 200 },
    );
    expect(together).toBeGreaterThan(50);
    expect(whole).toBeGreaterThan(20);
  });

  test('none when the first candle is above a threshold that has come down since the one before', () => {
    const state = known();
    const values = Array.from({ length: 3_001 }, (_, k) => (k % 2 === 0 ? 0.005 : 0.006));
    Object.assign(state, {
      atr: 0.5,
      previousClose: 100,
      ratio: 0.005,
      threshold: 0.006,
      window: new RollingWindow(state.window.capacity, values),
    });
    // A range of 1.2 makes 0.55 of an average of 0.5.
    const prices = (range: number): HourlyPrices => ({
      open: Float64Array.of(100, 100),
      high: Float64Array.of(100 + range / 2, 100.1),
      low: Float64Array.of(100 - range / 2, 99.9),
      close: Float64Array.of(100, 100),
    });
    const copy = copyOf(state);
    expect(mayTighten(state, 100.6, 99.4)).toBe(false);
    expect(passCandles(copy, prices(1.2), 1, 1, 0.5)).toBe(0);
    expect(JSON.stringify(copy)).toBe(JSON.stringify(state));
    expect(passCandles(copy, prices(0.5), 1, 1, 0.5)).toBe(1);
  });

  test('none when the first open, and one alone when its high and low, would break a row of calm candles', () => {
    const state = known();
    candle(state, 30);
    while (state.calmCandles < 2) candle(state, 0.4);
    const prices = (open: number, low: number): HourlyPrices => ({
      open: Float64Array.of(100, open, 100, 100),
      high: Float64Array.of(100.2, 100.2, 100.2, 100.2),
      low: Float64Array.of(99.8, low, 99.8, 99.8),
      close: Float64Array.of(100, 100, 100, 100),
    });
    expect(passCandles(copyOf(state), prices(100, 99.8), 1, 3, 0.99)).toBe(3);
    expect(passCandles(copyOf(state), prices(75, 75), 1, 3, 0.99)).toBe(0);
    expect(passCandles(copyOf(state), prices(100, 75), 1, 3, 0.99)).toBe(1);
  });

  test('none while the average true range warms up', () => {
    const state = createVolatility();
    feed(state, 0.5, ATR_PERIOD - 1);
    const prices = pricesOf(Array.from({ length: 4 }, () => ({ open: 1, up: 0.005, down: 0.005, wild: false })));
    expect(passCandles(state, prices, 1, 3, 0.99)).toBe(0);
    feed(state, 0.5, 1);
    expect(passCandles(state, prices, 1, 3, 0.99)).toBe(3);
  });
});
