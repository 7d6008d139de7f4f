import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExchangeSimulator } from './simulator.ts';
import { createRawClient, startTestSimulator, TEST_START, type RawClient } from './testing.ts';

/** Field names and value kinds of a JSON value; lists are described by their first element. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shapeOf(item)]));
  }
  if (typeof value !== 'string') return typeof value;
  return /^-?\d+\.\d{8}$/.test(value) ? 'text with 8 decimals' : 'text';
};

const DECIMAL = 'text with 8 decimals';

let simulator: ExchangeSimulator;
let client: RawClient;
beforeAll(async () => {
  simulator = await startTestSimulator();
  client = createRawClient(simulator);
  await client.signed('POST', 'order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' });
});
afterAll(() => simulator.close());

const body = async (answer: Promise<{ body: unknown; status: number }>): Promise<unknown> => {
  const { body: value, status } = await answer;
  expect(status).toBe(200);
  return value;
};

describe('answers have the shapes of the public API documentation', () => {
  it('ping and time', async () => {
    expect(await body(client.open('ping'))).toEqual({});
    const time = (await body(client.open('time'))) as { serverTime: number };
    expect(Math.abs(time.serverTime - Date.now())).toBeLessThan(2000);
  });

  it('klines: twelve columns', async () => {
    const rows = (await body(client.open('klines', { symbol: 'BTCUSDT', interval: '1h', limit: 3 }))) as unknown[][];
    expect(rows).toHaveLength(3);
    expect(rows[0]?.map((cell) => shapeOf(cell))).toEqual([
      'number',
      DECIMAL,
      DECIMAL,
      DECIMAL,
      DECIMAL,
      DECIMAL,
      'number',
      DECIMAL,
      'number',
      DECIMAL,
      DECIMAL,
      'text',
    ]);
  });

  it('tickers, alone and as lists', async () => {
    expect(shapeOf(await body(client.open('ticker/price', { symbol: 'BTCUSDT' })))).toEqual({
      symbol: 'text',
      price: DECIMAL,
    });
    const book = { symbol: 'text', bidPrice: DECIMAL, bidQty: DECIMAL, askPrice: DECIMAL, askQty: DECIMAL };
    expect(shapeOf(await body(client.open('ticker/bookTicker', { symbols: '["BTCUSDT","ETHUSDT"]' })))).toEqual([book]);
    expect(await body(client.open('ticker/price'))).toHaveLength(2);
    expect(shapeOf(await body(client.open('ticker/24hr', { symbol: 'ETHUSDT' })))).toEqual({
      ...book,
      priceChange: DECIMAL,
      priceChangePercent: 'text',
      weightedAvgPrice: DECIMAL,
      prevClosePrice: DECIMAL,
      lastPrice: DECIMAL,
      lastQty: DECIMAL,
      openPrice: DECIMAL,
      highPrice: DECIMAL,
      lowPrice: DECIMAL,
      volume: DECIMAL,
      quoteVolume: DECIMAL,
      openTime: 'number',
      closeTime: 'number',
      firstId: 'number',
      lastId: 'number',
      count: 'number',
    });
    const mini = (await body(client.open('ticker/24hr', { symbols: '["BTCUSDT"]', type: 'MINI' }))) as object[];
    expect(Object.keys(mini[0] ?? {})).toHaveLength(12);
    const average = await body(client.open('avgPrice', { symbol: 'BTCUSDT' }));
    expect(shapeOf(average)).toEqual({ mins: 'number', price: DECIMAL, closeTime: 'number' });
  });

  it('depth and public trades', async () => {
    const depth = (await body(client.open('depth', { symbol: 'BTCUSDT', limit: 5 }))) as {
      bids: unknown[];
      asks: unknown[];
    };
    expect(shapeOf(depth)).toEqual({ lastUpdateId: 'number', bids: [[DECIMAL]], asks: [[DECIMAL]] });
    expect([depth.bids.length, depth.asks.length]).toEqual([5, 5]);
    expect(shapeOf(await body(client.open('trades', { symbol: 'BTCUSDT' })))).toEqual([
      {
        id: 'number',
        price: DECIMAL,
        qty: DECIMAL,
        quoteQty: DECIMAL,
        time: 'number',
        isBuyerMaker: 'boolean',
        isBestMatch: 'boolean',
      },
    ]);
    expect(shapeOf(await body(client.open('aggTrades', { symbol: 'BTCUSDT' })))).toEqual([
      { a: 'number', p: DECIMAL, q: DECIMAL, f: 'number', l: 'number', T: 'number', m: 'boolean', M: 'boolean' },
    ]);
  });

  it('account, rights of the key, fees', async () => {
    const account = (await body(client.signed('GET', 'account'))) as { balances: unknown[] };
    expect(shapeOf(account)).toEqual({
      makerCommission: 'number',
      takerCommission: 'number',
      buyerCommission: 'number',
      sellerCommission: 'number',
      commissionRates: { maker: DECIMAL, taker: DECIMAL, buyer: DECIMAL, seller: DECIMAL },
      canTrade: 'boolean',
      canWithdraw: 'boolean',
      canDeposit: 'boolean',
      brokered: 'boolean',
      requireSelfTradePrevention: 'boolean',
      preventSor: 'boolean',
      updateTime: 'number',
      accountType: 'text',
      balances: [{ asset: 'text', free: DECIMAL, locked: DECIMAL }],
      permissions: ['text'],
      uid: 'number',
    });
    const nonZero = (await body(client.signed('GET', 'account', { omitZeroBalances: 'true' }))) as {
      balances: { asset: string }[];
    };
    expect(nonZero.balances.map(({ asset }) => asset)).toEqual(['BTC', 'USDT']);
    const rights = await body(client.call('GET', '/sapi/v1/account/apiRestrictions', {}, { sign: true }));
    expect(rights).toMatchObject({
      enableReading: true,
      enableSpotAndMarginTrading: true,
      enableWithdrawals: false,
      ipRestrict: true,
    });
    expect(await body(client.signed('GET', 'account/commission', { symbol: 'BTCUSDT' }))).toMatchObject({
      standardCommission: { maker: '0.00100000', taker: '0.00100000' },
    });
    const fee = await body(client.call('GET', '/sapi/v1/asset/tradeFee', { symbol: 'BTCUSDT' }, { sign: true }));
    expect(fee).toEqual([{ symbol: 'BTCUSDT', makerCommission: '0.00100000', takerCommission: '0.00100000' }]);
    expect(await body(client.call('GET', '/sapi/v1/system/status'))).toEqual({ status: 0, msg: 'normal' });
  });

  const ACK = {
    symbol: 'text',
    orderId: 'number',
    orderListId: 'number',
    clientOrderId: 'text',
    transactTime: 'number',
  };
  const RESULT = {
    ...ACK,
    price: DECIMAL,
    origQty: DECIMAL,
    executedQty: DECIMAL,
    origQuoteOrderQty: DECIMAL,
    cummulativeQuoteQty: DECIMAL,
    status: 'text',
    timeInForce: 'text',
    type: 'text',
    side: 'text',
    workingTime: 'number',
    selfTradePreventionMode: 'text',
  };

  it('orders: ACK, RESULT and FULL, and which is the default', async () => {
    const place = async (parameters: Record<string, string>): Promise<unknown> =>
      body(client.signed('POST', 'order', { symbol: 'BTCUSDT', ...parameters }));
    const fill = { price: DECIMAL, qty: DECIMAL, commission: DECIMAL, commissionAsset: 'text', tradeId: 'number' };
    const buy = { side: 'BUY', type: 'MARKET', quantity: '0.001' };
    expect(shapeOf(await place(buy))).toEqual({ ...RESULT, fills: [fill] });
    expect(shapeOf(await place({ ...buy, newOrderRespType: 'RESULT' }))).toEqual(RESULT);
    expect(shapeOf(await place({ ...buy, newOrderRespType: 'ACK' }))).toEqual(ACK);
    const price = simulator.control.state().prices['BTC/USDT'] ?? '';
    const stop = { side: 'SELL', type: 'STOP_LOSS', quantity: '0.001', stopPrice: (Number(price) * 0.9).toFixed(2) };
    expect(shapeOf(await place(stop))).toEqual(ACK);
    expect(shapeOf(await place({ ...stop, newOrderRespType: 'FULL' }))).toEqual({
      ...RESULT,
      stopPrice: DECIMAL,
      fills: [],
    });
  });

  const QUERY = {
    symbol: 'text',
    orderId: 'number',
    orderListId: 'number',
    clientOrderId: 'text',
    price: DECIMAL,
    origQty: DECIMAL,
    executedQty: DECIMAL,
    cummulativeQuoteQty: DECIMAL,
    status: 'text',
    timeInForce: 'text',
    type: 'text',
    side: 'text',
    stopPrice: DECIMAL,
    icebergQty: DECIMAL,
    time: 'number',
    updateTime: 'number',
    isWorking: 'boolean',
    workingTime: 'number',
    origQuoteOrderQty: DECIMAL,
    selfTradePreventionMode: 'text',
  };
  const {
    time: _time,
    updateTime: _update,
    isWorking: _working,
    workingTime: _workingTime,
    stopPrice: _stop,
    icebergQty: _iceberg,
    ...kept
  } = QUERY;
  const CANCEL = { ...kept, origClientOrderId: 'text', transactTime: 'number' };

  it('queries, lists and cancels', async () => {
    const placed = (await body(
      client.signed('POST', 'order', {
        symbol: 'ETHUSDT',
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: '0.01',
        price: '2000',
        newClientOrderId: 'one',
      }),
    )) as { orderId: number };
    const query = await body(client.signed('GET', 'order', { symbol: 'ETHUSDT', origClientOrderId: 'one' }));
    expect(shapeOf(query)).toEqual(QUERY);
    expect(query).toMatchObject({ orderId: placed.orderId, status: 'NEW', isWorking: true, time: TEST_START });
    expect(shapeOf(await body(client.signed('GET', 'openOrders', { symbol: 'ETHUSDT' })))).toEqual([QUERY]);
    expect(shapeOf(await body(client.signed('GET', 'allOrders', { symbol: 'ETHUSDT' })))).toEqual([QUERY]);
    const cancelled = await body(
      client.signed('DELETE', 'order', { symbol: 'ETHUSDT', orderId: placed.orderId, newClientOrderId: 'why' }),
    );
    expect(shapeOf(cancelled)).toEqual(CANCEL);
    expect(cancelled).toMatchObject({ origClientOrderId: 'one', clientOrderId: 'why', status: 'CANCELED' });
    await body(
      client.signed('POST', 'order', {
        symbol: 'ETHUSDT',
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: '0.01',
        price: '2000',
      }),
    );
    expect(shapeOf(await body(client.signed('DELETE', 'openOrders', { symbol: 'ETHUSDT' })))).toEqual([CANCEL]);
    expect(await body(client.signed('GET', 'openOrders', { symbol: 'ETHUSDT' }))).toEqual([]);
  });

  it('trades of the account', async () => {
    expect(shapeOf(await body(client.signed('GET', 'myTrades', { symbol: 'BTCUSDT' })))).toEqual([
      {
        symbol: 'text',
        id: 'number',
        orderId: 'number',
        orderListId: 'number',
        price: DECIMAL,
        qty: DECIMAL,
        quoteQty: DECIMAL,
        commission: DECIMAL,
        commissionAsset: 'text',
        time: 'number',
        isBuyer: 'boolean',
        isMaker: 'boolean',
        isBestMatch: 'boolean',
      },
    ]);
  });

  it('a test order is checked and not placed', async () => {
    const before = simulator.control.state().orderCount;
    expect(
      await body(
        client.signed('POST', 'order/test', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.001' }),
      ),
    ).toEqual({});
    expect(simulator.control.state().orderCount).toBe(before);
  });

  it('headers say what was used', async () => {
    const ping = await client.open('ping');
    expect(Number(ping.headers.get('x-mbx-used-weight-1m'))).toBeGreaterThan(0);
    expect(ping.headers.get('content-type')).toBe('application/json;charset=UTF-8');
    const placed = await client.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.001',
    });
    expect(Number(placed.headers.get('x-mbx-order-count-10s'))).toBeGreaterThan(0);
    expect(Number(placed.headers.get('x-mbx-order-count-1d'))).toBeGreaterThan(0);
  });
});

const recordedDirectory = (): string | null => {
  const given = process.env['EXCHANGE_RESPONSES_DIR'];
  const candles = process.env['MARKET_DATA_DIR'];
  const path = given ?? (candles === undefined ? '' : join(dirname(candles), 'exchange-responses'));
  return path !== '' && existsSync(path) ? path : null;
};
const recorded = recordedDirectory();
if (recorded === null)
  console.warn(
    'skipped: recorded exchange answers (set EXCHANGE_RESPONSES_DIR or MARKET_DATA_DIR to compare with them)',
  );

const read = (name: string): unknown => JSON.parse(readFileSync(join(recorded ?? '', name), 'utf8'));

/** Recordings of signed answers have every number as text: the recording client quotes them. */
const quoted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(quoted);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, quoted(item)]));
  return typeof value === 'number' ? String(value) : value;
};

