import { ceilTo, floorTo, isMultipleOf, max, min, mulDown, type Decimal } from '../decimal.ts';
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

/**
 * Whether the exchange executes this type at the market once it acts, so that the market lot filter rules its quantity.
 */
const executesAtMarket = (type: OrderType): boolean => type === 'market' || type === 'stop-loss';

/** The smaller of two limits where zero means "no such limit". */
const tighter = (a: Decimal, b: Decimal): Decimal => (a === 0n ? b : b === 0n ? a : min(a, b));

const commonDivisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : commonDivisor(b, a % b));

/**
 * The grid that every quantity of this type lies on: the lot step, for market executions the market lot step as well.
 */
const lotGrid = (instrument: Instrument, type: OrderType): Decimal => {
  const { stepSize, marketStepSize } = instrument;
  if (!executesAtMarket(type) || marketStepSize === 0n || marketStepSize === stepSize) return stepSize;
  if (stepSize === 0n) return marketStepSize;
  return ((stepSize / commonDivisor(stepSize, marketStepSize)) * marketStepSize) as Decimal;
};

/** The largest quantity one order of this type may have; zero = no such limit. */
export const largestQuantity = (instrument: Instrument, type: OrderType): Decimal =>
  executesAtMarket(type) ? tighter(instrument.maxQuantity, instrument.marketMaxQuantity) : instrument.maxQuantity;

/** The smallest quantity one order of this type may have. */
export const smallestQuantity = (instrument: Instrument, type: OrderType): Decimal =>
  executesAtMarket(type) ? max(instrument.minQuantity, instrument.marketMinQuantity) : instrument.minQuantity;

/** Largest order quantity on the lot grid that is <= quantity: sizes are never rounded up. */
export const floorToLot = (instrument: Instrument, quantity: Decimal, type: OrderType): Decimal => {
  const largest = largestQuantity(instrument, type);
  return floorTo(largest === 0n ? quantity : min(quantity, largest), lotGrid(instrument, type));
};

export type FilterCode = 'tick-size' | 'price-range' | 'lot-size' | 'quantity-range' | 'min-notional' | 'max-notional';

export interface FilterFault {
  readonly code: FilterCode;
  readonly limit: Decimal;
  readonly value: Decimal;
}

/**
 * The first filter that a priced quantity breaks, or null. `price` is the limit
 * price, or the expected one of a market order; null = not known: then price
 * and notional are not judged.
 */
export const filterFault = (
  instrument: Instrument,
  type: OrderType,
  quantity: Decimal,
  price: Decimal | null,
): FilterFault | null =>
  (price === null || type === 'market' ? null : priceFault(instrument, price)) ??
  quantityFault(instrument, type, quantity) ??
  (price === null ? null : notionalFault(instrument, type, mulDown(price, quantity)));

/** Whether a price lies on the tick grid and within the exchange's range. */
export const priceFault = (instrument: Instrument, price: Decimal): FilterFault | null => {
  const { tickSize, minPrice, maxPrice } = instrument;
  if (!isMultipleOf(price, tickSize)) return { code: 'tick-size', limit: tickSize, value: price };
  if (price <= 0n || price < minPrice) return { code: 'price-range', limit: minPrice, value: price };
  if (maxPrice > 0n && price > maxPrice) return { code: 'price-range', limit: maxPrice, value: price };
  return null;
};

const quantityFault = (instrument: Instrument, type: OrderType, quantity: Decimal): FilterFault | null => {
  const grid = lotGrid(instrument, type);
  const smallest = smallestQuantity(instrument, type);
  const largest = largestQuantity(instrument, type);
  if (!isMultipleOf(quantity, grid)) return { code: 'lot-size', limit: grid, value: quantity };
  if (quantity <= 0n || quantity < smallest) return { code: 'quantity-range', limit: smallest, value: quantity };
  if (largest > 0n && quantity > largest) return { code: 'quantity-range', limit: largest, value: quantity };
  return null;
};

const notionalFault = (instrument: Instrument, type: OrderType, notional: Decimal): FilterFault | null => {
  const { minNotional, maxNotional } = instrument;
  if (notional < minNotional) return { code: 'min-notional', limit: minNotional, value: notional };
  if (maxNotional > 0n && !executesAtMarket(type) && notional > maxNotional)
    return { code: 'max-notional', limit: maxNotional, value: notional };
  return null;
};
