import { UNIT, onGrid, times, type Fixed } from './fixed.ts';
import type { SimOrderType, SimSide } from './order.ts';

/** What may be ordered of one symbol: the exchange's filters as scaled integers. Zero = no such limit. */
export interface SymbolRules {
  /** The exchange's own name, e.g. `BTCUSDT`. */
  readonly id: string;
  readonly base: string;
  readonly quote: string;
  readonly orderTypes: readonly SimOrderType[];
  readonly quoteOrderQuantityAllowed: boolean;
  readonly icebergAllowed: boolean;
  readonly tick: Fixed;
  readonly minPrice: Fixed;
  readonly maxPrice: Fixed;
  readonly step: Fixed;
  readonly minQuantity: Fixed;
  readonly maxQuantity: Fixed;
  readonly marketStep: Fixed;
  readonly marketMinQuantity: Fixed;
  readonly marketMaxQuantity: Fixed;
  readonly minNotional: Fixed;
  readonly minNotionalToMarket: boolean;
  readonly maxNotional: Fixed;
  readonly maxNotionalToMarket: boolean;
  /** PERCENT_PRICE_BY_SIDE: allowed multiples of the reference price. */
  readonly bidUp: Fixed;
  readonly bidDown: Fixed;
  readonly askUp: Fixed;
  readonly askDown: Fixed;
  readonly maxOrders: number;
  readonly maxAlgoOrders: number;
  readonly icebergParts: number;
}

export type FilterName =
  | 'PRICE_FILTER'
  | 'PERCENT_PRICE_BY_SIDE'
  | 'LOT_SIZE'
  | 'MARKET_LOT_SIZE'
  | 'NOTIONAL'
  | 'ICEBERG_PARTS'
  | 'MAX_NUM_ORDERS'
  | 'MAX_NUM_ALGO_ORDERS';

/** An order as far as the filters look at it. */
export interface OrderShape {
  readonly side: SimSide;
  readonly type: SimOrderType;
  /** Zero when the order is sized in quote currency. */
  readonly quantity: Fixed;
  readonly quoteQuantity: Fixed;
  /** Zero for market orders. */
  readonly price: Fixed;
  /** Zero without a trigger. */
  readonly stopPrice: Fixed;
  readonly icebergQuantity: Fixed;
}

export interface OpenCounts {
  readonly orders: number;
  readonly algoOrders: number;
}

export const isTriggerType = (type: SimOrderType): boolean =>
  type === 'STOP_LOSS' || type === 'STOP_LOSS_LIMIT' || type === 'TAKE_PROFIT' || type === 'TAKE_PROFIT_LIMIT';

/** Executes at whatever the book offers: no limit price of its own. */
export const isMarketType = (type: SimOrderType): boolean =>
  type === 'MARKET' || type === 'STOP_LOSS' || type === 'TAKE_PROFIT';

/**
 * Quote amounts have to be exact at eight decimals, or the sum of an account
 * would depend on rounding. Real spot filters satisfy this.
 * @throws RangeError naming the symbol when a price on the tick times a quantity on the lot is finer.
 */
export const assertExactQuotes = (rules: SymbolRules): void => {
  if (rules.tick <= 0n || rules.step <= 0n)
    throw new RangeError(`${rules.id}: tick size and lot step must be positive`);
  if ((rules.tick * rules.step) % UNIT !== 0n) {
    throw new RangeError(
      `${rules.id}: tick size x lot step is finer than 8 decimals, so quote amounts would not be exact`,
    );
  }
};

const priceFault = (rules: SymbolRules, price: Fixed): boolean =>
  !onGrid(price, rules.tick) || price < rules.minPrice || (rules.maxPrice > 0n && price > rules.maxPrice);

const percentFault = (rules: SymbolRules, side: SimSide, price: Fixed, reference: Fixed): boolean => {
  const [up, down] = side === 'BUY' ? [rules.bidUp, rules.bidDown] : [rules.askUp, rules.askDown];
  return (up > 0n && price > times(reference, up)) || price < times(reference, down);
};

const lotFault = (quantity: Fixed, min: Fixed, max: Fixed, step: Fixed): boolean =>
  quantity < min || (max > 0n && quantity > max) || !onGrid(quantity, step);

const notionalFault = (rules: SymbolRules, market: boolean, notional: Fixed): boolean =>
  ((!market || rules.minNotionalToMarket) && notional < rules.minNotional) ||
  ((!market || rules.maxNotionalToMarket) && rules.maxNotional > 0n && notional > rules.maxNotional);

/**
 * The first filter that an order breaks, in the order in which the exchange names them, or null. `reference` is the
 * average price.
 */
export const brokenFilter = (
  rules: SymbolRules,
  order: OrderShape,
  reference: Fixed,
  open: OpenCounts,
): FilterName | null => {
  const market = isMarketType(order.type);
  for (const price of [order.price, order.stopPrice]) if (price > 0n && priceFault(rules, price)) return 'PRICE_FILTER';
  if (!market && percentFault(rules, order.side, order.price, reference)) return 'PERCENT_PRICE_BY_SIDE';
  if (order.quantity > 0n) {
    if (lotFault(order.quantity, rules.minQuantity, rules.maxQuantity, rules.step)) return 'LOT_SIZE';
    if (market && lotFault(order.quantity, rules.marketMinQuantity, rules.marketMaxQuantity, rules.marketStep)) {
      return 'MARKET_LOT_SIZE';
    }
  }
  const notional = order.quantity > 0n ? times(market ? reference : order.price, order.quantity) : order.quoteQuantity;
  if (notionalFault(rules, market, notional)) return 'NOTIONAL';
  if (order.icebergQuantity > 0n && rules.icebergParts > 0) {
    const parts = (order.quantity + order.icebergQuantity - 1n) / order.icebergQuantity;
    if (parts > BigInt(rules.icebergParts)) return 'ICEBERG_PARTS';
  }
  if (rules.maxOrders > 0 && open.orders >= rules.maxOrders) return 'MAX_NUM_ORDERS';
  if (isTriggerType(order.type) && rules.maxAlgoOrders > 0 && open.algoOrders >= rules.maxAlgoOrders) {
    return 'MAX_NUM_ALGO_ORDERS';
  }
  return null;
};
