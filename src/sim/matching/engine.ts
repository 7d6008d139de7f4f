import type { EpochMs } from '../../core/units.ts';
import { Accounts } from './accounts.ts';
import {
  bestAsk,
  bestBid,
  bookLevels,
  reachable,
  sweep,
  sweepValue,
  totalQuantity,
  totalValue,
  type Level,
  type Liquidity,
} from './book.ts';
import { affordable, book, lockFor, release } from './booking.ts';
import type { FeeSchedule } from './fees.ts';
import { smaller, type Fixed } from './fixed.ts';
import { isOpen, isWorking, Rejection, remaining, type NewOrder, type SimOrder, type SimTrade } from './order.ts';
import { OrderFiles } from './order-files.ts';
import { isMarketType, isTriggerType, type SymbolRules } from './rules.ts';
import { nextTrigger, triggered, type Move } from './triggers.ts';

/** The part of a symbol that the engine owns and that a restart must bring back. */
export interface SymbolBook {
  rules: SymbolRules;
  last: Fixed;
  /** Market time of the last price. */
  time: EpochMs;
  open: boolean;
  nextOrderId: number;
  nextTradeId: number;
  /** Base currency that own orders have taken from each side since the price last moved. */
  takenBid: Fixed;
  takenAsk: Fixed;
}

/** How a fault bends an execution; the plain engine executes everything it can. */
export interface ExecutionPolicy {
  /** True: the order goes on the book and is not filled. */
  holds(order: SimOrder): boolean;
  /** At most this much is filled; then the exchange closes the order with the given status. Null: no interference. */
  cap(order: SimOrder): { readonly quantity: Fixed; readonly status: 'CANCELED' | 'EXPIRED' } | null;
}

export const PLAIN_EXECUTION: ExecutionPolicy = { holds: () => false, cap: () => null };

export interface EngineOptions {
  readonly seed: number;
  readonly liquidity: Liquidity;
  readonly fees: FeeSchedule;
}

/**
 * The matching engine: orders of one account against a synthetic book, on
 * market time given by the caller. No clock, no network, no randomness.
 *
 * Invariants: an order's lock is exactly what its remainder needs; a closed
 * order holds nothing; balances are never negative (accounts.ts).
 */
