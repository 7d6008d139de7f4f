import type { Fill, OrderSnapshot, VenueStatus } from '../../core/orders/order.ts';
import type { SymbolName } from '../../core/units.ts';
import type { OwnTrade } from '../../ports/venue.ts';
import type { Accounts } from '../matching/accounts.ts';
import { FIXED_PLACES, UNIT, type Fixed } from '../matching/fixed.ts';
import type { SimOrder, SimOrderStatus, SimTrade } from '../matching/order.ts';

const STATUSES: Readonly<Record<SimOrderStatus, VenueStatus>> = {
  NEW: 'new',
  PARTIALLY_FILLED: 'partially-filled',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  EXPIRED: 'expired',
};

/** One spelling for one amount, as the exchange adapter has it: no trailing zeros. */
export const amountText = (value: Fixed): string => {
  const magnitude = value < 0n ? -value : value;
  const whole = magnitude / UNIT;
  let rest = Number(magnitude - whole * UNIT);
  let places = FIXED_PLACES;
  while (rest !== 0 && rest % 10 === 0) {
    rest /= 10;
    places -= 1;
  }
  return `${value < 0n ? '-' : ''}${whole}${rest === 0 ? '' : `.${String(rest).padStart(places, '0')}`}`;
};

/** What there is of every asset, as the exchange states it. */
export const balancesOf = (accounts: Accounts): { asset: string; free: string; locked: string }[] =>
  accounts.assets.map((asset) => {
    const { free, locked } = accounts.get(asset);
    return { asset, free: amountText(free), locked: amountText(locked) };
  });

const fillOf = (trade: SimTrade): Fill => ({
  tradeId: String(trade.id),
  price: amountText(trade.price),
  quantity: amountText(trade.quantity),
  quoteQuantity: amountText(trade.quote),
  fee: amountText(trade.commission),
  feeAsset: trade.commissionAsset,
  at: trade.time,
});

export const snapshotOf = (symbol: SymbolName, order: SimOrder, trades: readonly SimTrade[]): OrderSnapshot => ({
  clientOrderId: order.clientOrderId,
  exchangeOrderId: String(order.orderId),
  symbol,
  side: order.side === 'BUY' ? 'buy' : 'sell',
  status: STATUSES[order.status],
  quantity: amountText(order.quantity),
  executedQuantity: amountText(order.executed),
  fills: trades.map(fillOf),
});

export const ownTradeOf = (symbol: SymbolName, trade: SimTrade): OwnTrade => ({
  ...fillOf(trade),
  symbol,
  exchangeOrderId: String(trade.orderId),
  side: trade.isBuyer ? 'buy' : 'sell',
});
