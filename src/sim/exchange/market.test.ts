import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Candle } from '../../core/market/candle.ts';
import { HOUR_MS } from '../../core/units.ts';
import { createMarketHistory, withFlatSymbol, type MarketHistory } from './market-history.ts';
import type { ExchangeSimulator } from './simulator.ts';
import { createRawClient, generateMarket, startTestSimulator, TEST_FROM, TEST_START } from './testing.ts';

const running: ExchangeSimulator[] = [];
const start = async (options: Parameters<typeof startTestSimulator>[0] = {}): Promise<ExchangeSimulator> => {
  const simulator = await startTestSimulator(options);
  running.push(simulator);
  return simulator;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

const klines = async (
  simulator: ExchangeSimulator,
  parameters: Record<string, string | number> = {},
  symbol = 'BTCUSDT',
): Promise<unknown[][]> => {
  const { body } = await createRawClient(simulator).open('klines', { symbol, interval: '1h', ...parameters });
  return body as unknown[][];
};
const price = (simulator: ExchangeSimulator): number => Number(simulator.control.state().prices['BTC/USDT']);
const step = async (simulator: ExchangeSimulator, count: number): Promise<void> => {
  for (let index = 0; index < count; index += 1) await simulator.control.idle();
};
const sourceRow = (candle: Candle): unknown[] => [
  candle.openTime,
  ...[candle.open, candle.high, candle.low, candle.close, candle.volume],
  candle.openTime + HOUR_MS - 1,
  ...[candle.quoteVolume, candle.trades, candle.takerBuyBase, candle.takerBuyQuote, 0],
];
const numbers = (row: readonly unknown[]): number[] => row.map(Number);

describe('market time', () => {
  it('walks each hour through its four prices, one sub-step an idle', async () => {
    const history = generateMarket({ symbols: { 'BTC/USDT': 50_000 }, from: TEST_FROM, hours: 500, seed: 5 });
    const simulator = await start({ history });
    for (const candle of history.candles('BTC/USDT', TEST_START, TEST_START + 20 * HOUR_MS)) {
      const seen = [price(simulator)];
      for (let index = 1; index < 4; index += 1) {
        const { marketTime, advanced, ended } = await simulator.control.idle();
        expect([marketTime, advanced, ended]).toEqual([candle.openTime + index * 900_000, true, false]);
        seen.push(price(simulator));
      }
      expect([seen[0], seen[3]]).toEqual([candle.open, candle.close]);
      expect([seen[1], seen[2]].toSorted((a, b) => Number(a) - Number(b))).toEqual([candle.low, candle.high]);
      await simulator.control.idle();
    }
  });

  it('ends with the history, and says so', async () => {
    const history = generateMarket({ symbols: { 'BTC/USDT': 50_000 }, from: TEST_FROM, hours: 402, seed: 5 });
    const simulator = await start({ history });
    await step(simulator, 8);
    expect(simulator.control.state().marketTime).toBe(history.end);
    expect(await simulator.control.idle()).toEqual({ marketTime: history.end, advanced: false, ended: true });
    const refused = await createRawClient(simulator).signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.001',
    });
    expect(refused.body).toEqual({ code: -1013, msg: 'Market is closed.' });
    expect((await klines(simulator, { limit: 1 }))[0]?.[0]).toBe(history.end - HOUR_MS);
  });

  it('is the same for the same seed and another for another', async () => {
    const walk = async (seed: number): Promise<string[]> => {
      const simulator = await start({ seed, stepsPerHour: 6 });
      const prices: string[] = [];
      for (let index = 0; index < 60; index += 1) {
        prices.push(JSON.stringify(simulator.control.state().prices));
        prices.push(JSON.stringify((await createRawClient(simulator).open('depth', { symbol: 'BTCUSDT' })).body));
        await simulator.control.idle();
      }
      return prices;
    };
    const first = await walk(1);
    expect(await walk(1)).toEqual(first);
    expect(await walk(2)).not.toEqual(first);
  });

  it('opens an hour with a gap: a stop in it fills at the new price', async () => {
    const flat = (hour: number, price: number): Candle => ({
      openTime: TEST_START + hour * HOUR_MS,
      open: price,
      high: price,
      low: price,
      close: price,
      volume: 1,
      quoteVolume: price,
      trades: 1,
      takerBuyBase: 1,
      takerBuyQuote: price,
    });
    const simulator = await start({
      history: createMarketHistory({ 'BTC/USDT': [flat(0, 50_000), flat(1, 45_000)] }),
      balances: { BTC: '1' },
    });
    const client = createRawClient(simulator);
    await client.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_LOSS',
      quantity: '0.1',
      stopPrice: '49000',
    });
    await step(simulator, 4);
    const { body } = await client.signed('GET', 'allOrders', { symbol: 'BTCUSDT' });
    // The bid one basis point below 45,000, not below the trigger.
    expect(body).toMatchObject([{ status: 'FILLED', cummulativeQuoteQty: '4499.55000000' }]);
  });

  it('needs a start that has prices', async () => {
    await expect(start({ startTime: TEST_START + 1 })).rejects.toThrow(/on the hour/);
    await expect(start({ startTime: TEST_FROM - 40 * 24 * HOUR_MS })).rejects.toThrow(/BTC\/USDT: no candle/);
    await expect(start({ stepsPerHour: 3 })).rejects.toThrow(/steps per hour/);
  });
});

