import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExchangeSimulator } from './simulator.ts';
import { createRawClient, generateMarket, startTestSimulator, type RawAnswer, type RawClient } from './testing.ts';

let simulator: ExchangeSimulator;
let client: RawClient;
let wall = 1_800_000_000_000;
beforeEach(async () => {
  wall = 1_800_000_000_000;
  simulator = await startTestSimulator({ wallNow: () => wall });
  const raw = createRawClient(simulator);
  client = {
    ...raw,
    signed: (method, endpoint, parameters, options) =>
      raw.signed(method, endpoint, parameters, { now: wall, ...options }),
  };
});
afterEach(() => simulator.close());

const error = ({ status, body }: RawAnswer): unknown => ({ status, ...(body as object) });
const order = (parameters: Record<string, string> = {}): Promise<RawAnswer> =>
  client.signed('POST', 'order', {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.001',
    price: '40000',
    ...parameters,
  });
const without = (name: string): Promise<RawAnswer> => {
  const all: Record<string, string> = {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.001',
    price: '40000',
  };
  delete all[name];
  return client.signed('POST', 'order', all);
};

describe('keys and signatures', () => {
  it('-2014 and -2015, both 401', async () => {
    const account = (apiKey: string | null) => client.signed('GET', 'account', {}, { apiKey });
    expect(error(await account(null))).toEqual({ status: 401, code: -2014, msg: 'API-key format invalid.' });
    expect(error(await account('short'))).toEqual({ status: 401, code: -2014, msg: 'API-key format invalid.' });
    expect(error(await account('a'.repeat(64)))).toEqual({
      status: 401,
      code: -2015,
      msg: 'Invalid API-key, IP, or permissions for action.',
    });
  });

  it('-2015 for an order with a key that may not trade', async () => {
    const reader = await startTestSimulator({ keyRights: { trading: false } });
    const raw = createRawClient(reader);
    const refused = await raw.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.001',
    });
    expect(error(refused)).toMatchObject({ status: 401, code: -2015 });
    expect((await raw.signed('GET', 'account')).status).toBe(200);
    await reader.close();
  });

  it('-1022 for a signature of another secret', async () => {
    expect(error(await client.signed('GET', 'account', {}, { secret: 'other' }))).toEqual({
      status: 400,
      code: -1022,
      msg: 'Signature for this request is not valid.',
    });
  });

  it('accepts the documented example of a signature', async () => {
    // The worked HMAC example of the public API documentation: its key pair, its parameters, its signature.
    const documented = await startTestSimulator({
      credentials: {
        apiKey: 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A',
        secret: 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j',
      },
      wallNow: () => 1_499_827_319_559,
      history: generateMarket({ symbols: { 'LTC/BTC': 0.5 }, from: 0, hours: 10, seed: 1 }),
      startTime: 0,
      balances: { BTC: '10' },
      instruments: { 'LTC/BTC': { tickSize: '0.01', stepSize: '0.01', minNotional: '0.0001' } },
    });
    const response = await fetch(`${documented.url}/api/v3/order`, {
      method: 'POST',
      headers: { 'X-MBX-APIKEY': documented.credentials.apiKey, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71',
    });
    expect([response.status, ((await response.json()) as { status: string }).status]).toEqual([200, 'NEW']);
    await documented.close();
  });

  it('-1021 outside the receive window, on the wall clock alone', async () => {
    const at = (timestamp: number, recvWindow?: number) =>
      client.signed('GET', 'account', { ...(recvWindow === undefined ? {} : { recvWindow }), timestamp });
    expect(error(await at(wall - 5001))).toEqual({
      status: 400,
      code: -1021,
      msg: 'Timestamp for this request is outside of the recvWindow.',
    });
    expect((await at(wall - 5000)).status).toBe(200);
    expect((await at(wall - 9000, 10_000)).status).toBe(200);
    expect(error(await at(wall + 1000))).toEqual({
      status: 400,
      code: -1021,
      msg: "Timestamp for this request was 1000ms ahead of the server's time.",
    });
    expect((await at(wall + 999)).status).toBe(200);
    expect(error(await at(wall, 60_001))).toMatchObject({ status: 400, code: -1131 });
    wall += 3_600_000;
    expect(error(await at(wall - 3_600_000))).toMatchObject({ code: -1021 });
  });

  it('-1102 without timestamp or signature', async () => {
    const key = { headers: { 'X-MBX-APIKEY': simulator.credentials.apiKey } };
    const get = async (query: string) => (await fetch(`${simulator.url}/api/v3/account${query}`, key)).json();
    expect(await get('')).toEqual({
      code: -1102,
      msg: "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.",
    });
    expect(await get(`?timestamp=${wall}`)).toMatchObject({ code: -1102, msg: expect.stringContaining('signature') });
  });
});

