import type { CancelEffect, Effect, PlaceEffect } from '../../core/engine/effect.ts';
import type { Input, InstrumentText } from '../../core/engine/input.ts';
import type { EngineState, SymbolState } from '../../core/engine/state.ts';
import type { Quote } from '../../core/market/quote.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import { POLL_INTERVAL, type Assumptions } from './assumptions.ts';
import type { BacktestBroker } from './broker.ts';
import type { HourPath } from './hour-path.ts';
import { priceGrid, type PriceGrid } from './price-grid.ts';
import type { RunRecord } from './record.ts';

/**
 * Applies an input to the engine: `step` alone, or a journal around it. Input objects are used again: who keeps them
 * copies them.
 */
export type Apply = (input: Input) => readonly Effect[];

/** Looks at the market while something is unsettled, before the run goes on all the same. */
const MOST_POLLS = 24;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The part of the world that the engine meets: prices, orders and their outcomes, on one virtual clock. */
export class Session {
  now: EpochMs;
  /** Price of each symbol; NaN in an outage. */
  readonly prices: Float64Array;
  readonly grids: readonly PriceGrid[];
  readonly halfSpread: number;
  readonly broker: BacktestBroker;
  readonly record: RunRecord;
  readonly #state: EngineState;
  readonly #apply: Apply;
  readonly #path: HourPath;
  #symbols: readonly SymbolName[];
  #states: readonly SymbolState[] = [];
  readonly #index: ReadonlyMap<SymbolName, number>;
  readonly #latency: number;
  /** Orders and cancellations on their way, oldest first. */
  readonly #outgoing: { readonly effect: PlaceEffect | CancelEffect; readonly at: EpochMs }[] = [];
  readonly #quotes: Writable<Quote>[] = [];
  readonly #pool: Writable<Quote>[] = [];
  readonly #quotesInput: { readonly type: 'quotes'; at: EpochMs; wall: EpochMs; readonly quotes: Quote[] };
  /** Fills since the last reading of the account. */
  unread = 0;
  /** Whether what waits for the next poll is an hour that was passed. */
  #told = false;

  constructor(options: {
    readonly state: EngineState;
    readonly apply: Apply;
    readonly broker: BacktestBroker;
    readonly record: RunRecord;
    readonly path: HourPath;
    readonly instruments: readonly InstrumentText[];
    readonly assumptions: Assumptions;
    readonly from: EpochMs;
  }) {
    const { instruments, assumptions } = options;
    this.#state = options.state;
    this.#apply = options.apply;
    this.broker = options.broker;
    this.record = options.record;
    this.#path = options.path;
    this.now = options.from;
    this.#symbols = instruments.map(({ symbol }) => symbol);
    this.#index = new Map(this.#symbols.map((symbol, i) => [symbol, i]));
    this.#latency = assumptions.latency;
    this.halfSpread = assumptions.spread / 2;
    this.grids = instruments.map(({ tickSize }) => priceGrid(tickSize));
    this.prices = new Float64Array(instruments.length).fill(Number.NaN);
    this.#quotesInput = { type: 'quotes', at: 0, wall: 0, quotes: this.#quotes };
  }

  /** The engine's own books of a symbol, read only. */
  symbolState(i: number): SymbolState | undefined {
    return this.#states[i];
  }

