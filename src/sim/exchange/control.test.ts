import { afterEach, describe, expect, it } from 'vitest';
import type { IdleAnswer } from './control.ts';
import type { ExchangeSimulator } from './simulator.ts';
import { createRawClient, startTestSimulator, TEST_START } from './testing.ts';

const running: ExchangeSimulator[] = [];
const start = async (options: Parameters<typeof startTestSimulator>[0] = {}): Promise<ExchangeSimulator> => {
  const simulator = await startTestSimulator(options);
  running.push(simulator);
  return simulator;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

const call = async (
  simulator: ExchangeSimulator,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${simulator.controlUrl}/control/${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
};

describe('the control interface over HTTP', () => {
  it('steps in lockstep: one sub-step an idle', async () => {
    const simulator = await start();
    const first = await call(simulator, 'POST', 'idle');
    expect(first).toEqual({ status: 200, body: { marketTime: TEST_START + 900_000, advanced: true, ended: false } });
    const both = await Promise.all([call(simulator, 'POST', 'idle', {}), call(simulator, 'POST', 'idle', {})]);
    expect(both.map(({ body }) => (body as IdleAnswer).marketTime).toSorted((a, b) => a - b)).toEqual([
      TEST_START + 1_800_000,
      TEST_START + 2_700_000,
    ]);
  });

  it('is on a port of its own, and the API knows nothing of it', async () => {
    const simulator = await start();
    expect(simulator.controlUrl).not.toBe(simulator.url);
    expect((await fetch(`${simulator.url}/control/state`)).status).toBe(404);
    expect((await fetch(`${simulator.controlUrl}/api/v3/ping`)).status).toBe(404);
  });

  it('tells its state in exact texts', async () => {
    const simulator = await start();
    const client = createRawClient(simulator);
    await client.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.1',
      price: '30000',
    });
    const { body } = await call(simulator, 'GET', 'state');
    expect(body).toMatchObject({
      marketTime: TEST_START,
      paused: false,
      ended: false,
      stepMilliseconds: 0,
      balances: { USDT: { free: '7000.00000000', locked: '3000.00000000', deposited: '10000.00000000' } },
      orderCount: 1,
      tradeCount: 0,
      receivedCount: 1,
      faults: [],
    });
    expect((body as { openOrders: unknown[] }).openOrders).toHaveLength(1);
    expect(Object.keys((body as { prices: object }).prices)).toEqual(['BTC/USDT', 'ETH/USDT']);
  });

  it('forces prices that trigger what they cross, in both forms of a name', async () => {
    const simulator = await start({ balances: { BTC: '1' } });
    const client = createRawClient(simulator);
    await client.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_LOSS',
      quantity: '0.1',
      stopPrice: '45000',
    });
    await client.signed('POST', 'order', {
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_LOSS_LIMIT',
      timeInForce: 'GTC',
      quantity: '0.1',
      stopPrice: '45000',
      price: '44100',
    });
    const moved = await call(simulator, 'POST', 'price', { symbol: 'BTC/USDT', price: '44000' });
    expect(moved.body).toMatchObject({ prices: { 'BTC/USDT': '44000.00000000' } });
    const orders = (await client.signed('GET', 'allOrders', { symbol: 'BTCUSDT' })).body;
    // The gap fills the market stop at the gapped bid; the limit was jumped, so that order rests.
    expect(orders).toMatchObject([
      { status: 'FILLED', cummulativeQuoteQty: '4399.56000000' },
      { status: 'NEW', isWorking: true, executedQty: '0.00000000' },
    ]);
    await call(simulator, 'POST', 'jump', { symbol: 'BTCUSDT', fraction: 0.05 });
    expect((await client.signed('GET', 'openOrders', { symbol: 'BTCUSDT' })).body).toEqual([]);
  });

  it('charges other fees from now on, and says so', async () => {
    const simulator = await start();
    const client = createRawClient(simulator);
    const buy = async (): Promise<unknown> =>
      (await client.signed('POST', 'order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' })).body;
    expect(await buy()).toMatchObject({ fills: [{ commission: '0.00001000' }] });
    expect((await call(simulator, 'POST', 'fees', { taker: '0.006' })).status).toBe(200);
    expect(await buy()).toMatchObject({ fills: [{ commission: '0.00006000' }] });
    expect((await client.signed('GET', 'account', {})).body).toMatchObject({
      commissionRates: { maker: '0.00100000', taker: '0.00600000' },
    });
    for (const wrong of [{ taker: 1 }, { taker: '-0.1' }, { coin: 1 }, { takers: 0.1 }])
      expect((await call(simulator, 'POST', 'fees', wrong)).status).toBe(400);
  });

  it('takes deposits and withdrawals', async () => {
    const simulator = await start();
    await call(simulator, 'POST', 'deposit', { asset: 'USDT', amount: '0.00000001' });
    const { body } = await call(simulator, 'POST', 'deposit', { asset: 'USDT', amount: -1000 });
    expect(body).toMatchObject({ balances: { USDT: { free: '9000.00000001', deposited: '9000.00000001' } } });
    expect(await call(simulator, 'POST', 'deposit', { asset: 'USDT', amount: '-9001' })).toEqual({
      status: 400,
      body: { error: 'cannot withdraw 9001.00000000 USDT: only 9000.00000001 is free' },
    });
  });

  it('lists orders and trades with the order in which they came', async () => {
    const simulator = await start();
    const client = createRawClient(simulator);
    const buy = (symbol: string, quantity: string) =>
      client.signed('POST', 'order', { symbol, side: 'BUY', type: 'MARKET', quantity });
    await buy('BTCUSDT', '0.01');
    await buy('ETHUSDT', '0.1');
    const orders = (await call(simulator, 'GET', 'orders')).body as {
      received: { sequence: number }[];
      orders: unknown[];
    };
    expect(orders.received.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(orders.orders).toHaveLength(2);
    const trades = (await call(simulator, 'GET', 'trades')).body as { trades: { sequence: number; symbol: string }[] };
    expect(trades.trades.map(({ sequence, symbol }) => [sequence, symbol])).toEqual([
      [0, 'BTCUSDT'],
      [1, 'ETHUSDT'],
    ]);
    expect(((await call(simulator, 'GET', 'trades?after=1')).body as { trades: unknown[] }).trades).toHaveLength(1);
  });

  it('raises the least notional in what is stated and in what is taken', async () => {
    const simulator = await start();
    const client = createRawClient(simulator);
    const buy = async (): Promise<number> =>
      (await client.signed('POST', 'order', { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quoteOrderQty: '11' }))
        .status;
    expect(await buy()).toBe(200);
    simulator.control.leastNotional('ETH/USDT', '20');
    const stated = await (await fetch(`${simulator.url}/api/v3/exchangeInfo?symbol=ETHUSDT`)).text();
    expect([await buy(), stated.includes('"minNotional":"20.00000000"')]).toEqual([400, true]);
    expect(() => simulator.control.leastNotional('DOGE/USDT', '20')).toThrow(/no symbol "DOGE\/USDT"/);
  });

  it('answers a wrong wish with one sentence, and does nothing', async () => {
    const simulator = await start();
    const before = simulator.control.state();
    const wishes: readonly (readonly [string, unknown, RegExp])[] = [
      ['price', { symbol: 'DOGE/USDT', price: '1' }, /no symbol "DOGE\/USDT"; there are BTC\/USDT, ETH\/USDT/],
      ['price', { symbol: 'BTC/USDT', price: '-1' }, /must be positive/],
      ['price', { symbol: 'BTC/USDT', price: 'abc' }, /decimal of at most 8 places/],
      ['price', { symbol: 'BTC/USDT' }, /price must be a decimal/],
      ['price', { symbol: 'BTC/USDT', price: '1', lastign: true }, /unknown parameter "lastign"/],
      ['jump', { symbol: 'BTC/USDT', fraction: -1 }, /above -1/],
      ['pace', { stepMilliseconds: -1 }, /at least 0/],
      ['pause', { paused: 'yes' }, /paused must be a boolean/],
      ['fault', { name: 'meteor' }, /no fault is called "meteor"; there are accepted-but-time-out/],
      ['fault', { name: '429', retryBefore: 1 }, /no parameter "retryBefore"/],
      ['fault', { name: '429', retryAfter: 'soon' }, /retryAfter must be a number/],
      ['fault', { name: '429', count: 0 }, /count must be a whole number of at least 1/],
      ['fault', {}, /name must be a string/],
      ['deposit', '{', /not JSON/],
      ['deposit', '[]', /must be a JSON object/],
    ];
    for (const [path, body, message] of wishes) {
      const answer = await call(simulator, 'POST', path, body);
      expect(answer.status).toBe(400);
      expect((answer.body as { error: string }).error).toMatch(message);
    }
    expect((await call(simulator, 'GET', 'nothing')).status).toBe(404);
    const { wallTime: _before, ...state } = before;
    expect(simulator.control.state()).toMatchObject(state);
  });

  it('is not for web pages', async () => {
    const simulator = await start();
    const answer = await call(
      simulator,
      'POST',
      'price',
      { symbol: 'BTC/USDT', price: '1' },
      { Origin: 'http://evil.example' },
    );
    expect(answer.status).toBe(403);
  });

  it('lists the faults that exist', async () => {
    const simulator = await start();
    const names = ((await call(simulator, 'GET', 'fault')).body as { name: string }[]).map(({ name }) => name);
    expect(names).toContain('accepted-but-time-out');
    expect((await call(simulator, 'POST', 'fault', { name: '429' })).body).toEqual({ id: 1 });
    expect((await call(simulator, 'DELETE', 'fault?id=1')).body).toEqual({ removed: 1 });
    await call(simulator, 'POST', 'fault', { name: '429' });
    expect((await call(simulator, 'DELETE', 'fault')).body).toEqual({ removed: 1 });
  });
});

