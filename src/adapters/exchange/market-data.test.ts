import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { decimal, formatDecimal } from '../../core/decimal.ts';
import { HOUR_MS } from '../../core/units.ts';
import type { ExchangeHandle } from './create-exchange.ts';
import {
  connect,
  recordingLog,
  startLoopbackExchange,
  type LoopbackExchange,
  type RecordedLog,
} from './loopback-exchange.test-helper.ts';

let server: LoopbackExchange;
let exchange: ExchangeHandle;
let log: RecordedLog;
beforeEach(async () => {
  server = await startLoopbackExchange();
  log = recordingLog();
  exchange = await connect(server.origin, { log, credentials: null });
});
afterEach(async () => {
  await exchange.close();
  await server.close();
});

const START = Date.UTC(2024, 7, 5);
const kline = (hour: number, overrides: Readonly<Record<number, unknown>> = {}): unknown[] => {
  const openTime = START + hour * HOUR_MS;
  const row: unknown[] = [
    openTime,
    '100.00',
    '110.00',
    '90.00',
    '105.00',
    '12.5',
    openTime + HOUR_MS - 1,
    '1300.5',
    77,
    '6.25',
    '650.25',
    '0',
  ];
  for (const [column, value] of Object.entries(overrides)) row[Number(column)] = value;
  return row;
};

describe('closed candles', () => {
  test('come with all twelve columns of the raw answer, and the forming one is never among them', async () => {
    server.handle = () => ({ body: [kline(0), kline(1), kline(2)] });
    const read = await exchange.marketData.closedCandles('BTC/USDT', START, START + 2 * HOUR_MS + 1);
    expect(read).toEqual({
      ok: true,
      value: [0, 1].map((hour) => ({
        openTime: START + hour * HOUR_MS,
        open: 100,
        high: 110,
        low: 90,
        close: 105,
        volume: 12.5,
        quoteVolume: 1300.5,
        trades: 77,
        takerBuyBase: 6.25,
        takerBuyQuote: 650.25,
      })),
    });
    expect(Object.fromEntries(server.received.find(({ path }) => path === 'klines')?.query ?? [])).toEqual({
      symbol: 'BTCUSDT',
      interval: '1h',
      startTime: String(START),
      limit: '1000',
    });
  });

  test('a candle is closed at the full hour and not a millisecond earlier', async () => {
    server.handle = () => ({ body: [kline(0)] });
    expect(await exchange.marketData.closedCandles('BTC/USDT', START, START + HOUR_MS - 1)).toEqual({
      ok: true,
      value: [],
    });
    expect(await exchange.marketData.closedCandles('BTC/USDT', START, START + HOUR_MS)).toMatchObject({
      ok: true,
      value: [{ openTime: START }],
    });
  });

  test('an unsound, misplaced or malformed candle fails the page and is named', async () => {
    const spoilt: readonly (readonly [unknown[][], RegExp])[] = [
      [[kline(0), kline(1, { 2: '95.00' })], /2024-08-05T01:00:00.000Z: high 95/],
      [[kline(0, { 4: '0' })], /close 0 is not a positive price/],
      [[kline(1), kline(0)], /out of order/],
      [[kline(0), kline(0)], /out of order/],
      [[kline(-1)], /out of order/],
      [[kline(0, { 0: START + 1 })], /not on the hour/],
      [[kline(0, { 1: 'NaN' })], /0\.1/],
      [[kline(0).slice(0, 6)], /candles of BTC\/USDT/],
    ];
    for (const [body, why] of spoilt) {
      server.handle = () => ({ body });
      const read = await exchange.marketData.closedCandles('BTC/USDT', START, START + 9 * HOUR_MS);
      expect(read).toMatchObject({ ok: false, error: { kind: 'malformed', message: expect.stringMatching(why) } });
    }
  });

  test('a failed read is a failure and never an empty history', async () => {
    server.handle = () => ({ status: 500, body: '' });
    expect(await exchange.marketData.closedCandles('BTC/USDT', START, START + HOUR_MS)).toMatchObject({
      ok: false,
      error: { kind: 'unknown' },
    });
  });
});

