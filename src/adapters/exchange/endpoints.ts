export type Parameters = Readonly<Record<string, string | number>>;

export type Endpoint =
  | 'time'
  | 'exchangeInfo'
  | 'klines'
  | 'bookTicker'
  | 'tickerPrice'
  | 'account'
  | 'openOrders'
  | 'myTrades'
  | 'queryOrder'
  | 'createOrder'
  | 'cancelOrder'
  | 'orderCounts'
  | 'allOrders'
  | 'keyRights'
  | 'commission';

/** What a request is for, as far as limits ask. */
export interface RequestKind {
  /**
   * It makes risk smaller (stop, exit, cancellation), or tells whether an order arrived and what it did, without which
   * no position is protected or sold. Reads and entries are not.
   */
  readonly urgent: boolean;
  /** It places an order: the exchange counts those apart. */
  readonly order: boolean;
}

const URGENT: ReadonlySet<Endpoint> = new Set<Endpoint>(['cancelOrder', 'queryOrder', 'orderCounts', 'time']);

/** The bot sells nothing but what it holds: a sale is a stop or an exit, a purchase an entry. */
export const requestKind = (endpoint: Endpoint, parameters: Parameters): RequestKind => {
  if (endpoint === 'createOrder') return { urgent: parameters['side'] === 'SELL', order: true };
  return { urgent: URGENT.has(endpoint) || (endpoint === 'myTrades' && 'orderId' in parameters), order: false };
};
