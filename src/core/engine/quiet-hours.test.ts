import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LockKind } from '../guardian/lock.ts';
import type { GuardianState } from '../guardian/state.ts';
import { VOLATILITY_MINIMUM } from '../guardian/volatility.ts';
import { HOUR_MS } from '../units.ts';
import { passQuietHours } from './quiet-hours.ts';
import { BEFORE, HOURS, marketOf, only, passes, Run, type Writable } from './quiet-hours.test-helper.ts';
import type { EngineState } from './state.ts';
import { BTC, ETH, MONDAY } from './world.test-helper.ts';

const SOL = 'SOL/USDT';

/** Runs a market to its end; how many of its hours were passed. */
const runThrough = (run: Run): number => {
  let passed = 0;
  while (run.hour < HOURS) {
    run.step();
    const hours = run.passAndCompare();
    passed += hours;
  }
  return passed;
};

const locksOf = (kind: LockKind): GuardianState['locks'] => ({
  [kind]: { id: kind, kind, symbol: null, since: MONDAY, reason: '', limit: null, value: null },
});

/** The same market with hours missing: as files have them, the rows are left out. */
const without = (market: Writable, rows: ReadonlySet<number>): Writable => {
  const keep = (column: Float64Array): Float64Array => column.filter((_, row) => !rows.has(row));
  const { openTime, open, high, low, close, probability } = market;
  return {
    ...market,
    length: market.length - rows.size,
    openTime: keep(openTime),
    open: keep(open),
    high: keep(high),
    low: keep(low),
    close: keep(close),
    probability: probability.filter((_, row) => !rows.has(row)),
  };
};

