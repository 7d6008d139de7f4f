import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  connect,
  impatientClock,
  startLoopbackExchange,
  type LoopbackExchange,
  type Received,
} from './loopback-exchange.test-helper.ts';

let server: LoopbackExchange;
beforeEach(async () => {
  server = await startLoopbackExchange();
});
afterEach(() => server.close());

/** Refuses what is dated outside of the receive window, as the exchange does. */
const judge = ({ query }: Received): { status?: number; body: unknown } =>
  Math.abs(Number(query.get('timestamp')) - Date.now()) > 5_000
    ? { status: 400, body: { code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' } }
    : { body: { balances: [{ asset: 'USDT', free: '0', locked: '0' }] } };

describe('the time that signatures bear', () => {
  test("a local clock that is wrong is seen, and signatures are dated by the exchange's", async () => {
    const slow = await connect(server.origin, {
      clock: impatientClock({ wallNow: () => Date.now() - 30_000, marketNow: () => 1_000 }),
    });
    const time = await slow.venue.serverTime();
    expect(time.ok && Math.abs(time.value - Date.now()) < 1_000).toBe(true);
    server.handle = () => ({ body: { balances: [{ asset: 'USDT', free: '0', locked: '0' }] } });
    await slow.venue.balances();
    const stamp = Number(server.received.find(({ path }) => path === 'account')?.query.get('timestamp'));
    expect(Math.abs(stamp - Date.now())).toBeLessThan(1_000);
    await slow.close();
  });

  test("after -1021 the exchange's clock is read anew, and the next try is dated right", async () => {
    let offset = 0;
    const drifting = await connect(server.origin, { clock: impatientClock({ wallNow: () => Date.now() + offset }) });
    server.handle = judge;
    expect(await drifting.venue.balances()).toMatchObject({ ok: true });
    offset = -60_000;
    expect(await drifting.venue.balances()).toMatchObject({ ok: false, error: { kind: 'clock-skew' } });
    expect(await drifting.venue.balances()).toMatchObject({ ok: true });
    await drifting.close();
  });

  test('a clock that is set while answers are slow is followed all the same, and a slow answer alone changes nothing', async () => {
    let offset = 0;
    let slowness = 0;
    let monotonic = 0;
    const clock = impatientClock({ wallNow: () => Date.now() + offset, monotonicNow: () => (monotonic += slowness) });
    const drifting = await connect(server.origin, { clock });
    server.handle = judge;
    slowness = 3_000;
    await drifting.venue.serverTime();
    expect(await drifting.venue.balances()).toMatchObject({ ok: true });
    // What a slow answer leaves open, half of its way, is not taken over.
    expect(Math.abs(Number(server.received.at(-1)?.query.get('timestamp')) - Date.now())).toBeLessThan(1_000);
    offset = -3_600_000;
    expect(await drifting.venue.balances()).toMatchObject({ ok: false, error: { kind: 'clock-skew' } });
    expect(await drifting.venue.balances()).toMatchObject({ ok: true });
    await drifting.close();
  });
});
