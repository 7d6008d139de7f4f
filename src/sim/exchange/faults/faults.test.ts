import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../../core/units.ts';
import type { ExchangeSimulator } from '../simulator.ts';
import { createRawClient, startTestSimulator, TEST_START, type RawAnswer, type RawClient } from '../testing.ts';
import { FAULTS, type FaultRequest } from './registry.ts';
import { faultTable } from './table.ts';

let simulator: ExchangeSimulator;
let client: RawClient;
beforeEach(async () => {
  simulator = await startTestSimulator();
  client = createRawClient(simulator);
});
afterEach(() => simulator.close());

const tested = new Set<string>();
const fault = (request: FaultRequest): number => {
  tested.add(request.name);
  return simulator.control.fault(request);
};
const last = (): number => Number(simulator.control.state().prices['BTC/USDT']);
const order = (parameters: Record<string, string> = {}, signal?: AbortSignal): Promise<RawAnswer> =>
  client.signed(
    'POST',
    'order',
    { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01', ...parameters },
    signal === undefined ? {} : { signal },
  );
const limit = (parameters: Record<string, string> = {}): Promise<RawAnswer> =>
  client.signed('POST', 'order', {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.01',
    price: (last() * 0.9).toFixed(2),
    newClientOrderId: 'rest',
    ...parameters,
  });
const stop = (parameters: Record<string, string> = {}): Promise<RawAnswer> =>
  client.signed('POST', 'order', {
    symbol: 'BTCUSDT',
    side: 'SELL',
    type: 'STOP_LOSS',
    quantity: '0.009',
    stopPrice: (last() * 0.98).toFixed(2),
    newClientOrderId: 'stop',
    ...parameters,
  });
const query = async (clientId: string): Promise<Record<string, unknown>> =>
  (await client.signed('GET', 'order', { symbol: 'BTCUSDT', origClientOrderId: clientId })).body as Record<
    string,
    unknown
  >;
const trades = async (): Promise<{ id: number }[]> =>
  (await client.signed('GET', 'myTrades', { symbol: 'BTCUSDT' })).body as { id: number }[];
const code = ({ status, body }: RawAnswer): [number, unknown] => [status, (body as { code?: number }).code];
const counts = (): [orders: number, received: number] => {
  const { orderCount, receivedCount } = simulator.control.state();
  return [orderCount, receivedCount];
};

describe('between the machines', () => {
  it('accepted-but-time-out: the order is there, the answer is not', async () => {
    fault({ name: 'accepted-but-time-out', milliseconds: 60_000 });
    await expect(order({ newClientOrderId: 'lost' }, AbortSignal.timeout(150))).rejects.toThrow();
    expect(await query('lost')).toMatchObject({ status: 'FILLED' });
    expect(simulator.control.orders().received[0]).toMatchObject({
      clientOrderId: 'lost',
      fault: 'accepted-but-time-out',
      orderId: 1_000_001,
    });
    expect((await order()).status).toBe(200);
  });

  it('accepted-but-time-out: cuts the connection in the end', async () => {
    fault({ name: 'accepted-but-time-out', milliseconds: 5 });
    await expect(order()).rejects.toThrow();
    expect(counts()).toEqual([1, 1]);
  });

  it('reset-before-acceptance: nothing has happened, but it is noted', async () => {
    fault({ name: 'reset-before-acceptance' });
    await expect(order()).rejects.toThrow();
    expect(counts()).toEqual([0, 1]);
    expect(simulator.control.orders().received[0]).toMatchObject({ fault: 'reset-before-acceptance', orderId: null });
  });

  it('reset-after-acceptance: it has happened', async () => {
    fault({ name: 'reset-after-acceptance' });
    await expect(order()).rejects.toThrow();
    expect(counts()).toEqual([1, 1]);
  });

  it('5xx: with or without effect, any status and body', async () => {
    fault({ name: '5xx' });
    const first = await order();
    expect([first.status, first.body]).toEqual([
      503,
      { code: -1, msg: 'Unknown error, please check your request or try again later.' },
    ]);
    expect(counts()[0]).toBe(0);
    fault({ name: '5xx', status: 502, body: '"<html>bad gateway</html>"', accepted: true });
    expect((await order()).status).toBe(502);
    expect(counts()[0]).toBe(1);
  });

  it('429 and 418: with Retry-After', async () => {
    fault({ name: '429', retryAfter: 3 });
    const limited = await client.open('ping');
    expect([...code(limited), limited.headers.get('retry-after')]).toEqual([429, -1003, '3']);
    fault({ name: '418', retryAfter: 200 });
    const banned = await client.open('time');
    expect([...code(banned), banned.headers.get('retry-after')]).toEqual([418, -1003, '200']);
    expect((await client.open('ping')).status).toBe(200);
  });

  it('slow-answer: late, before or after the effect', async () => {
    fault({ name: 'slow-answer', milliseconds: 60 });
    const since = performance.now();
    const slow = order({ newClientOrderId: 'slow' });
    expect((await slow).status).toBe(200);
    expect(performance.now() - since).toBeGreaterThanOrEqual(55);
    fault({ name: 'slow-answer', milliseconds: 60, accepted: false, endpoint: 'order' });
    const late = order();
    await client.open('ping');
    expect(counts()[0]).toBe(1);
    await late;
    expect(counts()[0]).toBe(2);
  });

  it('maintenance: everything but the status is refused until it is over', async () => {
    fault({ name: 'maintenance' });
    expect((await client.open('ping')).status).toBe(503);
    expect((await client.signed('GET', 'account')).status).toBe(503);
    expect((await order()).status).toBe(503);
    expect((await client.call('GET', '/sapi/v1/system/status')).body).toEqual({ status: 1, msg: 'system_maintenance' });
    simulator.control.clearFaults();
    expect((await order()).status).toBe(200);
    expect(counts()).toEqual([1, 2]);
  });
});

describe('refusals', () => {
  it('skew: the clock says so and signed requests fail, both ways', async () => {
    for (const milliseconds of [10_000, -10_000]) {
      const id = fault({ name: 'skew', milliseconds });
      const { serverTime } = (await client.open('time')).body as { serverTime: number };
      expect(Math.abs(serverTime - Date.now() - milliseconds)).toBeLessThan(2000);
      expect(code(await order())).toEqual([400, -1021]);
      simulator.control.clearFaults(id);
    }
    expect((await order()).status).toBe(200);
  });

  const refusals: readonly (readonly [string, number, number])[] = [
    ['timestamp-rejected', 400, -1021],
    ['insufficient-balance', 400, -2010],
    ['bad-key', 401, -2015],
    ['filter', 400, -1013],
  ];
  it.each(refusals)('%s: once, without effect', async (name, status, expected) => {
    fault({ name });
    expect(code(await order())).toEqual([status, expected]);
    expect(counts()).toEqual([0, 1]);
    expect((await order()).status).toBe(200);
  });

  it('filter: any of them by name', async () => {
    fault({ name: 'filter', filter: 'NOTIONAL' });
    expect((await order()).body).toEqual({ code: -1013, msg: 'Filter failure: NOTIONAL' });
    expect(() => fault({ name: 'filter', filter: 'MIN' })).toThrow(/must be one of PRICE_FILTER/);
  });

  it('unknown-order: a cancel fails and the order stays', async () => {
    await limit();
    fault({ name: 'unknown-order' });
    const cancel = () => client.signed('DELETE', 'order', { symbol: 'BTCUSDT', origClientOrderId: 'rest' });
    expect(code(await cancel())).toEqual([400, -2011]);
    expect(await query('rest')).toMatchObject({ status: 'NEW' });
    expect((await cancel()).status).toBe(200);
  });

  it('no-such-order: a query fails for as often as wished', async () => {
    await limit();
    fault({ name: 'no-such-order', count: 2 });
    expect((await query('rest'))['code']).toBe(-2013);
    expect((await query('rest'))['code']).toBe(-2013);
    expect(await query('rest')).toMatchObject({ status: 'NEW' });
  });

  it('stop-rejected: only stops, after the entry was filled', async () => {
    fault({ name: 'stop-rejected' });
    expect((await order()).status).toBe(200);
    expect(code(await stop())).toEqual([400, -2010]);
    expect((await stop()).status).toBe(200);
  });
});

describe('fills', () => {
  it('duplicate-fills and reordered-fills change the list and nothing else', async () => {
    await order();
    await order();
    const honest = await trades();
    const before = simulator.control.state().balances;
    const id = fault({ name: 'duplicate-fills' });
    expect(await trades()).toEqual(honest.flatMap((trade) => [trade, trade]));
    simulator.control.clearFaults(id);
    fault({ name: 'reordered-fills' });
    expect(await trades()).toEqual(honest.toReversed());
    expect(simulator.control.state().balances).toEqual(before);
  });

  it('market-halted: no order is taken, what rests neither fills nor is lost, and the list of markets says so', async () => {
    await order();
    await stop();
    const id = fault({ name: 'market-halted', of: 'BTC/USDT', status: 'BREAK' });
    const status = async (): Promise<unknown> =>
      ((await client.open('exchangeInfo', {})).body as { symbols: { symbol: string; status: string }[] }).symbols.find(
        ({ symbol }) => symbol === 'BTCUSDT',
      )?.status;
    expect([await status(), code(await order())]).toEqual(['BREAK', [400, -1013]]);
    simulator.control.jump('BTC/USDT', -0.05);
    await simulator.control.idle();
    expect(await query('stop')).toMatchObject({ status: 'NEW', executedQty: '0.00000000' });
    simulator.control.clearFaults(id);
    await simulator.control.idle();
    expect([await query('stop'), await status()]).toMatchObject([{ status: 'FILLED' }, 'TRADING']);
  });

  it('market-halted: what rests can be cancelled, and other markets go on', async () => {
    await limit();
    fault({ name: 'market-halted', of: 'ETH/USDT' });
    expect((await order()).status).toBe(200);
    fault({ name: 'market-halted' });
    expect(
      (await client.signed('DELETE', 'order', { symbol: 'BTCUSDT', origClientOrderId: 'rest' })).body,
    ).toMatchObject({ status: 'CANCELED' });
  });

  it('late-fills: the order knows, the list of trades does not yet', async () => {
    await order();
    fault({ name: 'late-fills', reads: 2 });
    const placed = (await order({ newClientOrderId: 'late' })).body;
    expect(placed).toMatchObject({ status: 'FILLED', executedQty: '0.01000000', fills: [] });
    expect([(await trades()).length, (await trades()).length, (await trades()).length]).toEqual([1, 1, 2]);
  });

  it('late-balances: the account is as it was, for a while', async () => {
    const total = async (asset: string): Promise<string> => {
      const { balances } = (await client.signed('GET', 'account', {})).body as {
        balances: { asset: string; free: string; locked: string }[];
      };
      const row = balances.find((balance) => balance.asset === asset);
      return `${row?.free ?? ''} ${row?.locked ?? ''}`;
    };
    const before = [await total('BTC'), await total('USDT')];
    fault({ name: 'late-balances', milliseconds: 60_000 });
    await order();
    expect([await total('BTC'), await total('USDT')]).toEqual(before);
    await stop();
    expect(await total('BTC')).toBe(before[0]);
    simulator.control.clearFaults();
    fault({ name: 'late-balances', milliseconds: 0 });
    expect(await total('BTC')).not.toBe(before[0]);
    await order();
    const { free, locked } = simulator.control.state().balances['BTC'] ?? {};
    expect(await total('BTC')).toBe(`${free ?? ''} ${locked ?? ''}`);
  });

  it('fill-after-cancel: the cancel finds the order filled', async () => {
    await limit();
    fault({ name: 'fill-after-cancel' });
    expect(code(await client.signed('DELETE', 'order', { symbol: 'BTCUSDT', origClientOrderId: 'rest' }))).toEqual([
      400, -2011,
    ]);
    expect(await query('rest')).toMatchObject({ status: 'FILLED', executedQty: '0.01000000' });
  });

  it('fill-after-cancel: the cancel is confirmed and knows nothing of a part that was filled', async () => {
    await order();
    await stop();
    fault({ name: 'fill-after-cancel', fraction: 0.5, answer: 'cancelled' });
    const cancelled = await client.signed('DELETE', 'order', { symbol: 'BTCUSDT', origClientOrderId: 'stop' });
    expect(cancelled.body).toMatchObject({ status: 'CANCELED', executedQty: '0.00000000' });
    expect(await query('stop')).toMatchObject({ status: 'CANCELED', executedQty: '0.00450000' });
    expect(simulator.control.state().balances['BTC']).toMatchObject({ locked: '0.00000000', free: '0.00549000' });
  });

  it('partial-then-cancel: the exchange closes what it filled in part', async () => {
    fault({ name: 'partial-then-cancel', fraction: 0.3, status: 'CANCELED' });
    expect((await order()).body).toMatchObject({
      status: 'CANCELED',
      executedQty: '0.00300000',
      origQty: '0.01000000',
    });
    expect((await order()).body).toMatchObject({ status: 'FILLED' });
  });

  it('partial-then-cancel: a triggered stop too, when it is meant', async () => {
    await order();
    fault({ name: 'partial-then-cancel', type: 'stop' });
    await stop();
    simulator.control.jump('BTC/USDT', -0.05);
    expect(await query('stop')).toMatchObject({ status: 'EXPIRED', executedQty: '0.00450000' });
    expect(simulator.control.state().balances['BTC']?.locked).toBe('0.00000000');
  });

  it('stop-triggered-unfilled: on the book and not filled, until the fault ends', async () => {
    await order();
    await stop();
    fault({ name: 'stop-triggered-unfilled' });
    simulator.control.jump('BTC/USDT', -0.05);
    await simulator.control.idle();
    expect(await query('stop')).toMatchObject({ status: 'NEW', isWorking: true, executedQty: '0.00000000' });
    simulator.control.clearFaults();
    await simulator.control.idle();
    expect(await query('stop')).toMatchObject({ status: 'FILLED' });
  });

  it('stop-triggered-unfilled: can be cancelled and sold instead', async () => {
    await order();
    await stop();
    fault({ name: 'stop-triggered-unfilled' });
    simulator.control.jump('BTC/USDT', -0.05);
    expect(
      (await client.signed('DELETE', 'order', { symbol: 'BTCUSDT', origClientOrderId: 'stop' })).body,
    ).toMatchObject({ status: 'CANCELED' });
    expect((await order({ side: 'SELL', quantity: '0.009' })).body).toMatchObject({ status: 'FILLED' });
  });

  it('unfilled: even a market order rests', async () => {
    fault({ name: 'unfilled' });
    expect((await order()).body).toMatchObject({ status: 'NEW', executedQty: '0.00000000' });
    simulator.control.clearFaults();
    await simulator.control.idle();
    expect(simulator.control.orders().orders[0]).toMatchObject({ status: 'FILLED' });
  });

  it('unfilled: what may not rest ends with the fault, as a taker', async () => {
    fault({ name: 'unfilled' });
    await limit({ timeInForce: 'IOC' });
    expect(await query('rest')).toMatchObject({ status: 'NEW', timeInForce: 'IOC' });
    simulator.control.clearFaults();
    await simulator.control.idle();
    expect(await query('rest')).toMatchObject({ status: 'EXPIRED', executedQty: '0.00000000' });
  });
});

describe('data', () => {
  const prices = async (): Promise<unknown[]> =>
    Promise.all(
      ['ticker/price', 'ticker/bookTicker', 'ticker/24hr', 'depth', 'avgPrice'].map(async (path) => {
        const { body } = await client.open(path, { symbol: 'BTCUSDT' });
        const { price, lastPrice, bidPrice, askPrice, closeTime, bids, asks } = body as Record<string, unknown>;
        return { path, price, lastPrice, bidPrice, askPrice, closeTime, bids, asks };
      }),
    );

  it('stale-prices: the market goes on, its prices and their times do not', async () => {
    const before = await prices();
    fault({ name: 'stale-prices', of: 'BTC/USDT' });
    for (let index = 0; index < 5; index += 1) await simulator.control.idle();
    expect(await prices()).toEqual(before);
    const list = (await client.open('ticker/price')).body as { symbol: string; price: string }[];
    expect(Number(list.find(({ symbol }) => symbol === 'BTCUSDT')?.price)).not.toBe(last());
    expect(list.find(({ symbol }) => symbol === 'ETHUSDT')?.price).toBe(simulator.control.state().prices['ETH/USDT']);
    const tape = (await client.open('trades', { symbol: 'BTCUSDT' })).body as { time: number }[];
    expect(tape.every(({ time }) => time <= TEST_START)).toBe(true);
    simulator.control.clearFaults();
    expect(await prices()).not.toEqual(before);
  });

  const openTimes = async (): Promise<number[]> =>
    ((await client.open('klines', { symbol: 'BTCUSDT', interval: '1h', limit: 5 })).body as unknown[][]).map(
      (row) => (Number(row[0]) - TEST_START) / HOUR_MS,
    );

  it('missing-candles: a hole where there was trading', async () => {
    fault({ name: 'missing-candles', from: TEST_START - 3 * HOUR_MS, hours: 2 });
    expect(await openTimes()).toEqual([-4, -1, 0]);
    simulator.control.clearFaults();
    fault({ name: 'missing-candles' });
    expect(await openTimes()).toEqual([-4, -3, -2, 0]);
  });

  it('stale-candles: none newer than when it was set', async () => {
    fault({ name: 'stale-candles' });
    for (let index = 0; index < 8; index += 1) await simulator.control.idle();
    expect(await openTimes()).toEqual([-2, -1]);
  });

  it('wrong-balance: stated, not real', async () => {
    fault({ name: 'wrong-balance', asset: 'USDT', difference: '-9000' });
    const { balances } = (await client.signed('GET', 'account')).body as {
      balances: { asset: string; free: string }[];
    };
    expect(balances.find(({ asset }) => asset === 'USDT')?.free).toBe('1000.00000000');
    expect(simulator.control.state().balances['USDT']?.free).toBe('10000.00000000');
    expect((await order({ quantity: '0.1' })).status).toBe(200);
  });

  it('price-gap-through-stop: waits for a stop, then leaps over it, once', async () => {
    fault({ name: 'price-gap-through-stop', beyond: 0.02 });
    await simulator.control.idle();
    await order();
    const trigger = (last() * 0.98).toFixed(2);
    await stop({ stopPrice: trigger });
    await simulator.control.idle();
    expect(last()).toBeCloseTo(Number(trigger) * 0.98, 1);
    const filled = await query('stop');
    expect(filled).toMatchObject({ status: 'FILLED' });
    expect(Number(filled['cummulativeQuoteQty']) / 0.009).toBeLessThan(Number(trigger) * 0.9801);
    expect(simulator.control.state().faults).toEqual([]);
  });
});

describe('aim and count', () => {
  it('by symbol, side, type, client id, endpoint and method', async () => {
    fault({ name: 'insufficient-balance', symbol: 'ETH/USDT' });
    fault({ name: 'insufficient-balance', side: 'sell' });
    fault({ name: 'insufficient-balance', type: 'LIMIT' });
    fault({ name: 'insufficient-balance', clientOrderId: 'that' });
    fault({ name: '429', endpoint: 'depth' });
    fault({ name: '429', endpoint: '/api/v3/order', method: 'delete' });
    expect((await order()).status).toBe(200);
    expect((await client.open('ping')).status).toBe(200);
    expect((await order({ symbol: 'ETHUSDT', quantity: '0.1' })).status).toBe(400);
    expect((await order({ side: 'SELL', quantity: '0.001' })).status).toBe(400);
    expect((await limit()).status).toBe(400);
    expect((await order({ newClientOrderId: 'that' })).status).toBe(400);
    expect((await client.open('depth', { symbol: 'BTCUSDT' })).status).toBe(429);
    expect((await client.signed('DELETE', 'order', { symbol: 'BTCUSDT', orderId: 1 })).status).toBe(429);
    expect(simulator.control.state().faults).toEqual([]);
  });

  it('a query or cancel is aimed at through the order it names', async () => {
    await limit();
    fault({ name: '429', endpoint: 'order', side: 'BUY', type: 'LIMIT', method: 'GET' });
    expect((await query('rest'))['code']).toBe(-1003);
  });

  it('after some, for some, or for some steps of the market', async () => {
    fault({ name: '429', endpoint: 'ping', after: 2, count: 2 });
    const statuses: number[] = [];
    for (let index = 0; index < 6; index += 1) statuses.push((await client.open('ping')).status);
    expect(statuses).toEqual([200, 200, 429, 429, 200, 200]);
    fault({ name: 'maintenance', steps: 2 });
    expect((await client.open('ping')).status).toBe(503);
    await simulator.control.idle();
    expect((await client.open('ping')).status).toBe(503);
    await simulator.control.idle();
    expect((await client.open('ping')).status).toBe(200);
  });

  it('the state tells how often each has struck', async () => {
    fault({ name: '429', endpoint: 'ping', count: 3 });
    await client.open('ping');
    expect(simulator.control.state().faults).toEqual([
      { id: 1, name: '429', hits: 1, remaining: 2, request: { name: '429', endpoint: 'ping', count: 3 } },
    ]);
  });
});

describe('the registry', () => {
  it('has every fault tested above, each under one name', () => {
    const names = FAULTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect([...tested].toSorted()).toEqual(names.toSorted());
  });

  it('is the documented table', () => {
    expect(readFileSync(new URL('../FAULTS.md', import.meta.url), 'utf8')).toBe(faultTable());
  });
});
