import { DAY_MS, type EpochMs } from '../../../core/units.ts';
import { formatFixed, type Fixed } from '../../matching/fixed.ts';
import { errors } from '../api-error.ts';
import type { Exchange } from '../exchange.ts';
import { selectKlines } from '../klines.ts';
import type { Parameters } from '../parameters.ts';
import type { Print } from '../prints.ts';
import { klineView, valueText, type Json } from '../views.ts';
import { requiredSymbol, symbolChoice, type Route, type RouteRequest } from './route.ts';

const KNOWN_INTERVALS = [
  '1s',
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
  '3d',
  '1w',
  '1M',
];

/** Only hourly candles exist in this market; any other interval is refused rather than invented. */
const klines = (request: RouteRequest): unknown => {
  const { parameters, exchange } = request;
  const id = requiredSymbol(request);
  const interval = parameters.requiredText('interval');
  if (!KNOWN_INTERVALS.includes(interval) || interval !== '1h') throw errors.interval();
  const question = {
    startTime: parameters.time('startTime'),
    endTime: parameters.time('endTime'),
    limit: parameters.limit(500, 1000),
  };
  return selectKlines(exchange.market, id, question).map(klineView);
};

const depth = (request: RouteRequest): unknown => {
  const { parameters, exchange } = request;
  const id = requiredSymbol(request);
  const limit = parameters.limit(100, 5000);
  const side = (name: 'bid' | 'ask'): unknown =>
    exchange.engine
      .levels(id, name)
      .slice(0, limit)
      .map(({ price, quantity }) => [formatFixed(price), formatFixed(quantity)]);
  return { lastUpdateId: exchange.engine.symbol(id).nextTradeId, bids: side('bid'), asks: side('ask') };
};

const trades = (request: RouteRequest): unknown =>
  request.exchange.prints.newest(requiredSymbol(request), request.parameters.limit(500, 1000)).map((print) => ({
    id: print.id,
    price: formatFixed(print.price),
    qty: formatFixed(print.quantity),
    quoteQty: valueText(print.price, print.quantity),
    time: print.time,
    isBuyerMaker: print.buyerIsMaker,
    isBestMatch: true,
  }));

const aggregateTrade = (print: Print): Json => ({
  a: print.id,
  p: formatFixed(print.price),
  q: formatFixed(print.quantity),
  f: print.id,
  l: print.id,
  T: print.time,
  m: print.buyerIsMaker,
  M: true,
});

const aggregateTrades = (request: RouteRequest): unknown => {
  const { parameters, exchange } = request;
  const from = parameters.time('startTime') ?? 0;
  const to = parameters.time('endTime') ?? Number.MAX_SAFE_INTEGER;
  const fromId = parameters.integer('fromId') ?? 0;
  const limit = parameters.limit(500, 1000);
  const found = exchange.prints
    .newest(requiredSymbol(request), 1000)
    .filter(({ id, time }) => id >= fromId && time >= from && time <= to);
  return (fromId > 0 || from > 0 ? found.slice(0, limit) : found.slice(-limit)).map(aggregateTrade);
};

const averagePrice = (request: RouteRequest): unknown => {
  const { last, time } = request.exchange.engine.symbol(requiredSymbol(request));
  return { mins: 5, price: formatFixed(last), closeTime: time };
};

const perSymbol =
  (view: (exchange: Exchange, id: string, parameters: Parameters) => Json) =>
  (request: RouteRequest): unknown => {
    const { single, ids } = symbolChoice(request);
    const views = ids.map((id) => view(request.exchange, id, request.parameters));
    return single ? views[0] : views;
  };

const priceTicker = (exchange: Exchange, id: string): Json => ({
  symbol: id,
  price: formatFixed(exchange.engine.symbol(id).last),
});

const bookTop = (exchange: Exchange, id: string): Json => {
  const { engine } = exchange;
  const bid = engine.levels(id, 'bid')[0];
  const ask = engine.levels(id, 'ask')[0];
  return {
    bidPrice: formatFixed(bid?.price ?? 0n),
    bidQty: formatFixed(bid?.quantity ?? 0n),
    askPrice: formatFixed(ask?.price ?? 0n),
    askQty: formatFixed(ask?.quantity ?? 0n),
  };
};

