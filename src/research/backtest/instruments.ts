import type { InstrumentText } from '../../core/engine/input.ts';
import type { OrderType } from '../../core/market/instrument.ts';
import type { SymbolName } from '../../core/units.ts';
import { instrumentOf } from '../../sim/exchange/instruments.ts';
import type { SimOrderType } from '../../sim/matching/order.ts';
import { amountText } from '../../sim/paper/snapshots.ts';

const TYPES: Readonly<Partial<Record<SimOrderType, OrderType>>> = {
  LIMIT: 'limit',
  MARKET: 'market',
  STOP_LOSS: 'stop-loss',
  STOP_LOSS_LIMIT: 'stop-loss-limit',
};

/**
 * The exchange's own filters (recorded September 2024) in the form that the engine starts with.
 * @throws RangeError for a symbol whose filters are not known
 */
export const recordedInstrument = (symbol: SymbolName): InstrumentText => {
  const { rules } = instrumentOf(symbol);
  return {
    symbol,
    id: rules.id,
    base: rules.base,
    quote: rules.quote,
    trading: true,
    orderTypes: rules.orderTypes.flatMap((type) => TYPES[type] ?? []),
    tickSize: amountText(rules.tick),
    minPrice: amountText(rules.minPrice),
    maxPrice: amountText(rules.maxPrice),
    stepSize: amountText(rules.step),
    minQuantity: amountText(rules.minQuantity),
    maxQuantity: amountText(rules.maxQuantity),
    marketStepSize: amountText(rules.marketStep),
    marketMinQuantity: amountText(rules.marketMinQuantity),
    marketMaxQuantity: amountText(rules.marketMaxQuantity),
    minNotional: amountText(rules.minNotional),
    maxNotional: amountText(rules.maxNotional),
    maxOrders: rules.maxOrders,
    maxAlgoOrders: rules.maxAlgoOrders,
  };
};
