import { ceilTo, floorTo, isMultipleOf, min, mulDown, type Decimal } from '../decimal.ts';
import type { SymbolName } from '../units.ts';

export type OrderType = 'limit' | 'market' | 'stop-loss' | 'stop-loss-limit';

/** What the exchange says about one symbol, with its filters as exact decimals (zero = no such limit). */
export interface Instrument {
  readonly symbol: SymbolName;
  /** The exchange's own name, e.g. `BTCUSDT`. */
  readonly id: string;
  readonly base: string;
  readonly quote: string;
  readonly trading: boolean;
  readonly orderTypes: readonly OrderType[];
  /** PRICE_FILTER */
  readonly tickSize: Decimal;
  readonly minPrice: Decimal;
  readonly maxPrice: Decimal;
  /** LOT_SIZE */
  readonly stepSize: Decimal;
  readonly minQuantity: Decimal;
  readonly maxQuantity: Decimal;
  /** MARKET_LOT_SIZE */
  readonly marketStepSize: Decimal;
  readonly marketMinQuantity: Decimal;
  readonly marketMaxQuantity: Decimal;
  /** NOTIONAL (or MIN_NOTIONAL) */
  readonly minNotional: Decimal;
  readonly maxNotional: Decimal;
  /** MAX_NUM_ORDERS, MAX_NUM_ALGO_ORDERS (0 = not stated) */
  readonly maxOrders: number;
  readonly maxAlgoOrders: number;
}

export const floorToTick = (instrument: Instrument, price: Decimal): Decimal => floorTo(price, instrument.tickSize);
export const ceilToTick = (instrument: Instrument, price: Decimal): Decimal => ceilTo(price, instrument.tickSize);

/** Largest order quantity on the lot grid that is <= quantity: sizes are never rounded up. */
export const floorToLot = (instrument: Instrument, quantity: Decimal, type: OrderType): Decimal => {
  const capped = type === 'market' ? min(quantity, largestQuantity(instrument, type)) : min(quantity, instrument.maxQuantity);
  const onLot = floorTo(capped, instrument.stepSize);
  return type === 'market' ? floorTo(onLot, instrument.marketStepSize) : onLot;
};

/** The largest quantity one order of this type may have. */
export const largestQuantity = (instrument: Instrument, type: OrderType): Decimal =>
  type === 'market' && instrument.marketMaxQuantity > 0n
    ? min(instrument.maxQuantity, instrument.marketMaxQuantity)
    : instrument.maxQuantity;

export type FilterCode = 'tick-size' | 'price-range' | 'lot-size' | 'quantity-range' | 'min-notional' | 'max-notional';

export interface FilterFault {
  readonly code: FilterCode;
  readonly limit: Decimal;
  readonly value: Decimal;
}

/** The first filter that a priced quantity breaks, or null. `price` is the limit price, or the expected one of a market order. */
export const filterFault = (
  instrument: Instrument,
  type: OrderType,
  quantity: Decimal,
  price: Decimal,
): FilterFault | null => {
  const fault = (code: FilterCode, limit: Decimal, value: Decimal): FilterFault => ({ code, limit, value });
  if (type !== 'market') {
    if (!isMultipleOf(price, instrument.tickSize)) return fault('tick-size', instrument.tickSize, price);
    if (price < instrument.minPrice) return fault('price-range', instrument.minPrice, price);
    if (instrument.maxPrice > 0n && price > instrument.maxPrice) return fault('price-range', instrument.maxPrice, price);
  }
  if (!isMultipleOf(quantity, instrument.stepSize)) return fault('lot-size', instrument.stepSize, quantity);
  if (type === 'market' && !isMultipleOf(quantity, instrument.marketStepSize)) {
    return fault('lot-size', instrument.marketStepSize, quantity);
  }
  if (quantity <= 0n || quantity < instrument.minQuantity) return fault('quantity-range', instrument.minQuantity, quantity);
  const largest = largestQuantity(instrument, type);
  if (quantity > largest) return fault('quantity-range', largest, quantity);
  const notional = mulDown(price, quantity);
  if (notional < instrument.minNotional) return fault('min-notional', instrument.minNotional, notional);
  if (instrument.maxNotional > 0n && type !== 'market' && notional > instrument.maxNotional) {
    return fault('max-notional', instrument.maxNotional, notional);
  }
  return null;
};