describe('quotes', () => {
  const books = [
    { symbol: 'BTCUSDT', bidPrice: '59999.00', bidQty: '1', askPrice: '60001.00', askQty: '1' },
    { symbol: 'ETHUSDT', bidPrice: '2499.00', bidQty: '1', askPrice: '2501.00', askQty: '1' },
  ];
  const prices = [
    { symbol: 'ETHUSDT', price: '2500.00' },
    { symbol: 'BTCUSDT', price: '60000.00' },
  ];

  test('of all symbols take two requests', async () => {
    server.handle = ({ path }) => ({ body: path === 'ticker/bookTicker' ? books : prices });
    expect(await exchange.marketData.quotes(['BTC/USDT', 'ETH/USDT'], START)).toEqual({
      ok: true,
      value: [
        { symbol: 'BTC/USDT', last: 60_000, bid: 59_999, ask: 60_001, at: START },
        { symbol: 'ETH/USDT', last: 2_500, bid: 2_499, ask: 2_501, at: START },
      ],
    });
    const asked = server.received.filter(({ path }) => path.startsWith('ticker'));
    expect(asked.map(({ path, query }) => `${path} ${query.get('symbols')}`).sort()).toEqual([
      'ticker/bookTicker ["BTCUSDT","ETHUSDT"]',
      'ticker/price ["BTCUSDT","ETHUSDT"]',
    ]);
  });

  test('a symbol without sound prices is left out and logged, the others stay', async () => {
    for (const broken of [
      { symbol: 'BTCUSDT', bidPrice: '0.00', askPrice: '0.00' },
      { symbol: 'BTCUSDT', bidPrice: '3', askPrice: '2' },
    ]) {
      server.handle = ({ path }) => ({ body: path === 'ticker/bookTicker' ? [broken, books[1]] : prices });
      expect(await exchange.marketData.quotes(['BTC/USDT', 'ETH/USDT'], START)).toMatchObject({
        ok: true,
        value: [{ symbol: 'ETH/USDT' }],
      });
    }
    expect(log.lines.filter((line) => line.includes('no sound price'))).toHaveLength(2);
  });

  test('a symbol that the exchange has taken off its list does not blind the others', async () => {
    const gone = { status: 400, body: { code: -1121, msg: 'Invalid symbol.' } };
    server.handle = ({ path, query }) => {
      const symbols = JSON.parse(query.get('symbols') ?? '[]') as string[];
      return symbols.includes('BTCUSDT')
        ? gone
        : { body: (path === 'ticker/bookTicker' ? books : prices).filter(({ symbol }) => symbols.includes(symbol)) };
    };
    expect(await exchange.marketData.quotes(['BTC/USDT', 'ETH/USDT'], START)).toMatchObject({
      ok: true,
      value: [{ symbol: 'ETH/USDT', last: 2_500 }],
    });
    expect(log.lines.filter((line) => line.includes('does not list'))).toHaveLength(1);
    expect(await exchange.marketData.quotes(['BTC/USDT'], START)).toMatchObject({
      ok: false,
      error: { code: '-1121' },
    });
  });

  test('fail when one of their two requests fails or makes no sense', async () => {
    server.handle = ({ path }) => (path === 'ticker/bookTicker' ? { body: books } : { status: 500, body: '' });
    expect(await exchange.marketData.quotes(['BTC/USDT'], START)).toMatchObject({ ok: false });
    server.handle = ({ path }) => ({
      body: path === 'ticker/bookTicker' ? books : [{ symbol: 'BTCUSDT', price: 'null' }],
    });
    expect(await exchange.marketData.quotes(['BTC/USDT'], START)).toMatchObject({
      ok: false,
      error: { kind: 'malformed' },
    });
  });
});

const symbolInfo = (overrides: Record<string, unknown> = {}): Record<string, unknown> => ({
  symbol: 'BTCUSDT',
  status: 'TRADING',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT_LIMIT'],
  isSpotTradingAllowed: true,
  filters: [
    { filterType: 'PRICE_FILTER', minPrice: '0.01000000', maxPrice: '1000000.00000000', tickSize: '0.01000000' },
    { filterType: 'LOT_SIZE', minQty: '0.00001000', maxQty: '9000.00000000', stepSize: '0.00001000' },
    { filterType: 'MARKET_LOT_SIZE', minQty: '0.00000000', maxQty: '129.84957276', stepSize: '0.00000000' },
    {
      filterType: 'NOTIONAL',
      minNotional: '5.00000000',
      applyMinToMarket: true,
      maxNotional: '9000000.00000000',
      applyMaxToMarket: false,
      avgPriceMins: 5,
    },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 200 },
    { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: 5 },
  ],
  ...overrides,
});

