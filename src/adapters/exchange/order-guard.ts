import { formatDecimal, mulUp, type Decimal } from '../../core/decimal.ts';
import { ApprovedOrder } from '../../core/guardian/approved-order.ts';
import type { OrderDraft } from '../../core/orders/order.ts';
import type { EpochMs, SymbolName } from '../../core/units.ts';

/**
 * The largest notional, in quote currency, that an entry in a symbol may have now, from equity
 * and the exposure ceilings; null = not known, and then no entry passes.
 */
export type EntryCeiling = (symbol: SymbolName) => Decimal | null;

const CLIENT_ID = /^[A-Za-z0-9_-]{1,36}$/;

/**
 * The last check before the network, independent of the Guardian's own arithmetic: whatever went wrong before it,
 * nothing but an approved order inside the hard ceilings passes.
 * @returns why the order must not be sent, or null
 */
export const guardFault = (order: unknown, entryCeiling: EntryCeiling, wallNow: EpochMs): string | null => {
  if (!ApprovedOrder.isApprovedOrder(order)) return 'not approved: only the Guardian makes orders that may be sent';
  const { draft } = order;
  if (!CLIENT_ID.test(draft.clientOrderId))
    return `client order id "${draft.clientOrderId}" is not 1 to 36 letters, digits, - or _`;
  if (draft.quantity <= 0n) return `quantity ${formatDecimal(draft.quantity)} is not positive`;
  switch (draft.purpose) {
    case 'entry':
      return entryFault(draft, entryCeiling, wallNow);
    case 'stop':
      return stopFault(draft);
    case 'exit':
      return exitFault(draft);
    default:
      return 'the purpose is neither entry, stop nor exit';
  }
};

const entryFault = (draft: OrderDraft, entryCeiling: EntryCeiling, wallNow: EpochMs): string | null => {
  if (draft.side !== 'buy') return 'an entry has to be a buy';
  if (draft.type !== 'limit' || draft.timeInForce !== 'IOC' || draft.stopPrice !== null)
    return 'an entry has to be a limit order, immediate or cancel';
  if (draft.limitPrice === null || draft.limitPrice <= 0n) return 'an entry needs a limit price';
  if (draft.expiresAtWall === null) return 'an entry needs an expiry';
  if (wallNow >= draft.expiresAtWall) return `expired at ${new Date(draft.expiresAtWall).toISOString()}`;
  const ceiling = entryCeiling(draft.symbol);
  if (ceiling === null) return 'equity is not known, so no entry is sent';
  const notional = mulUp(draft.limitPrice, draft.quantity);
  return notional <= ceiling
    ? null
    : `notional ${formatDecimal(notional)} is above the ceiling ${formatDecimal(ceiling)}`;
};

const stopFault = (draft: OrderDraft): string | null => {
  if (draft.side !== 'sell') return 'a stop has to be a sell';
  if (draft.type !== 'stop-loss' && draft.type !== 'stop-loss-limit') return 'a stop has to be a stop-loss order';
  if (draft.stopPrice === null || draft.stopPrice <= 0n) return 'a stop needs a trigger price';
  if (draft.type === 'stop-loss') return draft.limitPrice === null ? null : 'a stop-loss order takes no limit price';
  if (draft.timeInForce === 'IOC') return 'a stop has to rest: good till cancelled';
  if (draft.limitPrice === null || draft.limitPrice <= 0n) return 'a stop-loss-limit order needs a limit price';
  return draft.limitPrice <= draft.stopPrice
    ? null
    : 'the limit of a stop may not be above its trigger: it might never fill';
};

const exitFault = (draft: OrderDraft): string | null => {
  if (draft.side !== 'sell') return 'an exit has to be a sell';
  if (draft.stopPrice !== null) return 'an exit takes no trigger price';
  if (draft.type === 'market') return draft.limitPrice === null ? null : 'a market order takes no limit price';
  if (draft.type !== 'limit') return 'an exit has to be a market or a limit order';
  return draft.limitPrice !== null && draft.limitPrice > 0n ? null : 'a limit order needs a limit price';
};
