import { describe, expect, test } from 'vitest';
import { decimal, sub } from '../core/decimal.ts';
import { BTC } from '../core/engine/world.test-helper.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/units.ts';
import { createBench, holding, stopOf, stranger } from './exchange-watch.test-helper.ts';

describe('working orders', () => {
  test('a stop that was filled while nobody looked is booked', async () => {
    const bench = holding();
    const stop = stopOf(bench);
    bench.world.exchange.setPrice(BTC, 49_000, bench.world.at);
    await bench.answer(bench.watch.orders());
    await bench.pass(SECOND_MS);
    expect(bench.world.state.orders[stop]?.status).toBe('filled');
    expect(bench.world.managed()).toBeNull();
  });

  test('a stop that the exchange cancelled is put back', async () => {
    const bench = holding();
    const stop = stopOf(bench);
    bench.world.exchange.end(stop, 'cancelled');
    await bench.answer(bench.watch.orders());
    // A failure of the stop is followed by a short pause.
    for (let second = 0; second < 4; second += 1) bench.world.timer(SECOND_MS);
    expect([stop, '']).not.toContain(stopOf(bench));
    expect(bench.world.managed()?.phase).toBe('protected');
  });

  test('a read that fails never means that nothing is there', async () => {
    const bench = holding();
    const before = JSON.stringify([bench.world.held(), stopOf(bench), bench.world.managed()?.phase]);
    bench.failing.add('open-orders');
    await bench.answer(bench.watch.orders());
    await bench.pass(MINUTE_MS);
    expect(JSON.stringify([bench.world.held(), stopOf(bench), bench.world.managed()?.phase])).toBe(before);
    expect(bench.cancelled).toEqual([]);
  });

  test('one of ours that was believed ended and is open is cancelled when nothing needs it', async () => {
    const bench = holding();
    const entry = bench.world.managed()?.entryOrderId ?? '';
    bench.world.state.orders['gb-lost'] = {
      ...bench.world.state.orders[entry]!,
      draft: { ...bench.world.state.orders[entry]!.draft, clientOrderId: 'gb-lost', purpose: 'stop', side: 'sell' },
      status: 'never-existed',
      tradeIds: [],
    };
    bench.strangers.push(stranger('gb-lost'));
    await bench.answer(bench.watch.orders());
    await bench.pass(SECOND_MS);
    expect(bench.cancelled).toEqual(['gb-lost']);
    expect(bench.world.state.orders['gb-lost']?.status).toBe('cancelled');
  });
});

