import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ApprovedOrder } from '../../core/guardian/approved-order.ts';
import type { ExchangeHandle } from './create-exchange.ts';
import {
  approved,
  connect,
  exitDraft,
  impatientClock,
  startLoopbackExchange,
  stopDraft,
  type LoopbackExchange,
} from './loopback-exchange.test-helper.ts';

/** The balances of an account that holds nothing. */
const NONE = [{ asset: 'USDT', free: '0.00000000', locked: '0.00000000' }];

let server: LoopbackExchange;
beforeEach(async () => {
  server = await startLoopbackExchange();
});
afterEach(() => server.close());

describe('the weight of the minute', () => {
  const at = Date.UTC(2026, 0, 5, 12);
  let wall = at;
  let used = 0;
  let strict: ExchangeHandle;
  const reference = { symbol: 'BTC/USDT', clientOrderId: 'a' };
  const refused = { kind: 'rejected', error: { code: '-2010' } };
  const waits = (retryAfter: number, urgentMayGo?: true): object => ({
    kind: 'rate-limited',
    code: 'local-budget',
    retryAfter,
    ...(urgentMayGo === undefined ? {} : { urgentMayGo }),
  });
  const entry = (): ApprovedOrder => approved({ expiresAtWall: wall + 60_000 });

  beforeEach(async () => {
    wall = at;
    used = 0;
    server.timeAnswer = { body: { serverTime: at } };
    server.handle = ({ path, method }) => {
      const headers = { 'x-mbx-used-weight-1m': String(used) };
      if (path === 'account') return { headers, body: { balances: NONE } };
      return {
        headers,
        status: 400,
        body: method === 'POST' ? { code: -2010, msg: 'no' } : { code: -2011, msg: 'Unknown order sent.' },
      };
    };
    strict = await connect(server.origin, {
      clock: impatientClock({ wallNow: () => wall, monotonicNow: () => wall - at }),
    });
  });
  afterEach(() => strict.close());

  const fill = async (to: number): Promise<void> => {
    used = to;
    await strict.venue.cancel(reference);
    expect(strict.weight()).toEqual({ used: to, limit: 6_000 });
  };

  test("stops reads and entries at 70 % of it, and stops, exits, cancellations and look-ups not before the exchange's own limit", async () => {
    await fill(4_199);
    expect(await strict.venue.balances()).toMatchObject({ ok: true });
    expect(await strict.venue.send(entry())).toMatchObject(refused);
    for (const share of [4_200, 5_700, 5_999]) {
      await fill(share);
      expect(await strict.venue.balances(), String(share)).toEqual({
        ok: false,
        error: expect.objectContaining(waits(60_000, true)),
      });
      expect(await strict.venue.send(entry()), String(share)).toEqual({
        kind: 'not-sent',
        error: expect.objectContaining(waits(60_000, true)),
      });
      expect(await strict.venue.send(approved(stopDraft())), String(share)).toMatchObject(refused);
      expect(await strict.venue.send(approved(exitDraft())), String(share)).toMatchObject(refused);
      expect(await strict.venue.cancel(reference), String(share)).toMatchObject({ kind: 'not-open' });
      expect(await strict.venue.lookUp(reference), String(share)).toMatchObject({
        kind: 'unknown',
        error: { code: '-2011' },
      });
    }
    await fill(6_000);
    const before = server.received.length;
    wall = at + 20_000;
    const all = [
      await strict.venue.send(approved(stopDraft())),
      await strict.venue.send(approved(exitDraft())),
      await strict.venue.cancel(reference),
      await strict.venue.send(entry()),
    ];
    for (const outcome of all)
      expect(outcome).toEqual({ kind: 'not-sent', error: { ...waits(40_000), message: expect.any(String) } });
    expect(server.received).toHaveLength(before);
    wall = at + 60_000;
    expect(await strict.venue.send(approved(exitDraft()))).toMatchObject(refused);
  });

  test("is counted in the minutes of the exchange's clock, not of ours", async () => {
    server.timeAnswer = { body: { serverTime: at + 30_000 } };
    await strict.venue.serverTime();
    await fill(6_000);
    expect(await strict.venue.send(approved(stopDraft()))).toMatchObject({ kind: 'not-sent', error: waits(30_000) });
    wall = at + 30_000;
    expect(await strict.venue.send(approved(stopDraft()))).toMatchObject(refused);
  });

  test('that an answer states from before the turn of the minute holds nothing back after it', async () => {
    wall = at - 100;
    server.handle = () => (
      (wall = at + 100), { headers: { 'x-mbx-used-weight-1m': '6000' }, body: { balances: NONE } }
    );
    expect(await strict.venue.balances()).toMatchObject({ ok: true });
    expect(strict.weight().used).toBe(0);
    expect(await strict.venue.balances()).toMatchObject({ ok: true });
  });

  test('leaves no way into a ban', async () => {
    server.handle = () => ({
      status: 418,
      headers: { 'retry-after': '120', 'x-mbx-used-weight-1m': '100' },
      body: { code: -1003, msg: 'Way too much request weight used; IP banned.' },
    });
    await strict.venue.balances();
    const before = server.received.length;
    for (const draft of [stopDraft(), exitDraft()])
      expect(await strict.venue.send(approved(draft))).toEqual({
        kind: 'not-sent',
        error: {
          kind: 'rate-limited',
          code: 'local-budget',
          message: expect.any(String),
          retryAfter: expect.any(Number),
        },
      });
    expect(server.received).toHaveLength(before);
  });

  test('the trades of one order tell what became of it, so they are read as long as orders go', async () => {
    const headers = { 'x-mbx-used-weight-1m': '4500' };
    const order = {
      symbol: 'BTCUSDT',
      orderId: 42,
      clientOrderId: 'a',
      side: 'SELL',
      status: 'FILLED',
      origQty: '1',
      executedQty: '1',
    };
    const trade = {
      id: 7,
      orderId: 42,
      price: '2',
      qty: '1',
      quoteQty: '2',
      commission: '0',
      commissionAsset: 'USDT',
      time: 1_722_816_000_000,
      isBuyer: false,
    };
    server.handle = ({ path }) => ({ headers, body: path === 'order' ? order : [trade] });
    const reference = { symbol: 'BTC/USDT', clientOrderId: 'a' };
    expect(await strict.venue.lookUp(reference)).toMatchObject({ kind: 'found' });
    expect(await strict.venue.lookUp(reference)).toMatchObject({ kind: 'found', order: { fills: [{ tradeId: '7' }] } });
    expect(await strict.venue.tradesAfter('BTC/USDT', null, 0)).toMatchObject({
      ok: false,
      error: { code: 'local-budget' },
    });
  });
});
