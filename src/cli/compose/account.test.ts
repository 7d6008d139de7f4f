import { expect, test } from 'vitest';
import type { AccountDesk, OrderHead } from '../../adapters/exchange/account-desk.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Read } from '../../ports/venue.ts';
import { createVirtualClock } from '../../sim/simulation/virtual-clock.ts';
import { ordersOfOurs, otherInstance } from './account.ts';

const NOW = Date.UTC(2026, 0, 5);
const failed: Read<never> = { ok: false, error: { kind: 'unknown', code: 'TIMEOUT', message: 'no whole answer within 10000 ms', retryAfter: null } };
const ours: OrderHead = { clientOrderId: 'gbabcdefgh-1', at: NOW };

/** A desk that answers in turn; the last answer stays. */
const deskOf = (...answers: Read<readonly OrderHead[]>[]): AccountDesk & { asked: number } => {
  const desk = {
    asked: 0,
    recentOrders: () => {
      desk.asked += 1;
      return Promise.resolve((answers.length > 1 ? answers.shift() : answers[0]) ?? failed);
    },
  };
  return desk as unknown as AccountDesk & { asked: number };
};
const ask = async (desk: AccountDesk): Promise<readonly OrderHead[] | null> => {
  const clock = createVirtualClock(NOW);
  const wall: Clock = clock;
  const read = ordersOfOurs({ wall }, desk, ['BTC/USDT']);
  for (let count = 0; count < 20; count += 1) await clock.runTo(clock.wallNow() + 10_000);
  return await read;
};

test('a moment’s outage at the start does not hide the orders of the account: they tell an older copy, and another bot', async () => {
  expect(await ask(deskOf(failed, failed, { ok: true, value: [ours, { clientOrderId: 'web_1', at: NOW }] }))).toEqual([ours]);
});

test('a market that has left the exchange holds up no start, and hides no order of the others', async () => {
  const desk = deskOf({ ok: false, error: { kind: 'unlisted', code: '-1121', message: 'Invalid symbol.', retryAfter: null } });
  expect([await ask(desk), desk.asked]).toEqual([[], 1]);
});

test('an outage that lasts is no proof that nobody else trades', async () => {
  const desk = deskOf(failed);
  const orders = await ask(desk);
  expect(orders).toBeNull();
  expect(desk.asked).toBeLessThan(10);
  expect(otherInstance(orders, 'abcdefgh', NOW)).toContain('cannot be ruled out');
  expect(otherInstance([ours], 'abcdefgh', NOW)).toBeNull();
  expect(otherInstance([ours], 'zzzzzzzz', NOW)).toContain('gbabcdefgh-1');
});
