import { formatFixed, times } from '../matching/fixed.ts';
import { isWorking, type SimOrder, type SimTrade } from '../matching/order.ts';
import { isTriggerType } from '../matching/rules.ts';
import type { ServedCandle } from './market.ts';

/** The exchange's JSON forms. Field names and types are its own, `cummulative` included. */
export type Json = Record<string, unknown>;

const iceberg = (order: SimOrder): Json =>
  order.icebergQuantity > 0n ? { icebergQty: formatFixed(order.icebergQuantity) } : {};

const stopPrice = (order: SimOrder): Json =>
  isTriggerType(order.type) ? { stopPrice: formatFixed(order.stopPrice) } : {};

/** An order as queries answer it. */
export const orderView = (order: SimOrder): Json => ({
  symbol: order.symbol,
  orderId: order.orderId,
  orderListId: -1,
  clientOrderId: order.clientOrderId,
  price: formatFixed(order.price),
  origQty: formatFixed(order.quantity),
  executedQty: formatFixed(order.executed),
  cummulativeQuoteQty: formatFixed(order.executedQuote),
  status: order.status,
  timeInForce: order.timeInForce,
  type: order.type,
  side: order.side,
  stopPrice: formatFixed(order.stopPrice),
  icebergQty: formatFixed(order.icebergQuantity),
  time: order.time,
  updateTime: order.updateTime,
  isWorking: isWorking(order),
  workingTime: order.workingTime,
  origQuoteOrderQty: formatFixed(order.quoteQuantity),
  selfTradePreventionMode: order.selfTradePrevention,
});

export const ackView = (order: SimOrder): Json => ({
  symbol: order.symbol,
  orderId: order.orderId,
  orderListId: -1,
  clientOrderId: order.clientOrderId,
  transactTime: order.updateTime,
});

export const resultView = (order: SimOrder): Json => ({
  ...ackView(order),
  price: formatFixed(order.price),
  origQty: formatFixed(order.quantity),
  executedQty: formatFixed(order.executed),
  origQuoteOrderQty: formatFixed(order.quoteQuantity),
  cummulativeQuoteQty: formatFixed(order.executedQuote),
  status: order.status,
  timeInForce: order.timeInForce,
  type: order.type,
  side: order.side,
  ...stopPrice(order),
  workingTime: order.workingTime,
  ...iceberg(order),
  selfTradePreventionMode: order.selfTradePrevention,
});

export const fullView = (order: SimOrder, trades: readonly SimTrade[]): Json => ({
  ...resultView(order),
  fills: trades.map((trade) => ({
    price: formatFixed(trade.price),
    qty: formatFixed(trade.quantity),
    commission: formatFixed(trade.commission),
    commissionAsset: trade.commissionAsset,
    tradeId: trade.id,
  })),
});

/** The answer to a cancel; `cancelId` names the cancel itself. */
export const cancelView = (order: SimOrder, cancelId: string): Json => ({
  symbol: order.symbol,
  origClientOrderId: order.clientOrderId,
  orderId: order.orderId,
  orderListId: -1,
  clientOrderId: cancelId,
  transactTime: order.updateTime,
  price: formatFixed(order.price),
  origQty: formatFixed(order.quantity),
  executedQty: formatFixed(order.executed),
  origQuoteOrderQty: formatFixed(order.quoteQuantity),
  cummulativeQuoteQty: formatFixed(order.executedQuote),
  status: order.status,
  timeInForce: order.timeInForce,
  type: order.type,
  side: order.side,
  ...stopPrice(order),
  ...iceberg(order),
  selfTradePreventionMode: order.selfTradePrevention,
});

export const tradeView = (trade: SimTrade): Json => ({
  symbol: trade.symbol,
  id: trade.id,
  orderId: trade.orderId,
  orderListId: -1,
  price: formatFixed(trade.price),
  qty: formatFixed(trade.quantity),
  quoteQty: formatFixed(trade.quote),
  commission: formatFixed(trade.commission),
  commissionAsset: trade.commissionAsset,
  time: trade.time,
  isBuyer: trade.isBuyer,
  isMaker: trade.isMaker,
  isBestMatch: true,
});

const HOUR_LESS_ONE = 3_599_999;
const volume = (value: number): string => value.toFixed(8);

/** One row of twelve columns. */
export const klineView = ({ source, prices, elapsed }: ServedCandle): readonly unknown[] => [
  source.openTime,
  formatFixed(prices.open),
  formatFixed(prices.high),
  formatFixed(prices.low),
  formatFixed(prices.close),
  volume(source.volume * elapsed),
  source.openTime + HOUR_LESS_ONE,
  volume(source.quoteVolume * elapsed),
  Math.round(source.trades * elapsed),
  volume(source.takerBuyBase * elapsed),
  volume(source.takerBuyQuote * elapsed),
  '0',
];

/** Text of price x quantity. */
export const valueText = (price: bigint, quantity: bigint): string => formatFixed(times(price, quantity));
