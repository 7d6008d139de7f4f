import { binance, InsufficientFunds, InvalidNonce, InvalidOrder, OrderNotFound, type Exchange } from 'ccxt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExchangeSimulator } from './simulator.ts';
import { startTestSimulator, TEST_START } from './testing.ts';

/** ccxt's own client, its origins replaced by the simulator's. */
const connect = (simulator: ExchangeSimulator): Exchange => {
  const exchange = new binance({
    apiKey: simulator.credentials.apiKey,
    secret: simulator.credentials.secret,
    enableRateLimit: false,
    options: { defaultType: 'spot', fetchMarkets: { types: ['spot'] }, fetchMargins: false, fetchCurrencies: false },
  });
  const urls = exchange.urls as { api: Record<string, string> };
  urls.api = Object.fromEntries(
    Object.entries(urls.api).map(([name, url]) => [
      name,
      typeof url === 'string' ? url.replace(/^https?:\/\/[^/]+/, simulator.url) : url,
    ]),
  );
  return exchange;
};

let simulator: ExchangeSimulator;
let exchange: Exchange;
beforeEach(async () => {
  simulator = await startTestSimulator();
  exchange = connect(simulator);
  await exchange.loadMarkets();
});
afterEach(async () => {
  await exchange.close();
  await simulator.close();
});

const last = (): number => Number(simulator.control.state().prices['BTC/USDT']);
const buy = (amount = 0.01) =>
  exchange.createOrder('BTC/USDT', 'limit', 'buy', amount, last() * 1.001, {
    timeInForce: 'IOC',
    clientOrderId: 'gb-entry',
  });

describe('ccxt trades on the simulator', () => {
  it('reads markets, time, balance, prices, book and candles', async () => {
    expect(exchange.market('BTC/USDT')).toMatchObject({
      id: 'BTCUSDT',
      active: true,
      spot: true,
      precision: { amount: 0.00001, price: 0.01 },
      limits: { cost: { min: 5 } },
    });
    expect(Math.abs(Number(await exchange.fetchTime()) - Date.now())).toBeLessThan(2000);
    expect((await exchange.fetchBalance())['USDT']).toEqual({ free: 10_000, used: 0, total: 10_000 });
    const ticker = await exchange.fetchTicker('BTC/USDT');
    expect(ticker).toMatchObject({ last: last(), timestamp: TEST_START });
    expect(Number(ticker.bid) < last() && last() < Number(ticker.ask)).toBe(true);
    expect(Object.keys(await exchange.fetchTickers(['BTC/USDT', 'ETH/USDT']))).toHaveLength(2);
    expect((await exchange.fetchOrderBook('BTC/USDT', 5)).asks).toHaveLength(5);
    expect(await exchange.fetchTrades('BTC/USDT')).toHaveLength(1);
    const candles = await exchange.fetchOHLCV('BTC/USDT', '1h', undefined, 10);
    expect(candles).toHaveLength(10);
    expect(candles.at(-1)?.[0]).toBe(TEST_START);
    expect((await exchange.fetchStatus()).status).toBe('ok');
  });

  it('buys, protects, is stopped out, and finds every trade', async () => {
    const entry = await buy();
    expect(entry).toMatchObject({ status: 'closed', filled: 0.01, clientOrderId: 'gb-entry' });
    expect((entry as unknown as { fees: unknown }).fees).toEqual([{ currency: 'BTC', cost: 0.00001 }]);
    const trigger = last() * 0.985;
    const stop = await exchange.createOrder('BTC/USDT', 'limit', 'sell', 0.00999, trigger * 0.98, {
      stopLossPrice: trigger,
      clientOrderId: 'gb-stop',
    });
    expect(stop).toMatchObject({ status: 'open', clientOrderId: 'gb-stop' });
    const open = await exchange.fetchOpenOrders('BTC/USDT');
    expect(open.map(({ clientOrderId, triggerPrice }) => [clientOrderId, triggerPrice])).toEqual([
      ['gb-stop', Number(trigger.toFixed(2))],
    ]);
    simulator.control.jump('BTC/USDT', -0.016);
    expect(await exchange.fetchOrder('', 'BTC/USDT', { origClientOrderId: 'gb-stop' })).toMatchObject({
      status: 'closed',
      filled: 0.00999,
    });
    const trades = await exchange.fetchMyTrades('BTC/USDT');
    expect(trades.map(({ side, fee }) => [side, fee?.currency])).toEqual([
      ['buy', 'BTC'],
      ['sell', 'USDT'],
    ]);
    expect((await exchange.fetchBalance())['BTC']).toMatchObject({ used: 0, total: 0 });
    expect(await exchange.fetchOpenOrders('BTC/USDT')).toHaveLength(0);
  });

  it('places a market stop where the symbol has one', async () => {
    await buy();
    const stop = await exchange.createOrder('BTC/USDT', 'market', 'sell', 0.009, undefined, {
      stopLossPrice: last() * 0.98,
    });
    expect((await exchange.fetchOrder(String(stop.id), 'BTC/USDT')).info).toMatchObject({
      type: 'STOP_LOSS',
      status: 'NEW',
    });
    await expect(
      exchange.createOrder('ETH/USDT', 'market', 'sell', 0.1, undefined, { stopLossPrice: 1000 }),
    ).rejects.toThrow(InvalidOrder);
  });

  it('cancels one and all', async () => {
    const one = await exchange.createOrder('BTC/USDT', 'limit', 'buy', 0.001, last() * 0.9);
    await exchange.createOrder('BTC/USDT', 'limit', 'buy', 0.001, last() * 0.91);
    expect((await exchange.cancelOrder(String(one.id), 'BTC/USDT')).status).toBe('canceled');
    await exchange.cancelAllOrders('BTC/USDT');
    expect(await exchange.fetchOpenOrders('BTC/USDT')).toHaveLength(0);
    const orders = await exchange.fetchOrders('BTC/USDT');
    expect(orders.map(({ status }) => status)).toEqual(['canceled', 'canceled']);
    await expect(exchange.cancelOrder(String(one.id), 'BTC/USDT')).rejects.toThrow(OrderNotFound);
  });

  it('maps the refusals as with the real exchange', async () => {
    await expect(exchange.createOrder('BTC/USDT', 'market', 'buy', 1)).rejects.toThrow(InsufficientFunds);
    await expect(exchange.createOrder('BTC/USDT', 'limit', 'buy', 0.0001, 1000)).rejects.toThrow(InvalidOrder);
    await expect(exchange.fetchOrder('5', 'BTC/USDT')).rejects.toThrow(OrderNotFound);
    simulator.control.fault({ name: 'skew', milliseconds: 60_000 });
    await expect(exchange.fetchBalance()).rejects.toThrow(InvalidNonce);
  });

  it('reads twelve columns through the implicit method', async () => {
    const raw = await (exchange as unknown as { publicGetKlines(p: object): Promise<unknown[][]> }).publicGetKlines({
      symbol: 'BTCUSDT',
      interval: '1h',
      limit: 2,
    });
    expect(raw.map((row) => row.length)).toEqual([12, 12]);
  });
});
