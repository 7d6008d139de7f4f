import type { InstrumentText } from '../../core/engine/input.ts';
import type { EpochMs, SymbolName } from '../../core/units.ts';
import { encode, keys, loadState } from '../exchange/persistence.ts';
import type { SimStore } from '../exchange/store.ts';
import { DEFAULT_LIQUIDITY } from '../matching/book.ts';
import { DEFAULT_FEES } from '../matching/fees.ts';
import { fixed, fixedFromNumber, larger, nearestTo } from '../matching/fixed.ts';
import { MatchingEngine, type SymbolBook } from '../matching/engine.ts';
import { isWorking } from '../matching/order.ts';
import { isTriggerType } from '../matching/rules.ts';
import { rulesOf } from './rules.ts';

/** The book around the last price is made from this seed: the same prices fill the same orders the same way. */
const SEED = 1;

export interface PaperAccountOptions {
  readonly store: SimStore;
  /** Balances of a new account as decimal text. */
  readonly opening: Readonly<Record<string, string>>;
}

/**
 * The paper account: the simulator's matching engine and books over prices
 * from outside. Every change ends in `commit`, which writes all of it in one
 * call; a store that fails makes everything after it fail, because memory and
 * store no longer agree.
 */
export class PaperAccount {
  readonly engine = new MatchingEngine({ seed: SEED, liquidity: DEFAULT_LIQUIDITY, fees: DEFAULT_FEES });
  readonly #ids = new Map<SymbolName, string>();
  readonly #stored: Map<string, Omit<SymbolBook, 'rules' | 'open'>>;
  readonly #store: SimStore;
  #failure: Error | null = null;

  constructor({ store, opening }: PaperAccountOptions) {
    this.#store = store;
    const stored = loadState(store);
    this.#stored = stored.symbols;
    for (const [asset, balance] of stored.balances) this.engine.accounts.restore(asset, balance);
    for (const order of stored.orders) this.engine.files.addOrder(order);
    for (const trade of stored.trades) this.engine.files.addTrade(trade);
    if (stored.balances.size > 0) return;
    for (const [asset, amount] of Object.entries(opening)) this.engine.accounts.deposit(asset, fixed(amount));
    this.commit();
  }

  /** Client ids of all orders with these first characters: what tells a deleted or older database from a new one. */
  orderIds(prefix: string): readonly string[] {
    const symbols = new Set([...this.#stored.keys(), ...this.#ids.values()]);
    return [...symbols]
      .flatMap((id) => this.engine.files.orders(id))
      .map((order) => order.clientOrderId)
      .filter((id) => id.startsWith(prefix));
  }

  id(symbol: SymbolName): string | null {
    return this.#ids.get(symbol) ?? null;
  }

  /** Whether a price has come in this run: without one nothing can be executed. */
  isPriced(id: string): boolean {
    return this.engine.has(id) && this.engine.symbol(id).open;
  }

  /**
   * Takes the instruments of a start, or those that the exchange has changed since. The numbering goes on, and so do
   * prices of this run.
   */
  list(instruments: readonly InstrumentText[], at: EpochMs): void {
    for (const instrument of instruments) {
      const rules = rulesOf(instrument);
      this.#ids.set(instrument.symbol, rules.id);
      const known = this.engine.has(rules.id) ? this.engine.symbol(rules.id) : this.#stored.get(rules.id);
      this.engine.addSymbol({
        last: known?.last ?? 0n,
        time: known?.time ?? at,
        nextOrderId: known?.nextOrderId ?? 1,
        nextTradeId: known?.nextTradeId ?? 1,
        takenBid: 0n,
        takenAsk: 0n,
        rules,
        open: this.isPriced(rules.id),
      });
    }
  }

  /**
   * A new price, as a jump: whatever lies between two looks fills at the later price, never at a better one in between.
   */
  price(symbol: SymbolName, last: number, at: EpochMs): void {
    const id = this.#ids.get(symbol);
    if (id === undefined || !(last > 0)) return;
    const book = this.engine.symbol(id);
    const { tick } = book.rules;
    book.open = true;
    this.engine.movePrice(id, larger(nearestTo(fixedFromNumber(last), tick), tick), 'jump', at);
  }

  /**
   * A closed candle shows what happened between the looks. A stop that rested all through the hour and whose
   * trigger the candle's low reached has been triggered, whatever the looks saw; then the price stands where it stood.
   */
  candle(symbol: SymbolName, openTime: EpochMs, low: number, at: EpochMs): void {
    const id = this.#ids.get(symbol);
    if (id === undefined || !this.isPriced(id)) return;
    const waiting = this.engine.files.open(id).filter((order) => isTriggerType(order.type) && !isWorking(order));
    if (waiting.length === 0 || waiting.some((order) => order.time > openTime)) return;
    const { tick } = this.engine.symbol(id).rules;
    const before = this.engine.symbol(id).last;
    const lowest = larger(nearestTo(fixedFromNumber(low), tick), tick);
    if (lowest >= before) return;
    this.engine.movePrice(id, lowest, 'path', at);
    this.engine.movePrice(id, before, 'jump', at);
  }

  /** @throws the store's error once it has failed. */
  assertSound(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Writes everything changed since the last commit, in one call. @throws the store's error, now and ever after. */
  commit(): void {
    this.assertSound();
    const { engine } = this;
    const entries: [string, string][] = [];
    for (const id of engine.changedSymbols) {
      const { rules: _rules, open: _open, ...book } = engine.symbol(id);
      entries.push([keys.symbol(id), encode(book)]);
    }
    for (const order of engine.changedOrders) entries.push([keys.order(order), encode(order)]);
    for (const trade of engine.newTrades) entries.push([keys.trade(trade), encode(trade)]);
    for (const asset of engine.accounts.takeChanged())
      entries.push([keys.balance(asset), encode(engine.accounts.get(asset))]);
    engine.changedSymbols.clear();
    engine.changedOrders.clear();
    engine.newTrades.length = 0;
    if (entries.length === 0) return;
    try {
      this.#store.write(entries);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      throw this.#failure;
    }
  }
}
