import { DAY_MS, HOUR_MS, hourStart } from '../../../core/units.ts';
import { fixed, formatFixed, times, UNIT, type Fixed } from '../../matching/fixed.ts';
import { isWorking, type SimTrade } from '../../matching/order.ts';
import { waitsForFall } from '../../matching/triggers.ts';
import { isTriggerType } from '../../matching/rules.ts';
import { ControlError, type Exchange } from '../exchange.ts';
import type { Json } from '../views.ts';
import { symbolId, type FaultContext, type FaultDefinition, type FaultValues } from './fault.ts';

interface Frozen {
  readonly last: string;
  readonly bid: string;
  readonly ask: string;
  readonly bids: unknown;
  readonly asks: unknown;
  readonly time: number;
}

const freeze = (exchange: Exchange): Map<unknown, Frozen> =>
  new Map(
    exchange.engine.symbols().map(({ rules, last, time }) => {
      const rows = (side: 'bid' | 'ask'): unknown =>
        exchange.engine
          .levels(rules.id, side)
          .map(({ price, quantity }) => [formatFixed(price), formatFixed(quantity)]);
      const frozen: Frozen = {
        last: formatFixed(last),
        bid: formatFixed(exchange.engine.bid(rules.id)),
        ask: formatFixed(exchange.engine.ask(rules.id)),
        bids: rows('bid'),
        asks: rows('ask'),
        time,
      };
      return [rules.id, frozen];
    }),
  );

const only = (row: Json, values: Json): Json =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, name in values ? values[name] : value]));

const staleRow = (row: Json, frozen: Frozen): Json =>
  only(row, {
    price: frozen.last,
    lastPrice: frozen.last,
    bidPrice: frozen.bid,
    askPrice: frozen.ask,
    bids: frozen.bids,
    asks: frozen.asks,
    closeTime: frozen.time,
    openTime: frozen.time - DAY_MS,
  });

const PRICE_PATHS = ['/ticker/price', '/ticker/bookTicker', '/ticker/24hr', '/avgPrice', '/depth'];

const stalePrices = (exchange: Exchange, symbol: string) => {
  const frozen = freeze(exchange);
  const row = (value: Json, id: unknown): Json => {
    const known = symbol === '' || symbolId(symbol) === id ? frozen.get(id) : undefined;
    return known === undefined ? value : staleRow(value, known);
  };
  return ({ path, symbol: asked }: FaultContext, body: unknown): unknown => {
    if (path.endsWith('/trades') || path.endsWith('/aggTrades')) {
      const limit = frozen.get(asked)?.time ?? Infinity;
      return Array.isArray(body) ? (body as Json[]).filter((item) => Number(item['time'] ?? item['T']) <= limit) : body;
    }
    if (!PRICE_PATHS.some((end) => path.endsWith(end))) return body;
    if (Array.isArray(body)) return (body as Json[]).map((item) => row(item, item['symbol']));
    return typeof body === 'object' && body !== null ? row(body as Json, asked) : body;
  };
};

const KLINES = { endpoint: 'klines', method: 'GET' } as const;

type Row = readonly unknown[];
const filterRows =
  (keep: (openTime: number) => boolean) =>
  (_context: FaultContext, body: unknown): unknown =>
    Array.isArray(body) ? (body as Row[]).filter((row) => keep(Number(row[0]))) : body;

const wrongBalance = (values: FaultValues) => {
  const asset = values.text('asset', 'USDT');
  const difference = values.amount('difference', '-10');
  return (_context: FaultContext, body: unknown): unknown => {
    if (typeof body !== 'object' || body === null || !('balances' in body)) return body;
    const change = (row: Json): Json => {
      if (row['asset'] !== asset) return row;
      const free = fixed(String(row['free'])) + difference;
      return { ...row, free: formatFixed(free > 0n ? free : 0n) };
    };
    return { ...body, balances: (body.balances as Json[]).map(change) };
  };
};

/**
 * The account as it was before the trades that no reading older than the delay has seen. Only trades from now on come
 * late.
 */
