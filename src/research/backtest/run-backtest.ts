import { toNumber, ZERO } from '../../core/decimal.ts';
import type { EngineConfig } from '../../core/engine/config.ts';
import type { TradeEffect } from '../../core/engine/effect.ts';
import type { InstrumentText } from '../../core/engine/input.ts';
import { createQuietBlock, passQuietHours, type QuietSeries, type Stretch } from '../../core/engine/quiet-hours.ts';
import { createEngineState, type EngineState } from '../../core/engine/state.ts';
import { step } from '../../core/engine/step.ts';
import { candleAt, rowAt, type CandleColumns } from '../../core/features/candle-columns.ts';
import { anyHeld, isHeld } from '../../core/guardian/state.ts';
import { mayTighten } from '../../core/guardian/volatility.ts';
import { quantityOf } from '../../core/ledger/ledger.ts';
import type { Candle } from '../../core/market/candle.ts';
import { DAY_MS, HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import type { Assumptions } from './assumptions.ts';
import { BacktestBroker } from './broker.ts';
import { HourMarket, type SymbolSeries } from './hour-market.ts';
import { HourPath } from './hour-path.ts';
import { Operator } from './operator.ts';
import { RunRecord, timeLocked, type EquityCurve, type LockSpan } from './record.ts';
import { Session, type Apply } from './session.ts';
import { equityNow, Walker } from './walk.ts';

/** Hours of history before the run that warm the limits up, as the live bot reads them at start. */
export const HISTORY_HOURS = 395 * 24;
const HISTORY_CHUNK = 1_000;

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

export interface BacktestResult {
  readonly from: EpochMs;
  /** Where the run ended: `to`, or earlier when it was stopped. */
  readonly to: EpochMs;
  /** Hourly candles decided on, all symbols. */
  readonly candles: number;
  readonly orderHash: string;
  readonly orders: number;
  readonly fills: number;
  readonly orderLines: readonly string[];
  readonly trades: readonly TradeEffect[];
  readonly openPositions: readonly { readonly symbol: SymbolName; readonly quantity: number; readonly since: EpochMs | null }[];
  readonly curve: EquityCurve;
  readonly openingBalance: number;
  readonly finalEquity: number;
  readonly locks: readonly LockSpan[];
  readonly timeLocked: { readonly halted: number; readonly noEntries: number };
  readonly decisions: RunRecord['decisions'];
  readonly denials: Readonly<Record<string, number>>;
  readonly fees: number;
  /** The lock that ended the run before its time, or null. */
  readonly stopped: { readonly at: EpochMs; readonly lock: string } | null;
}

const NO_ANSWER = 'the features are not complete for this hour';

/**
 * The whole system over stored candles on the virtual clock: the live `step()`
 * with prices, closed candles, predictions, order reports and account readings
 * as its inputs, in the order in which the live loop gives them.
 */
export const runBacktest = (options: BacktestOptions): BacktestResult => new BacktestRun(options).run();

type Writable<T> = { -readonly [K in keyof T]: T[K] };

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
  readonly #candleInputs: { readonly type: 'candle'; at: EpochMs; wall: EpochMs; symbol: SymbolName; readonly candle: Writable<Candle> }[];
  readonly #predictionInputs: { readonly type: 'prediction'; at: EpochMs; wall: EpochMs; symbol: SymbolName; openTime: EpochMs; probability: number | null; failure: string | null; readonly features: readonly number[] }[];
  readonly #probabilities: readonly (Float32Array | undefined)[];
  /** What quiet hours are made of; null when every hour is stepped. */
  readonly #quiet: readonly QuietSeries[] | null;
  /** Whether all that is known of any hour is its hourly candle. */
  readonly #coarse: boolean;
  readonly #passed: Stretch['passed'] = (block) => this.#record.quietHours(block, this.#candleInputs.length);
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
    this.#session = new Session({ state, apply, broker, record: this.#record, path: this.#path, instruments, assumptions, from });
    this.#walker = new Walker(this.#session, this.#path, state);
    this.#operator = new Operator(assumptions.operator);
    const column = (): Float64Array => new Float64Array(series.length);
    [this.#lows, this.#highs, this.#closes] = [column(), column(), column()];
    this.#candleInputs = series.map(({ symbol, hourly }) => ({ type: 'candle', at: from, wall: from, symbol, candle: candleAt(hourly, 0) }));
    this.#predictionInputs = series.map(({ symbol }) => ({ type: 'prediction', at: from, wall: from, symbol, openTime: 0, probability: null, failure: null, features: [] }));
    this.#probabilities = series.map(({ symbol }) => options.predictions.get(symbol));
    this.#coarse = series.every(({ finer }) => finer.length === 0);
    const stepped = options.everyHour === true || options.applyTo !== undefined;
    this.#quiet = stepped ? null : series.map((each, i) => quietSeries(each, this.#probabilities[i], this.#session, i));
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
    return this.#result(this.#stopped?.at ?? Math.min(to, market.hour));
  }

  /** Start, account and history, as the live bot begins. */
  #begin(): void {
    const { config, engineVersion, instruments, series, from } = this.#options;
    const session = this.#session;
    const times = { at: from, wall: from };
    session.apply({ type: 'started', ...times, engineVersion, config, instruments, halts: [] });
    session.bind();
    this.#candleInputs.forEach((input, i) => (input.symbol = session.nameOf(i)));
    this.#predictionInputs.forEach((input, i) => (input.symbol = session.nameOf(i)));
    for (const { symbol, hourly } of series) {
      const last = rowAt(hourly, from);
      for (let row = rowAt(hourly, from - HISTORY_HOURS * HOUR_MS); row < last; row += HISTORY_CHUNK) {
        session.apply({ type: 'history', ...times, symbol, candles: historyOf(hourly, row, Math.min(last, row + HISTORY_CHUNK)) });
      }
    }
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
    this.#closedCandles();
  }

  #hour(): void {
    const market = this.#market;
    const session = this.#session;
    session.now = Math.max(session.now, market.hour);
    this.#open();
    this.#operate();
    if (this.#stopped !== null) return;
    if (this.#closedCandles()) {
      this.#predict();
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
    if (this.#path.coarse && this.#walker.crossesNothing(hour, this.#lows, this.#highs)) return this.#session.pass(this.#lows, this.#highs, this.#closes, hour);
    this.#path.begin();
    this.#walker.walk(hour);
  }

  /** The hours from now on in which nothing can happen, as one, up to the midnight at which fills are compared with the account. Returns whether more may follow at once, without a step between them. */
  #passQuietHours(): boolean {
    const market = this.#market;
    const session = this.#session;
    const series = this.#quiet;
    const { exposed, told } = session;
    if (series === null || this.#stopped !== null || !session.idle || (exposed && !this.#coarse)) return false;
    const reading = session.unread > 0 ? Math.ceil(market.hour / DAY_MS) * DAY_MS + HOUR_MS : Number.POSITIVE_INFINITY;
    const to = Math.min(this.#options.to, reading, this.#operator.until(this.#state.guardian));
    const hours = passQuietHours(this.#state, { series, rows: market.rows, from: market.hour, to, told, crossesNothing: this.#crossesNothing, passed: this.#passed, block: this.#block });
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
    for (let i = 0; i < this.#candleInputs.length; i += 1) {
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
    session.apply({ type: 'command', at: session.now, wall: session.now, commandId: `operator-${this.#commands}`, by: 'operator model', command: move.command });
    const ids = move.command.name === 'unlock' ? move.command.lockIds : [];
    if (ids.some((id) => isHeld(this.#state.guardian, id))) this.#operator.refused(session.now);
    session.settle();
  }

  /** Gives the engine the candles that have just closed; whether there were any. */
  #closedCandles(): boolean {
    const session = this.#session;
    let any = false;
    for (let i = 0; i < this.#candleInputs.length; i += 1) {
      const row = this.#market.closed(i);
      const input = this.#candleInputs[i];
      if (row < 0 || input === undefined) continue;
      readCandle(this.#market.hourly(i), row, input.candle);
      input.at = session.now;
      input.wall = session.now;
      session.apply(input);
      any = true;
    }
    return any;
  }

  #predict(): void {
    const session = this.#session;
    for (let i = 0; i < this.#predictionInputs.length; i += 1) {
      const row = this.#market.closed(i);
      const input = this.#predictionInputs[i];
      if (row < 0 || input === undefined) continue;
      const probability = this.#probabilities[i]?.[row] ?? Number.NaN;
      const known = probability >= 0;
      input.at = session.now;
      input.wall = session.now;
      input.openTime = this.#market.hour - HOUR_MS;
      input.probability = known ? probability : null;
      input.failure = known ? null : NO_ANSWER;
      session.apply(input);
      this.#candles += 1;
    }
  }

  /** The rest of an hour without a position: told only when one of its prices could set or hold a volatility lock. */
  #rest(): void {
    this.#readRange();
    let matters = false;
    for (let i = 0; i < this.#lows.length; i += 1) {
      const symbol = this.#session.symbolState(i);
      if (this.#market.row(i) >= 0 && symbol !== undefined && mayTighten(symbol.volatility, this.#highs[i] ?? Number.NaN, this.#lows[i] ?? Number.NaN)) matters = true;
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

  /** The bot reads its account at the end of a day on which something was filled, and finds what its ledger says, or locks. */
  #readAccount(): void {
    const session = this.#session;
    session.unread = 0;
    session.apply({ type: 'account', at: session.now, wall: session.now, balances: session.broker.balances(), failure: null, foreignOrders: [] });
  }

  #result(to: EpochMs): BacktestResult {
    const { from, assumptions } = this.#options;
    const record = this.#record;
    const { orders, trades, locks, decisions, denials, fees } = record;
    const open = Object.values(this.#state.symbols).filter(({ managed }) => managed !== null);
    return {
      from,
      to,
      candles: this.#candles,
      orderHash: orders.hash(),
      orders: orders.orders,
      fills: orders.fills,
      orderLines: orders.lines(),
      trades,
      openPositions: open.map(({ symbol }) => ({
        symbol,
        quantity: toNumber(quantityOf(this.#state.ledger, symbol)),
        since: this.#state.ledger.positions[symbol]?.trade?.openedAt ?? null,
      })),
      curve: record.curve(),
      openingBalance: assumptions.balance,
      finalEquity: equityNow(this.#state) ?? record.lastEquity,
      locks,
      timeLocked: timeLocked(locks, this.#options.config.symbols, from, to),
      decisions,
      denials,
      // Trades tell theirs when they close; what is open has paid for its entry.
      fees: open.reduce((sum, { symbol }) => sum + toNumber(this.#state.ledger.positions[symbol]?.trade?.fees ?? ZERO), fees),
      stopped: this.#stopped,
    };
  }
}

const quietSeries = ({ symbol, hourly }: SymbolSeries, probability: Float32Array | undefined, session: Session, i: number): QuietSeries => {
  const { openTime, open, high, low, close } = hourly;
  return { symbol, openTime, open, high, low, close, probability: probability ?? new Float32Array(0), failure: NO_ANSWER, alarm: () => session.broker.alarm(symbol), bid: (last) => session.bid(i, last), ask: (last) => session.ask(i, last) };
};

const historyOf = (columns: CandleColumns, first: number, last: number): (readonly [number, number, number, number, number])[] =>
  Array.from({ length: last - first }, (_, k) => {
    const { openTime, open, high, low, close } = candleAt(columns, first + k);
    return [openTime, open, high, low, close] as const;
  });

const readCandle = (columns: CandleColumns, row: number, candle: Writable<Candle>): void => {
  candle.openTime = columns.openTime[row] ?? Number.NaN;
  candle.open = columns.open[row] ?? Number.NaN;
  candle.high = columns.high[row] ?? Number.NaN;
  candle.low = columns.low[row] ?? Number.NaN;
  candle.close = columns.close[row] ?? Number.NaN;
  candle.volume = columns.volume[row] ?? Number.NaN;
  candle.quoteVolume = columns.quoteVolume[row] ?? Number.NaN;
  candle.trades = columns.trades[row] ?? Number.NaN;
  candle.takerBuyBase = columns.takerBuyBase[row] ?? Number.NaN;
  candle.takerBuyQuote = columns.takerBuyQuote[row] ?? Number.NaN;
};
