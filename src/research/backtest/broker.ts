import type { InstrumentText, OrderOutcome } from '../../core/engine/input.ts';
import type { OrderDraft } from '../../core/orders/order.ts';
import type { EpochMs, SymbolName } from '../../core/units.ts';
import type { Liquidity } from '../../sim/matching/book.ts';
import { MatchingEngine, type SymbolBook } from '../../sim/matching/engine.ts';
import { fixed, fixedFromNumber, larger, nearestTo, type Fixed } from '../../sim/matching/fixed.ts';
import { isOpen, isWorking, Rejection, type SimOrder } from '../../sim/matching/order.ts';
import { brokenFilter, isTriggerType } from '../../sim/matching/rules.ts';
import type { Move } from '../../sim/matching/triggers.ts';
import { requestOf } from '../../sim/paper/request.ts';
import { rulesOf } from '../../sim/paper/rules.ts';
import { amountText, balancesOf, snapshotOf } from '../../sim/paper/snapshots.ts';
import type { Assumptions } from './assumptions.ts';

/** One level that no order of ours can exhaust: size costs what the slippage says, and nothing else. */
const DEEP: Fixed = fixed('1000000000000');
const BASIS_POINTS = 10_000;

/** The book of the stated assumptions: whoever takes pays half the spread and the slippage. */
export const assumedLiquidity = ({ spread, slippage }: Pick<Assumptions, 'spread' | 'slippage'>): Liquidity => ({
  spreadBps: (spread + 2 * slippage) * BASIS_POINTS,
  levels: 1,
  levelStepBps: 1,
  levelQuote: DEEP,
});

export interface Report {
  readonly symbol: SymbolName;
  readonly clientOrderId: string;
  readonly outcome: OrderOutcome;
}

interface Listed {
  readonly id: string;
  readonly book: SymbolBook;
  /** Price below which something that rests here would act; minus infinity when nothing does. */
  alarm: number;
}

/**
 * The account and its orders: the matching engine of the simulator and of the
 * paper broker, on prices that the backtest states one by one. Nothing here
 * costs anything while no order rests and none is placed.
 */
export class BacktestBroker {
  readonly #engine: MatchingEngine;
  readonly #listed = new Map<SymbolName, Listed>();
  readonly #names = new Map<string, SymbolName>();
  readonly #quote: string;

