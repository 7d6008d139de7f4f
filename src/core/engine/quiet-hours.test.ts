import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateCandles } from '../../sim/generator/candles.ts';
import { columnsFromCandles, type CandleColumns } from '../features/candle-columns.ts';
import { decimalFromNumber } from '../decimal.ts';
import type { LockKind } from '../guardian/lock.ts';
import type { GuardianState } from '../guardian/state.ts';
import { VOLATILITY_MINIMUM, mayTighten } from '../guardian/volatility.ts';
import { HOUR_MS, type EpochMs } from '../units.ts';
import { decodeState, encodeState } from './codec.ts';
import type { Effect } from './effect.ts';
import { passQuietHours, type QuietHour, type QuietSeries, type Stretch } from './quiet-hours.ts';
import type { OrderRecord } from '../orders/record.ts';
import type { EngineState, ManagedPosition } from './state.ts';
import { BTC, ETH, instrumentText, MONDAY, World } from './world.test-helper.ts';

/** Hours before the run: a little more than the volatility lock needs. */
const BEFORE = VOLATILITY_MINIMUM + 100;
const START: EpochMs = MONDAY - BEFORE * HOUR_MS;

type Writable = CandleColumns & { readonly probability: Float32Array };

/** A generated market whose every hour has a prediction without an edge; tests bend both. */
const marketOf = (seed: number, symbols: readonly string[], hours: number): Writable[] =>
  symbols.map((symbol) => {
    const columns = columnsFromCandles(generateCandles({ seed, symbol, from: START, hours: BEFORE + hours }));
    return { ...columns, probability: new Float32Array(columns.length).fill(0.4) };
  });

/** The engine over that market, hour by hour or several at once. Every order that it sends is filled as far as `part`, then ends. */
class Run {
  readonly world: World;
  readonly market: readonly Writable[];
  readonly symbols: readonly string[];
  /** The next hour, counted from MONDAY. */
  hour = 0;
  /** Hours with a position that were passed. */
  held = 0;
  /** Prices that the next poll has to tell first. */
  #waiting: { symbol: string; last: number; at: EpochMs }[] = [];

  /** @param known hours of history; with fewer than the volatility lock needs, it holds at first */
  constructor(market: readonly Writable[], symbols: readonly string[], part = 0, known = BEFORE - 1) {
    this.market = market;
    this.symbols = symbols;
    this.world = new World({ config: { mode: 'backtest', symbols } });
    this.world.instruments = symbols.map((symbol) => instrumentText(symbol));
    this.world.fate = () => ({ kind: 'accept', part });
    this.world.exchange.feeCoin = 'base';
    this.world.at = this.world.wall = MONDAY;
    this.world.start();
    market.forEach((columns, i) => {
      const candles = Array.from({ length: known }, (_, k) => BEFORE - 1 - known + k).map((row) => [columns.openTime[row], columns.open[row], columns.high[row], columns.low[row], columns.close[row]] as const);
      this.world.apply({ type: 'history', symbol: symbols[i] ?? '', candles: candles as never });
    });
    this.world.account();
    this.world.account();
  }

