import { describe, expect, test } from 'vitest';
import { decimal, sub } from '../core/decimal.ts';
import { BTC, World } from '../core/engine/world.test-helper.ts';
import type { OrderSnapshot } from '../core/orders/order.ts';
import { MINUTE_MS, SECOND_MS } from '../core/units.ts';
import { createBench, stranger } from './exchange-watch.test-helper.ts';

describe('orders of others and of nobody', () => {
  test('those of others are told and left alone', async () => {
    const bench = createBench();
    bench.strangers.push(stranger('web_123'));
    await bench.answer(bench.watch.account(true));
    await bench.pass(MINUTE_MS);
    expect(bench.cancelled).toEqual([]);
    expect(bench.alerts().some((title) => title.includes('Somebody else trades'))).toBe(true);
  });

  test('those that wait for a trigger take places from our stops: with none left there is no entry', async () => {
    const bench = createBench();
    bench.strangers.push(
      ...['1', '2', '3', '4', '5'].map((id): OrderSnapshot => ({ ...stranger(`web_${id}`), algo: true })),
    );
    await bench.answer(bench.watch.account(true));
    bench.world.take();
    bench.world.predict(BTC);
    expect(bench.world.take().find(({ type }) => type === 'decision')).toMatchObject({
      outcome: 'denied',
      checks: expect.arrayContaining([
        expect.objectContaining({ ok: false, code: 'unprotectable', value: 5 }),
      ]) as unknown,
    });
    bench.strangers.pop();
    await bench.answer(bench.watch.account(true));
    bench.world.hour();
    bench.world.predict(BTC);
    expect(bench.world.take().find(({ type }) => type === 'decision')).toMatchObject({ outcome: 'entered' });
  });

  test('of somebody else are counted, all of them, though few are named and kept', async () => {
    const bench = createBench();
    for (let number = 10; number < 37; number += 1) bench.strangers.push(stranger(`web_${number}`));
    bench.world.take();
    await bench.answer(bench.watch.account(true));
    const [alert] = bench.world.take().flatMap((effect) => (effect.type === 'alert' ? [effect.alert] : []));
    expect([alert?.title, alert?.lines.at(-1)]).toEqual([
      'Somebody else trades on the account: 27 orders or trades',
      'and 22 more',
    ]);
    const read = bench.world.journal.at(-1);
    expect(read?.type === 'account' && [read.foreignOrders.length, read.foreignCount]).toEqual([20, 27]);
  });

  test('ours that the books do not know are cancelled', async () => {
    const bench = createBench();
    const ours = `gb${bench.world.state.config?.instanceId ?? ''}-zz`;
    bench.strangers.push(stranger(ours, 'buy'));
    await bench.answer(bench.watch.account(true));
    await bench.pass(SECOND_MS);
    expect(bench.cancelled).toEqual([ours]);
    expect(bench.world.locks()).toEqual([]);
  });

  test('those of a second bot on the account halt this one and are left alone: they may be its stops', async () => {
    const bench = createBench();
    bench.strangers.push(stranger('gbother-7'));
    await bench.answer(bench.watch.account(true));
    await bench.pass(SECOND_MS);
    expect(bench.world.locks()).toEqual(['reconciliation']);
    expect(bench.world.state.guardian.locks['reconciliation']).toMatchObject({
      reason:
        'another instance of this bot has an order on the account (BTC/USDT gbother-7): stop that bot, or cancel what it left',
      limit: 0,
      value: 1,
    });
    expect(bench.world.unlock().text).toContain('send /reconcile first');
    await bench.answer(bench.watch.account(true));
    expect(bench.cancelled).toEqual([]);
  });

  test('what a second bot left is cancelled once an operator has compared and unlocked', async () => {
    const bench = createBench();
    bench.strangers.push(stranger('gbother-7'));
    await bench.answer(bench.watch.account(true));
    bench.world.command({ name: 'reconcile' });
    await bench.answer(bench.watch.account());
    // It places another one between the comparison and the /unlock: nobody has seen that.
    bench.strangers.push(stranger('gbother-8'));
    expect(bench.world.unlock().ok).toBe(true);
    await bench.answer(bench.watch.account(true));
    await bench.pass(SECOND_MS);
    expect(bench.cancelled).toEqual(['gbother-7']);
    expect(bench.world.locks()).toEqual(['reconciliation']);
  });

  test('new books on an account with orders of ours start halted, and leave them alone until an operator has looked', async () => {
    const world = new World();
    world.start();
    const bench = createBench(world);
    bench.strangers.push(stranger('gbother-7'));
    await bench.answer(bench.watch.account(true));
    await bench.answer(bench.watch.account(true));
    expect(world.locks()).toContain('start-gate');
    expect(bench.cancelled).toEqual([]);
    expect(world.unlock(['start-gate']).ok).toBe(false);
    world.command({ name: 'reconcile' });
    await bench.answer(bench.watch.account());
    expect(world.unlock(['start-gate']).ok).toBe(true);
    await bench.answer(bench.watch.account(true));
    await bench.pass(SECOND_MS);
    expect(bench.cancelled).toEqual(['gbother-7']);
  });
});

describe('an account that was reset', () => {
  test.each([
    ['testnet', 'the sandbox was reset'],
    ['paper', 'the exchange has lost booked trades'],
  ] as const)('is recognised in %s and named', async (mode, words) => {
    const bench = createBench(new World({ config: { mode } }).ready().enter());
    bench.forget = () => true;
    await bench.answer(bench.watch.account(true));
    await bench.answer(bench.watch.account(true));
    const lock = bench.world.state.guardian.locks['reconciliation'];
    expect(lock?.reason).toContain(words);
  });

  const readings = async (bench: ReturnType<typeof createBench>, count: number): Promise<void> => {
    for (let reading = 0; reading < count; reading += 1) await bench.answer(bench.watch.account(true));
  };
  const accept = async (bench: ReturnType<typeof createBench>): Promise<void> => {
    await readings(bench, 2);
    expect(bench.world.locks()).toEqual(['reconciliation']);
    bench.world.command({ name: 'reconcile' });
    await readings(bench, 1);
    expect(bench.world.unlock().ok).toBe(true);
  };

  test('and accepted does not lock again with every reading: its money is a deposit, and trades are compared from there on', async () => {
    const bench = createBench(new World({ config: { mode: 'testnet' } }).ready().enter());
    const { world } = bench;
    world.command({ name: 'flatten', symbol: null });
    bench.forget = () => true;
    world.exchange.move('USDT', sub(decimal('20000'), world.exchange.of('USDT')));
    await accept(bench);
    await readings(bench, 3);
    expect([world.locks(), world.state.cashNumber]).toEqual([[], 20_000]);
    world.hour();
    bench.forget = ({ at }) => at < world.at;
    world.enter();
    await readings(bench, 3);
    expect(world.locks()).toEqual([]);
    expect(world.managed()?.phase).toBe('protected');
  });

  test('and comes back after all is booked no second time, with a position or without', async () => {
    const bench = createBench(new World().ready().enter());
    const { world } = bench;
    const before = [world.held(), world.state.cashNumber];
    bench.forget = () => true;
    await accept(bench);
    bench.forget = () => false;
    await readings(bench, 3);
    expect([world.locks(), [world.held(), world.state.cashNumber], world.managed()?.phase]).toEqual([
      [],
      before,
      'protected',
    ]);
    world.quotes({ [BTC]: 49_000 });
    expect(world.held()).toBe('0');
    await readings(bench, 3);
    expect([world.locks(), world.held()]).toEqual([[], '0']);
  });
});