describe('pace and pause', () => {
  it('the pace is wall time between sub-steps', async () => {
    const simulator = await start();
    simulator.control.pace(40);
    const since = performance.now();
    for (let index = 0; index < 4; index += 1) await simulator.control.idle();
    expect(performance.now() - since).toBeGreaterThanOrEqual(110);
    expect(simulator.control.state().marketTime).toBe(TEST_START + 4 * 900_000);
  });

  it('a paused market answers within about a second and does not move', async () => {
    const simulator = await start();
    await call(simulator, 'POST', 'pause', { paused: true });
    const since = performance.now();
    expect((await call(simulator, 'POST', 'idle')).body).toEqual({
      marketTime: TEST_START,
      advanced: false,
      ended: false,
    });
    expect(performance.now() - since).toBeLessThan(1500);
    const waiting = call(simulator, 'POST', 'idle');
    await call(simulator, 'POST', 'pause', { paused: false });
    expect((await waiting).body).toMatchObject({ advanced: true });
  });

  it('a client that goes away while it waits moves nothing', async () => {
    const simulator = await start();
    await simulator.control.idle();
    simulator.control.pace(150);
    const abort = new AbortController();
    const gone = fetch(`${simulator.controlUrl}/control/idle`, { method: 'POST', signal: abort.signal }).catch(
      () => 'gone',
    );
    await call(simulator, 'GET', 'state');
    abort.abort();
    expect(await gone).toBe('gone');
    expect(await simulator.control.idle()).toMatchObject({ marketTime: TEST_START + 2 * 900_000, advanced: true });
  });

  it('closing ends every wait', async () => {
    const simulator = await startTestSimulator();
    await simulator.control.idle();
    simulator.control.pace(1_000_000);
    const waiting = simulator.control.idle();
    await simulator.close();
    expect(await waiting).toMatchObject({ advanced: false });
  });

  it('a port in use is an error, and leaves nothing open', async () => {
    const simulator = await start();
    await expect(startTestSimulator({ port: Number(new URL(simulator.url).port) })).rejects.toThrow(/EADDRINUSE/);
    await expect(startTestSimulator({ controlPort: Number(new URL(simulator.controlUrl).port) })).rejects.toThrow(
      /EADDRINUSE/,
    );
  });
});