  /** The stretch from the next hour on. */
  stretch(passed: Stretch['passed'] = () => undefined, to = Number.POSITIVE_INFINITY): Stretch {
    const series = this.market.map((columns, i): QuietSeries => ({ ...columns, symbol: this.symbols[i] ?? '', failure: 'the model gave no answer', alarm: () => Number.NEGATIVE_INFINITY, bid: (last) => last * 0.9999, ask: (last) => last * 1.0001 }));
    const from = MONDAY + this.hour * HOUR_MS;
    const rows = Int32Array.from(this.market, ({ openTime }) => openTime.indexOf(from));
    const crossesNothing: Stretch['crossesNothing'] = (index) => this.market.every(({ high }, i) => (high[(rows[i] ?? 0) + index] ?? Number.NaN) < (this.world.state.symbols[this.symbols[i] ?? '']?.managed?.targetPrice ?? Number.POSITIVE_INFINITY));
    return { series, rows, from, to, told: this.#waiting.length === 3 * this.symbols.length, crossesNothing, passed };
  }

  /** The state and what no snapshot holds of it, to be changed without the run's knowing. */
  copy(): EngineState {
    const state = decodeState(encodeState(this.world.state));
    Object.assign(state.evaluated, this.world.state.evaluated);
    return state;
  }

  /** The next hour by steps, as a backtest takes it. */
  step(): readonly Effect[] {
    const at = MONDAY + this.hour * HOUR_MS;
    this.world.at = this.world.wall = at;
    const here = this.market.map(({ openTime }) => openTime.indexOf(at));
    const told = [...this.#waiting];
    this.market.forEach(({ open }, i) => {
      const last = open[here[i] ?? -1];
      if (last !== undefined && last > 0) told.push({ symbol: this.symbols[i] ?? '', last, at });
    });
    for (const { symbol, last } of told) this.world.exchange.prices[symbol] = last;
    const effects = [...this.world.apply({ type: 'quotes', quotes: told.map((quote) => ({ ...quote, bid: quote.last * 0.9999, ask: quote.last * 1.0001 })) })];
    const closed = this.market.map(({ openTime }) => openTime.indexOf(at - HOUR_MS));
    this.market.forEach((columns, i) => {
      const row = closed[i] ?? -1;
      const candle = { openTime: columns.openTime[row], open: columns.open[row], high: columns.high[row], low: columns.low[row], close: columns.close[row] };
      if (row >= 0) effects.push(...this.world.apply({ type: 'candle', symbol: this.symbols[i] ?? '', candle: candle as never }));
    });
    this.market.forEach(({ probability }, i) => {
      const p = probability[closed[i] ?? -1];
      if (p !== undefined) effects.push(...this.world.apply({ type: 'prediction', symbol: this.symbols[i] ?? '', openTime: at - HOUR_MS, probability: p >= 0 ? p : null, failure: null, features: [] }));
    });
    this.#rest(here, at);
    this.hour += 1;
    return effects;
  }

  /** An hour with a position, or whose high or low could tighten the volatility lock, has its prices told at the next poll. */
  #rest(here: readonly number[], at: EpochMs): void {
    this.#waiting = [];
    if (!this.exposed && !this.restless(here)) return;
    const told = (column: 'high' | 'low' | 'close', when: EpochMs): void =>
      this.market.forEach((columns, i) => void ((here[i] ?? -1) >= 0 && this.#waiting.push({ symbol: this.symbols[i] ?? '', last: columns[column][here[i] ?? -1] ?? 0, at: when })));
    told('low', at + HOUR_MS / 3);
    told('high', at + (2 * HOUR_MS) / 3);
    told('close', at + HOUR_MS - 1);
  }

  get exposed(): boolean {
    return this.world.state.symbolList.some(({ managed }) => managed !== null);
  }

  restless(here: readonly number[]): boolean {
    return this.market.some((columns, i) => {
      const row = here[i] ?? -1;
      const symbol = this.world.state.symbols[this.symbols[i] ?? ''];
      return row >= 0 && symbol !== undefined && mayTighten(symbol.volatility, columns.high[row] ?? 0, columns.low[row] ?? 0);
    });
  }

  /** Passes what it can on a copy, steps the same hours, and holds the two against each other. Returns how many they were. */
  passAndCompare(): number {
    const points: QuietHour[] = [];
    const copy = this.copy();
    const hours = passQuietHours(copy, this.stretch((hour) => points.push({ ...hour })));
    this.held += points.filter(({ holding }) => holding > 0).length;
    const steps = Array.from({ length: hours }, () => this.step());
    if (hours === 0) return 0;
    const effects = steps.flat();
    const outcomes = steps.map((each) => each.flatMap((effect) => (effect.type === 'decision' ? [effect.outcome] : [])));
    const count = (hour: number, wanted: string): number => (outcomes[hour] ?? []).filter((outcome) => outcome === wanted).length;
    expect(JSON.parse(encodeState(copy))).toEqual(JSON.parse(encodeState(this.world.state)));
    expect({ ...copy.evaluated, changes: copy.changes }).toEqual({ ...this.world.state.evaluated, changes: [] });
    const told = effects.flatMap((effect) => (effect.type === 'equity' ? [{ at: effect.at, equity: effect.equity, exposure: effect.exposure }] : []));
    expect(points).toEqual(told.map((point, hour) => ({ ...point, unanswered: count(hour, 'no-prediction'), holding: count(hour, 'holding') })));
    expect(outcomes.flat().every((outcome) => outcome === 'no-edge' || outcome === 'no-prediction' || outcome === 'holding')).toBe(true);
    expect(effects.filter(({ type }) => type !== 'equity' && type !== 'baseline')).toHaveLength(hours * this.symbols.length);
    return hours;
  }
}

const HOURS = 400;

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

/** A market with a signal every 40 hours, every order of which is filled. */
const trading = (seed: number, symbols: readonly string[]): Run => {
  const market = marketOf(seed, symbols, HOURS);
  market.forEach(({ probability }, i) => {
    for (let row = BEFORE + 10 + 7 * i; row < probability.length; row += 40) probability[row] = 0.9;
  });
  return new Run(market, symbols, 1);
};

const locksOf = (kind: LockKind): GuardianState['locks'] => ({ [kind]: { id: kind, kind, symbol: null, since: MONDAY, reason: '', limit: null, value: null } });

/** The same market with hours missing: as files have them, the rows are left out. */
const without = (market: Writable, rows: ReadonlySet<number>): Writable => {
  const keep = (column: Float64Array): Float64Array => column.filter((_, row) => !rows.has(row));
  const { openTime, open, high, low, close, probability } = market;
  return { ...market, length: market.length - rows.size, openTime: keep(openTime), open: keep(open), high: keep(high), low: keep(low), close: keep(close), probability: probability.filter((_, row) => !rows.has(row)) };
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
    expect(runThrough(new Run(marketOf(4, [BTC], HOURS), [BTC], 0, VOLATILITY_MINIMUM - 100))).toBeGreaterThan(0.8 * HOURS);
  });

  test('with positions that rest on their stops, one or two at a time, and under the kill-switch that they set', () => {
    let held = 0;
    let locked = 0;
    for (const seed of [4, 5, 6]) {
      for (const symbols of [[BTC], [BTC, ETH]]) {
        const run = trading(seed, symbols);
        while (run.hour < HOURS) {
          run.step();
          const halted = run.world.state.guardian.locks['kill-switch'] !== undefined;
          const hours = run.passAndCompare();
          if (halted) locked += hours;
        }
        held += run.held;
      }
    }
    expect(held).toBeGreaterThan(150);
    expect(locked).toBeGreaterThan(500);
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
    guardian.announced = { daily: 3, total: 3 };
    change(guardian, cashNumber ?? Number.NaN);
    if (name.includes('minimum') && config !== null) run.world.state.config = { ...config, limits: { ...config.limits, minBalance: 20_000 } };
    let passed = 0;
    while (run.hour < 24) {
      run.step();
      passed += run.passAndCompare();
    }
    expect(passed).toBeGreaterThan(10);
    expect(Object.keys(guardian.locks)).toHaveLength(1);
  });

  test('wild hours, jumps, holes, signals, missing and impossible predictions, reversals, positions, and dust of entries that were hardly filled', { timeout: 120_000 }, () => {
    const bend = fc.record({
      row: fc.integer({ min: BEFORE - 30, max: BEFORE + HOURS - 2 }),
      symbol: fc.nat(1),
      kind: fc.constantFrom('wild', 'wilder', 'jump', 'hole', 'signal', 'signal', 'signal', 'no answer', 'no probability', 'reversal', 'no candle'),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.boolean(), fc.constantFrom(0, 0.0002, 0.002, 1, 1, 1), fc.array(bend, { maxLength: 25 }), (seed, both, part, bends) => {
        const symbols = both ? [BTC, ETH] : [BTC];
        const market = marketOf(seed, symbols, HOURS);
        const holes = market.map(() => new Set<number>());
        for (const { row, symbol, kind } of bends) {
          const i = symbol % symbols.length;
          const columns = market[i] as Writable;
          const scale = (column: Float64Array, by: number): void => void (column[row] = (column[row] ?? 0) * by);
          if (kind === 'wild' || kind === 'wilder') {
            scale(columns.high, kind === 'wild' ? 1.1 : 2);
            scale(columns.low, kind === 'wild' ? 0.9 : 0.5);
          } else if (kind === 'jump') for (const column of [columns.open, columns.high, columns.low, columns.close]) column.subarray(row).forEach((value, k) => (column[row + k] = value * 1.3));
          else if (kind === 'hole') holes[i]?.add(row);
          else if (kind === 'no candle') columns.low[row] = (columns.high[row] ?? 0) * 2;
          else columns.probability[row] = kind === 'signal' ? 0.9 : kind === 'no answer' ? Number.NaN : kind === 'reversal' ? 0.1 : 1.5;
        }
        runThrough(new Run(market.map((columns, i) => without(columns, holes[i] ?? new Set())), symbols, part));
      }),
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
  const passes = (run: Run, change: (state: EngineState) => void): number => {
    const state = run.copy();
    change(state);
    return passQuietHours(state, run.stretch());
  };

  test('(as it stands it passes ten at least)', () => {
    expect(passes(calm(), () => undefined)).toBeGreaterThanOrEqual(10);
  });

  test.each<[string, (state: EngineState) => void]>([
    ['with an open order', (state) => state.openOrders.push({ draft: { symbol: BTC, clientOrderId: 'x' }, status: 'working', cancelling: false, cancelSince: null, executed: 0n } as never)],
    ['under a lock that halts', (state) => (state.guardian.locks = { 'operator-pause': { kind: 'operator-pause' } as never })],
    ['when something has happened since the last look at the limits', (state) => (state.evaluated.at = Number.NaN)],
    ['when the last look was at another wall time', (state) => (state.evaluated.wall -= 1)],
    ['without a known balance', (state) => (state.cashNumber = null)],
    ['with a third coin', (state) => (state.feeCoinNumber = 1)],
    ['with a third coin to be priced', (state) => (state.feeSymbol = 'BNB/USDT')],
    ['with a clock that has been measured: the measurement grows old', (state) => (state.guardian.skewTried = true)],
    ['without a model', (state) => (state.config = { ...(state.config as object), model: null } as never)],
    ['without a configuration', (state) => (state.config = null)],
    ['at or before the time that was reached', (state) => (state.evaluated.at = state.at += HOUR_MS)],
    ['behind a wall clock that was set back', (state) => (state.wallShift = 1)],
    ['before the first equity', (state) => (state.equityHour = null)],
    ['with a symbol that is held but not traded', (state) => (only(state).configured = false)],
    ['without a price', (state) => (only(state).priceAt = null)],
    ['when the newest candle is not that of the hour before last', (state) => (only(state).newestCandleOpen = (only(state).newestCandleOpen ?? 0) - HOUR_MS)],
    ['when equity is below its minimum', (state) => (state.cashNumber = 99)],
    ['when equity would reach a step of the daily drawdown', (state) => (state.guardian.dayBaseline = (state.cashNumber ?? 0) / 0.99)],
    ['when equity would reach a step of the total drawdown', (state) => (state.guardian.highWaterMark = (state.cashNumber ?? 0) / 0.95)],
    ["without a day's baseline", (state) => (state.guardian.dayBaseline = null)],
    ['with fewer series than symbols', (state) => (state.symbolList = [])],
  ])('%s', (_name, change) => {
    expect(passes(calm(), change)).toBe(0);
  });

  const only = (state: EngineState) => {
    const [symbol] = state.symbolList;
    if (symbol === undefined) throw new Error('no symbol');
    return symbol;
  };

  /** A run with a position that rests on its stop, in an hour from which on could be passed. */
  const held = (): Run => {
    const run = trading(5, [BTC]);
    while (!(run.exposed && passQuietHours(run.copy(), run.stretch()) >= 3) && run.hour < HOURS) run.step();
    return run;
  };
  const managedOf = (state: EngineState): ManagedPosition => only(state).managed ?? expect.unreachable('no position');
  const stopOf = (state: EngineState): OrderRecord => state.openOrders[0] ?? expect.unreachable('no stop');

  test('(with a position as it stands it passes three at least)', () => {
    expect(passes(held(), () => undefined)).toBeGreaterThanOrEqual(3);
  });

  test.each<[string, (state: EngineState) => void]>([
    ['that is not protected yet', (state) => (managedOf(state).phase = 'protecting')],
    ['without a known stop', (state) => (managedOf(state).unprotectedSince = state.wall)],
    ['that is to be sold', (state) => (managedOf(state).exitReason = 'take-profit')],
    ['whose stop the price has gone through', (state) => (managedOf(state).triggeredSince = state.wall)],
    ['whose horizon has come', (state) => (managedOf(state).horizonAt = state.at + HOUR_MS)],
    ['whose target is at the price', (state) => (managedOf(state).targetPrice = only(state).last * 0.5)],
    ['without a target', (state) => (managedOf(state).targetPrice = null)],
    ['whose stop is above the price', (state) => (managedOf(state).stopPrice = decimalFromNumber(only(state).last * 2))],
    ['without a stop price', (state) => (managedOf(state).stopPrice = null)],
    ['whose stop is being cancelled', (state) => (stopOf(state).cancelling = true)],
    ['whose stop could not be cancelled', (state) => (stopOf(state).cancelSince = state.wall)],
    ['whose stop is filled in part', (state) => (stopOf(state).executed = 1n as never)],
    ['whose stop nobody knows of', (state) => (stopOf(state).status = 'unknown')],
    ['with another order than its stop', (state) => (managedOf(state).stopOrderId = 'another')],
    ['that the exchange no longer lists', (state) => (only(state).unlisted = true)],
    ['when older prices count as fresh', (state) => (state.freshness = { ...state.freshness, maxAge: HOUR_MS })],
    ['when prices are fresh by wall time', (state) => (state.freshness = { ...state.freshness, wallGrace: 1 })],
  ])('with a position %s', (_name, change) => {
    expect(passes(held(), change)).toBe(0);
  });

  test('with an order that would act at the price, or before the model has given the position up', () => {
    const run = held();
    const { series, ...stretch } = run.stretch();
    expect(passQuietHours(run.copy(), { ...stretch, series: series.map((each) => ({ ...each, alarm: () => (each.open[stretch.rows[0] ?? 0] ?? 0) })) })).toBe(0);
    series[0]?.probability.fill(0.1, (stretch.rows[0] ?? 0) + 1);
    expect(passQuietHours(run.copy(), run.stretch())).toBe(2);
  });

  test('after an hour with a position whose prices cross something', () => {
    const run = held();
    expect(passQuietHours(run.copy(), { ...run.stretch(), crossesNothing: (index) => index < 1 })).toBe(2);
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
    ['before a candle whose close is above its high', 3, ({ close, high }, row) => (close[row - 1] = (high[row - 1] ?? 0) * 1.001)],
    ['with an hour that reaches far: its prices have to be told', 4, ({ high }, row) => (high[row] = (high[row] ?? 0) * 3)],
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