describe('klines', () => {
  it('are the source itself once closed, and the forming one is last', async () => {
    const history = generateMarket({ symbols: { 'BTC/USDT': 50_000 }, from: TEST_FROM, hours: 500, seed: 5 });
    const simulator = await start({ history });
    await step(simulator, 41);
    const rows = await klines(simulator, { limit: 1000 });
    const closed = history.candles('BTC/USDT', 0, TEST_START + 10 * HOUR_MS);
    expect(rows.slice(0, -1).map(numbers)).toEqual(closed.map((candle) => numbers(sourceRow(candle))));
    const forming = numbers(rows.at(-1) ?? []);
    const [source] = history.candles('BTC/USDT', TEST_START + 10 * HOUR_MS, TEST_START + 11 * HOUR_MS);
    expect(forming[0]).toBe(TEST_START + 10 * HOUR_MS);
    expect(forming[4]).toBe(price(simulator));
    expect(forming[5]).toBeCloseTo((source?.volume ?? 0) / 2, 7);
  });

  it('page as the exchange does', async () => {
    const simulator = await start();
    const times = async (parameters: Record<string, number>): Promise<number[]> =>
      (await klines(simulator, parameters)).map((row) => Number(row[0]));
    const hour = (index: number): number => TEST_START + index * HOUR_MS;
    expect(await times({ startTime: hour(-5), limit: 2 })).toEqual([hour(-5), hour(-4)]);
    expect(await times({ startTime: hour(-5) + 1, limit: 2 })).toEqual([hour(-4), hour(-3)]);
    expect(await times({ endTime: hour(-5), limit: 2 })).toEqual([hour(-6), hour(-5)]);
    expect(await times({ startTime: hour(-5), endTime: hour(-4) })).toEqual([hour(-5), hour(-4)]);
    expect(await times({ startTime: 0, limit: 1 })).toEqual([TEST_FROM]);
    expect(await times({ startTime: hour(1) })).toEqual([]);
    expect(await times({})).toHaveLength(401);
    expect(await times({ limit: 5000 })).toHaveLength(401);
  });

  it('leave outages out, fill their pages across them, and stop trading meanwhile', async () => {
    const history = generateMarket({
      symbols: { 'BTC/USDT': 50_000 },
      from: TEST_FROM,
      hours: 500,
      seed: 5,
      missing: [398, 402, 403],
    });
    const simulator = await start({ history });
    const client = createRawClient(simulator);
    expect((await klines(simulator, { limit: 3 })).map((row) => (Number(row[0]) - TEST_FROM) / HOUR_MS)).toEqual([
      397, 399, 400,
    ]);
    expect(
      (await klines(simulator, { startTime: TEST_FROM + 397 * HOUR_MS, limit: 3 })).map(
        (row) => (Number(row[0]) - TEST_FROM) / HOUR_MS,
      ),
    ).toEqual([397, 399, 400]);
    await step(simulator, 8);
    const closed = await client.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.001',
    });
    expect(closed.body).toEqual({ code: -1013, msg: 'Market is closed.' });
    const ticker = (await client.open('ticker/24hr', { symbol: 'BTCUSDT' })).body as { closeTime: number };
    expect(ticker.closeTime).toBe(TEST_START + 2 * HOUR_MS - 900_000);
    expect((await klines(simulator, { limit: 1 }))[0]?.[0]).toBe(TEST_START + HOUR_MS);
    expect(() => simulator.control.price('BTC/USDT', 1000)).toThrow(/does not trade/);
    await step(simulator, 8);
    expect(
      (await client.signed('POST', 'order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.001' }))
        .status,
    ).toBe(200);
    expect((await klines(simulator, { limit: 2 })).map((row) => (Number(row[0]) - TEST_FROM) / HOUR_MS)).toEqual([
      401, 404,
    ]);
  });

  it('hold what really traded, forced prices included, with the volumes of the source', async () => {
    const history = generateMarket({ symbols: { 'BTC/USDT': 50_000 }, from: TEST_FROM, hours: 500, seed: 5 });
    const simulator = await start({ history });
    const [source] = history.candles('BTC/USDT', TEST_START, TEST_START + HOUR_MS);
    await step(simulator, 1);
    simulator.control.price('BTC/USDT', '45000.123');
    expect(price(simulator)).toBe(45_000.12);
    await step(simulator, 1);
    expect([source?.low, source?.high]).toContain(price(simulator));
    await step(simulator, 2);
    const row = numbers((await klines(simulator, { startTime: TEST_START, limit: 1 }))[0] ?? []);
    expect(row.slice(1, 5)).toEqual([source?.open, source?.high, 45_000.12, source?.close]);
    expect(row[5]).toBe(source?.volume);
  });

  it('stay moved after a lasting jump', async () => {
    const history = generateMarket({ symbols: { 'BTC/USDT': 50_000 }, from: TEST_FROM, hours: 500, seed: 5 });
    const simulator = await start({ history });
    simulator.control.jump('BTC/USDT', -0.1);
    await step(simulator, 9);
    const [source] = history.candles('BTC/USDT', TEST_START + HOUR_MS, TEST_START + 2 * HOUR_MS);
    const row = numbers((await klines(simulator, { startTime: TEST_START + HOUR_MS, limit: 1 }))[0] ?? []);
    [source?.open, source?.high, source?.low, source?.close].forEach((value, index) => {
      expect(Math.abs(Number(row[index + 1]) - Number(value) * 0.9)).toBeLessThan(0.02);
    });
  });
});

