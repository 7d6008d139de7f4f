import {
  add,
  ceilTo,
  decimal,
  decimalFromNumber,
  floorTo,
  formatDecimal,
  max,
  min,
  mulDown,
  mulUp,
  sub,
  sum,
  ZERO,
  type Decimal,
} from '../decimal.ts';
import type { Fill, OrderDraft, OrderSnapshot, VenueStatus } from '../orders/order.ts';
import type { EpochMs } from '../units.ts';

/** One order as the exchange of the tests holds it. */
export interface ModelOrder {
  readonly draft: OrderDraft;
  status: VenueStatus;
  executed: Decimal;
  readonly fills: Fill[];
}

export type FeeCoin = 'quote' | 'base' | 'third';

const LOT = decimal('0.00001');
const TICK = decimal('0.01');

/**
 * A small spot exchange for tests of the engine, in books of its own: balances,
 * orders, fills with fees in any coin, stops that trigger at the price seen.
 */
export class ModelExchange {
  readonly total: Record<string, Decimal> = {};
  readonly locked: Record<string, Decimal> = {};
  readonly orders = new Map<string, ModelOrder>();
  readonly prices: Record<string, number> = {};
  feeRate: Decimal = decimal('0.001');
  feeCoin: FeeCoin = 'quote';
  feeCoinPrice: Decimal = decimal('500');
  /** Whether triggered stops fill; a stop-limit under a gap stays on the book. */
  stopsFill = true;
  #trade = 0;

  constructor(balances: Readonly<Record<string, string>>) {
    for (const [asset, amount] of Object.entries(balances)) this.total[asset] = decimal(amount);
  }

  of(asset: string): Decimal {
    return this.total[asset] ?? ZERO;
  }

  free(asset: string): Decimal {
    return sub(this.of(asset), this.locked[asset] ?? ZERO);
  }

  move(asset: string, amount: Decimal): void {
    this.total[asset] = add(this.of(asset), amount);
  }

  balances(): { readonly asset: string; readonly free: string; readonly locked: string }[] {
    return Object.keys(this.total).map((asset) => ({
      asset,
      free: formatDecimal(this.free(asset)),
      locked: formatDecimal(this.locked[asset] ?? ZERO),
    }));
  }

  /**
   * Takes an order; null when funds do not suffice. `part`: of an entry or a market order, how much is filled before it
   * ends.
   */
  accept(draft: OrderDraft, at: EpochMs, part = 1): ModelOrder | null {
    const [base = '', quote = ''] = draft.symbol.split('/');
    const price = decimalFromNumber(this.prices[draft.symbol] ?? 0);
    if (
      draft.side === 'sell'
        ? draft.quantity > this.free(base)
        : mulUp(draft.quantity, draft.limitPrice ?? price) > this.free(quote)
    )
      return null;
    const order: ModelOrder = { draft, status: 'new', executed: ZERO, fills: [] };
    this.orders.set(draft.clientOrderId, order);
    if (draft.purpose === 'stop') {
      this.locked[base] = add(this.locked[base] ?? ZERO, draft.quantity);
      return order;
    }
    const quantity = floorTo(mulDown(draft.quantity, decimalFromNumber(part)), LOT);
    if (quantity > ZERO)
      this.fill(order, quantity, draft.side === 'buy' ? min(price, draft.limitPrice ?? price) : price, at);
    if (order.status !== 'filled') order.status = 'expired';
    return order;
  }

  /** Fills an order at a price, fees in the coin that is set. */
  fill(order: ModelOrder, quantity: Decimal, price: Decimal, at: EpochMs): void {
    const { draft } = order;
    const [base = '', quote = ''] = draft.symbol.split('/');
    const value = mulDown(quantity, price);
    const buys = draft.side === 'buy';
    const coin =
      this.feeCoin === 'third' && this.free('BNB') > ZERO
        ? 'third'
        : this.feeCoin === 'base' && buys
          ? 'base'
          : 'quote';
    const asset = coin === 'third' ? 'BNB' : coin === 'base' ? base : quote;
    const feeValue = mulUp(value, this.feeRate);
    const fee =
      coin === 'third'
        ? min(this.free('BNB'), ceilTo(mulDown(feeValue, decimal('0.002')), 100_000_000n as Decimal))
        : coin === 'base'
          ? ceilTo(mulUp(quantity, this.feeRate), 100_000_000n as Decimal)
          : ceilTo(feeValue, 100_000_000n as Decimal);
    this.move(base, buys ? quantity : sub(ZERO, quantity));
    this.move(quote, buys ? sub(ZERO, value) : value);
    this.move(asset, sub(ZERO, fee));
    if (draft.purpose === 'stop') this.locked[base] = max(sub(this.locked[base] ?? ZERO, quantity), ZERO);
    order.executed = add(order.executed, quantity);
    this.#trade += 1;
    order.fills.push({
      tradeId: String(this.#trade),
      price: formatDecimal(price),
      quantity: formatDecimal(quantity),
      quoteQuantity: formatDecimal(value),
      fee: formatDecimal(fee),
      feeAsset: asset,
      at,
    });
    if (order.executed >= draft.quantity) order.status = 'filled';
    else if (order.status === 'new') order.status = 'partially-filled';
  }

  /** Moves the price; stops that it passes are filled there. Returns the orders that changed. */
  setPrice(symbol: string, price: number, at: EpochMs): ModelOrder[] {
    this.prices[symbol] = price;
    if (!this.stopsFill) return [];
    const changed: ModelOrder[] = [];
    for (const order of this.openOrders()) {
      const { draft } = order;
      if (draft.symbol !== symbol || draft.stopPrice === null) continue;
      const exact = floorTo(decimalFromNumber(price), TICK);
      if (exact > draft.stopPrice || (draft.limitPrice !== null && exact < draft.limitPrice)) continue;
      this.fill(order, sub(draft.quantity, order.executed), exact, at);
      changed.push(order);
    }
    return changed;
  }

  /** Ends an open order; nothing happens to one that has ended. */
  end(clientOrderId: string, status: 'cancelled' | 'expired'): void {
    const order = this.orders.get(clientOrderId);
    if (order === undefined || !isOpen(order)) return;
    const base = order.draft.symbol.split('/')[0] ?? '';
    if (order.draft.purpose === 'stop')
      this.locked[base] = max(sub(this.locked[base] ?? ZERO, sub(order.draft.quantity, order.executed)), ZERO);
    order.status = status;
  }

  openOrders(): ModelOrder[] {
    return [...this.orders.values()].filter(isOpen);
  }

  snapshot(clientOrderId: string): OrderSnapshot | null {
    const order = this.orders.get(clientOrderId);
    if (order === undefined) return null;
    const { draft, status, fills } = order;
    const shown = [...fills];
    return {
      clientOrderId,
      exchangeOrderId: `x-${clientOrderId}`,
      symbol: draft.symbol,
      side: draft.side,
      status,
      quantity: formatDecimal(draft.quantity),
      executedQuantity: formatDecimal(sum(shown.map((fill) => decimal(fill.quantity)))),
      fills: shown,
    };
  }
}

const isOpen = (order: ModelOrder): boolean => order.status === 'new' || order.status === 'partially-filled';
