import { expect } from 'vitest';
import { generateCandles } from '../../sim/generator/candles.ts';
import { columnsFromCandles, type CandleColumns } from '../features/candle-columns.ts';
import { mayTighten, VOLATILITY_MINIMUM } from '../guardian/volatility.ts';
import { HOUR_MS, type EpochMs } from '../units.ts';
import { decodeState, encodeState } from './codec.ts';
import type { Effect } from './effect.ts';
import { createQuietBlock, type QuietBlock, type QuietSeries, type Stretch } from './quiet-stretch.ts';
import { passQuietHours } from './quiet-hours.ts';
import type { EngineState } from './state.ts';
import { instrumentText, MONDAY, World } from './world.test-helper.ts';

/** Hours before the run: a little more than the volatility lock needs. */
export const BEFORE = VOLATILITY_MINIMUM + 100;
const START: EpochMs = MONDAY - BEFORE * HOUR_MS;

export type Writable = CandleColumns & { readonly probability: Float32Array };

/** A generated market whose every hour has a prediction without an edge; tests bend both. */
export const marketOf = (seed: number, symbols: readonly string[], hours: number): Writable[] =>
  symbols.map((symbol) => {
    const columns = columnsFromCandles(generateCandles({ seed, symbol, from: START, hours: BEFORE + hours }));
    return { ...columns, probability: new Float32Array(columns.length).fill(0.4) };
  });

/**
 * The engine over that market, hour by hour or several at once. Every order that it sends is filled as far as `part`,
 * then ends.
 */
