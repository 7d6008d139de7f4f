import { hourStart, type EpochMs } from '../../core/units.ts';
import { MatchingEngine, type EngineOptions } from '../matching/engine.ts';
import type { FeeSchedule } from '../matching/fees.ts';
import { times, UNIT, formatFixed, type Fixed } from '../matching/fixed.ts';
import type { NewOrder, SimOrder } from '../matching/order.ts';
import type { Move } from '../matching/triggers.ts';
import { withLeastNotional, type Instrument } from './instruments.ts';
import { Market, type PriceMove } from './market.ts';
import type { MarketHistory } from './market-history.ts';
import { encode, keys, loadState, STORE_FORMAT, type StoredMeta, type StoredState } from './persistence.ts';
import { MarketPrint, TradePrints } from './prints.ts';
import type { ReceivedOrder } from './received.ts';
import type { SimStore } from './store.ts';

export interface ExchangeOptions extends EngineOptions {
  readonly history: MarketHistory;
  readonly instruments: readonly Instrument[];
  readonly stepsPerHour: number;
  /** First market time. Used for a new store only. */
  readonly startTime: EpochMs;
  /** Balances of a new account. */
  readonly balances: Readonly<Record<string, Fixed>>;
  readonly store: SimStore;
  readonly wallNow: () => EpochMs;
  readonly keyRights: KeyRights;
  /** The exchange's number of a new account. */
  readonly accountId: number;
  /** Once, when it refuses everything from now on. */
  readonly onFailure?: (error: Error) => void;
}

/** What the API key is said to be allowed. */
export interface KeyRights {
  readonly trading: boolean;
  readonly withdrawals: boolean;
  readonly ipRestricted: boolean;
  readonly futures?: boolean;
  readonly createdAt: EpochMs;
}

const FIRST_ORDER_ID = 1_000_001;
const FIRST_TRADE_ID = 5_000_001;

/** A wish that cannot be granted; the control interface answers it with 400. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

/**
 * The simulated exchange without its HTTP face: market, matching, account and
 * their persistence. Every public mutation ends in `commit`, which writes all
 * its changes in one call; a store that fails makes the exchange refuse
 * everything after, because memory and store no longer agree.
 */