  /** After the engine has been started: its symbols are there from now on. */
  bind(): void {
    // The engine's own keys: looking a symbol up by another string of the same letters costs more.
    const keys = Object.keys(this.#state.symbols);
    this.#symbols = this.#symbols.map((name) => keys.find((key) => key === name) ?? name);
    this.#states = this.#symbols.flatMap((name) => this.#state.symbols[name] ?? []);
  }

  nameOf(i: number): SymbolName {
    return this.#symbols[i] ?? '';
  }

  /** Whether any position has to be looked after. */
  get exposed(): boolean {
    for (let i = 0; i < this.#states.length; i += 1) if (this.#states[i]?.managed !== null) return true;
    return false;
  }

  /** Steps the engine; what it wants done is on its way from now. */
  apply(input: Input): void {
    const effects = this.#apply(input);
    if (effects.length === 0) return;
    for (let k = 0; k < effects.length; k += 1) this.#take(effects[k] as Effect);
  }

  /** Most hours have a decision and an equity point and nothing else: those two go straight to the record. */
  #take(effect: Effect): void {
    switch (effect.type) {
      case 'decision':
        return this.record.decided(effect);
      case 'equity':
        return this.record.point(effect);
      case 'place':
      case 'cancel':
        this.#outgoing.push({ effect, at: this.now });
        break;
      case 'fill':
        this.unread += 1;
        break;
      default:
    }
    this.record.take(effect, this.now);
  }

  /**
   * An hour of which no price has to be looked at by itself: they wait, each with its time, for the next look, one poll
   * that tells of all of them.
   */
  pass(lows: Float64Array, highs: Float64Array, closes: Float64Array, hour: EpochMs): void {
    this.#add(lows, hour + HOUR_MS / 3);
    this.#add(highs, hour + (2 * HOUR_MS) / 3);
    this.#add(closes, hour + HOUR_MS - 1);
    this.#told = true;
    this.move(closes);
  }

  /** Whether what waits for the next poll is an hour that was passed, and nothing else. */
  get told(): boolean {
    return this.#told;
  }

  /** What waited for the next poll has been told otherwise. */
  drop(): void {
    // Emptied one by one: setting the length would give the list's memory back, and the next hour would ask for it
    // anew.
    while (this.#quotes.length > 0) this.#quotes.pop();
    this.#told = false;
  }

  /**
   * The prices from now on. By hand: for a price or two a call of the engine's own copying costs more than the copy.
   */
  move(to: Float64Array): void {
    for (let i = 0; i < to.length; i += 1) this.prices[i] = to[i] ?? Number.NaN;
  }

  /** Prices that cross nothing wait for the next look. */
  wait(at: EpochMs): void {
    this.#add(this.prices, at);
  }

  /** The present prices, and those that waited, as one poll. */
  poll(): void {
    this.#add(this.prices, this.now);
    if (this.#quotes.length === 0) return this.apply({ type: 'timer', at: this.now, wall: this.now });
    this.#quotesInput.at = this.now;
    this.#quotesInput.wall = this.now;
    this.apply(this.#quotesInput);
    this.drop();
  }

  /** Best bid and ask at a last price, on their ticks. */
  bid(i: number, last: number): number {
    return this.grids[i]?.down(last * (1 - this.halfSpread)) ?? Number.NaN;
  }

  ask(i: number, last: number): number {
    return this.grids[i]?.up(last * (1 + this.halfSpread)) ?? Number.NaN;
  }

  /** Whether neither an order nor a price waits for the bot, but for those of an hour that was passed. */
  get idle(): boolean {
    return this.#outgoing.length === 0 && (this.#quotes.length === 0 || this.#told);
  }

  /** The lowest price at which the bid is at least `wanted`. */
  priceForBid(i: number, wanted: number): number {
    const grid = this.grids[i];
    if (grid === undefined) return Number.NaN;
    let price = grid.up(wanted / (1 - this.halfSpread));
    // The bid is cut to its tick, so it may still be one short.
    while (this.bid(i, price) < wanted) price = grid.next(price);
    return price;
  }

  /** Adds prices to the next poll. A symbol without a price is left out, as an exchange in an outage leaves it out. */
  #add(prices: Float64Array, at: EpochMs): void {
    for (let i = 0; i < prices.length; i += 1) {
      const price = prices[i] ?? Number.NaN;
      if (!(price > 0)) continue;
      const quote = (this.#pool[this.#quotes.length] ??= { symbol: '', last: 0, bid: 0, ask: 0, at: 0 });
      quote.symbol = this.#symbols[i] ?? '';
      quote.last = price;
      quote.bid = this.bid(i, price);
      quote.ask = this.ask(i, price);
      quote.at = at;
      this.#quotes.push(quote);
    }
  }

  /** What happened to resting orders reaches the bot. */
  hear(): void {
    for (const { symbol, clientOrderId, outcome } of this.broker.reports()) {
      this.apply({ type: 'order-report', at: this.now, wall: this.now, symbol, clientOrderId, outcome });
    }
  }

  /**
   * Delivers orders and their outcomes until nothing is on its way, and keeps looking while a position is unsettled.
   */
  settle(): void {
    if (this.#outgoing.length > 0) this.#deliver();
    for (let polls = 0; polls < MOST_POLLS && this.#unsettled(); polls += 1) {
      this.now += POLL_INTERVAL;
      this.poll();
      this.#deliver();
    }
  }

  #deliver(): void {
    for (let next = this.#outgoing.shift(); next !== undefined; next = this.#outgoing.shift()) {
      this.now = Math.max(this.now, next.at + this.#latency);
      const { effect } = next;
      const outcome =
        effect.type === 'cancel' ? this.broker.cancel(effect.symbol, effect.clientOrderId) : this.#place(effect);
      const { symbol, clientOrderId } = effect.type === 'cancel' ? effect : effect.order.draft;
      this.apply({ type: 'order-report', at: this.now, wall: this.now, symbol, clientOrderId, outcome });
      if (this.#outgoing.length === 0) this.hear();
    }
  }

  /** An order meets the price that the latency has made of the one it was decided on; a stop only rests. */
  #place({ order }: PlaceEffect): ReturnType<BacktestBroker['place']> {
    const { draft } = order;
    const i = this.#index.get(draft.symbol) ?? -1;
    const price = this.prices[i] ?? Number.NaN;
    if (!(price > 0)) return { kind: 'rejected', code: '-1013', message: 'Market is closed.' };
    const met = draft.purpose === 'stop' ? price : this.#path.adverse(i, draft.side, price, this.now, this.#latency);
    return this.broker.place(draft, met, this.now);
  }

  #unsettled(): boolean {
    for (let i = 0; i < this.#states.length; i += 1) {
      const managed = this.#states[i]?.managed ?? null;
      if (managed === null) continue;
      if (managed.phase !== 'protected' || managed.triggeredSince !== null || managed.exitReason !== null) return true;
    }
    return false;
  }
}
