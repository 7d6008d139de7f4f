import type { EngineConfig } from '../../core/engine/config.ts';
import type { InstrumentText } from '../../core/engine/input.ts';
import { createQuietBlock, type QuietSeries, type Stretch } from '../../core/engine/quiet-stretch.ts';
import { passQuietHours } from '../../core/engine/quiet-hours.ts';
import { createEngineState, type EngineState } from '../../core/engine/state.ts';
import { step } from '../../core/engine/step.ts';
import { anyHeld, isHeld } from '../../core/guardian/state.ts';
import { mayTighten } from '../../core/guardian/volatility.ts';
import { DAY_MS, HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import type { Assumptions } from './assumptions.ts';
import { BacktestBroker } from './broker.ts';
import { HourMarket, type SymbolSeries } from './hour-market.ts';
import { HourPath } from './hour-path.ts';
import { HourlyInputs, NO_ANSWER } from './hourly-inputs.ts';
import { Operator } from './operator.ts';
import { RunRecord } from './record.ts';
import { resultOf, type BacktestResult } from './result.ts';
import { Session, type Apply } from './session.ts';
import { Walker } from './walk.ts';

export interface BacktestOptions {
  readonly config: EngineConfig;
  readonly engineVersion: string;
  readonly instruments: readonly InstrumentText[];
  /** In the order of `config.symbols`. */
  readonly series: readonly SymbolSeries[];
  /** Probability for each row of each symbol's hourly candles; NaN = no answer. */
  readonly predictions: ReadonlyMap<SymbolName, Float32Array>;
  readonly assumptions: Assumptions;
  /** First and last (exclusive) market time, on the hour. */
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** Steps the engine; `step` alone when left out. Every hour is stepped then, whatever happens in it. */
  readonly applyTo?: (state: EngineState) => Apply;
  /** A broker with other rules of matching, for tests that compare venues. */
  readonly broker?: BacktestBroker;
  /** Whether hours in which nothing can happen are stepped one by one, too: the same result, in twice the time. */
  readonly everyHour?: boolean;
}

/**
 * The whole system over stored candles on the virtual clock: the live `step()`
 * with prices, closed candles, predictions, order reports and account readings
 * as its inputs, in the order in which the live loop gives them.
 */
export const runBacktest = (options: BacktestOptions): BacktestResult => new BacktestRun(options).run();

class BacktestRun {
  readonly #options: BacktestOptions;
  readonly #state = createEngineState();
  readonly #market: HourMarket;
  readonly #path: HourPath;
  readonly #session: Session;
  readonly #walker: Walker;
  readonly #operator: Operator;
  readonly #record: RunRecord;
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  readonly #closes: Float64Array;
  readonly #inputs: HourlyInputs;
  /** What quiet hours are made of; null when every hour is stepped. */
  readonly #quiet: readonly QuietSeries[] | null;
  /** Whether all that is known of any hour is its hourly candle. */
  readonly #coarse: boolean;
  readonly #passed: Stretch['passed'] = (block) => this.#record.quietHours(block, this.#options.series.length);
  readonly #crossesNothing: Stretch['crossesNothing'] = (index) => {
    this.#readRange(index);
    return this.#walker.crossesNothing(this.#market.hour + index * HOUR_MS, this.#lows, this.#highs);
  };
  readonly #block = createQuietBlock();
  #candles = 0;
  #commands = 0;
  #stopped: BacktestResult['stopped'] = null;

  constructor(options: BacktestOptions) {
    const { series, instruments, assumptions, from, config } = options;
    this.#options = options;
    this.#record = new RunRecord((options.to - from) / HOUR_MS + 2);
    this.#market = new HourMarket(series, from);
    this.#path = new HourPath(this.#market);
    const broker = options.broker ?? new BacktestBroker(assumptions, instruments, config.quoteAsset);
    const state = this.#state;
    const apply: Apply = options.applyTo?.(state) ?? ((input) => step(state, input));
    this.#session = new Session({
      state,
      apply,
      broker,
      record: this.#record,
      path: this.#path,
      instruments,
      assumptions,
      from,
    });
    this.#walker = new Walker(this.#session, this.#path, state);
    this.#operator = new Operator(assumptions.operator);
    const column = (): Float64Array => new Float64Array(series.length);
    [this.#lows, this.#highs, this.#closes] = [column(), column(), column()];
    const probabilities = series.map(({ symbol }) => options.predictions.get(symbol));
    this.#inputs = new HourlyInputs(this.#market, this.#session, series, probabilities);
    this.#coarse = series.every(({ finer }) => finer.length === 0);
    const stepped = options.everyHour === true || options.applyTo !== undefined;
    this.#quiet = stepped ? null : series.map((each, i) => quietSeries(each, probabilities[i], this.#session, i));
  }

  run(): BacktestResult {
    const { to } = this.#options;
    const market = this.#market;
    this.#begin();
    while (market.hour < to && this.#stopped === null) {
      this.#hour();
      market.next();
      for (let more = true; more; ) more = this.#passQuietHours();
    }
    this.#end();
    const { from, assumptions, config } = this.#options;
    const stopped = this.#stopped;
    return resultOf(this.#state, this.#record, {
      from,
      to: stopped?.at ?? Math.min(to, market.hour),
      symbols: config.symbols,
      candles: this.#candles,
      openingBalance: assumptions.balance,
      stopped,
    });
  }

  /** Start, account and history, as the live bot begins. */
  #begin(): void {
    const { config, engineVersion, instruments, from } = this.#options;
    const session = this.#session;
    session.apply({ type: 'started', at: from, wall: from, engineVersion, config, instruments, halts: [] });
    session.bind();
    this.#inputs.bind();
    this.#inputs.tellHistory();
    this.#readAccount();
    this.#readAccount();
  }

  /** The last prices and the last candle; nothing is decided on them. */
  #end(): void {
    const session = this.#session;
    const { hour } = this.#market;
    if (this.#stopped !== null) return;
    session.now = Math.max(session.now, hour - 1);
    session.poll();
    session.now = Math.max(session.now, hour);
    this.#inputs.closedCandles();
  }

  #hour(): void {
    const market = this.#market;
    const session = this.#session;
    session.now = Math.max(session.now, market.hour);
    this.#open();
    this.#operate();
    if (this.#stopped !== null) return;
    if (this.#inputs.closedCandles()) {
      this.#candles += this.#inputs.predict();
      session.settle();
    }
    if (session.unread > 0 && market.hour % DAY_MS === 0) this.#readAccount();
    if (session.exposed) this.#walk();
    else this.#rest();
  }

  /** The rest of an hour with a position. */
  #walk(): void {
    const { hour } = this.#market;
    this.#readRange();
    if (this.#path.coarse && this.#walker.crossesNothing(hour, this.#lows, this.#highs))
      return this.#session.pass(this.#lows, this.#highs, this.#closes, hour);
    this.#path.begin();
    this.#walker.walk(hour);
  }

  /**
   * The hours from now on in which nothing can happen, as one, up to the midnight at which fills are compared with the
   * account. Returns whether more may follow at once, without a step between them.
   */
  #passQuietHours(): boolean {
    const market = this.#market;
    const session = this.#session;
    const series = this.#quiet;
    const { exposed, told } = session;
    if (series === null || this.#stopped !== null || !session.idle || (exposed && !this.#coarse)) return false;
    const reading = session.unread > 0 ? Math.ceil(market.hour / DAY_MS) * DAY_MS + HOUR_MS : Number.POSITIVE_INFINITY;
    const to = Math.min(this.#options.to, reading, this.#operator.until(this.#state.guardian));
    const hours = passQuietHours(this.#state, {
      series,
      rows: market.rows,
      from: market.hour,
      to,
      told,
      crossesNothing: this.#crossesNothing,
      passed: this.#passed,
      block: this.#block,
    });
    if (hours === 0) return false;
    session.drop();
    this.#candles += hours * series.length;
    market.pass(hours - 1);
    session.now = market.hour;
    const read = market.hour + HOUR_MS === reading;
    if (read) this.#readAccount();
    if (exposed) this.#walkFromOpen();
    else this.#rest();
    market.next();
    return read || exposed;
  }

  /** The hour from its first prices, which the engine knows. */
  #walkFromOpen(): void {
    const { prices } = this.#session;
    for (let i = 0; i < prices.length; i += 1) prices[i] = this.#openPrice(i);
    this.#walk();
  }

  /** NaN in an outage. */
  #openPrice(i: number): number {
    const row = this.#market.row(i);
    return row < 0 ? Number.NaN : (this.#market.hourly(i).open[row] ?? Number.NaN);
  }

  /** The first prices of the hour: a jump from the last close. */
  #open(): void {
    const session = this.#session;
    let touched = false;
    for (let i = 0; i < session.prices.length; i += 1) {
      const price = this.#openPrice(i);
      session.prices[i] = price;
      const symbol = session.nameOf(i);
      if (price > 0) touched = session.broker.move(symbol, price, 'jump', session.now) || touched;
    }
    session.poll();
    if (touched) session.hear();
    if (this.#waitsForPoll()) session.poll();
    session.settle();
  }

  /** After an outage two fresh polls clear the lock; the live bot polls every few seconds. */
  #waitsForPoll(): boolean {
    const { guardian } = this.#state;
    if (!anyHeld(guardian)) return false;
    for (let i = 0; i < this.#options.series.length; i += 1) {
      const symbol = this.#session.symbolState(i);
      if (symbol !== undefined && symbol.freshPolls === 1 && isHeld(guardian, symbol.staleLockId)) return true;
    }
    return false;
  }

  #operate(): void {
    const session = this.#session;
    const move = this.#operator.act(this.#state.guardian, session.now);
    if (move === null) return;
    if (move.kind === 'stop') {
      if (!session.exposed) this.#stopped = { at: session.now, lock: move.lock.id };
      return;
    }
    this.#commands += 1;
    session.apply({
      type: 'command',
      at: session.now,
      wall: session.now,
      commandId: `operator-${this.#commands}`,
      by: 'operator model',
      command: move.command,
    });
    const ids = move.command.name === 'unlock' ? move.command.lockIds : [];
    if (ids.some((id) => isHeld(this.#state.guardian, id))) this.#operator.refused(session.now);
    session.settle();
  }

  /** The rest of an hour without a position: told only when one of its prices could set or hold a volatility lock. */
  #rest(): void {
    this.#readRange();
    let matters = false;
    for (let i = 0; i < this.#lows.length; i += 1) {
      const symbol = this.#session.symbolState(i);
      if (
        this.#market.row(i) >= 0 &&
        symbol !== undefined &&
        mayTighten(symbol.volatility, this.#highs[i] ?? Number.NaN, this.#lows[i] ?? Number.NaN)
      )
        matters = true;
    }
    if (!matters) this.#session.move(this.#closes);
    else this.#session.pass(this.#lows, this.#highs, this.#closes, this.#market.hour);
  }

  /** The hour's prices from here on, or those of an hour to come that has candles of all symbols; NaN in an outage. */
  #readRange(ahead = 0): void {
    const market = this.#market;
    for (let i = 0; i < this.#lows.length; i += 1) {
      const row = ahead === 0 ? market.row(i) : (market.rows[i] ?? -1) + ahead;
      const columns = market.hourly(i);
      this.#lows[i] = row < 0 ? Number.NaN : (columns.low[row] ?? Number.NaN);
      this.#highs[i] = row < 0 ? Number.NaN : (columns.high[row] ?? Number.NaN);
      this.#closes[i] = row < 0 ? Number.NaN : (columns.close[row] ?? Number.NaN);
    }
  }

  /**
   * The bot reads its account at the end of a day on which something was filled, and finds what its ledger says, or
   * locks.
   */
  #readAccount(): void {
    const session = this.#session;
    session.unread = 0;
    session.apply({
      type: 'account',
      at: session.now,
      wall: session.now,
      balances: session.broker.balances(),
      failure: null,
      foreignOrders: [],
    });
  }
}

const quietSeries = (
  { symbol, hourly }: SymbolSeries,
  probability: Float32Array | undefined,
  session: Session,
  i: number,
): QuietSeries => {
  const { openTime, open, high, low, close } = hourly;
  return {
    symbol,
    openTime,
    open,
    high,
    low,
    close,
    probability: probability ?? new Float32Array(0),
    failure: NO_ANSWER,
    alarm: () => session.broker.alarm(symbol),
    bid: (last) => session.bid(i, last),
    ask: (last) => session.ask(i, last),
  };
};