describe('instruments', () => {
  test('have every filter as an exact decimal', async () => {
    server.handle = () => ({
      body: {
        rateLimits: [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 1_200 }],
        symbols: [symbolInfo()],
      },
    });
    const read = await exchange.marketData.instruments(['BTC/USDT']);
    expect(read).toEqual({
      ok: true,
      value: [
        {
          symbol: 'BTC/USDT',
          id: 'BTCUSDT',
          base: 'BTC',
          quote: 'USDT',
          trading: true,
          orderTypes: ['limit', 'market', 'stop-loss', 'stop-loss-limit'],
          tickSize: decimal('0.01'),
          minPrice: decimal('0.01'),
          maxPrice: decimal('1000000'),
          stepSize: decimal('0.00001'),
          minQuantity: decimal('0.00001'),
          maxQuantity: decimal('9000'),
          marketStepSize: decimal('0'),
          marketMinQuantity: decimal('0'),
          marketMaxQuantity: decimal('129.84957276'),
          minNotional: decimal('5'),
          maxNotional: decimal('9000000'),
          maxOrders: 200,
          maxAlgoOrders: 5,
        },
      ],
    });
    expect(exchange.weight().limit).toBe(1_200);
  });

  test('a missing or unreadable filter is no "no limit"', async () => {
    const filters = symbolInfo()['filters'] as { filterType: string }[];
    for (const missing of ['PRICE_FILTER', 'LOT_SIZE', 'NOTIONAL']) {
      server.handle = () => ({
        body: { symbols: [symbolInfo({ filters: filters.filter(({ filterType }) => filterType !== missing) })] },
      });
      expect(await exchange.marketData.instruments(['BTC/USDT']), missing).toMatchObject({
        ok: false,
        error: { kind: 'malformed' },
      });
    }
    server.handle = () => ({
      body: {
        symbols: [
          symbolInfo({
            filters: filters.map((filter) =>
              filter.filterType === 'LOT_SIZE' ? { ...filter, stepSize: 'x' } : filter,
            ),
          }),
        ],
      },
    });
    expect(await exchange.marketData.instruments(['BTC/USDT'])).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('LOT_SIZE') },
    });
  });

  test('a symbol that is halted is known and not trading', async () => {
    for (const overrides of [{ status: 'BREAK' }, { status: 'CANCEL_ONLY' }, { isSpotTradingAllowed: false }]) {
      server.handle = () => ({ body: { symbols: [symbolInfo(overrides)] } });
      expect(await exchange.marketData.instruments(['BTC/USDT'])).toMatchObject({
        ok: true,
        value: [{ trading: false }],
      });
    }
  });

  test('a symbol that the exchange does not list is refused by name', async () => {
    server.handle = ({ query }) =>
      query.get('symbols')?.includes('NOPE') === true
        ? { status: 400, body: { code: -1121, msg: 'Invalid symbol.' } }
        : { body: { symbols: [symbolInfo()] } };
    const read = await exchange.marketData.instruments(['BTC/USDT', 'NOPE/USDT']);
    expect(read).toMatchObject({
      ok: false,
      error: { kind: 'unlisted', message: expect.stringContaining('NOPE/USDT') },
    });
    server.handle = () => ({ body: { symbols: [symbolInfo()] } });
    expect(await exchange.marketData.instruments(['BTC/USDT', 'ETH/USDT'])).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('ETH/USDT') },
    });
  });
});

/** The recorded answers stand beside the candle files. */
const marketData = process.env['MARKET_DATA_DIR'] ?? '';
const recorded = join(resolve(marketData), '..', 'exchange-responses');
const noRecorded = marketData === '' || !existsSync(recorded);

describe.skipIf(noRecorded)('recorded answers of the real exchange (needs MARKET_DATA_DIR)', () => {
  const read = (name: string): string => readFileSync(join(recorded, name), 'utf8');

  test('exchangeInfo', async () => {
    const text = read('binance-spot-exchangeInfo.json');
    server.handle = () => ({ body: text });
    const instruments = await exchange.marketData.instruments(['BTC/USDT']);
    expect(
      instruments.ok &&
        instruments.value.map(({ id, tickSize, minNotional }) => [
          id,
          formatDecimal(tickSize),
          formatDecimal(minNotional),
        ]),
    ).toEqual([['BTCUSDT', '0.01', '5']]);
  });

  test.each([
    'binance-spot-klines-BTCUSDT-1h-2021-05.json',
    'binance-spot-klines-BTCUSDT-1h-2018-02.json',
    'binance-spot-klines-empty.json',
  ])('%s', async (name) => {
    const text = read(name);
    const rows = JSON.parse(text) as unknown[][];
    server.handle = () => ({ body: text });
    const from = Number(rows[0]?.[0] ?? 0);
    const candles = await exchange.marketData.closedCandles('BTC/USDT', from, Date.UTC(2030, 0, 1));
    expect(candles).toMatchObject({ ok: true });
    expect(candles.ok && candles.value.length).toBe(rows.length);
  });
});