  constructor(
    assumptions: Assumptions,
    instruments: readonly InstrumentText[],
    quote: string,
    liquidity: Liquidity = assumedLiquidity(assumptions),
  ) {
    const rate = fixedFromNumber(assumptions.fee);
    this.#quote = quote;
    this.#engine = new MatchingEngine({
      seed: 1,
      liquidity,
      fees: { maker: rate, taker: rate, coin: null, discount: 0n },
    });
    this.#engine.accounts.deposit(quote, fixedFromNumber(assumptions.balance));
    this.list(instruments);
  }

  /** Takes instruments, or what the exchange has changed in them; orders that rest, and numbers, go on. */
  list(instruments: readonly InstrumentText[]): void {
    for (const instrument of instruments) {
      const known = this.#listed.get(instrument.symbol);
      const book: SymbolBook = {
        last: 0n,
        time: 0,
        open: true,
        nextOrderId: 1,
        nextTradeId: 1,
        takenBid: 0n,
        takenAsk: 0n,
        ...known?.book,
        rules: rulesOf(instrument),
      };
      this.#engine.addSymbol(book);
      this.#listed.set(instrument.symbol, { id: book.rules.id, book, alarm: known?.alarm ?? Number.NEGATIVE_INFINITY });
      this.#names.set(book.rules.id, instrument.symbol);
    }
  }

  /** The price at or below which a resting stop of the symbol is triggered, or minus infinity. */
  alarm(symbol: SymbolName): number {
    return this.#of(symbol).alarm;
  }

  /** Moves the price; true when an order was touched: ask for `reports`. */
  move(symbol: SymbolName, to: number, move: Move, time: EpochMs): boolean {
    const listed = this.#of(symbol);
    if (to > listed.alarm) return false;
    this.#engine.movePrice(listed.id, this.#tick(listed, to), move, time);
    this.#watch(listed);
    return this.#engine.changedOrders.size > 0;
  }

  /** Sends an order that meets the market at `price`. */
  place(draft: OrderDraft, price: number, time: EpochMs): OrderOutcome {
    const listed = this.#of(draft.symbol);
    const met = this.#tick(listed, price);
    // A second order of the same moment finds what the first has left.
    if (met !== listed.book.last || time !== listed.book.time) this.#engine.movePrice(listed.id, met, 'jump', time);
    const request = requestOf(draft, listed.id);
    const broken = brokenFilter(listed.book.rules, request, listed.book.last, this.#engine.files.openCounts(listed.id));
    if (broken !== null) return { kind: 'rejected', code: '-1013', message: `Filter failure: ${broken}` };
    try {
      const order = this.#engine.place(request);
      this.#watch(listed);
      return this.#known(draft.symbol, order);
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      return { kind: 'rejected', code: '-2010', message: error.message };
    }
  }

  /** Cancels what is still open; what has ended meanwhile is told as it ended. */
  cancel(symbol: SymbolName, clientOrderId: string): OrderOutcome {
    const listed = this.#of(symbol);
    const order = this.#engine.files.byClientId(listed.id, clientOrderId);
    if (order === undefined) return { kind: 'not-found' };
    if (isOpen(order)) this.#engine.cancel(order);
    this.#watch(listed);
    return this.#known(symbol, order);
  }

  /** What has happened to resting orders since the last call. */
  reports(): readonly Report[] {
    const reports = [...this.#engine.changedOrders].map((order) => {
      const symbol = this.#names.get(order.symbol) ?? order.symbol;
      return { symbol, clientOrderId: order.clientOrderId, outcome: this.#snapshot(symbol, order) };
    });
    this.#clear();
    return reports;
  }

  balances(): ReturnType<typeof balancesOf> {
    return balancesOf(this.#engine.accounts);
  }

  /** Quote currency, whether or not an order holds it back. */
  cash(): number {
    const { free, locked } = this.#engine.accounts.get(this.#quote);
    return Number(amountText(free + locked));
  }

  #of(symbol: SymbolName): Listed {
    const listed = this.#listed.get(symbol);
    if (listed === undefined) throw new RangeError(`the backtest has no instrument ${symbol}`);
    return listed;
  }

  #tick({ book }: Listed, price: number): Fixed {
    const { tick } = book.rules;
    return larger(nearestTo(fixedFromNumber(price), tick), tick);
  }

  /** The outcome of what was asked for; the change is told by it and by no report. */
  #known(symbol: SymbolName, order: SimOrder): OrderOutcome {
    this.#engine.changedOrders.delete(order);
    this.#engine.newTrades.length = 0;
    return this.#snapshot(symbol, order);
  }

  #snapshot(symbol: SymbolName, order: SimOrder): OrderOutcome {
    return { kind: 'known', order: snapshotOf(symbol, order, this.#engine.files.tradesOf(order)) };
  }

  #clear(): void {
    this.#engine.changedOrders.clear();
    this.#engine.newTrades.length = 0;
    this.#engine.changedSymbols.clear();
    this.#engine.accounts.takeChanged();
  }

  #watch(listed: Listed): void {
    let alarm = Number.NEGATIVE_INFINITY;
    for (const order of this.#engine.files.open(listed.id)) {
      // A triggered stop that found no buyer at its limit may be filled at any price from now on.
      const level =
        isTriggerType(order.type) && !isWorking(order) ? Number(amountText(order.stopPrice)) : Number.POSITIVE_INFINITY;
      if (level > alarm) alarm = level;
    }
    listed.alarm = alarm;
  }
}