describe('parameters', () => {
  it('-1121 and -1100 for symbols', async () => {
    expect(error(await client.open('klines', { symbol: 'NOPEUSDT', interval: '1h' }))).toEqual({
      status: 400,
      code: -1121,
      msg: 'Invalid symbol.',
    });
    expect(error(await client.open('ticker/price', { symbols: '["BTCUSDT","NOPE"]' }))).toMatchObject({ code: -1121 });
    expect(error(await client.open('depth', { symbol: 'btcusdt' }))).toEqual({
      status: 400,
      code: -1100,
      msg: "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.",
    });
    expect(error(await client.open('ticker/price', { symbols: 'BTCUSDT' }))).toMatchObject({ code: -1100 });
    expect(error(await client.open('ticker/price', { symbol: 'BTCUSDT', symbols: '["BTCUSDT"]' }))).toMatchObject({
      code: -1128,
    });
    expect(error(await client.open('klines', { interval: '1h' }))).toMatchObject({ code: -1102 });
  });

  it('-1120 for intervals, those that this market has no candles of included', async () => {
    for (const interval of ['7h', '1H', '15m']) {
      expect(error(await client.open('klines', { symbol: 'BTCUSDT', interval }))).toEqual({
        status: 400,
        code: -1120,
        msg: 'Invalid interval.',
      });
    }
  });

  it('-1102 for what is absent, by name', async () => {
    for (const name of ['symbol', 'side', 'type', 'timeInForce', 'quantity', 'price']) {
      expect(error(await without(name))).toEqual({
        status: 400,
        code: -1102,
        msg: `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`,
      });
    }
    expect(error(await client.signed('POST', 'order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET' }))).toEqual({
      status: 400,
      code: -1102,
      msg: "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
    });
    expect(error(await client.signed('GET', 'order', { symbol: 'BTCUSDT' }))).toMatchObject({
      code: -1102,
      msg: "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    });
  });

  const wrong: readonly (readonly [number, string, Record<string, string>])[] = [
    [-1105, "Parameter 'quantity' was empty.", { quantity: '' }],
    [
      -1100,
      "Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.",
      { quantity: '-1' },
    ],
    [
      -1100,
      "Illegal characters found in parameter 'price'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.",
      { price: '1e5' },
    ],
    [-1111, "Parameter 'quantity' has too much precision.", { quantity: '0.123456789' }],
    [-1013, 'Invalid quantity.', { quantity: '0' }],
    [-1013, 'Invalid price.', { price: '0.00' }],
    [-1115, 'Invalid timeInForce.', { timeInForce: 'DAY' }],
    [-1116, 'Invalid orderType.', { type: 'TRAILING' }],
    [-1117, 'Invalid side.', { side: 'buy' }],
    [-1106, "Parameter 'stopPrice' sent when not required.", { stopPrice: '39000' }],
    [-1106, "Parameter 'quoteOrderQty' sent when not required.", { quoteOrderQty: '10' }],
    [-1106, "Parameter 'timeInForce' sent when not required.", { type: 'MARKET' }],
    [-1106, "Parameter 'timeInForce' sent when not required.", { type: 'LIMIT_MAKER' }],
    [-1014, 'Unsupported order combination.', { timeInForce: 'IOC', icebergQty: '0.0005' }],
    [
      -1100,
      "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
      { newClientOrderId: 'a b' },
    ],
    [
      -1100,
      "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
      { newClientOrderId: 'x'.repeat(37) },
    ],
    [-1130, "Data sent for parameter 'newOrderRespType' is not valid.", { newOrderRespType: 'ALL' }],
    [-2010, 'IcebergQty exceeds QTY.', { icebergQty: '0.002' }],
  ];
  it.each(wrong)('%i %s', async (code, msg, parameters) => {
    expect(error(await order(parameters))).toEqual({ status: 400, code, msg });
  });

  it('-1101 for a parameter sent twice, -1130 for a limit of zero', async () => {
    const twice = await fetch(`${simulator.url}/api/v3/ticker/price?symbol=BTCUSDT&symbol=ETHUSDT`);
    expect(await twice.json()).toMatchObject({ code: -1101 });
    expect(error(await client.open('trades', { symbol: 'BTCUSDT', limit: 0 }))).toMatchObject({ code: -1130 });
  });

  it('-1127 and -1128 for spans and combinations', async () => {
    const trades = (parameters: Record<string, number>) =>
      client.signed('GET', 'myTrades', { symbol: 'BTCUSDT', ...parameters });
    expect(error(await trades({ startTime: 0, endTime: 86_400_001 }))).toEqual({
      status: 400,
      code: -1127,
      msg: 'More than 24 hours between startTime and endTime.',
    });
    expect((await trades({ startTime: 0, endTime: 86_400_000 })).status).toBe(200);
    expect(error(await trades({ fromId: 1, startTime: 0 }))).toMatchObject({ code: -1128 });
    expect(error(await trades({ orderId: 1, startTime: 0 }))).toMatchObject({ code: -1128 });
  });

  it('404 for what is no endpoint', async () => {
    expect((await client.call('GET', '/api/v3/nothing')).status).toBe(404);
    expect((await client.call('PUT', '/api/v3/order')).status).toBe(404);
  });
});

describe('filters, by name', () => {
  const cases: readonly (readonly [string, Record<string, string>])[] = [
    ['PRICE_FILTER', { price: '40000.001' }],
    ['PERCENT_PRICE_BY_SIDE', { price: '900000' }],
    ['LOT_SIZE', { quantity: '0.000001' }],
    ['NOTIONAL', { quantity: '0.00001' }],
    ['ICEBERG_PARTS', { icebergQty: '0.00001', quantity: '0.001' }],
  ];
  it.each(cases)('-1013 Filter failure: %s', async (name, parameters) => {
    expect(error(await order(parameters))).toEqual({ status: 400, code: -1013, msg: `Filter failure: ${name}` });
  });

  it('-1013 MARKET_LOT_SIZE, MAX_NUM_ALGO_ORDERS and MAX_NUM_ORDERS', async () => {
    const market = await client.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '130',
    });
    expect(error(market)).toMatchObject({ code: -1013, msg: 'Filter failure: MARKET_LOT_SIZE' });
    const stop = () =>
      client.signed('POST', 'order', {
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'STOP_LOSS',
        quantity: '0.001',
        stopPrice: '90000',
      });
    for (let index = 0; index < 5; index += 1) expect((await stop()).status).toBe(200);
    expect(error(await stop())).toMatchObject({ code: -1013, msg: 'Filter failure: MAX_NUM_ALGO_ORDERS' });
    const small = await startTestSimulator({ instruments: { 'BTC/USDT': { maxNumOrders: 1 } } });
    const raw = createRawClient(small);
    const limit = () =>
      raw.signed('POST', 'order', {
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: '0.001',
        price: '40000',
      });
    expect((await limit()).status).toBe(200);
    expect(error(await limit())).toMatchObject({ code: -1013, msg: 'Filter failure: MAX_NUM_ORDERS' });
    await small.close();
  });

  it('-1013 for an order type the symbol does not have', async () => {
    const stop = await client.signed('POST', 'order', {
      symbol: 'ETHUSDT',
      side: 'BUY',
      type: 'STOP_LOSS',
      quantity: '0.01',
      stopPrice: '9000',
    });
    expect(error(stop)).toEqual({
      status: 400,
      code: -1013,
      msg: 'Stop loss orders are not supported for this symbol.',
    });
  });
});