export class Exchange {
  readonly engine: MatchingEngine;
  readonly market: Market;
  readonly #instruments: Map<string, Instrument>;
  readonly received: ReceivedOrder[] = [];
  readonly prints: TradePrints;
  readonly seed: number;
  readonly keyRights: KeyRights;
  accountUpdateTime: EpochMs;
  readonly #options: ExchangeOptions;
  readonly #meta: StoredMeta;
  readonly accountId: number;
  readonly #newReceived: ReceivedOrder[] = [];
  #failure: Error | null = null;
  /** Market time of the last commit; null before the first of a new store. */
  #storedTime: EpochMs | null = null;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.seed = options.seed;
    this.keyRights = options.keyRights;
    this.#instruments = new Map(options.instruments.map((instrument) => [instrument.rules.id, instrument]));
    this.engine = new MatchingEngine(options);
    this.prints = new TradePrints();
    const stored = loadState(options.store);
    this.#meta = stored.meta ?? {
      format: STORE_FORMAT,
      seed: options.seed,
      stepsPerHour: options.stepsPerHour,
      startTime: options.startTime,
      symbols: [...this.instruments.keys()],
      accountId: options.accountId,
    };
    this.accountId = this.#meta.accountId ?? options.accountId;
    if (stored.meta === null) {
      this.market = new Market(options, options.startTime);
      this.accountUpdateTime = options.startTime;
      this.#begin();
    } else {
      assertSameMarket(this.#meta, options);
      this.market = new Market(options, stored.marketTime);
      this.accountUpdateTime = stored.accountUpdateTime;
      this.#storedTime = stored.marketTime;
      this.#resume(stored);
    }
  }

  get instruments(): ReadonlyMap<string, Instrument> {
    return this.#instruments;
  }

  /** Another least notional of a symbol from now on. Not stored, as fees are not. */
  setLeastNotional(id: string, amount: Fixed): void {
    const changed = withLeastNotional(this.#instrument(id), amount);
    this.#instruments.set(id, changed);
    this.engine.symbol(id).rules = changed.rules;
  }

  get marketTime(): EpochMs {
    return this.market.time;
  }

  get fees(): FeeSchedule {
    return this.engine.fees;
  }

  wallNow(): EpochMs {
    return this.#options.wallNow();
  }

  /** Unequal to null once the store has failed. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** One sub-step of market time. Returns false at the end of the history. */
  step(): boolean {
    if (this.market.ended) return false;
    const moves = this.market.advance();
    for (const symbol of this.engine.symbols()) {
      symbol.open = this.market.isTrading(symbol.rules.id);
      this.engine.changedSymbols.add(symbol.rules.id);
    }
    for (const move of moves) this.#move(move);
    return true;
  }

  /** Forces a price at once, as a gap. @throws ControlError in an outage, or for a price that is none. */
  forcePrice(id: string, price: Fixed, lasting: boolean): void {
    if (!this.market.isTrading(id))
      throw new ControlError(`${id} does not trade in this market hour (an outage of the source)`);
    const to = this.market.onTick(id, price);
    if (price <= 0n) throw new ControlError(`a price must be positive, not ${formatFixed(price)}`);
    if (lasting) this.market.rescale(id, (to * UNIT) / this.engine.symbol(id).last);
    this.#move({ id, price: to, move: 'jump' });
  }

  /** Moves the price by a fraction of itself (-0.05 is five percent down). */
  jump(id: string, fraction: Fixed, lasting: boolean): void {
    this.forcePrice(id, times(this.engine.symbol(id).last, UNIT + fraction), lasting);
  }

  /** Money from outside the market; negative withdraws. @throws ControlError when there is not that much free. */
  deposit(asset: string, amount: Fixed): void {
    if (!this.engine.accounts.deposit(asset, amount)) {
      throw new ControlError(
        `cannot withdraw ${formatFixed(-amount)} ${asset}: only ${formatFixed(this.engine.accounts.get(asset).free)} is free`,
      );
    }
  }

  place(request: NewOrder): SimOrder {
    return this.engine.place(request);
  }

  /** Notes a request for an order; it is stored with the next commit. */
  note(record: Omit<ReceivedOrder, 'sequence' | 'marketTime'>): ReceivedOrder {
    const complete = { ...record, sequence: this.received.length + 1, marketTime: this.marketTime };
    this.received.push(complete);
    this.#newReceived.push(complete);
    return complete;
  }

  /** Writes everything changed since the last commit, in one call. @throws the store's error, now and ever after. */
  commit(): void {
    if (this.#failure !== null) throw this.#failure;
    const entries = this.#collect();
    if (entries.length === 0) return;
    try {
      this.#options.store.write(entries);
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** Refuses everything from now on: after a fault in the middle of a change, memory is not to be believed. */
  fail(error: unknown): Error {
    if (this.#failure !== null) return this.#failure;
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#options.onFailure?.(this.#failure);
    return this.#failure;
  }

  #move({ id, price, move }: { id: string; price: Fixed; move: Move }): void {
    const before = this.engine.newTrades.length;
    this.engine.movePrice(id, price, move, this.marketTime);
    this.market.record(id, price);
    const symbol = this.engine.symbol(id);
    const size = this.engine.bestSize(id, 'ask');
    if (this.engine.newTrades.length > before) this.prints.addOwn(this.engine.newTrades.slice(before));
    this.prints.add(
      id,
      new MarketPrint(symbol.nextTradeId, price, this.marketTime, move === 'path', size, symbol.rules.step),
    );
    symbol.nextTradeId += 1;
  }

  #begin(): void {
    for (const move of this.market.firstPrices()) {
      this.engine.addSymbol({
        rules: this.#instrument(move.id).rules,
        last: move.price,
        time: this.marketTime,
        open: this.market.isTrading(move.id),
        nextOrderId: FIRST_ORDER_ID,
        nextTradeId: FIRST_TRADE_ID,
        takenBid: 0n,
        takenAsk: 0n,
      });
      this.#move(move satisfies PriceMove);
    }
    for (const [asset, amount] of Object.entries(this.#options.balances)) this.deposit(asset, amount);
    this.commit();
  }

  #resume(stored: StoredState): void {
    for (const [id, { scale, forming, ...book }] of stored.symbols) {
      const { rules } = this.#instrument(id);
      this.engine.addSymbol({ ...book, rules, open: this.market.isTrading(id) });
      this.market.restore(id, { scale, forming });
    }
    for (const [asset, balance] of stored.balances) this.engine.accounts.restore(asset, balance);
    for (const order of stored.orders) this.engine.files.addOrder(order);
    for (const trade of stored.trades) this.engine.files.addTrade(trade);
    for (const [key, prices] of stored.candles) this.market.overrides.set(key, prices);
    this.received.push(...stored.received);
    this.prints.addOwn(stored.trades.slice(-TradePrints.KEPT));
  }

  #collect(): [string, string | null][] {
    const entries: [string, string | null][] = [];
    const keepsNothing = this.#options.store.keepsNothing === true;
    const put = (key: string, value: unknown): void => {
      if (!keepsNothing) entries.push([key, encode(value)]);
    };
    const { engine, market } = this;
    if (!keepsNothing)
      for (const id of engine.changedSymbols) {
        const { rules: _rules, open: _open, ...book } = engine.symbol(id);
        put(keys.symbol(id), { ...book, ...market.state(id) });
      }
    for (const order of engine.changedOrders) put(keys.order(order), order);
    for (const trade of engine.newTrades) put(keys.trade(trade), trade);
    const assets = engine.accounts.takeChanged();
    for (const asset of assets) put(keys.balance(asset), engine.accounts.get(asset));
    for (const key of market.newOverrides) put(keys.candle(key), market.overrides.get(key));
    for (const record of this.#newReceived) put(keys.received(record.sequence), record);
    if (assets.length > 0) this.accountUpdateTime = this.marketTime;
    if (this.#storedTime !== this.marketTime) {
      if (this.#storedTime === null) put(keys.meta, this.#meta);
      this.#storedTime = this.marketTime;
      put(keys.market, { time: this.marketTime, accountUpdateTime: this.accountUpdateTime });
    } else if (assets.length > 0) {
      put(keys.market, { time: this.marketTime, accountUpdateTime: this.accountUpdateTime });
    }
    // A set is made anew when it is cleared, and most of these are empty each time.
    for (const changed of [engine.changedSymbols, engine.changedOrders, market.newOverrides])
      if (changed.size > 0) changed.clear();
    engine.newTrades.length = 0;
    this.#newReceived.length = 0;
    return entries;
  }

  #instrument(id: string): Instrument {
    const instrument = this.instruments.get(id);
    if (instrument === undefined) throw new Error(`the store holds ${id}, which is not configured`);
    return instrument;
  }
}

/** The store was made by another market: a person changed the settings and kept the folder. */
export class OtherMarket extends Error {
  override readonly name = 'OtherMarket';
}

/** A store belongs to one market. @throws OtherMarket naming what differs. */
const assertSameMarket = (meta: StoredMeta, options: ExchangeOptions): void => {
  if (meta.format !== STORE_FORMAT)
    throw new OtherMarket(`the simulator's store has format ${meta.format}, not ${STORE_FORMAT}`);
  const symbols = options.instruments.map((instrument) => instrument.rules.id);
  const differences = [
    meta.seed === options.seed ? null : `seed ${meta.seed}, not ${options.seed}`,
    meta.stepsPerHour === options.stepsPerHour
      ? null
      : `${meta.stepsPerHour} steps an hour, not ${options.stepsPerHour}`,
    meta.symbols.join() === symbols.join() ? null : `symbols ${meta.symbols.join()}, not ${symbols.join()}`,
    hourStart(meta.startTime) === hourStart(options.startTime)
      ? null
      : `a start at ${new Date(meta.startTime).toISOString()}, not ${new Date(options.startTime).toISOString()}`,
  ].filter((difference) => difference !== null);
  if (differences.length > 0) {
    throw new OtherMarket(
      `the simulator's store was made with ${differences.join('; ')}. Use the same settings, or another store`,
    );
  }
};