describe('histories', () => {
  const candle = (hour: number): Candle => ({
    openTime: hour * HOUR_MS,
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    volume: 1,
    quoteVolume: 1,
    trades: 1,
    takerBuyBase: 1,
    takerBuyQuote: 1,
  });

  it('must be sorted, on the hour and not empty', () => {
    expect(() => createMarketHistory({})).toThrow(/at least one symbol/);
    expect(() => createMarketHistory({ 'A/B': [] })).toThrow(/no candles/);
    expect(() => createMarketHistory({ 'A/B': [candle(2), candle(1)] })).toThrow(/out of order/);
    expect(() => createMarketHistory({ 'A/B': [{ ...candle(1), openTime: 5 }] })).toThrow(/off the hour/);
    const history = createMarketHistory({ 'A/B': [candle(1), candle(3)] });
    expect(history.candles('A/B', 0, 4 * HOUR_MS).map(({ openTime }) => openTime / HOUR_MS)).toEqual([1, 3]);
    expect(history.candles('A/B', 1 * HOUR_MS, 3 * HOUR_MS)).toHaveLength(1);
    expect(history.candles('X/Y', 0, 9e15)).toEqual([]);
    expect(history.end).toBe(4 * HOUR_MS);
  });

  it('can carry a fee coin of a steady price, which pays the commissions', async () => {
    const base = generateMarket({ symbols: { 'BTC/USDT': 50_000 }, from: TEST_FROM, hours: 500, seed: 5 });
    const simulator = await start({
      history: withFlatSymbol(base, 'BNB/USDT', 600),
      fees: { coin: 'BNB' },
      balances: { USDT: '10000', BNB: '1' },
    });
    const placed = await createRawClient(simulator).signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.01',
    });
    expect(placed.body).toMatchObject({ fills: [{ commissionAsset: 'BNB' }] });
    await step(simulator, 10);
    expect(simulator.control.state().prices['BNB/USDT']).toBe('600.00000000');
  });

  it('of symbols without known filters need them', async () => {
    const history = generateMarket({ symbols: { 'ABC/USDT': 5 }, from: TEST_FROM, hours: 500, seed: 5 });
    await expect(start({ history })).rejects.toThrow(/ABC\/USDT: no filters are known/);
    const simulator = await start({ history, instruments: { 'ABC/USDT': { tickSize: '0.01', stepSize: '0.1' } } });
    expect((await createRawClient(simulator).open('exchangeInfo', { symbol: 'ABCUSDT' })).status).toBe(200);
  });
});