export class MatchingEngine {
  readonly accounts = new Accounts();
  readonly files = new OrderFiles();
  readonly changedOrders = new Set<SimOrder>();
  readonly newTrades: SimTrade[] = [];
  readonly changedSymbols = new Set<string>();
  policy: ExecutionPolicy = PLAIN_EXECUTION;
  /** What executions are charged from now on: another tier, the third coin switched on or off. Not stored. */
  fees: FeeSchedule;
  readonly #options: EngineOptions;
  readonly #symbols = new Map<string, SymbolBook>();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.fees = options.fees;
  }

  addSymbol(symbol: SymbolBook): void {
    this.#symbols.set(symbol.rules.id, symbol);
  }

  /** @throws RangeError for a symbol that was never added: callers check names at the rim. */
  symbol(id: string): SymbolBook {
    const symbol = this.#symbols.get(id);
    if (symbol === undefined) throw new RangeError(`unknown symbol ${id}`);
    return symbol;
  }

  has(id: string): boolean {
    return this.#symbols.has(id);
  }

  symbols(): SymbolBook[] {
    return [...this.#symbols.values()];
  }

  bid(id: string): Fixed {
    const { last, rules } = this.symbol(id);
    return bestBid(last, rules, this.#options.liquidity);
  }

  ask(id: string): Fixed {
    const { last, rules } = this.symbol(id);
    return bestAsk(last, rules, this.#options.liquidity);
  }

  levels(id: string, side: 'bid' | 'ask'): Level[] {
    const symbol = this.symbol(id);
    const moment = { last: symbol.last, time: symbol.time, seed: this.#options.seed };
    return bookLevels(
      side,
      moment,
      symbol.rules,
      this.#options.liquidity,
      side === 'bid' ? symbol.takenBid : symbol.takenAsk,
    );
  }

  /** What stands at the best level at this moment, worked out when it is asked for: it hardly ever is. */
  bestSize(id: string, side: 'bid' | 'ask'): () => Fixed | undefined {
    const { last, time, rules, takenBid, takenAsk } = this.symbol(id);
    const moment = { last, time, seed: this.#options.seed };
    return () =>
      bookLevels(side, moment, rules, this.#options.liquidity, side === 'bid' ? takenBid : takenAsk)[0]?.quantity;
  }

  /** The refusals that need no booking; `place` makes them too. @throws Rejection */
  check(request: NewOrder): void {
    const symbol = this.symbol(request.symbol);
    if (!symbol.open) throw new Rejection('market-closed');
    if (this.files.openByClientId(request.symbol, request.clientOrderId) !== undefined) {
      throw new Rejection('duplicate-client-id');
    }
    if (isTriggerType(request.type) && triggered(request, symbol.last))
      throw new Rejection('would-trigger-immediately');
    if (request.type === 'LIMIT_MAKER' && this.#crosses(request)) throw new Rejection('would-match-immediately');
  }

  #crosses({ symbol, side, price }: NewOrder): boolean {
    return side === 'BUY' ? price >= this.ask(symbol) : price <= this.bid(symbol);
  }

  /**
   * Accepts an order and executes what can be executed at once.
   * @throws Rejection when the exchange would refuse it; nothing is changed then.
   */
  place(request: NewOrder): SimOrder {
    this.check(request);
    const symbol = this.symbol(request.symbol);
    const quantity = request.type === 'MARKET' ? this.#marketQuantity(request, symbol) : request.quantity;
    const order: SimOrder = {
      ...request,
      orderId: symbol.nextOrderId,
      quantity,
      executed: 0n,
      executedQuote: 0n,
      status: 'NEW',
      time: symbol.time,
      updateTime: symbol.time,
      workingTime: isTriggerType(request.type) ? -1 : symbol.time,
      locked: 0n,
    };
    const lock = lockFor(order, symbol.rules);
    if (lock.amount > this.accounts.get(lock.asset).free) throw new Rejection('insufficient-balance');
    order.locked = lock.amount;
    this.accounts.lock(lock.asset, lock.amount);
    symbol.nextOrderId += 1;
    this.changedSymbols.add(symbol.rules.id);
    this.files.addOrder(order);
    this.changedOrders.add(order);
    if (isWorking(order)) this.#take(order, symbol);
    return order;
  }

  /** @throws Rejection when the order is not open any more. */
  cancel(order: SimOrder): void {
    if (!isOpen(order)) throw new Rejection('unknown-order');
    this.#close(order, 'CANCELED');
  }

  /** Fills part of an open order at the market, trigger or limit notwithstanding: only faults do this. */
  forceFill(order: SimOrder, quantity: Fixed): void {
    const symbol = this.symbol(order.symbol);
    if (!isWorking(order)) order.workingTime = symbol.time;
    const side = order.side === 'BUY' ? 'ask' : 'bid';
    this.#fillAll(order, symbol, sweep(this.levels(order.symbol, side), smaller(quantity, remaining(order))), false);
  }

  /**
   * Moves the price. Along a path, every level in between is traded; after a
   * jump, only the new price is, so what was jumped fills at the gapped price.
   */
  movePrice(id: string, to: Fixed, move: Move, time: EpochMs): void {
    const symbol = this.symbol(id);
    symbol.time = time;
    symbol.takenBid = 0n;
    symbol.takenAsk = 0n;
    if (move === 'jump') this.#setPrice(symbol, to);
    for (;;) {
      const next = nextTrigger(this.files.open(id), symbol.last, to, move);
      if (next === null) break;
      this.#setPrice(symbol, next.price);
      next.order.workingTime = time;
      next.order.updateTime = time;
      this.changedOrders.add(next.order);
      this.#take(next.order, symbol);
    }
    this.#setPrice(symbol, to);
    this.#fillResting(symbol);
  }

  #setPrice(symbol: SymbolBook, price: Fixed): void {
    this.changedSymbols.add(symbol.rules.id);
    if (symbol.last === price) return;
    symbol.last = price;
    symbol.takenBid = 0n;
    symbol.takenAsk = 0n;
  }

  /** The quantity of a market order, after its cost has been found affordable. */
  #marketQuantity(request: NewOrder, symbol: SymbolBook): Fixed {
    const levels = this.levels(request.symbol, request.side === 'BUY' ? 'ask' : 'bid');
    const { rules } = symbol;
    const fills =
      request.quantity > 0n ? sweep(levels, request.quantity) : sweepValue(levels, request.quoteQuantity, rules.step);
    if (fills.length === 0) throw new Rejection('no-liquidity');
    if (request.side === 'BUY' && totalValue(fills) > this.accounts.get(rules.quote).free) {
      throw new Rejection('insufficient-balance');
    }
    return request.quantity > 0n ? request.quantity : totalQuantity(fills);
  }

  /** Executes a working order against the book as a taker; the rest stays or ends as its kind demands. */
  #take(order: SimOrder, symbol: SymbolBook): void {
    if (this.policy.holds(order)) return;
    const cap = this.policy.cap(order);
    const side = order.side === 'BUY' ? 'ask' : 'bid';
    const levels = reachable(this.levels(order.symbol, side), side, isMarketType(order.type) ? null : order.price);
    const enough = order.timeInForce !== 'FOK' || isMarketType(order.type) || totalQuantity(levels) >= remaining(order);
    const wanted = cap === null ? remaining(order) : smaller(cap.quantity, remaining(order));
    if (enough) this.#fillAll(order, symbol, sweep(levels, wanted), false);
    if (!isOpen(order)) return;
    if (cap !== null) this.#close(order, cap.status);
    else if (isMarketType(order.type) || order.timeInForce !== 'GTC') this.#close(order, 'EXPIRED');
  }

  /** Resting orders that the price has reached are filled at their own limit, as far as the book's other side goes. */
  #fillResting(symbol: SymbolBook): void {
    const { id } = symbol.rules;
    const open = this.files.open(id);
    if (open.length === 0) return;
    const working = open.filter((order) => isWorking(order) && !this.policy.holds(order));
    for (const order of byPriority(working)) {
      if (isMarketType(order.type) || order.timeInForce !== 'GTC') {
        this.#take(order, symbol);
        continue;
      }
      const side = order.side === 'BUY' ? 'ask' : 'bid';
      const depth = totalQuantity(reachable(this.levels(id, side), side, order.price));
      const quantity = smaller(depth, remaining(order));
      if (quantity > 0n) this.#fillAll(order, symbol, [{ price: order.price, quantity }], true);
    }
  }

  #fillAll(order: SimOrder, symbol: SymbolBook, fills: readonly Level[], maker: boolean): void {
    for (const { price, quantity } of fills) {
      const size = affordable(this.accounts, order, symbol.rules, price, quantity);
      if (size <= 0n) break;
      const trade = book(this.accounts, symbol.rules, this.fees, {
        order,
        price,
        quantity: size,
        maker,
        time: symbol.time,
        tradeId: symbol.nextTradeId,
        sequence: this.files.tradeCount,
        coinPrice: this.#coinPrice(symbol.rules.quote),
      });
      symbol.nextTradeId += 1;
      if (order.side === 'BUY') symbol.takenAsk += size;
      else symbol.takenBid += size;
      this.files.addTrade(trade);
      this.newTrades.push(trade);
    }
    this.changedOrders.add(order);
    this.changedSymbols.add(symbol.rules.id);
    this.files.index(order);
  }

  #coinPrice(quote: string): Fixed | null {
    const { coin } = this.fees;
    return coin === null ? null : (this.#symbols.get(`${coin}${quote}`)?.last ?? null);
  }

  #close(order: SimOrder, status: 'CANCELED' | 'EXPIRED'): void {
    const symbol = this.symbol(order.symbol);
    order.status = status;
    order.updateTime = symbol.time;
    release(this.accounts, order, symbol.rules);
    this.files.index(order);
    this.changedOrders.add(order);
  }
}

/** Best price first on each side, then first come first served; orders without a limit before all. */
const byPriority = (orders: readonly SimOrder[]): SimOrder[] =>
  [...orders].sort((a, b) => {
    if (a.side !== b.side) return a.side === 'BUY' ? -1 : 1;
    const market = Number(isMarketType(b.type)) - Number(isMarketType(a.type));
    if (market !== 0) return market;
    if (a.price !== b.price) return a.price > b.price === (a.side === 'BUY') ? -1 : 1;
    return a.orderId - b.orderId;
  });
