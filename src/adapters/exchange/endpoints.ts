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
  | 'allOrders'
  | 'keyRights';

/**
 * What a request is for. `urgent`: it makes risk smaller (stop, exit, cancellation), or tells whether an order
 * arrived and what it did, without which no position is protected or sold. `ordinary`: reads and entries.
 */
export type Urgency = 'urgent' | 'ordinary';

const URGENT: ReadonlySet<Endpoint> = new Set<Endpoint>(['cancelOrder', 'queryOrder', 'time']);

/** The bot sells nothing but what it holds: a sale is a stop or an exit, a purchase an entry. */
export const urgencyOf = (endpoint: Endpoint, parameters: Parameters): Urgency => {
  if (endpoint === 'createOrder') return parameters['side'] === 'SELL' ? 'urgent' : 'ordinary';
  return URGENT.has(endpoint) || (endpoint === 'myTrades' && 'orderId' in parameters) ? 'urgent' : 'ordinary';
};
