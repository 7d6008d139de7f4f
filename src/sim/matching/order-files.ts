import { isOpen, type SimOrder, type SimTrade } from './order.ts';
import { isTriggerType, type OpenCounts } from './rules.ts';

const NONE: readonly SimOrder[] = [];

/** Orders and trades of one symbol, with the indexes that keep every question cheap whatever the history. */
class SymbolFile {
  readonly orders = new Map<number, SimOrder>();
  /** Ascending by id. */
  readonly orderList: SimOrder[] = [];
  readonly open = new Map<number, SimOrder>();
  readonly newestByClientId = new Map<string, SimOrder>();
  /** Ascending by id and by time. */
  readonly trades: SimTrade[] = [];
  readonly tradesByOrder = new Map<number, SimTrade[]>();
}

/** Index of the first element for which `reached` holds, in a list where it holds from some point on. */
export const firstIndex = <T>(list: readonly T[], reached: (item: T) => boolean): number => {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = list[middle];
    if (item !== undefined && reached(item)) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** Everything that was ever ordered and traded. Orders are kept after they close: audits read them. */
export class OrderFiles {
  readonly #files = new Map<string, SymbolFile>();
  readonly #tradesInOrder: SimTrade[] = [];
  #orderCount = 0;

  get orderCount(): number {
    return this.#orderCount;
  }

  get tradeCount(): number {
    return this.#tradesInOrder.length;
  }

  addOrder(order: SimOrder): void {
    const file = this.#file(order.symbol);
    file.orders.set(order.orderId, order);
    file.orderList.push(order);
    file.newestByClientId.set(order.clientOrderId, order);
    this.#orderCount += 1;
    this.index(order);
  }

  /** Brings the index of open orders up to date after a change of status. */
  index(order: SimOrder): void {
    const file = this.#file(order.symbol);
    if (isOpen(order)) file.open.set(order.orderId, order);
    else file.open.delete(order.orderId);
  }

  addTrade(trade: SimTrade): void {
    const file = this.#file(trade.symbol);
    file.trades.push(trade);
    const ofOrder = file.tradesByOrder.get(trade.orderId);
    if (ofOrder === undefined) file.tradesByOrder.set(trade.orderId, [trade]);
    else ofOrder.push(trade);
    this.#tradesInOrder.push(trade);
  }

  byId(symbol: string, orderId: number): SimOrder | undefined {
    return this.#files.get(symbol)?.orders.get(orderId);
  }

  /** The newest order that ever had this client id: a closed order frees it, so an open one is always the newest. */
  byClientId(symbol: string, clientOrderId: string): SimOrder | undefined {
    return this.#files.get(symbol)?.newestByClientId.get(clientOrderId);
  }

  openByClientId(symbol: string, clientOrderId: string): SimOrder | undefined {
    const newest = this.byClientId(symbol, clientOrderId);
    return newest !== undefined && isOpen(newest) ? newest : undefined;
  }

  /** Open orders in the order of their acceptance. */
  open(symbol: string): readonly SimOrder[] {
    const open = this.#files.get(symbol)?.open;
    return open === undefined || open.size === 0 ? NONE : [...open.values()];
  }

  openCounts(symbol: string): OpenCounts {
    let algoOrders = 0;
    const open = this.#files.get(symbol)?.open;
    for (const order of open?.values() ?? []) if (isTriggerType(order.type)) algoOrders += 1;
    return { orders: open?.size ?? 0, algoOrders };
  }

  orders(symbol: string): readonly SimOrder[] {
    return this.#files.get(symbol)?.orderList ?? [];
  }

  trades(symbol: string): readonly SimTrade[] {
    return this.#files.get(symbol)?.trades ?? [];
  }

  tradesOf(order: SimOrder): readonly SimTrade[] {
    return this.#files.get(order.symbol)?.tradesByOrder.get(order.orderId) ?? [];
  }

  /** Every trade of the account in the order in which it happened. */
  allTrades(): readonly SimTrade[] {
    return this.#tradesInOrder;
  }

  #file(symbol: string): SymbolFile {
    let file = this.#files.get(symbol);
    if (file === undefined) {
      file = new SymbolFile();
      this.#files.set(symbol, file);
    }
    return file;
  }
}
