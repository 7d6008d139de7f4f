import { DECIMAL_PLACES, formatDecimal, type Decimal } from '../../core/decimal.ts';
import type { OrderDraft } from '../../core/orders/order.ts';
import { FIXED_PLACES, type Fixed } from '../matching/fixed.ts';
import type { NewOrder } from '../matching/order.ts';
import { SIM_TYPES } from './rules.ts';

/** Units of the last place of `Decimal` in one of `Fixed`. */
const FINER = 10n ** BigInt(DECIMAL_PLACES - FIXED_PLACES);

/**
 * The same amount in the resolution of the matching engine; null is none, zero.
 * @throws RangeError for one that is finer.
 */
const amount = (value: Decimal | null): Fixed => {
  if (value === null) return 0n;
  if (value % FINER !== 0n) throw new RangeError(`more than ${FIXED_PLACES} decimals: ${formatDecimal(value)}`);
  return value / FINER;
};

/**
 * The Guardian's order as the matching engine takes it. `symbol`: by the exchange's name, BTCUSDT.
 * @throws RangeError for an amount finer than an exchange states
 */
export const requestOf = (draft: OrderDraft, symbol: string): NewOrder => ({
  symbol,
  clientOrderId: draft.clientOrderId,
  side: draft.side === 'buy' ? 'BUY' : 'SELL',
  type: SIM_TYPES[draft.type],
  timeInForce: draft.timeInForce ?? 'GTC',
  quantity: amount(draft.quantity),
  quoteQuantity: 0n,
  price: amount(draft.limitPrice),
  stopPrice: amount(draft.stopPrice),
  icebergQuantity: 0n,
  selfTradePrevention: 'NONE',
});