describe('the account', () => {
  test('is read again in seconds, not in an hour, where a fill of ours has come between the two readings of a difference', async () => {
    const bench = createBench();
    const { world } = bench;
    world.exchange.move('USDT', decimal('-50'));
    expect(await bench.answer(bench.watch.account())).toBe(true);
    world.quotes();
    world.enter();
    expect(world.state.suspicion).toBeNull();
    for (let look = 0; look < 2; look += 1) {
      await bench.pass(5 * SECOND_MS);
      expect(await bench.answer(bench.watch.account())).toBe(true);
    }
    expect(world.state.guardian.locks['reconciliation']?.reason).toBe('USDT: the exchange has 50 less than the ledger');
    // Nor does the one that a lock holds for wait an hour.
    world.quotes({ [BTC]: 49_200 });
    expect([world.state.suspicion, await bench.answer(bench.watch.account())]).toEqual([null, false]);
    await bench.pass(MINUTE_MS);
    expect(await bench.answer(bench.watch.account())).toBe(true);
  });

  test.each([
    ['open-orders', 'open orders'],
    ['trades', 'trades'],
  ] as const)('that could not be compared for %s says what the exchange has answered', async (query, what) => {
    const bench = createBench();
    bench.failing.add(query);
    expect(await bench.answer(bench.watch.account())).toBe(false);
    expect(bench.world.journal.at(-1)).toMatchObject({
      type: 'account',
      balances: null,
      failure: expect.stringMatching(
        new RegExp(`^orders and trades could not be compared \\(${what} of BTC/USDT: 503 `),
      ) as unknown,
    });
  });

  test('is compared at once where an order is refused for want of funds, and a minute apart while that goes on', async () => {
    const bench = holding();
    const { world } = bench;
    await bench.answer(bench.watch.account());
    world.exchange.end(stopOf(bench), 'cancelled');
    world.exchange.move('BTC', sub(decimal('0'), decimal(world.held())));
    await bench.answer(bench.watch.orders());
    await bench.pass(SECOND_MS);
    world.timer(5 * SECOND_MS);
    expect(bench.alerts()).toContain('BTC/USDT: stop rejected');
    for (let look = 0; look < 2; look += 1) {
      expect(await bench.answer(bench.watch.account())).toBe(true);
      await bench.pass(5 * SECOND_MS);
    }
    expect(world.state.guardian.locks['reconciliation']?.reason).toContain('BTC: the exchange has');
    expect(await bench.answer(bench.watch.account())).toBe(false);
  });

  test('is compared no more than once a minute where orders are refused though everything is there: coins that an order of others locks', async () => {
    const bench = holding();
    await bench.answer(bench.watch.account());
    bench.world.fate = () => ({ kind: 'reject' });
    bench.world.exchange.end(stopOf(bench), 'cancelled');
    await bench.answer(bench.watch.orders());
    let compared = 0;
    for (let look = 0; look < 60; look += 1) {
      await bench.pass(5 * SECOND_MS);
      bench.world.timer(5 * SECOND_MS);
      if (await bench.answer(bench.watch.account())) compared += 1;
    }
    expect(compared).toBeGreaterThanOrEqual(3);
    expect(compared).toBeLessThanOrEqual(6);
  });

  test('is compared once an hour of market time', async () => {
    const bench = createBench();
    expect(await bench.answer(bench.watch.account())).toBe(true);
    expect(await bench.answer(bench.watch.account())).toBe(false);
    await bench.pass(HOUR_MS);
    expect(await bench.answer(bench.watch.account())).toBe(true);
    expect(bench.balanceReads).toBe(2);
  });

  test.each(['open-orders', 'trades', 'balances'] as const)(
    'that cannot be read (%s) changes nothing, and is tried again soon',
    async (what) => {
      const bench = holding();
      const before = JSON.stringify([bench.world.held(), bench.world.locks(), bench.world.managed()?.phase]);
      bench.failing.add(what);
      expect(await bench.answer(bench.watch.account(true))).toBe(false);
      expect(await bench.answer(bench.watch.account(true))).toBe(false);
      expect(JSON.stringify([bench.world.held(), bench.world.locks(), bench.world.managed()?.phase])).toBe(before);
      expect(await bench.answer(bench.watch.account())).toBe(false);
      bench.failing.clear();
      await bench.pass(16 * SECOND_MS);
      expect(await bench.answer(bench.watch.account())).toBe(true);
    },
  );

  test('asked for out of turn and not read is asked for again soon, not in an hour: entries wait for it', async () => {
    const { world, failing, answer, pass, watch } = createBench();
    expect(await answer(watch.account())).toBe(true);
    failing.add('balances');
    expect(await answer(watch.account(true))).toBe(false);
    expect(world.state.accountFailed).toBe(true);
    failing.clear();
    await pass(15 * SECOND_MS);
    expect(await answer(watch.account())).toBe(true);
    expect(world.state.accountFailed).toBe(false);
  });

  test('is not compared while an order is under way', async () => {
    const bench = holding();
    bench.executor.resolve({ symbol: BTC, clientOrderId: 'gb-nothing' });
    expect(await bench.answer(bench.watch.account(true))).toBe(false);
    expect(bench.balanceReads).toBe(0);
  });

  test('a fill that was never reported is found by its trade and booked, and the balances agree', async () => {
    const bench = holding();
    const stop = stopOf(bench);
    const order = bench.world.exchange.orders.get(stop)!;
    // Believed cancelled with nothing filled; the exchange had filled a part of it first.
    bench.world.exchange.fill(order, decimal('0.001'), decimal('50000'), bench.world.at);
    bench.world.exchange.end(stop, 'cancelled');
    const record = bench.world.state.orders[stop]!;
    record.status = 'cancelled';
    await bench.answer(bench.watch.account(true));
    await bench.pass(SECOND_MS);
    expect(record.tradeIds).toHaveLength(1);
    await bench.answer(bench.watch.account(true));
    await bench.answer(bench.watch.account(true));
    expect(bench.world.locks()).toEqual([]);
  });

  test('a shortage that nothing explains locks, after two readings', async () => {
    const bench = createBench();
    bench.world.exchange.move('USDT', sub(decimal('0'), decimal('25')));
    await bench.answer(bench.watch.account(true));
    expect(bench.world.locks()).toEqual([]);
    await bench.pass(3 * SECOND_MS);
    expect(await bench.answer(bench.watch.account())).toBe(false);
    await bench.pass(2 * SECOND_MS);
    await bench.answer(bench.watch.account());
    expect(bench.world.locks()).toEqual(['reconciliation']);
  });

  test('a difference that is known and locked is not read again with every look, but at once when an operator asks', async () => {
    const bench = createBench();
    bench.world.exchange.move('USDT', sub(decimal('0'), decimal('25')));
    for (let look = 0; look < 10; look += 1) {
      await bench.answer(bench.watch.account());
      await bench.pass(5 * SECOND_MS);
    }
    const reads = bench.balanceReads;
    expect(bench.world.locks()).toEqual(['reconciliation']);
    expect(reads).toBeLessThanOrEqual(3);
    bench.world.command({ name: 'reconcile' });
    await bench.answer(bench.watch.account());
    expect(bench.balanceReads).toBe(reads + 1);
    expect(bench.world.unlock().ok).toBe(true);
  });
});