const realPath = join(process.env['MARKET_DATA_DIR'] ?? '', 'BTCUSDT-1h.csv.gz');
const hasReal = process.env['MARKET_DATA_DIR'] !== undefined && existsSync(realPath);
if (!hasReal)
  console.warn('skipped: klines of real candles (MARKET_DATA_DIR has no BTCUSDT-1h.csv.gz); the generated twin runs');

const realHistory = (from: number, to: number): MarketHistory => {
  const candles: Candle[] = [];
  for (const line of gunzipSync(readFileSync(realPath)).toString().split('\n').slice(1)) {
    const [
      openTime = 0,
      open = 0,
      high = 0,
      low = 0,
      close = 0,
      volume = 0,
      quoteVolume = 0,
      trades = 0,
      takerBuyBase = 0,
      takerBuyQuote = 0,
    ] = line.split(',').map(Number);
    if (openTime >= from && openTime < to)
      candles.push({ openTime, open, high, low, close, volume, quoteVolume, trades, takerBuyBase, takerBuyQuote });
  }
  return createMarketHistory({ 'BTC/USDT': candles });
};

describe.skipIf(!hasReal)('on real candles', () => {
  it('the hours of August 2024 come out as they went in', async () => {
    const from = Date.UTC(2024, 6, 25);
    const first = Date.UTC(2024, 7, 1);
    const history = realHistory(from, Date.UTC(2024, 7, 10));
    const simulator = await start({ history, startTime: first });
    await step(simulator, 7 * 24 * 4);
    const rows = await klines(simulator, { startTime: from, limit: 1000 });
    expect(rows.slice(0, -1).map(numbers)).toEqual(
      history.candles('BTC/USDT', from, first + 7 * 24 * HOUR_MS).map((candle) => numbers(sourceRow(candle))),
    );
  });

  it('an outage of February 2018 halts the market and no more', async () => {
    const start2018 = Date.UTC(2018, 1, 7);
    const history = realHistory(start2018, Date.UTC(2018, 1, 12));
    const simulator = await start({ history, startTime: start2018 });
    let halted = 0;
    for (let index = 0; index < 5 * 24 * 4; index += 1) {
      await simulator.control.idle();
      try {
        simulator.control.jump('BTC/USDT', 0);
      } catch {
        halted += 1;
      }
    }
    const present = history.candles('BTC/USDT', start2018, history.end).length;
    const hours = (history.end - start2018) / HOUR_MS;
    expect(present).toBeLessThan(hours);
    expect(halted).toBeGreaterThan(0);
    expect(await klines(simulator, { startTime: start2018, limit: 1000 })).toHaveLength(present);
  });
});