export class Run {
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
      const candles = Array.from({ length: known }, (_, k) => BEFORE - 1 - known + k).map(
        (row) =>
          [columns.openTime[row], columns.open[row], columns.high[row], columns.low[row], columns.close[row]] as const,
      );
      this.world.apply({ type: 'history', symbol: symbols[i] ?? '', candles: candles as never });
    });
    this.world.account();
    this.world.account();
  }

  /** The stretch from the next hour on. */
  stretch(passed: Stretch['passed'] = () => undefined, to = Number.POSITIVE_INFINITY): Stretch {
    const series = this.market.map(
      (columns, i): QuietSeries => ({
        ...columns,
        symbol: this.symbols[i] ?? '',
        failure: 'the model gave no answer',
        alarm: () => Number.NEGATIVE_INFINITY,
        bid: (last) => last * 0.9999,
        ask: (last) => last * 1.0001,
      }),
    );
    const from = MONDAY + this.hour * HOUR_MS;
    const rows = Int32Array.from(this.market, ({ openTime }) => openTime.indexOf(from));
    const crossesNothing: Stretch['crossesNothing'] = (index) =>
      this.market.every(
        ({ high }, i) =>
          (high[(rows[i] ?? 0) + index] ?? Number.NaN) <
          (this.world.state.symbols[this.symbols[i] ?? '']?.managed?.targetPrice ?? Number.POSITIVE_INFINITY),
      );
    return {
      series,
      rows,
      from,
      to,
      told: this.#waiting.length === 3 * this.symbols.length,
      crossesNothing,
      passed,
      block: createQuietBlock(),
    };
  }

  /** The state and what no snapshot holds of it, to be changed without the run's knowing. */
  copy(): EngineState {
    const state = decodeState(encodeState(this.world.state));
    Object.assign(state.evaluated, this.world.state.evaluated);
    return state;
  }

  /** The next hour by steps, as a backtest takes it. */
  step({ told: tells = true } = {}): readonly Effect[] {
    const at = MONDAY + this.hour * HOUR_MS;
    this.world.at = this.world.wall = at;
    const here = this.market.map(({ openTime }) => openTime.indexOf(at));
    const told = [...this.#waiting];
    this.market.forEach(({ open }, i) => {
      const last = open[here[i] ?? -1];
      if (last !== undefined && last > 0) told.push({ symbol: this.symbols[i] ?? '', last, at });
    });
    for (const { symbol, last } of told) this.world.exchange.prices[symbol] = last;
    const effects = [
      ...this.world.apply({
        type: 'quotes',
        quotes: told.map((quote) => ({ ...quote, bid: quote.last * 0.9999, ask: quote.last * 1.0001 })),
      }),
    ];
    const closed = this.market.map(({ openTime }) => openTime.indexOf(at - HOUR_MS));
    this.market.forEach((columns, i) => {
      const row = closed[i] ?? -1;
      const candle = {
        openTime: columns.openTime[row],
        open: columns.open[row],
        high: columns.high[row],
        low: columns.low[row],
        close: columns.close[row],
      };
      if (row >= 0)
        effects.push(...this.world.apply({ type: 'candle', symbol: this.symbols[i] ?? '', candle: candle as never }));
    });
    this.market.forEach(({ probability }, i) => {
      const p = probability[closed[i] ?? -1];
      if (p !== undefined)
        effects.push(
          ...this.world.apply({
            type: 'prediction',
            symbol: this.symbols[i] ?? '',
            openTime: at - HOUR_MS,
            probability: p >= 0 ? p : null,
            failure: null,
            features: [],
          }),
        );
    });
    this.#waiting = [];
    if (tells) this.#rest(here, at);
    this.hour += 1;
    return effects;
  }

  /**
   * An hour with a position, or whose high or low could tighten the volatility lock, has its prices told at the next
   * poll.
   */
  #rest(here: readonly number[], at: EpochMs): void {
    if (!this.exposed && !this.restless(here)) return;
    const told = (column: 'high' | 'low' | 'close', when: EpochMs): void =>
      this.market.forEach(
        (columns, i) =>
          void (
            (here[i] ?? -1) >= 0 &&
            this.#waiting.push({ symbol: this.symbols[i] ?? '', last: columns[column][here[i] ?? -1] ?? 0, at: when })
          ),
      );
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
      return (
        row >= 0 && symbol !== undefined && mayTighten(symbol.volatility, columns.high[row] ?? 0, columns.low[row] ?? 0)
      );
    });
  }

  /**
   * Passes what it can before the hour `end` on a copy, steps the same hours, and holds the two against each other.
   * Returns how many they were.
   */
  passAndCompare(end = Number.POSITIVE_INFINITY): number {
    const points: { readonly at: EpochMs; readonly equity: number; readonly exposure: number }[] = [];
    const blocks: Pick<QuietBlock, 'hours' | 'unanswered' | 'holding'>[] = [];
    const passed: Stretch['passed'] = ({ from, hours, equity, exposure, unanswered, holding }) => {
      blocks.push({ hours, unanswered, holding });
      for (let k = 0; k < hours; k += 1)
        points.push({ at: from + k * HOUR_MS, equity: equity[k] ?? Number.NaN, exposure: exposure[k] ?? Number.NaN });
    };
    const copy = this.copy();
    const hours = passQuietHours(copy, this.stretch(passed, MONDAY + end * HOUR_MS));
    this.held += blocks.filter(({ holding }) => holding > 0).length;
    const steps = Array.from({ length: hours }, () => this.step());
    if (hours === 0) return 0;
    const effects = steps.flat();
    const outcomes = steps.map((each) =>
      each.flatMap((effect) => (effect.type === 'decision' ? [effect.outcome] : [])),
    );
    const count = (from: number, length: number, wanted: string): number =>
      outcomes
        .slice(from, from + length)
        .flat()
        .filter((outcome) => outcome === wanted).length;
    expect(JSON.parse(encodeState(copy))).toEqual(JSON.parse(encodeState(this.world.state)));
    expect({ ...copy.evaluated, changes: copy.changes }).toEqual({ ...this.world.state.evaluated, changes: [] });
    const told = effects.flatMap((effect) =>
      effect.type === 'equity' ? [{ at: effect.at, equity: effect.equity, exposure: effect.exposure }] : [],
    );
    expect(points).toEqual(told);
    let done = 0;
    for (const { hours: length, unanswered, holding } of blocks) {
      expect({ unanswered, holding }).toEqual({
        unanswered: count(done, length, 'no-prediction'),
        holding: count(done, length, 'holding'),
      });
      done += length;
    }
    expect(done).toBe(hours);
    expect(
      outcomes.flat().every((outcome) => outcome === 'no-edge' || outcome === 'no-prediction' || outcome === 'holding'),
    ).toBe(true);
    expect(effects.filter(({ type }) => type !== 'equity' && type !== 'baseline')).toHaveLength(
      hours * this.symbols.length,
    );
    return hours;
  }
}

export const HOURS = 400;

/** A market with a signal every 40 hours, every order of which is filled. */
export const trading = (seed: number, symbols: readonly string[]): Run => {
  const market = marketOf(seed, symbols, HOURS);
  market.forEach(({ probability }, i) => {
    for (let row = BEFORE + 10 + 7 * i; row < probability.length; row += 40) probability[row] = 0.9;
  });
  return new Run(market, symbols, 1);
};

/** Hours that would be passed after a change to a copy of the run's state. */
export const passes = (run: Run, change: (state: EngineState) => void): number => {
  const state = run.copy();
  change(state);
  return passQuietHours(state, run.stretch());
};

/** The one symbol. */
export const only = (state: EngineState) => {
  const [symbol] = state.symbolList;
  if (symbol === undefined) throw new Error('no symbol');
  return symbol;
};
