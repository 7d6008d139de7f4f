import type { Decimal } from '../decimal.ts';
import type { OrderType } from '../market/instrument.ts';
import type { EpochMs, SymbolName } from '../units.ts';

export type Side = 'buy' | 'sell';

/** Why an order exists. Entries add risk; stops and exits only take it away. */
export type OrderPurpose = 'entry' | 'stop' | 'exit';

/**
 * An order as the strategy, the risk engine or the lifecycle wants it; nothing may send it before the Guardian made it
 * an ApprovedOrder.
 */
export interface OrderDraft {
  /** Our prefix, the database's instance id and a sequence; at most 36 characters. */
  readonly clientOrderId: string;
  readonly symbol: SymbolName;
  readonly side: Side;
  readonly type: OrderType;
  readonly purpose: OrderPurpose;
  /** Base currency, on the lot grid. */
  readonly quantity: Decimal;
  /** Limit price on the tick grid; null for market and stop-loss orders. */
  readonly limitPrice: Decimal | null;
  /** Trigger price on the tick grid; null unless a stop. */
  readonly stopPrice: Decimal | null;
  readonly timeInForce: 'IOC' | 'GTC' | null;
  /** Wall time after which an unsent order must not be sent any more; null for stops and exits, which never expire. */
  readonly expiresAtWall: EpochMs | null;
  /** In words, for people: "signal 0.61", "take-profit", "daily drawdown". */
  readonly reason: string;
}

/** One execution as the exchange states it; amounts are exact decimal strings. */
export interface Fill {
  /** The exchange's trade id: unique per symbol, the key that makes booking idempotent. */
  readonly tradeId: string;
  readonly price: string;
  /** Base currency. */
  readonly quantity: string;
  /** Quote currency. */
  readonly quoteQuantity: string;
  readonly fee: string;
  readonly feeAsset: string;
  /** Market time of the trade. */
  readonly at: EpochMs;
}

/** Where the exchange says an order stands. */
export type VenueStatus = 'new' | 'partially-filled' | 'filled' | 'cancelled' | 'expired' | 'rejected';

/** An order as the exchange states it, with every fill behind `executedQuantity`. */
export interface OrderSnapshot {
  readonly clientOrderId: string;
  readonly exchangeOrderId: string;
  readonly symbol: SymbolName;
  readonly side: Side;
  readonly status: VenueStatus;
  readonly quantity: string;
  readonly executedQuantity: string;
  readonly fills: readonly Fill[];
  /** Stated of open orders: one that waits for its trigger, which the exchange's filter of algo orders counts. */
  readonly algo?: true;
  /** Why the exchange ended it, in the exchange's own word, where it says so. */
  readonly expiryReason?: string;
}

/** Whether the exchange will never change this order again. */
export const isFinalStatus = (status: VenueStatus): boolean => status !== 'new' && status !== 'partially-filled';