const lateBalances = (exchange: Exchange, values: FaultValues) => {
  const { engine } = exchange;
  const delay = values.number('milliseconds', 3_000);
  let shown = engine.files.tradeCount;
  /** How many trades there were at a reading that found new ones, oldest first. */
  const seen: { readonly count: number; readonly at: number }[] = [];
  const late = (): readonly SimTrade[] => {
    const now = exchange.wallNow();
    const count = engine.files.tradeCount;
    if (count > (seen.at(-1)?.count ?? shown)) seen.push({ count, at: now });
    for (let first = seen[0]; first !== undefined && now - first.at >= delay; first = seen[0]) {
      shown = first.count;
      seen.shift();
    }
    return engine.files.allTrades().slice(shown);
  };
  return (_context: FaultContext, body: unknown): unknown => {
    if (typeof body !== 'object' || body === null || !('balances' in body)) return body;
    const back = new Map<string, Fixed>();
    const add = (asset: string, amount: Fixed): void => void back.set(asset, (back.get(asset) ?? 0n) + amount);
    for (const { symbol, isBuyer, quantity, quote, commission, commissionAsset } of late()) {
      const { rules } = engine.symbol(symbol);
      add(rules.base, isBuyer ? -quantity : quantity);
      add(rules.quote, isBuyer ? quote : -quote);
      add(commissionAsset, commission);
    }
    // What rests on a trade that is not in it yet is taken from what is locked.
    const change = (row: Json): Json => {
      const free = fixed(String(row['free'])) + (back.get(String(row['asset'])) ?? 0n);
      const locked = fixed(String(row['locked'])) + (free < 0n ? free : 0n);
      return { ...row, free: formatFixed(free > 0n ? free : 0n), locked: formatFixed(locked > 0n ? locked : 0n) };
    };
    return { ...body, balances: (body.balances as Json[]).map(change) };
  };
};

/** Drops the price through the nearest protective stop of a symbol, as one gap. Returns whether there was one. */
const gapThroughStop = (exchange: Exchange, symbol: string, beyond: Fixed): boolean => {
  for (const [id] of exchange.instruments) {
    if ((symbol !== '' && symbolId(symbol) !== id) || !exchange.market.isTrading(id)) continue;
    const stops = exchange.engine.files
      .open(id)
      .filter((order) => isTriggerType(order.type) && !isWorking(order) && waitsForFall(order));
    const [stop] = stops.toSorted((a, b) => (a.stopPrice > b.stopPrice ? -1 : 1));
    if (stop === undefined) continue;
    exchange.forcePrice(id, times(stop.stopPrice, UNIT - beyond), false);
    return true;
  }
  return false;
};

/** Data that is old, absent or wrong, and a price that leaves no room. */
export const dataFaults: readonly FaultDefinition[] = [
  {
    name: 'stale-prices',
    summary: 'Tickers, order book and recent trades stand still, their times too, while the market goes on.',
    parameters: { of: 'only this symbol (default all)' },
    match: { method: 'GET' },
    count: null,
    create: (values, exchange) => ({ rewrite: stalePrices(exchange, values.text('of', '')) }),
  },
  {
    name: 'missing-candles',
    summary: 'Some closed candles are left out.',
    parameters: {
      from: 'first open time left out, epoch milliseconds (default the last closed hour when the fault is set)',
      hours: 'how many hours from there (default 1)',
    },
    match: KLINES,
    count: null,
    create: (values, exchange) => {
      const from = values.number('from', hourStart(exchange.marketTime) - HOUR_MS);
      const to = from + values.number('hours', 1) * HOUR_MS;
      return { rewrite: filterRows((openTime) => openTime < from || openTime >= to) };
    },
  },
  {
    name: 'stale-candles',
    summary: 'No candle newer than the hour in which the fault was set is served.',
    parameters: {},
    match: KLINES,
    count: null,
    create: (_values, exchange) => {
      const hour = hourStart(exchange.marketTime);
      return { rewrite: filterRows((openTime) => openTime < hour) };
    },
  },
  {
    name: 'wrong-balance',
    summary: 'The account states another free balance than it has.',
    parameters: {
      asset: 'which (default USDT)',
      difference: 'added to the free balance, never below zero (default -10)',
    },
    match: { endpoint: 'account', method: 'GET' },
    count: null,
    create: (values) => ({ rewrite: wrongBalance(values) }),
  },
  {
    name: 'late-balances',
    summary: 'The account does not show new trades for a while.',
    parameters: { milliseconds: 'how long, from the first reading after a trade (default 3000)' },
    match: { endpoint: 'account', method: 'GET' },
    count: null,
    create: (values, exchange) => ({ rewrite: lateBalances(exchange, values) }),
  },
  {
    name: 'price-gap-through-stop',
    summary: 'After a market step that finds a protective stop, the price gaps below its trigger.',
    parameters: {
      of: 'only this symbol (default any)',
      beyond: 'how far below the trigger, as a fraction (default 0.01)',
    },
    match: {},
    count: 1,
    create: (values, exchange) => {
      const beyond = values.fraction('beyond', 0.01);
      if (beyond >= UNIT) throw new ControlError('fault price-gap-through-stop: beyond must be below 1');
      const symbol = values.text('of', '');
      return { stepped: () => gapThroughStop(exchange, symbol, beyond) };
    },
  },
];
