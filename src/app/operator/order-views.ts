import { toNumber } from '../../core/decimal.ts';
import type { OrderRecord, OrderStatus } from '../../core/orders/record.ts';
import type { OrderView } from '../../ports/operator-tools.ts';

/** In words for people. */
export const ORDER_STATES: Readonly<Record<OrderStatus, string>> = {
  intent: 'sending',
  unknown: 'unknown outcome',
  working: 'working',
  filled: 'filled',
  cancelled: 'cancelled',
  expired: 'expired',
  rejected: 'rejected',
  'never-sent': 'not sent',
  'never-existed': 'never existed',
  settled: 'settled by hand',
};

export const orderView = ({ draft, status, executed, createdAt }: OrderRecord): OrderView => ({
  id: draft.clientOrderId,
  symbol: draft.symbol,
  side: draft.side,
  purpose: draft.purpose,
  state: ORDER_STATES[status],
  quantity: toNumber(draft.quantity),
  filled: toNumber(executed),
  limitPrice: draft.limitPrice === null ? null : toNumber(draft.limitPrice),
  triggerPrice: draft.stopPrice === null ? null : toNumber(draft.stopPrice),
  createdAt,
});
