import { hash32 } from '../../matching/hash.ts';
import { isOpen, type SimOrder } from '../../matching/order.ts';
import { isTriggerType } from '../../matching/rules.ts';
import { errors } from '../api-error.ts';
import type { Exchange } from '../exchange.ts';
import { RATE_LIMITS } from '../instruments.ts';
import type { Parameters } from '../parameters.ts';
import { ackView, cancelView, fullView, orderView, resultView, type Json } from '../views.ts';
import { readOrder } from './order-request.ts';
import { requiredSymbol, type Route, type RouteRequest } from './route.ts';

const RESPONSES = ['ACK', 'RESULT', 'FULL'] as const;

const placeOrder = (request: RouteRequest): unknown => {
  const { parameters, exchange } = request;
  if (!exchange.keyRights.trading) throw errors.badKey();
  const wanted = parameters.choice('newOrderRespType', RESPONSES, () => errors.invalidData('newOrderRespType'));
  const order = exchange.place(readOrder(request));
  const response = wanted ?? (isTriggerType(order.type) || order.type === 'LIMIT_MAKER' ? 'ACK' : 'FULL');
  if (response === 'ACK') return ackView(order);
  return response === 'RESULT' ? resultView(order) : fullView(order, exchange.engine.files.tradesOf(order));
};

const testOrder = (request: RouteRequest): unknown => {
  request.exchange.engine.check(readOrder(request));
  return {};
};

/** The order a query or cancel means, or undefined. @throws ApiError -1102 when neither id is sent. */
export const findOrder = (exchange: Exchange, symbol: string, parameters: Parameters): SimOrder | undefined => {
  const orderId = parameters.integer('orderId');
  const clientId = parameters.text('origClientOrderId');
  if (orderId === undefined && clientId === undefined) throw errors.mandatoryEither('origClientOrderId', 'orderId');
  if (orderId === undefined) return exchange.engine.files.byClientId(symbol, clientId ?? '');
  const order = exchange.engine.files.byId(symbol, orderId);
  return clientId === undefined || order?.clientOrderId === clientId ? order : undefined;
};

const queryOrder = (request: RouteRequest): unknown => {
  const order = findOrder(request.exchange, requiredSymbol(request), request.parameters);
  if (order === undefined) throw errors.noSuchOrder();
  return orderView(order);
};

/** The exchange names a cancel that was given no name; ours is made from the order, so that a run repeats itself. */
export const cancelId = (order: SimOrder, parameters: Parameters): string =>
  parameters.clientId('newClientOrderId') ??
  `cancel${hash32(order.symbol, order.orderId).toString(36).padStart(7, '0')}`;

const RESTRICTIONS = ['ONLY_NEW', 'ONLY_PARTIALLY_FILLED'] as const;

const cancelOrder = (request: RouteRequest): unknown => {
  const { parameters, exchange } = request;
  const restriction = parameters.choice('cancelRestrictions', RESTRICTIONS, errors.cancelRestrictions);
  const order = findOrder(exchange, requiredSymbol(request), parameters);
  if (order === undefined || !isOpen(order)) throw errors.unknownOrder();
  if (restriction !== undefined && restriction !== `ONLY_${order.status}`) throw errors.cancelRestricted();
  exchange.engine.cancel(order);
  return cancelView(order, cancelId(order, parameters));
};

const cancelAll = (request: RouteRequest): unknown => {
  const { parameters, exchange } = request;
  const open = exchange.engine.files.open(requiredSymbol(request));
  if (open.length === 0) throw errors.unknownOrder();
  return open.map((order): Json => {
    exchange.engine.cancel(order);
    return cancelView(order, cancelId(order, parameters));
  });
};

const openOrders = (request: RouteRequest): unknown => {
  const { parameters, exchange } = request;
  const ids = parameters.symbol() === undefined ? [...exchange.instruments.keys()] : [requiredSymbol(request)];
  return ids.flatMap((id) => exchange.engine.files.open(id)).map(orderView);
};

const orderCounts = ({ orderCounts: used }: RouteRequest): unknown => {
  const counts = used();
  return RATE_LIMITS.filter(({ rateLimitType }) => rateLimitType === 'ORDERS').map((stated, index) => ({
    ...stated,
    ...counts[index],
  }));
};

const signed = (method: Route['method'], path: string, weight: Route['weight'], handle: Route['handle']): Route => ({
  method,
  path: `/api/v3/${path}`,
  security: 'signed',
  weight,
  handle,
});

export const orderRoutes: readonly Route[] = [
  signed('POST', 'order', () => 1, placeOrder),
  signed('POST', 'order/test', () => 1, testOrder),
  signed('GET', 'order', () => 4, queryOrder),
  signed('DELETE', 'order', () => 1, cancelOrder),
  signed('GET', 'openOrders', (parameters) => (parameters.raw('symbol') === undefined ? 80 : 6), openOrders),
  signed('DELETE', 'openOrders', () => 1, cancelAll),
  signed('GET', 'rateLimit/order', () => 40, orderCounts),
];
