import { larger, type Fixed } from '../../matching/fixed.ts';
import type { NewOrder, SimOrderType, TimeInForce } from '../../matching/order.ts';
import { brokenFilter, isMarketType, isTriggerType, type SymbolRules } from '../../matching/rules.ts';
import { errors } from '../api-error.ts';
import type { Exchange } from '../exchange.ts';
import type { Parameters } from '../parameters.ts';
import { requiredSymbol, type RouteRequest } from './route.ts';

const SIDES = ['BUY', 'SELL'] as const;
const TYPES: readonly SimOrderType[] = [
  'LIMIT',
  'LIMIT_MAKER',
  'MARKET',
  'STOP_LOSS',
  'STOP_LOSS_LIMIT',
  'TAKE_PROFIT',
  'TAKE_PROFIT_LIMIT',
];
const TIMES_IN_FORCE: readonly TimeInForce[] = ['GTC', 'IOC', 'FOK'];
const PREVENTION_MODES = ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'];

const WORDS: Readonly<Record<SimOrderType, string>> = {
  LIMIT: 'Limit',
  LIMIT_MAKER: 'Limit maker',
  MARKET: 'Market',
  STOP_LOSS: 'Stop loss',
  STOP_LOSS_LIMIT: 'Stop loss limit',
  TAKE_PROFIT: 'Take profit',
  TAKE_PROFIT_LIMIT: 'Take profit limit',
};

const wantsPrice = (type: SimOrderType): boolean => !isMarketType(type);
const wantsTimeInForce = (type: SimOrderType): boolean => wantsPrice(type) && type !== 'LIMIT_MAKER';

/** A required decimal above zero, or zero when this order type must not have it. */
const amount = (parameters: Parameters, name: string, wanted: boolean, refuseZero: () => Error): Fixed => {
  const value = parameters.decimal(name);
  if (!wanted) {
    if (value !== undefined) throw errors.notRequired(name);
    return 0n;
  }
  if (value === undefined) throw errors.mandatory(name);
  if (value === 0n) throw refuseZero();
  return value;
};

const timeInForceOf = (parameters: Parameters, type: SimOrderType): TimeInForce => {
  const value = parameters.choice('timeInForce', TIMES_IN_FORCE, errors.timeInForce);
  if (!wantsTimeInForce(type)) {
    if (value !== undefined) throw errors.notRequired('timeInForce');
    return 'GTC';
  }
  if (value === undefined) throw errors.mandatory('timeInForce');
  return value;
};

const sizeOf = (parameters: Parameters, type: SimOrderType): { quantity: Fixed; quoteQuantity: Fixed } => {
  const quote = parameters.decimal('quoteOrderQty');
  if (type !== 'MARKET' || quote === undefined) {
    if (quote !== undefined) throw errors.notRequired('quoteOrderQty');
    if (type === 'MARKET' && parameters.raw('quantity') === undefined) {
      throw errors.mandatoryEither('quantity', 'quoteOrderQty');
    }
    return { quantity: amount(parameters, 'quantity', true, errors.invalidQuantity), quoteQuantity: 0n };
  }
  if (parameters.raw('quantity') !== undefined) throw errors.combinationOfParameters();
  if (quote === 0n) throw errors.invalidQuantity();
  return { quantity: 0n, quoteQuantity: quote };
};

const icebergOf = (
  parameters: Parameters,
  order: { quantity: Fixed; timeInForce: TimeInForce; type: SimOrderType },
): Fixed => {
  const iceberg = parameters.decimal('icebergQty') ?? 0n;
  if (iceberg === 0n) return 0n;
  if (isMarketType(order.type)) throw errors.notRequired('icebergQty');
  if (order.timeInForce !== 'GTC') throw errors.combination();
  if (iceberg > order.quantity) throw errors.rejected('IcebergQty exceeds QTY.');
  return iceberg;
};

/** Stop types trade near their trigger, not near the price of the moment. */
const referencePrice = (order: { type: SimOrderType; stopPrice: Fixed }, last: Fixed): Fixed =>
  isTriggerType(order.type) && isMarketType(order.type) ? larger(order.stopPrice, 1n) : last;

const assertFilters = (exchange: Exchange, rules: SymbolRules, order: NewOrder): void => {
  const reference = referencePrice(order, exchange.engine.symbol(order.symbol).last);
  const broken = brokenFilter(rules, order, reference, exchange.engine.files.openCounts(order.symbol));
  if (broken !== null) throw errors.filter(broken);
};

/** Reads and checks a request for an order. @throws ApiError in the exchange's own order of checks. */
export const readOrder = (request: RouteRequest): NewOrder => {
  const { parameters, exchange } = request;
  const symbol = requiredSymbol(request);
  const { rules } = exchange.engine.symbol(symbol);
  const side = parameters.choice('side', SIDES, errors.side);
  if (side === undefined) throw errors.mandatory('side');
  const type = parameters.choice('type', TYPES, errors.orderType);
  if (type === undefined) throw errors.mandatory('type');
  if (parameters.raw('trailingDelta') !== undefined) {
    throw errors.rejected('Trailing stop orders are not supported for this symbol.');
  }
  const timeInForce = timeInForceOf(parameters, type);
  const size = sizeOf(parameters, type);
  const order: NewOrder = {
    symbol,
    side,
    type,
    timeInForce,
    ...size,
    price: amount(parameters, 'price', wantsPrice(type), errors.invalidPrice),
    stopPrice: amount(parameters, 'stopPrice', isTriggerType(type), errors.invalidPrice),
    icebergQuantity: icebergOf(parameters, { type, timeInForce, quantity: size.quantity }),
    clientOrderId: parameters.clientId('newClientOrderId') ?? generatedId(exchange),
    selfTradePrevention:
      parameters.choice('selfTradePreventionMode', PREVENTION_MODES, () =>
        errors.invalidData('selfTradePreventionMode'),
      ) ?? 'EXPIRE_MAKER',
  };
  if (!rules.orderTypes.includes(type)) throw errors.notSupported(WORDS[type]);
  assertFilters(exchange, rules, order);
  return order;
};

/** Client ids for those who send none: from the count of requests, so that a run repeats itself. */
export const generatedId = (exchange: Exchange): string =>
  `sim${String(exchange.received.length + 1).padStart(19, '0')}`;