interface DayStatistics {
  readonly open: Fixed;
  readonly high: Fixed;
  readonly low: Fixed;
  readonly previousClose: Fixed;
  readonly volume: number;
  readonly quoteVolume: number;
  readonly trades: number;
}

/** The last 24 hourly candles, the forming one included. */
const dayStatistics = (exchange: Exchange, id: string, at: EpochMs): DayStatistics => {
  const { last } = exchange.engine.symbol(id);
  const candles = exchange.market.candles(id, at - DAY_MS + 1, at + 1);
  const [first] = candles;
  let high = last;
  let low = last;
  let volume = 0;
  let quoteVolume = 0;
  let count = 0;
  for (const { prices, source, elapsed } of candles) {
    if (prices.high > high) high = prices.high;
    if (prices.low < low) low = prices.low;
    volume += source.volume * elapsed;
    quoteVolume += source.quoteVolume * elapsed;
    count += Math.round(source.trades * elapsed);
  }
  const open = first?.prices.open ?? last;
  return { open, high, low, previousClose: open, volume, quoteVolume, trades: count };
};

const dayTicker = (exchange: Exchange, id: string, parameters: Parameters): Json => {
  const { last, time, nextTradeId } = exchange.engine.symbol(id);
  const day = dayStatistics(exchange, id, time);
  const prices = {
    lastPrice: formatFixed(last),
    openPrice: formatFixed(day.open),
    highPrice: formatFixed(day.high),
    lowPrice: formatFixed(day.low),
  };
  const volumes = { volume: day.volume.toFixed(8), quoteVolume: day.quoteVolume.toFixed(8) };
  const tail = {
    openTime: time - DAY_MS,
    closeTime: time,
    firstId: nextTradeId - 1 - day.trades,
    lastId: nextTradeId - 1,
    count: day.trades,
  };
  const type = parameters.choice('type', ['FULL', 'MINI'], () => errors.invalidData('type')) ?? 'FULL';
  if (type === 'MINI') return { symbol: id, ...prices, ...volumes, ...tail };
  const change = last - day.open;
  return {
    symbol: id,
    priceChange: formatFixed(change),
    priceChangePercent: (Number((change * 1_000_000n) / day.open) / 10_000).toFixed(3),
    weightedAvgPrice: day.volume > 0 ? (day.quoteVolume / day.volume).toFixed(8) : formatFixed(last),
    prevClosePrice: formatFixed(day.previousClose),
    ...prices,
    lastQty: formatFixed(exchange.prints.newest(id, 1)[0]?.quantity ?? 0n),
    ...bookTop(exchange, id),
    ...volumes,
    ...tail,
  };
};

const depthWeight = (parameters: Parameters): number => {
  const limit = Number(parameters.raw('limit') ?? '100');
  if (limit <= 100) return 5;
  if (limit <= 500) return 25;
  return limit <= 1000 ? 50 : 250;
};

const byChoice =
  (one: number, several: number, all: number) =>
  (parameters: Parameters): number => {
    if (parameters.raw('symbol') !== undefined) return one;
    return parameters.raw('symbols') !== undefined ? several : all;
  };

const open = (path: string, weight: Route['weight'], handle: Route['handle']): Route => ({
  method: 'GET',
  path: `/api/v3/${path}`,
  security: 'none',
  weight,
  handle,
});

export const marketDataRoutes: readonly Route[] = [
  open('klines', () => 2, klines),
  open('uiKlines', () => 2, klines),
  open('depth', depthWeight, depth),
  open('trades', () => 25, trades),
  open('aggTrades', () => 4, aggregateTrades),
  open('avgPrice', () => 2, averagePrice),
  open('ticker/price', byChoice(2, 4, 4), perSymbol(priceTicker)),
  open(
    'ticker/bookTicker',
    byChoice(2, 4, 4),
    perSymbol((exchange, id) => ({ symbol: id, ...bookTop(exchange, id) })),
  ),
  open('ticker/24hr', byChoice(2, 2, 80), perSymbol(dayTicker)),
];