describe('hours passed as one leave the state that steps leave, and tell of the same equity', () => {
  test('a calm market: nearly all of them', () => {
    expect(runThrough(new Run(marketOf(4, [BTC], HOURS), [BTC]))).toBeGreaterThan(0.8 * HOURS);
    expect(runThrough(new Run(marketOf(4, [BTC, ETH], HOURS), [BTC, ETH]))).toBeGreaterThan(0.6 * HOURS);
  });

  test('without an answer of the model', () => {
    const market = marketOf(4, [BTC, ETH], HOURS);
    market[1]?.probability.fill(Number.NaN);
    market[0]?.probability.fill(Number.NaN, BEFORE + HOURS / 2);
    expect(runThrough(new Run(market, [BTC, ETH]))).toBeGreaterThan(0.6 * HOURS);
  });

  test('while the volatility lock holds because too little is known, and beyond', () => {
    expect(runThrough(new Run(marketOf(4, [BTC], HOURS), [BTC], 0, VOLATILITY_MINIMUM - 100))).toBeGreaterThan(
      0.8 * HOURS,
    );
  });

  test.each<[string, (guardian: GuardianState, equity: number) => void]>([
    ['of daily drawdown, up to midnight', (guardian, equity) => (guardian.dayBaseline = equity / 0.97)],
    ['of total drawdown', (guardian, equity) => (guardian.highWaterMark = equity / 0.88)],
    ['of total drawdown, when equity is half back', (guardian, equity) => (guardian.highWaterMark = equity / 0.95)],
    ['of total drawdown, when equity is back', (guardian, equity) => (guardian.highWaterMark = equity)],
    ['of a minimum that equity is below', (guardian) => (guardian.locks = locksOf('minimum-balance'))],
  ])('under a lock %s', (name, change) => {
    const run = new Run(marketOf(4, [BTC], HOURS), [BTC]);
    while (run.hour % 24 !== 2) run.step();
    const { guardian, cashNumber, config } = run.world.state;
    guardian.locks = locksOf(name.includes('daily') ? 'daily-drawdown' : 'total-drawdown');
    change(guardian, cashNumber ?? Number.NaN);
    if (name.includes('minimum') && config !== null)
      run.world.state.config = { ...config, limits: { ...config.limits, minBalance: 20_000 } };
    let passed = 0;
    while (run.hour < 24) {
      run.step();
      guardian.announced = { daily: 3, total: 3 };
      passed += run.passAndCompare(24);
    }
    expect(passed).toBeGreaterThan(10);
    expect(Object.keys(guardian.locks)).toHaveLength(1);
  });

  test.each<[string, readonly number[]]>([
    ['one', [1.06]],
    ['one down', [0.94]],
    ['two in a row', [1.06, 1.2]],
    ['one and back', [1.06, 1, 1, 1]],
    ['one at the end', [1, 1, 1, 1.06]],
    ['nothing but leaps', [1.06, 1.2, 1.4, 1.6]],
  ])('opens that leap while nothing is held, under the lock that they set: %s', (_name, factors) => {
    const run = new Run(marketOf(4, [BTC, ETH], HOURS), [BTC, ETH]);
    run.step();
    for (const { volatility } of run.world.state.symbolList)
      Object.assign(volatility, { status: 'high', calmCandles: 0 });
    run.step();
    expect(Object.keys(run.world.state.guardian.locks)).toHaveLength(2);
    const from = run.stretch().rows[0] ?? 0;
    const { open = new Float64Array(0), high, low } = run.market[0] ?? {};
    factors.forEach((factor, k) => {
      open[from + k] = (open[from - 1] ?? 0) * factor;
      // Wild enough for no candle of these hours to count as calm.
      for (const column of [high, low])
        if (column !== undefined) column[from - 1 + k] = (open[from - 1] ?? 0) * (column === high ? 2 : 0.5);
    });
    expect(run.passAndCompare(run.hour + factors.length)).toBe(factors.length);
  });

  test.each([0, 1, 2])(
    'three symbols, one of which has a wild hour before the others would end: the %i. counted from none',
    (wild) => {
      const symbols = [BTC, ETH, SOL];
      const run = new Run(marketOf(4, symbols, HOURS), symbols);
      while (passQuietHours(run.copy(), run.stretch()) < 10 && run.hour < HOURS) run.step();
      const row = run.stretch().rows[wild] ?? 0;
      const { high, low } = run.market[wild] as Writable;
      high[row + 5] = (high[row + 5] ?? 0) * 1.5;
      low[row + 5] = (low[row + 5] ?? 0) * 0.6;
      expect(run.passAndCompare()).toBe(6);
    },
  );

  test('an hour that opens far from the last price, though near the open before it', () => {
    const run = new Run(marketOf(4, [BTC], HOURS), [BTC]);
    while (passQuietHours(run.copy(), run.stretch()) < 10 && run.hour < HOURS) run.step();
    only(run.world.state).last *= 0.9;
    const { believed } = only(run.world.state);
    expect(run.passAndCompare(run.hour + 1)).toBe(1);
    expect(only(run.world.state).believed).toBe(believed);
  });

  test('wild hours, jumps, holes, signals, missing and impossible predictions, reversals, positions, and dust of entries that were hardly filled', {
    timeout: 120_000,
  }, () => {
    const bend = fc.record({
      row: fc.integer({ min: BEFORE - 30, max: BEFORE + HOURS - 2 }),
      symbol: fc.nat(2),
      kind: fc.constantFrom(
        'wild',
        'wilder',
        'jump',
        'hole',
        'signal',
        'signal',
        'signal',
        'no answer',
        'no probability',
        'reversal',
        'no candle',
      ),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(0, 0.0002, 0.002, 1, 1, 1),
        fc.array(bend, { maxLength: 25 }),
        (seed, count, part, bends) => {
          const symbols = [BTC, ETH, SOL].slice(0, count);
          const market = marketOf(seed, symbols, HOURS);
          const holes = market.map(() => new Set<number>());
          for (const { row, symbol, kind } of bends) {
            const i = symbol % symbols.length;
            const columns = market[i] as Writable;
            const scale = (column: Float64Array, by: number): void => void (column[row] = (column[row] ?? 0) * by);
            if (kind === 'wild' || kind === 'wilder') {
              scale(columns.high, kind === 'wild' ? 1.1 : 2);
              scale(columns.low, kind === 'wild' ? 0.9 : 0.5);
            } else if (kind === 'jump')
              for (const column of [columns.open, columns.high, columns.low, columns.close])
                column.subarray(row).forEach((value, k) => (column[row + k] = value * 1.3));
            else if (kind === 'hole') holes[i]?.add(row);
            else if (kind === 'no candle') columns.low[row] = (columns.high[row] ?? 0) * 2;
            else
              columns.probability[row] =
                kind === 'signal' ? 0.9 : kind === 'no answer' ? Number.NaN : kind === 'reversal' ? 0.1 : 1.5;
          }
          runThrough(
            new Run(
              market.map((columns, i) => without(columns, holes[i] ?? new Set())),
              symbols,
              part,
            ),
          );
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('it passes no hour', () => {
  /** A run that has come to an hour from which on a calm market could be passed. */
  const calm = (symbols = [BTC]): Run => {
    const run = new Run(marketOf(4, symbols, HOURS), symbols);
    while (passQuietHours(run.copy(), run.stretch()) < 10 && run.hour < HOURS) run.step();
    return run;
  };

  test('(as it stands it passes ten at least)', () => {
    expect(passes(calm(), () => undefined)).toBeGreaterThanOrEqual(10);
  });

  test.each<[string, (state: EngineState) => void]>([
    [
      'with an open order',
      (state) =>
        state.openOrders.push({
          draft: { symbol: BTC, clientOrderId: 'x' },
          status: 'working',
          cancelling: false,
          cancelSince: null,
          executed: 0n,
        } as never),
    ],
    [
      'under a lock that halts',
      (state) => (state.guardian.locks = { 'operator-pause': { kind: 'operator-pause' } as never }),
    ],
    ['when something has happened since the last look at the limits', (state) => (state.evaluated.at = Number.NaN)],
    ['when the last look was at another wall time', (state) => (state.evaluated.wall -= 1)],
    ['without a known balance', (state) => (state.cashNumber = null)],
    ['with a third coin', (state) => (state.feeCoinNumber = 1)],
    ['with a third coin to be priced', (state) => (state.feeSymbol = 'BNB/USDT')],
    ['with a clock that has been measured: the measurement grows old', (state) => (state.guardian.skewTried = true)],
    ['without a model', (state) => (state.config = { ...(state.config as object), model: null } as never)],
    ['without a configuration', (state) => (state.config = null)],
    ['at or before the time that was reached', (state) => (state.evaluated.at = state.at += HOUR_MS)],
    ['at or before the wall time that was reached', (state) => (state.evaluated.wall = state.wall += HOUR_MS)],
    ['behind a wall clock that was set back', (state) => (state.wallShift = 1)],
    ['before the first equity', (state) => (state.equityHour = null)],
    ['with a symbol that is held but not traded', (state) => (only(state).configured = false)],
    ['without a price', (state) => (only(state).priceAt = null)],
    [
      'when the newest candle is not that of the hour before last',
      (state) => (only(state).newestCandleOpen = (only(state).newestCandleOpen ?? 0) - HOUR_MS),
    ],
    ['when equity is below its minimum', (state) => (state.cashNumber = 99)],
    [
      'when equity would reach a step of the daily drawdown',
      (state) => (state.guardian.dayBaseline = (state.cashNumber ?? 0) / 0.99),
    ],
    [
      'when equity would reach a step of the total drawdown',
      (state) => (state.guardian.highWaterMark = (state.cashNumber ?? 0) / 0.95),
    ],
    ["without a day's baseline", (state) => (state.guardian.dayBaseline = null)],
    ['with fewer series than symbols', (state) => (state.symbolList = [])],
  ])('%s', (_name, change) => {
    expect(passes(calm(), change)).toBe(0);
  });

  test('when an hour without a position is still to be told', () => {
    const run = calm();
    expect(passQuietHours(run.copy(), { ...run.stretch(), told: true })).toBe(0);
  });

  /** With dust, under a lock that no candle of these hours takes a step toward clearing. */
  const dusty = (run: Run): EngineState => {
    const state = run.copy();
    only(state).heldNumber = 1e-6;
    Object.assign(only(state).volatility, { status: 'high', calmCandles: 0 });
    return state;
  };

  test('with dust, when the first one opens far from the last price, though near the open before it', () => {
    const run = calm();
    expect(passQuietHours(dusty(run), run.stretch())).toBeGreaterThan(0);
    const state = dusty(run);
    only(state).last *= 0.9;
    expect(passQuietHours(state, run.stretch())).toBe(0);
  });

  test('with dust, far from the open before it, though near the last price: the first of a later block', () => {
    const run = calm();
    const { open, high, low } = run.market[0] as Writable;
    const from = run.stretch().rows[0] ?? 0;
    const price = open[from - 1] ?? 0;
    for (let row = from - 1; row < from + 40; row += 1) {
      open[row] = row < from ? price : price * (row < from + 16 ? 1.04 : 0.98);
      high[row] = price * 2;
      low[row] = price * 0.5;
    }
    expect(passQuietHours(dusty(run), run.stretch())).toBe(16);
  });

  /** What happens in the fourth hour from now on. */
  test.each<[string, number, (columns: Writable, row: number) => void]>([
    ['before a prediction with an edge', 3, ({ probability }, row) => (probability[row - 1] = 0.9)],
    ['before a prediction that is no probability', 3, ({ probability }, row) => (probability[row - 1] = -0.1)],
    ['before an hour that opens far away', 3, ({ open }, row) => (open[row] = (open[row] ?? 0) * 0.3)],
    ['before an hour without a price', 3, ({ open }, row) => (open[row] = Number.NaN)],
    ['before an hour whose price is below nothing', 3, ({ open }, row) => (open[row] = -1)],
    ['before a hole', 3, ({ openTime }, row) => (openTime[row] = (openTime[row] ?? 0) + HOUR_MS)],
    ['before a candle whose low is no price', 3, ({ low }, row) => (low[row - 1] = 0)],
    [
      'before a candle whose close is above its high',
      3,
      ({ close, high }, row) => (close[row - 1] = (high[row - 1] ?? 0) * 1.001),
    ],
    [
      'with an hour that reaches far: its prices have to be told',
      4,
      ({ high }, row) => (high[row] = (high[row] ?? 0) * 3),
    ],
  ])('ends %s', (_name, hours, bend) => {
    const run = calm();
    const [columns] = run.market;
    const row = run.stretch().rows[0];
    if (columns === undefined || row === undefined) throw new Error('no market');
    bend(columns, row + 3);
    expect(passQuietHours(run.copy(), run.stretch())).toBe(hours);
  });

  test('when the candle that has just closed is missing, or the series are those of another symbol', () => {
    const run = calm();
    const stretch = run.stretch();
    const [series] = stretch.series;
    if (series === undefined) throw new Error('no series');
    expect(passQuietHours(run.copy(), { ...stretch, series: [{ ...series, symbol: ETH }] })).toBe(0);
    const openTime = series.openTime.map((time) => (time === stretch.from - HOUR_MS ? time - HOUR_MS : time));
    expect(passQuietHours(run.copy(), { ...stretch, series: [{ ...series, openTime }] })).toBe(0);
  });

  test('ends before the hour that it is told to end before', () => {
    const run = calm();
    expect(passQuietHours(run.copy(), run.stretch(undefined, run.stretch().from + 5 * HOUR_MS))).toBe(5);
  });
});
