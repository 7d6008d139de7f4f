import type { ApprovedOrder } from '../core/guardian/approved-order.ts';
import type { Fill, OrderSnapshot } from '../core/orders/order.ts';
import type { EpochMs, Milliseconds, SymbolName } from '../core/units.ts';

/**
 * Why a call to the exchange did not give what was asked. One table maps every
 * error of the client library to one of these (adapters/exchange/error-map.ts).
 */
export type VenueErrorKind =
  /** The exchange refused for good: filters, funds, permissions, bad symbol. Never retried. */
  | 'refused'
  /** The exchange does not list the market (any more): nothing can be asked or sold there. Never retried. */
  | 'unlisted'
  /**
   * The exchange asks us to slow down (429, 418), or the minute's weight is nearly used: the client waits `retryAfter`.
   * Nothing happened.
   */
  | 'rate-limited'
  /** Nothing was sent or it was certainly not acted upon (connection refused, DNS): safe to retry. */
  | 'unreachable'
  /** Signature time outside the window (-1021): resynchronise the clock; nothing happened. */
  | 'clock-skew'
  /** Key or permission rejected (-2014, -2015): needs a person. */
  | 'authentication'
  /** It may or may not have happened (time-out, reset, 5xx). Never retried blindly. */
  | 'unknown'
  /** The answer is not what the contract says (missing or malformed fields). Treated as unknown for orders. */
  | 'malformed';

export interface VenueError {
  readonly kind: VenueErrorKind;
  /** The exchange's code ("-2010"), the HTTP status ("503") or the library's error name. */
  readonly code: string;
  /** In words, secrets and signed addresses redacted. */
  readonly message: string;
  /** For rate-limited: how long to wait, from Retry-After; null when the exchange did not say. */
  readonly retryAfter: Milliseconds | null;
  /**
   * For rate-limited: only reads and entries have to wait; stops, exits, cancellations and look-ups may go. Absent:
   * everything waits.
   */
  readonly urgentMayGo?: boolean;
  /** For rate-limited: only orders have to wait, whatever they are for; cancellations, look-ups and reads may go. */
  readonly ordersOnly?: boolean;
}

/** A read that may fail. A failed read is unknown: never zero, flat or empty. */
export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: VenueError };

/** What became of a send. `unknown` means: look it up by its client id, never send again. */
export type SendOutcome =
  | { readonly kind: 'accepted'; readonly order: OrderSnapshot }
  | { readonly kind: 'rejected'; readonly error: VenueError }
  /** Certainly did not reach the exchange's books; may be sent again while it has not expired. */
  | { readonly kind: 'not-sent'; readonly error: VenueError }
  | { readonly kind: 'unknown'; readonly error: VenueError };

export type CancelOutcome =
  /** The exchange confirmed; the snapshot is final and holds every fill. */
  | { readonly kind: 'cancelled'; readonly order: OrderSnapshot }
  /** Not cancelled because it was already final (or not known, -2011): look it up. */
  | { readonly kind: 'not-open'; readonly error: VenueError }
  | { readonly kind: 'not-sent'; readonly error: VenueError }
  | { readonly kind: 'unknown'; readonly error: VenueError };

export type LookUp =
  | { readonly kind: 'found'; readonly order: OrderSnapshot }
  /**
   * The exchange says that it does not know this client id (-2013), or (`archived`, -2026) does not keep it any more
   * because it ended 90 days ago without anything coming of it.
   */
  | { readonly kind: 'not-found'; readonly archived?: true }
  /**
   * `stated`: the order was found ended, and only its fills could not be read: what it says itself that it has
   * executed, base units. `statedQuote`: what was paid or got for them, quote currency without fees, where it says so.
   */
  | { readonly kind: 'unknown'; readonly error: VenueError; readonly stated?: string; readonly statedQuote?: string };

export interface OrderReference {
  readonly symbol: SymbolName;
  readonly clientOrderId: string;
}

export interface Cancellation extends OrderReference {
  /**
   * It only makes room for another order, and is not wanted (not sent, rate-limited) where the exchange is known to
   * take none: a stop is worth more than the sale that would be refused.
   */
  readonly makesRoom?: true;
}

export interface AssetBalance {
  readonly asset: string;
  /** Exact decimal strings. */
  readonly free: string;
  readonly locked: string;
}

/** A trade of ours together with the exchange's id of the order it belongs to. */
export interface OwnTrade extends Fill {
  readonly symbol: SymbolName;
  readonly exchangeOrderId: string;
  readonly side: 'buy' | 'sell';
}

/** Where orders go: an exchange through its client library, or the paper broker. Takes nothing but approved orders. */
export interface Venue {
  send(order: ApprovedOrder): Promise<SendOutcome>;
  cancel(cancellation: Cancellation): Promise<CancelOutcome>;
  /** Looks an order up by client id, all its fills included. */
  lookUp(reference: OrderReference): Promise<LookUp>;
  openOrders(symbol: SymbolName): Promise<Read<readonly OrderSnapshot[]>>;
  /** Every asset with a balance. */
  balances(): Promise<Read<readonly AssetBalance[]>>;
  /**
   * Own trades of a symbol with an id greater than `afterTradeId` (null: since `since`, market time), oldest first,
   * complete.
   */
  tradesAfter(symbol: SymbolName, afterTradeId: string | null, since: EpochMs): Promise<Read<readonly OwnTrade[]>>;
  /** The exchange's wall clock. */
  serverTime(): Promise<Read<EpochMs>>;
  /** How long the exchange may still act on a request: the receive window, wall time. */
  readonly receiveWindow: Milliseconds;
}