describe('the matching engine refuses', () => {
  it('-2010: funds, duplicate, immediate trigger, immediate match', async () => {
    expect(error(await order({ quantity: '1' }))).toEqual({
      status: 400,
      code: -2010,
      msg: 'Account has insufficient balance for requested action.',
    });
    expect((await order({ newClientOrderId: 'same' })).status).toBe(200);
    expect(error(await order({ newClientOrderId: 'same' }))).toEqual({
      status: 400,
      code: -2010,
      msg: 'Duplicate order sent.',
    });
    const stop = await client.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'STOP_LOSS',
      quantity: '0.001',
      stopPrice: '30000',
    });
    expect(error(stop)).toEqual({ status: 400, code: -2010, msg: 'Order would trigger immediately.' });
    const maker = await client.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT_MAKER',
      quantity: '0.001',
      price: '90000',
    });
    expect(error(maker)).toEqual({ status: 400, code: -2010, msg: 'Order would immediately match and take.' });
    const trailing = await client.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_LOSS',
      quantity: '0.001',
      trailingDelta: '100',
    });
    expect(error(trailing)).toMatchObject({
      code: -2010,
      msg: 'Trailing stop orders are not supported for this symbol.',
    });
  });

  it('a duplicate client id is free again when the first order is filled', async () => {
    const market = () =>
      client.signed('POST', 'order', {
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'MARKET',
        quantity: '0.001',
        newClientOrderId: 'twice',
      });
    expect([(await market()).status, (await market()).status]).toEqual([200, 200]);
    expect(simulator.control.state().orderCount).toBe(2);
  });

  it('-2011 and -2013 for orders that are not there', async () => {
    expect(error(await client.signed('DELETE', 'order', { symbol: 'BTCUSDT', orderId: 77 }))).toEqual({
      status: 400,
      code: -2011,
      msg: 'Unknown order sent.',
    });
    expect(error(await client.signed('GET', 'order', { symbol: 'BTCUSDT', origClientOrderId: 'none' }))).toEqual({
      status: 400,
      code: -2013,
      msg: 'Order does not exist.',
    });
    const { body } = await order({ newClientOrderId: 'mine' });
    const { orderId } = body as { orderId: number };
    expect(
      error(await client.signed('GET', 'order', { symbol: 'BTCUSDT', orderId, origClientOrderId: 'other' })),
    ).toMatchObject({ code: -2013 });
    expect(error(await client.signed('GET', 'order', { symbol: 'ETHUSDT', orderId }))).toMatchObject({ code: -2013 });
    expect(
      error(
        await client.signed('DELETE', 'order', {
          symbol: 'BTCUSDT',
          orderId,
          cancelRestrictions: 'ONLY_PARTIALLY_FILLED',
        }),
      ),
    ).toMatchObject({ code: -2011, msg: 'Order was not canceled due to cancel restrictions.' });
    expect(
      error(await client.signed('DELETE', 'order', { symbol: 'BTCUSDT', orderId, cancelRestrictions: 'NEVER' })),
    ).toMatchObject({ code: -1145 });
    expect((await client.signed('DELETE', 'order', { symbol: 'BTCUSDT', orderId })).status).toBe(200);
    expect(error(await client.signed('DELETE', 'order', { symbol: 'BTCUSDT', orderId }))).toMatchObject({
      code: -2011,
    });
    expect(error(await client.signed('DELETE', 'openOrders', { symbol: 'BTCUSDT' }))).toMatchObject({ code: -2011 });
  });
});