describe.skipIf(recorded === null)('answers have the shapes of recorded ones', () => {
  it('exchangeInfo, with the same filters', async () => {
    const plain = await startTestSimulator({ instruments: {} });
    const ours = (await createRawClient(plain).open('exchangeInfo')).body as { symbols: { symbol: string }[] };
    await plain.close();
    const real = read('binance-spot-exchangeInfo.json') as { symbols: { symbol: string }[] };
    expect(shapeOf({ ...ours, symbols: [] })).toEqual(shapeOf({ ...real, symbols: [] }));
    expect(ours).toMatchObject({ rateLimits: (real as unknown as { rateLimits: unknown }).rateLimits });
    for (const symbol of ours.symbols)
      expect(symbol).toEqual(real.symbols.find((other) => other.symbol === symbol.symbol));
    expect(ours.symbols).toHaveLength(2);
  });

  it('klines', async () => {
    const real = read('binance-spot-klines-BTCUSDT-1h-2021-05.json') as unknown[][];
    const ours = (await client.open('klines', { symbol: 'BTCUSDT', interval: '1h', limit: 5 })).body as unknown[][];
    expect(ours[0]?.map(shapeOf)).toEqual(real[0]?.map(shapeOf));
    expect(Number(ours[0]?.[6]) - Number(ours[0]?.[0])).toBe(Number(real[0]?.[6]) - Number(real[0]?.[0]));
    const future = await client.open('klines', { symbol: 'BTCUSDT', interval: '1h', startTime: TEST_START * 2 });
    expect(future.body).toEqual(read('binance-spot-klines-empty.json'));
  });

  it('an acknowledged order', async () => {
    const real = read('binance-spot-order-ack.json');
    const ours = await client.signed('POST', 'order', {
      symbol: 'ETHUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.05',
      price: '1500',
      icebergQty: '0.03',
      newOrderRespType: 'FULL',
    });
    expect(shapeOf(quoted(ours.body))).toEqual(shapeOf(real));
  });
});
