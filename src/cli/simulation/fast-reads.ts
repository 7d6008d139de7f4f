import { formatDecimal, type Decimal } from '../../core/decimal.ts';
import type { Candle } from '../../core/market/candle.ts';
import type { OrderSnapshot } from '../../core/orders/order.ts';
import { HOUR_MS, type SymbolName } from '../../core/units.ts';
import type { MarketData } from '../../ports/market-data.ts';
import type { Venue } from '../../ports/venue.ts';
import type { Fixed } from '../../sim/matching/fixed.ts';
import type { SimOrder } from '../../sim/matching/order.ts';
import type { World } from '../../sim/simulation/world.ts';

/**
 * While no fault concerns it, what is read every minute is read from the simulated
 * exchange itself: the answers are those of its interface, without the cost of
 * writing them down and reading them back. Otherwise it goes the long
 * way, as orders and accounts always do.
 */
const PAGE = 1_000;
/** The simulator counts in 10^-8, the ledger in 10^-16. */
const SCALE = 100_000_000n;
const price = (value: Fixed): number => Number(value) / 1e8;
const text = (value: Fixed): string => formatDecimal((value * SCALE) as Decimal);

export const fastMarketData = (world: World, long: MarketData): MarketData => {
  const { engine, market } = world.exchange;
  return {
    instruments: (symbols) => long.instruments(symbols),
    closedCandles: (symbol, from, now) => {
      if (world.concerns('klines')) return long.closedCandles(symbol, from, now);
      const id = world.idOf(symbol);
      const served = world.history.candles(symbol, from, now - (now % HOUR_MS)).slice(0, PAGE);
      if (market.overrides.size === 0) return Promise.resolve({ ok: true, value: served });
      const value = served.map((candle): Candle => {
        // What was before the market began was never traded.
        if (candle.openTime < world.start) return candle;
        const traded = market.overrides.get(`${id}/${candle.openTime}`);
        return traded === undefined
          ? candle
          : {
              ...candle,
              open: price(traded.open),
              high: price(traded.high),
              low: price(traded.low),
              close: price(traded.close),
            };
      });
      return Promise.resolve({ ok: true, value });
    },
    quotes: (symbols, now) => {
      if (world.concerns('quotes')) return long.quotes(symbols, now);
      const value = symbols.map((symbol) => {
        const id = world.idOf(symbol);
        return {
          symbol,
          last: price(engine.symbol(id).last),
          bid: price(engine.bid(id)),
          ask: price(engine.ask(id)),
          at: now,
        };
      });
      return Promise.resolve({ ok: true, value });
    },
  };
};

export const fastVenue = (world: World, long: Venue): Venue => {
  const { files } = world.exchange.engine;
  /** While nothing of an order is executed, every look says the same of it. */
  const stated = new WeakMap<SimOrder, OrderSnapshot>();
  const state = (symbol: SymbolName, order: SimOrder): OrderSnapshot => {
    const known = stated.get(order);
    if (known !== undefined) return known;
    const snapshot: OrderSnapshot = {
      clientOrderId: order.clientOrderId,
      exchangeOrderId: String(order.orderId),
      symbol,
      side: order.side === 'BUY' ? 'buy' : 'sell',
      status: 'new',
      quantity: text(order.quantity),
      executedQuantity: '0',
      fills: [],
    };
    stated.set(order, snapshot);
    return snapshot;
  };
  return {
    ...long,
    openOrders: (symbol) => {
      const open = files.open(world.idOf(symbol));
      if (world.concerns('openOrders') || open.some((order) => order.executed > 0n)) return long.openOrders(symbol);
      return Promise.resolve({ ok: true, value: open.map((order) => state(symbol, order)) });
    },
  };
};
