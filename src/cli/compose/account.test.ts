import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { takeHostLock } from '../../adapters/control/host-lock.ts';
import type { AccountDesk, OrderHead } from '../../adapters/exchange/account-desk.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Read } from '../../ports/venue.ts';
import { createVirtualClock } from '../../sim/simulation/virtual-clock.ts';
import { holdAccount, identify, ordersOfOurs, otherInstance } from './account.ts';
import { HOUR_MS, MINUTE_MS, type Milliseconds } from '../../core/units.ts';
import type { Base } from './base.ts';

const NOW = Date.UTC(2026, 0, 5);
const failed: Read<never> = {
  ok: false,
  error: { kind: 'unknown', code: 'TIMEOUT', message: 'no whole answer within 10000 ms', retryAfter: null },
};
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
  expect(await ask(deskOf(failed, failed, { ok: true, value: [ours, { clientOrderId: 'web_1', at: NOW }] }))).toEqual([
    ours,
  ]);
});

test('a market that has left the exchange holds up no start, and hides no order of the others', async () => {
  const desk = deskOf({
    ok: false,
    error: { kind: 'unlisted', code: '-1121', message: 'Invalid symbol.', retryAfter: null },
  });
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

test('a key that is refused ends a start; where something is held it is waited for, and told: the refusal may be of a moment, and a service that is refused stays down', async () => {
  const refused: Read<never> = {
    ok: false,
    error: {
      kind: 'authentication',
      code: '-2015',
      message: 'Invalid API-key, IP, or permissions for action.',
      retryAfter: null,
    },
  };
  const start = (holds: boolean) => {
    const clock = createVirtualClock(NOW);
    const told: string[] = [];
    let asked = 0;
    const desk = {
      identity: () => {
        asked += 1;
        return Promise.resolve(
          clock.wallNow() - NOW < 10 * MINUTE_MS
            ? refused
            : { ok: true as const, value: { uid: '1', canTrade: true, takerFee: null } },
        );
      },
    };
    const base = {
      wall: clock,
      config: { mode: 'live' },
      log: { warn: () => undefined, error: () => undefined },
    } as unknown as Base;
    const identity = identify(
      base,
      desk,
      (text) => Promise.resolve(told.push(text) > 0),
      () => holds,
    );
    return { clock, told, identity, asked: () => asked };
  };
  await expect(start(false).identity).rejects.toThrow('EXCHANGE_API_KEY is refused by the exchange (-2015');
  const held = start(true);
  await held.clock.runTo(NOW + 11 * MINUTE_MS);
  expect(await held.identity).toMatchObject({ uid: '1' });
  await held.clock.runTo(NOW + 12 * MINUTE_MS);
  expect(held.told[0]).toContain('EXCHANGE_API_KEY is refused');
  expect(held.told.at(-1)).toContain('the start goes on');
  // No faster than a person mends it: an exchange bans who knocks too often.
  expect(held.asked()).toBeLessThan(15);
});

test('an account that something else on this host holds ends a start; where something is held it is waited for, and told: any user of the host can take what tells of it', async () => {
  const account = randomUUID();
  const start = (holds: boolean) => {
    const clock = createVirtualClock(NOW);
    const told: string[] = [];
    const resources = new AsyncDisposableStack();
    const base = {
      wall: clock,
      config: { mode: 'live' },
      log: { warn: () => undefined, error: () => undefined },
      resources,
    } as unknown as Base;
    return {
      clock,
      told,
      resources,
      held: holdAccount(
        base,
        account,
        (text) => Promise.resolve(told.push(text) > 0),
        () => holds,
      ),
    };
  };
  const squatter = await takeHostLock('the exchange account', account);
  await expect(start(false).held).rejects.toThrow('the exchange account is in use by another running bot on this host');
  const bot = start(true);
  await vi.waitFor(async () => {
    await bot.clock.runTo(bot.clock.wallNow() + MINUTE_MS);
    expect(bot.told[0]).toContain('the exchange account is in use by another running bot on this host');
  });
  // Not for the exchange, which answers: whoever hears that looks in the wrong place.
  expect(bot.told[0]).toMatch(
    /^Guardian Bot \(live\) waits for its account since .* UTC\n.*\nNothing is traded or looked after meanwhile/,
  );
  await squatter.release();
  await vi.waitFor(async () => {
    await bot.clock.runTo(bot.clock.wallNow() + MINUTE_MS);
    expect(bot.told.at(-1)).toBe('Guardian Bot (live): nothing else holds its account now, the start goes on');
  });
  await bot.held;
  await bot.resources.disposeAsync();
});

test('a start that waits for the account is told after a minute, each hour, and when it goes on; one that waits a moment is not', async () => {
  const waitFor = async (span: Milliseconds, reached = true): Promise<string[]> => {
    const clock = createVirtualClock(NOW);
    const told: string[] = [];
    const desk = {
      identity: () =>
        Promise.resolve(
          clock.wallNow() - NOW < span
            ? failed
            : { ok: true as const, value: { uid: '1', canTrade: true, takerFee: null } },
        ),
    };
    const base = {
      wall: clock,
      config: { mode: 'live' },
      log: { warn: () => undefined, error: () => undefined },
    } as unknown as Base;
    const identity = identify(base, desk, (text) => {
      told.push(text.split('\n')[0] ?? '');
      return Promise.resolve(reached);
    });
    await clock.runTo(NOW + span + MINUTE_MS);
    expect(await identity).toMatchObject({ uid: '1' });
    await clock.runTo(NOW + span + 2 * MINUTE_MS);
    return told;
  };
  const waits = 'Guardian Bot (live) waits for the exchange since 2026-01-05 00:00 UTC';
  const goesOn = 'Guardian Bot (live): the exchange answers, the start goes on';
  expect(await waitFor(50_000)).toEqual([]);
  expect(await waitFor(2 * MINUTE_MS)).toEqual([waits, goesOn]);
  expect(await waitFor(2 * HOUR_MS + 5 * MINUTE_MS)).toEqual([waits, waits, waits, goesOn]);
  // Nobody has heard that it waits: that it goes on is no news.
  expect(await waitFor(2 * MINUTE_MS, false)).toEqual([waits, waits]);
});
