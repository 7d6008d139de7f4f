import { DAY_MS, type EpochMs } from '../../../core/units.ts';
import { formatFixed } from '../../matching/fixed.ts';
import { firstIndex } from '../../matching/order-files.ts';
import type { SimOrder, SimTrade } from '../../matching/order.ts';
import { errors } from '../api-error.ts';
import type { Parameters } from '../parameters.ts';
import { orderView, tradeView } from '../views.ts';
import { requiredSymbol, type Route, type RouteRequest } from './route.ts';

const account = ({ parameters, exchange }: RouteRequest): unknown => {
  const { maker, taker } = exchange.fees;
  const omitZero = parameters.flag('omitZeroBalances');
  const held = exchange.engine.accounts.entries();
  const names = new Set(held.map(([asset]) => asset));
  for (const { rules } of exchange.instruments.values()) {
    for (const asset of [rules.base, rules.quote]) {
      if (!names.has(asset)) held.push([asset, exchange.engine.accounts.get(asset)]);
      names.add(asset);
    }
  }
  return {
    makerCommission: Number(maker) / 10_000,
    takerCommission: Number(taker) / 10_000,
    buyerCommission: 0,
    sellerCommission: 0,
    commissionRates: {
      maker: formatFixed(maker),
      taker: formatFixed(taker),
      buyer: '0.00000000',
      seller: '0.00000000',
    },
    canTrade: true,
    canWithdraw: true,
    canDeposit: true,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: exchange.accountUpdateTime,
    accountType: 'SPOT',
    balances: held
      .filter(([, { free, locked }]) => !omitZero || free > 0n || locked > 0n)
      .map(([asset, { free, locked }]) => ({ asset, free: formatFixed(free), locked: formatFixed(locked) })),
    permissions: ['SPOT'],
    uid: exchange.accountId,
  };
};

interface Page<T> {
  readonly list: readonly T[];
  readonly idOf: (item: T) => number;
  readonly timeOf: (item: T) => EpochMs;
}

/** The exchange's paging of a list that ascends by id and time. */
const page = <T>({ list, idOf, timeOf }: Page<T>, parameters: Parameters, idName: string): readonly T[] => {
  const fromId = parameters.integer(idName);
  const start = parameters.time('startTime');
  const end = parameters.time('endTime');
  const limit = parameters.limit(500, 1000);
  if (start !== undefined && end !== undefined && end - start > DAY_MS) throw errors.lookup();
  if (fromId !== undefined) {
    if (start !== undefined || end !== undefined) throw errors.combinationOfParameters();
    const first = firstIndex(list, (item) => idOf(item) >= fromId);
    return list.slice(first, first + limit);
  }
  const stop = end === undefined ? list.length : firstIndex(list, (item) => timeOf(item) > end);
  if (start === undefined) return list.slice(Math.max(0, stop - limit), stop);
  const first = firstIndex(list, (item) => timeOf(item) >= start);
  return list.slice(first, Math.min(first + limit, stop));
};

const allOrders = (request: RouteRequest): unknown => {
  const list = request.exchange.engine.files.orders(requiredSymbol(request));
  const orders: Page<SimOrder> = { list, idOf: (order) => order.orderId, timeOf: (order) => order.time };
  return page(orders, request.parameters, 'orderId').map(orderView);
};

const myTrades = (request: RouteRequest): unknown => {
  const { parameters, exchange } = request;
  const symbol = requiredSymbol(request);
  const orderId = parameters.integer('orderId');
  let list: readonly SimTrade[] = exchange.engine.files.trades(symbol);
  if (orderId !== undefined) {
    if (parameters.raw('startTime') !== undefined || parameters.raw('endTime') !== undefined) {
      throw errors.combinationOfParameters();
    }
    const order = exchange.engine.files.byId(symbol, orderId);
    list = order === undefined ? [] : exchange.engine.files.tradesOf(order);
  }
  return page({ list, idOf: (trade) => trade.id, timeOf: (trade) => trade.time }, parameters, 'fromId').map(tradeView);
};

const commission = (request: RouteRequest): unknown => {
  const { maker, taker, coin, discount } = request.exchange.fees;
  const none = { maker: '0.00000000', taker: '0.00000000', buyer: '0.00000000', seller: '0.00000000' };
  return {
    symbol: requiredSymbol(request),
    standardCommission: { ...none, maker: formatFixed(maker), taker: formatFixed(taker) },
    specialCommission: none,
    taxCommission: none,
    discount: {
      enabledForAccount: coin !== null,
      enabledForSymbol: true,
      discountAsset: coin ?? 'BNB',
      discount: formatFixed(discount),
    },
  };
};

/** What the key may do: read and trade, never withdraw, unless the simulator was told otherwise. */
const restrictions = ({ exchange }: RouteRequest): unknown => ({
  ipRestrict: exchange.keyRights.ipRestricted,
  createTime: exchange.keyRights.createdAt,
  enableReading: true,
  enableWithdrawals: exchange.keyRights.withdrawals,
  enableInternalTransfer: false,
  enableMargin: false,
  enableFutures: exchange.keyRights.futures === true,
  permitsUniversalTransfer: false,
  enableVanillaOptions: false,
  enableFixApiTrade: false,
  enableFixReadOnly: false,
  enableSpotAndMarginTrading: exchange.keyRights.trading,
  enablePortfolioMarginTrading: false,
});

const tradeFee = ({ parameters, exchange }: RouteRequest): unknown => {
  const symbol = parameters.symbol();
  if (symbol !== undefined && !exchange.engine.has(symbol)) throw errors.symbol();
  const { maker, taker } = exchange.fees;
  return [...exchange.instruments.keys()]
    .filter((id) => symbol === undefined || id === symbol)
    .map((id) => ({ symbol: id, makerCommission: formatFixed(maker), takerCommission: formatFixed(taker) }));
};

const signed = (path: string, weight: Route['weight'], handle: Route['handle']): Route => ({
  method: 'GET',
  path,
  security: 'signed',
  weight,
  handle,
});

export const accountRoutes: readonly Route[] = [
  signed('/api/v3/account', () => 20, account),
  signed('/api/v3/allOrders', () => 20, allOrders),
  signed('/api/v3/myTrades', (parameters) => (parameters.raw('orderId') === undefined ? 20 : 5), myTrades),
  signed('/api/v3/account/commission', () => 20, commission),
  signed('/sapi/v1/account/apiRestrictions', () => 1, restrictions),
  signed('/sapi/v1/asset/tradeFee', () => 1, tradeFee),
];
