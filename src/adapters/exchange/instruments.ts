import type { z } from 'zod';

import { ZERO, decimal } from '../../core/decimal.ts';
import type { Instrument, OrderType } from '../../core/market/instrument.ts';
import type { SymbolName } from '../../core/units.ts';
import type { Read } from '../../ports/venue.ts';
import {
  lotSizeFilter,
  malformed,
  maxAlgoOrdersFilter,
  maxOrdersFilter,
  notionalFilter,
  priceFilter,
  type SymbolInfo,
} from './answers.ts';

/** `BTC/USDT` -> `BTCUSDT`. */
export const exchangeId = (symbol: SymbolName): string => symbol.replace('/', '');

const ORDER_TYPES: Readonly<Record<string, OrderType>> = {
  LIMIT: 'limit',
  MARKET: 'market',
  STOP_LOSS: 'stop-loss',
  STOP_LOSS_LIMIT: 'stop-loss-limit',
};

class FilterError extends Error {}

/** A filter by its type. `null` when the symbol has none; an unreadable one is an error, never "no limit". */
const readFilter = <T>(info: SymbolInfo, type: string, schema: z.ZodType<T>): T | null => {
  const found = info.filters.find((filter) => filter.filterType === type);
  if (found === undefined) return null;
  const parsed = schema.safeParse(found);
  if (!parsed.success)
    throw new FilterError(
      `${info.symbol}: filter ${type} cannot be read (${parsed.error.issues[0]?.message ?? 'unexpected shape'})`,
    );
  return parsed.data;
};

const required = <T>(info: SymbolInfo, type: string, schema: z.ZodType<T>): T => {
  const filter = readFilter(info, type, schema);
  if (filter === null) throw new FilterError(`${info.symbol}: filter ${type} is missing`);
  return filter;
};

/** The exchange's information about one symbol as the core sees it. */
export const toInstrument = (symbol: SymbolName, info: SymbolInfo): Read<Instrument> => {
  const [base, quote] = symbol.split('/');
  if (base !== info.baseAsset || quote !== info.quoteAsset)
    return malformed(`${info.symbol} is ${info.baseAsset}/${info.quoteAsset}, not ${symbol}`);
  try {
    const price = required(info, 'PRICE_FILTER', priceFilter);
    const lot = required(info, 'LOT_SIZE', lotSizeFilter);
    const marketLot = readFilter(info, 'MARKET_LOT_SIZE', lotSizeFilter);
    const notional = readFilter(info, 'NOTIONAL', notionalFilter) ?? required(info, 'MIN_NOTIONAL', notionalFilter);
    const value: Instrument = {
      symbol,
      id: info.symbol,
      base,
      quote,
      trading: info.status === 'TRADING' && info.isSpotTradingAllowed,
      orderTypes: info.orderTypes.flatMap((name) => ORDER_TYPES[name] ?? []),
      tickSize: decimal(price.tickSize),
      minPrice: decimal(price.minPrice),
      maxPrice: decimal(price.maxPrice),
      stepSize: decimal(lot.stepSize),
      minQuantity: decimal(lot.minQty),
      maxQuantity: decimal(lot.maxQty),
      marketStepSize: marketLot === null ? ZERO : decimal(marketLot.stepSize),
      marketMinQuantity: marketLot === null ? ZERO : decimal(marketLot.minQty),
      marketMaxQuantity: marketLot === null ? ZERO : decimal(marketLot.maxQty),
      minNotional: decimal(notional.minNotional),
      maxNotional: notional.maxNotional === undefined ? ZERO : decimal(notional.maxNotional),
      maxOrders: readFilter(info, 'MAX_NUM_ORDERS', maxOrdersFilter)?.maxNumOrders ?? 0,
      maxAlgoOrders: readFilter(info, 'MAX_NUM_ALGO_ORDERS', maxAlgoOrdersFilter)?.maxNumAlgoOrders ?? 0,
    };
    return { ok: true, value };
  } catch (error) {
    if (error instanceof FilterError) return malformed(error.message);
    throw error;
  }
};
