import type { InstrumentText } from '../../core/engine/input.ts';
import type { OrderType } from '../../core/market/instrument.ts';
import { fixed } from '../matching/fixed.ts';
import type { SimOrderType } from '../matching/order.ts';
import { assertExactQuotes, type SymbolRules } from '../matching/rules.ts';

export const SIM_TYPES: Readonly<Record<OrderType, SimOrderType>> = {
  limit: 'LIMIT',
  market: 'MARKET',
  'stop-loss': 'STOP_LOSS',
  'stop-loss-limit': 'STOP_LOSS_LIMIT',
};

/** Eight places are what the books hold; a finer limit of the exchange says nothing about an order. */
const places = (text: string): string => {
  const [whole = '0', fraction = ''] = text.split('.');
  return fraction === '' ? whole : `${whole}.${fraction.slice(0, 8)}`;
};

/**
 * The real exchange's filters in the form that the matching engine wants, from the journaled instrument.
 * @throws RangeError naming the symbol when its tick and lot are too fine for exact books
 */
export const rulesOf = (instrument: InstrumentText): SymbolRules => {
  const amount = (text: string): bigint => fixed(places(text));
  const rules: SymbolRules = {
    id: instrument.id,
    base: instrument.base,
    quote: instrument.quote,
    orderTypes: instrument.orderTypes.map((type) => SIM_TYPES[type]),
    quoteOrderQuantityAllowed: false,
    icebergAllowed: false,
    tick: amount(instrument.tickSize),
    minPrice: amount(instrument.minPrice),
    maxPrice: amount(instrument.maxPrice),
    step: amount(instrument.stepSize),
    minQuantity: amount(instrument.minQuantity),
    maxQuantity: amount(instrument.maxQuantity),
    marketStep: amount(instrument.marketStepSize),
    marketMinQuantity: amount(instrument.marketMinQuantity),
    marketMaxQuantity: amount(instrument.marketMaxQuantity),
    minNotional: amount(instrument.minNotional),
    minNotionalToMarket: true,
    maxNotional: amount(instrument.maxNotional),
    maxNotionalToMarket: false,
    // The percentage filter is not journaled; the Guardian's collar is tighter than any exchange's.
    bidUp: 0n,
    bidDown: 0n,
    askUp: 0n,
    askDown: 0n,
    maxOrders: instrument.maxOrders,
    maxAlgoOrders: instrument.maxAlgoOrders,
    icebergParts: 0,
  };
  assertExactQuotes(rules);
  return rules;
};
