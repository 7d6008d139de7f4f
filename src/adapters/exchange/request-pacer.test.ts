import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

/** Set before the client library is loaded, which keeps the function that it finds. */
const wallClock = vi.hoisted(() => {
  const real = Date.now;
  const setBack = { by: 0 };
  Date.now = () => real() - setBack.by;
  return setBack;
});

import {
  connect,
  impatientClock,
  startLoopbackExchange,
  type LoopbackExchange,
} from './loopback-exchange.test-helper.ts';
import { createRequestPacer } from './request-pacer.ts';

const BALANCES = { balances: [{ asset: 'USDT', free: '1', locked: '0' }] };
/** The account's weight as the library counts it. */
const ACCOUNT_COST = 4;

const pause = (span: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, span));
const patientClock = impatientClock({ sleep: pause });

let server: LoopbackExchange;
beforeEach(async () => {
  server = await startLoopbackExchange();
  server.handle = () => ({ body: BALANCES });
});
afterEach(async () => {
  wallClock.by = 0;
  await server.close();
});

describe('the pace of requests', () => {
  test("is kept by the library's own costs", async () => {
    const exchange = await connect(server.origin, { requestInterval: 50, clock: patientClock });
    const started = performance.now();
    await Promise.all([exchange.venue.balances(), exchange.venue.balances()]);
    expect(performance.now() - started).toBeGreaterThan(ACCOUNT_COST * 50 * 0.8);
    await exchange.close();
  });

  test('a wall clock that is set back while a request waits holds nothing up', async () => {
    const exchange = await connect(server.origin, { requestInterval: 50, clock: patientClock });
    await exchange.venue.balances();
    const waiting = exchange.venue.balances();
    await pause(50);
    wallClock.by = 3_600_000;
    expect(await Promise.race([waiting, pause(5_000)])).toMatchObject({ ok: true });
    expect(
      await Promise.race([exchange.venue.cancel({ symbol: 'BTC/USDT', clientOrderId: 'a' }), pause(5_000)]),
    ).toBeDefined();
    await exchange.close();
  });

  test.each([418, 429])('what waits for its turn when the exchange answers %s is not sent any more', async (status) => {
    const exchange = await connect(server.origin, { requestInterval: 50, clock: patientClock });
    server.handle = () => ({
      status,
      headers: { 'retry-after': '120' },
      body: { code: -1003, msg: 'Too much request weight used.' },
    });
    const before = server.received.length;
    const [first, second, cancelled] = await Promise.all([
      exchange.venue.balances(),
      exchange.venue.balances(),
      exchange.venue.cancel({ symbol: 'BTC/USDT', clientOrderId: 'a' }),
    ]);
    expect(server.received.length - before).toBe(1);
    expect(first).toMatchObject({ ok: false, error: { kind: 'rate-limited', code: '-1003' } });
    expect(second).toMatchObject({ ok: false, error: { kind: 'rate-limited', code: 'local-budget' } });
    expect(cancelled).toMatchObject({ kind: 'not-sent', error: { kind: 'rate-limited', code: 'local-budget' } });
    expect(cancelled.kind === 'not-sent' && (cancelled.error.retryAfter ?? 0) > 110_000).toBe(true);
    await exchange.close();
  });

  test('leaves the time between as it is paid for, and saves up nothing', async () => {
    let now = 0;
    const slept: number[] = [];
    const pace = createRequestPacer(
      { monotonicNow: () => now, sleep: (span) => (slept.push(span), Promise.resolve()) },
      10,
    );
    await Promise.all([pace(4), pace(1), pace(1)]);
    expect(slept).toEqual([40, 50]);
    now = 10_000;
    await Promise.all([pace(2), pace(1)]);
    expect(slept).toEqual([40, 50, 20]);
  });

  test('of no interval is no wait', async () => {
    const pace = createRequestPacer({ monotonicNow: () => 0, sleep: () => Promise.reject(new Error('slept')) }, 0);
    await Promise.all([pace(40), pace(40)]);
  });
});