describe('the exchange’s clock', () => {
  const skew = (bench: ReturnType<typeof createBench>): number | null | undefined => bench.world.state.guardian.skew;

  test('a difference is measured from the middle of the way there and back', async () => {
    const bench = createBench();
    bench.timeTakes = [200];
    bench.ahead = 300;
    await bench.answer(bench.watch.skew());
    expect(skew(bench)).toBeCloseTo(300, 0);
  });

  test('of slow answers the quickest counts', async () => {
    const bench = createBench();
    bench.timeTakes = [7_000, 100];
    await bench.answer(bench.watch.skew());
    expect(Math.abs(skew(bench) ?? 9_999)).toBeLessThan(100);
  });

  test('an answer so slow that it says nothing changes nothing', async () => {
    const bench = createBench();
    bench.timeTakes = [6_000];
    bench.ahead = 2_000;
    bench.inputs.length = 0;
    await bench.answer(bench.watch.skew());
    expect(bench.inputs).toEqual([]);
  });

  test('but one that is wrong beyond all doubt locks', async () => {
    const bench = createBench();
    bench.timeTakes = [2_000];
    bench.ahead = 5_000;
    await bench.answer(bench.watch.skew());
    expect(bench.world.locks()).toContain('clock-skew');
  });

  test('a clock that was set is measured at the next look, not when the next measurement would be due', async () => {
    const bench = createBench();
    await bench.answer(bench.watch.skew());
    await bench.pass(5 * SECOND_MS);
    bench.inputs.length = 0;
    await bench.answer(bench.watch.skew());
    expect(bench.inputs).toEqual([]);
    // Ours is set a minute ahead.
    bench.set = MINUTE_MS;
    await bench.answer(bench.watch.skew());
    expect(bench.inputs).toEqual(['clock-skew']);
    expect(skew(bench)).toBeCloseTo(-MINUTE_MS, -2);
    expect(bench.world.locks()).toContain('clock-skew');
    // What it was set to is known now: the next look is as soon as any after trouble, and no sooner.
    await bench.answer(bench.watch.skew());
    expect(bench.inputs).toEqual(['clock-skew']);
  });

  test('a machine that has slept measures before it judges how old the last measurement is: no lock', async () => {
    const bench = createBench();
    await bench.answer(bench.watch.skew());
    await bench.pass(5 * SECOND_MS);
    // Seven hours by the clock, and none by the monotonic one; the exchange's has gone on, too.
    bench.set = 7 * HOUR_MS;
    bench.ahead = 7 * HOUR_MS;
    bench.inputs.length = 0;
    await bench.answer(bench.watch.skew());
    expect(bench.inputs).toEqual(['clock-skew']);
    expect(skew(bench)).toBeCloseTo(0, -2);
    expect(bench.world.locks()).not.toContain('clock-skew');
  });

  test('no answer is unknown, which tightens, and is asked again soon', async () => {
    const bench = createBench();
    bench.failing.add('time');
    await bench.answer(bench.watch.skew());
    expect(bench.world.locks()).toContain('clock-skew');
    bench.failing.clear();
    await bench.pass(16 * SECOND_MS);
    await bench.answer(bench.watch.skew());
    expect(bench.world.locks()).not.toContain('clock-skew');
  });
});