describe('rate limits', () => {
  it('are stated always and enforced on request, with Retry-After', async () => {
    const strict = await startTestSimulator({ enforceRateLimits: true, wallNow: () => wall });
    const raw = createRawClient(strict);
    const statuses: number[] = [];
    for (let index = 0; index < 76; index += 1) statuses.push((await raw.open('ticker/24hr')).status);
    expect([statuses[74], statuses[75]]).toEqual([200, 429]);
    const refused = await raw.open('ping');
    expect(error(refused)).toMatchObject({ status: 429, code: -1003 });
    expect(refused.headers.get('retry-after')).toBe('60');
    wall += 60_000;
    expect((await raw.open('ping')).status).toBe(200);
    const many: number[] = [];
    const place = () =>
      raw.signed(
        'POST',
        'order',
        { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.0002' },
        { now: wall },
      );
    for (let index = 0; index < 51; index += 1) many.push((await place()).status);
    expect([many[49], many[50]]).toEqual([200, 429]);
    const flood = await place();
    expect(error(flood)).toMatchObject({ status: 429, code: -1015 });
    expect(flood.headers.get('retry-after')).toBeNull();
    await strict.close();
  });
});

describe('the tape', () => {
  it('notes everything that asked for an order, refused or not, in order', async () => {
    await order({ newClientOrderId: 'first' });
    await order({ newClientOrderId: 'second', quantity: '1' });
    await client.signed(
      'POST',
      'order',
      { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.001', newClientOrderId: 'third' },
      { secret: 'wrong' },
    );
    const { received } = simulator.control.orders();
    expect(received.map(({ sequence, clientOrderId, code }) => [sequence, clientOrderId, code])).toEqual([
      [1, 'first', null],
      [2, 'second', -2010],
      [3, 'third', -1022],
    ]);
    expect(received[0]?.orderId).toBe(1_000_001);
    expect(simulator.control.orders(2).received).toHaveLength(1);
  });
});
