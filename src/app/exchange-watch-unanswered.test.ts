import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal, sub, sum } from '../core/decimal.ts';
import { BTC, World } from '../core/engine/world.test-helper.ts';
import { imbalance } from '../core/ledger/ledger.ts';
import { MINUTE_MS, SECOND_MS } from '../core/units.ts';
import { createBench, holding, stopOf, stranger } from './exchange-watch.test-helper.ts';

describe('an order that cannot be looked up', () => {
  /** A stop that the exchange has ended, and of which it says nothing when it is asked: a minute and more of looks. */
  const lost = async (end: (world: World, stop: string) => void) => {
    const bench = holding();
    const { world, watch } = bench;
    const stop = stopOf(bench);
    world.cancelWorks = false;
    bench.failing.add('look-up');
    end(world, stop);
    for (let count = 0; count < 20; count += 1) {
      await bench.answer(watch.orders());
      await bench.pass(5 * SECOND_MS);
      [world.at, world.wall] = [bench.clock.marketNow(), bench.clock.wallNow()];
      world.timer();
    }
    expect([world.managed()?.phase, world.state.orders[stop]?.status]).toEqual(['unstopping', 'unknown']);
    expect(world.state.guardian.locks['execution']?.reason).toContain(stop);
    return { bench, world, watch, stop };
  };

  test('a stop that is gone: entries lock by its name, nothing is sold in its place, comparisons go on, and its end is booked when it is known', async () => {
    const { bench, world, watch, stop } = await lost((there, id) => there.exchange.end(id, 'cancelled'));
    expect(await bench.answer(watch.account())).toBe(true);
    expect(bench.balanceReads).toBe(1);
    await bench.answer(watch.account(true));
    expect([world.state.orders[stop]?.status, world.state.suspicion, world.placed('exit')]).toEqual([
      'unknown',
      null,
      [],
    ]);
    // It is looked at again each minute meanwhile.
    expect(await bench.answer(watch.account())).toBe(false);
    await bench.pass(MINUTE_MS);
    expect(await bench.answer(watch.account())).toBe(true);
    bench.failing.clear();
    await bench.pass(MINUTE_MS);
    expect([world.state.orders[stop]?.status, world.placed('exit').length]).toEqual(['cancelled', 1]);
  });

  test('a stop that was filled: the list of trades is the whole of it, and it is booked as the stop-out', async () => {
    const { bench, world, watch, stop } = await lost((there) => void there.exchange.setPrice(BTC, 49_000, there.at));
    expect(await bench.answer(watch.account())).toBe(true);
    await bench.answer(watch.account(true));
    expect([
      world.state.orders[stop]?.status,
      world.managed(),
      world.held(),
      world.state.suspicion,
      world.placed('exit'),
    ]).toEqual(['filled', null, '0', null, []]);
    expect(bench.executor.stuck).toEqual([]);
    expect(world.locks()).toEqual(['execution']);
  });

  test('a stop of which a part was filled stays unknown: the rest may be anything', async () => {
    const { bench, world, watch, stop } = await lost((there, id) => {
      there.exchange.fill(there.exchange.orders.get(id)!, decimal('0.05'), decimal('49000'), there.at);
      there.exchange.end(id, 'cancelled');
    });
    await bench.answer(watch.account(true));
    expect([world.state.orders[stop]?.status, world.placed('exit')]).toEqual(['unknown', []]);
  });

  test('one that has ended in the books and has a fill that is not booked: balances prove nothing for a minute, then the list of trades is taken at its word', async () => {
    const bench = holding();
    const stop = stopOf(bench);
    const { world, watch } = bench;
    bench.world.exchange.fill(world.exchange.orders.get(stop)!, decimal('0.001'), decimal('50000'), world.at);
    world.exchange.end(stop, 'cancelled');
    world.state.orders[stop]!.status = 'cancelled';
    bench.failing.add('look-up');
    expect(await bench.answer(watch.account(true))).toBe(false);
    expect([watch.hindered, world.state.accountFailed]).toEqual([false, true]);
    await bench.pass(2 * MINUTE_MS);
    expect(await bench.answer(watch.account(true))).toBe(true);
    expect([watch.hindered, world.state.accountFailed, bench.executor.stuck]).toEqual([false, false, []]);
    expect(world.state.ledger.cash).toBe(world.exchange.of('USDT'));
    expect([world.state.orders[stop]?.status, world.state.orders[stop]?.tradeIds.length]).toEqual(['cancelled', 1]);
    await bench.answer(watch.account(true));
    expect(world.state.suspicion).toBeNull();
  });

  test('one of ours that the books do not have: the account counts as not read, which is told, and only this order hinders', async () => {
    const bench = createBench();
    const { world, watch } = bench;
    bench.strangers.push(stranger('gbtest01-zz'));
    bench.refusing = true;
    bench.failing.add('look-up');
    await bench.answer(watch.account(true));
    await bench.pass(3 * MINUTE_MS);
    for (let count = 0; count < 3; count += 1) expect(await bench.answer(watch.account(true))).toBe(false);
    expect([watch.hindered, world.state.accountFailed]).toEqual([true, true]);
    const told = () => bench.alerts().filter((title) => title.includes('looked up'));
    expect(told()).toEqual(['gbtest01-zz cannot be looked up: the account is not compared']);
    bench.failing.clear();
    bench.refusing = false;
    bench.strangers = [];
    await bench.pass(2 * MINUTE_MS);
    expect(await bench.answer(watch.account(true))).toBe(true);
    expect([watch.hindered, world.state.accountFailed]).toEqual([false, false]);
    expect(told()).toEqual([
      'gbtest01-zz cannot be looked up: the account is not compared',
      'gbtest01-zz can be looked up again',
    ]);
  });
});

describe('an order that an operator has settled', () => {
  /** A stop is gone and cannot be looked up; the exchange has filled it as far as `part`. */
  const stuck = async (part: string | null) => {
    const bench = holding();
    const { world, watch } = bench;
    world.cancelWorks = false;
    const stop = stopOf(bench);
    await bench.answer(watch.account(true));
    bench.failing.add('look-up');
    const fill = (quantity: string): void => {
      [world.at, world.wall] = [bench.clock.marketNow(), bench.clock.wallNow()];
      world.exchange.fill(world.exchange.orders.get(stop)!, decimal(quantity), decimal('49250'), world.at);
    };
    if (part !== null) fill(part);
    world.exchange.end(stop, 'cancelled');
    for (let count = 0; count < 20; count += 1) {
      await bench.answer(watch.orders());
      await bench.pass(5 * SECOND_MS);
      [world.at, world.wall] = [bench.clock.marketNow(), bench.clock.wallNow()];
      world.timer();
    }
    const settle = async (claim: 'filled' | 'gone') => {
      const evidence = await bench.answer(watch.evidence({ symbol: BTC, clientOrderId: stop }));
      if (typeof evidence === 'string') throw new Error(evidence);
      const result = world.command({ name: 'settle', clientOrderId: stop, claim, price: null, evidence });
      if (result.ok) bench.executor.forget(stop);
      await bench.pass(SECOND_MS);
      return result;
    };
    return { ...bench, stop, fill, settle };
  };

  test('has its trades in the books: that the exchange lists them, and still does not answer for it, keeps nothing from being compared', async () => {
    const { world, watch, answer, pass, settle } = await stuck('0.11098');
    expect(await settle('filled')).toMatchObject({ ok: true });
    for (let count = 0; count < 3; count += 1) {
      expect(await answer(watch.account(true))).toBe(true);
      await pass(MINUTE_MS);
    }
    expect([world.state.accountFailed, watch.hindered, world.state.suspicion]).toEqual([false, false, null]);
  });

  test('as gone, and whose trades turn up all the same, is booked by the list of trades, though the exchange still does not answer for it', async () => {
    const { world, watch, answer, pass, settle, fill, executor } = await stuck(null);
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'accept' } : { kind: 'reject' });
    expect(await settle('gone')).toMatchObject({ ok: true });
    expect(await settle('gone')).toMatchObject({ ok: false, code: 'not-unknown' });
    const before = world.held();
    fill('0.05');
    for (let count = 0; count < 8; count += 1) {
      await answer(watch.account(true));
      await pass(20 * SECOND_MS);
    }
    expect([sub(decimal(before), decimal(world.held())), executor.stuck]).toEqual([decimal('0.05'), []]);
    expect([watch.hindered, world.state.accountFailed, world.state.suspicion]).toEqual([false, false, null]);
  });
});

describe('an order that was filled and whose trades cannot be read', () => {
  /** Bought at the exchange with an answer that was lost; what is asked of it fails for `minutes`. */
  const bought = async (stated: string | null, minutes = 3, paid: string | null = null) => {
    const bench = createBench();
    const { world, watch } = bench;
    await bench.answer(watch.account(true));
    world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: true } : { kind: 'accept' });
    world.predict(BTC);
    const entry = world.placed('entry').at(-1)!;
    bench.failing.add('look-up').add('trades');
    bench.stated = stated;
    if (paid !== null)
      bench.statedQuote = formatDecimal(
        sum(world.exchange.orders.get(entry.clientOrderId)!.fills.map(({ quoteQuantity }) => decimal(quoteQuantity))),
      );
    world.exchange.move('USDT', decimal(paid ?? '0'));
    bench.executor.resolve({ symbol: BTC, clientOrderId: entry.clientOrderId });
    for (let look = 0; look < minutes * 4; look += 1) {
      await bench.answer(watch.account());
      await bench.pass(15 * SECOND_MS);
      [world.at, world.wall] = [bench.clock.marketNow(), bench.clock.wallNow()];
      world.quotes();
    }
    return { ...bench, entry, status: () => world.state.orders[entry.clientOrderId]?.status };
  };
  const all = formatDecimal(new World().ready().enter().placed('entry').at(-1)!.quantity);

  test('is booked by what it states itself and the balances, and has its stop within two minutes', async () => {
    const { world, entry, status, alerts, executor } = await bought(all, 2);
    expect([
      status(),
      world.managed()?.phase,
      world.exchange.openOrders().map(({ draft }) => [draft.purpose, formatDecimal(draft.quantity)]),
    ]).toEqual(['settled', 'protected', [['stop', world.held()]]]);
    expect(alerts()).toContain('BTC/USDT: entry booked by what it states itself');
    expect([world.state.orders[entry.clientOrderId]?.detail, executor.stuck]).toEqual([
      'settled by what it states and the balances',
      [],
    ]);
    expect([world.state.ledger.cash, imbalance(world.state.ledger)]).toEqual([world.exchange.of('USDT'), 0n]);
  });

  test('is booked at what it states to have paid: money that somebody has brought meanwhile is none of it', async () => {
    const { world, entry, status } = await bought(all, 2, '40');
    const paid = sum(
      world.exchange.orders.get(entry.clientOrderId)!.fills.map(({ quoteQuantity }) => decimal(quoteQuantity)),
    );
    expect([status(), world.state.ledger.positions[BTC]?.trade?.boughtQuote]).toEqual(['settled', paid]);
  });

  test('agrees with the trades when they come at last', async () => {
    const { world, watch, failing, answer, pass } = await bought(all);
    failing.clear();
    for (let count = 0; count < 4; count += 1) {
      expect(await answer(watch.account(true))).toBe(true);
      await pass(MINUTE_MS);
    }
    expect([
      world.state.suspicion,
      world.state.accountFailed,
      world.locks().includes('reconciliation'),
      world.managed()?.phase,
    ]).toEqual([null, false, false, 'protected']);
  });

  test.each([
    ['that states nothing', null],
    ['that states less than the balances show', '0.001'],
    ['that states more than they show', '9'],
    ['whose statement is no number', 'all'],
  ])('%s waits for its trades, or for an operator', async (_, stated) => {
    const { world, status } = await bought(stated);
    expect([status(), world.placed('stop')]).toEqual(['unknown', []]);
  });

  test('and a stop in that state, filled in part: what it has left over gets another one', async () => {
    const bench = holding();
    const { world, watch } = bench;
    const stop = stopOf(bench);
    await bench.answer(watch.account(true));
    world.cancelWorks = false;
    bench.failing.add('look-up').add('trades');
    bench.stated = '0.05';
    world.exchange.fill(world.exchange.orders.get(stop)!, decimal(bench.stated), decimal('49250'), world.at);
    world.exchange.end(stop, 'cancelled');
    for (let look = 0; look < 8; look += 1) {
      await bench.answer(watch.orders());
      await bench.answer(watch.account());
      await bench.pass(15 * SECOND_MS);
      [world.at, world.wall] = [bench.clock.marketNow(), bench.clock.wallNow()];
      world.quotes();
    }
    expect([
      world.state.orders[stop]?.status,
      world.exchange.openOrders().length + world.placed('exit').length,
    ]).toEqual(['settled', 1]);
    expect([world.state.ledger.cash, imbalance(world.state.ledger)]).toEqual([world.exchange.of('USDT'), 0n]);
  });
});

describe('what is held against a word on an order that the exchange never answers for', () => {
  test('its list of open orders and the balances, or why they could not be read', async () => {
    const bench = holding();
    const reference = { symbol: BTC, clientOrderId: stopOf(bench) };
    const seen = await bench.answer(bench.watch.evidence(reference));
    expect(seen).toMatchObject({
      listed: true,
      totals: expect.arrayContaining([{ asset: 'BTC', total: bench.world.held() }]) as unknown,
    });
    bench.world.exchange.end(reference.clientOrderId, 'cancelled');
    expect(await bench.answer(bench.watch.evidence(reference))).toMatchObject({ listed: false });
    for (const query of ['balances', 'open-orders'] as const) {
      bench.failing.clear();
      bench.failing.add(query);
      expect(await bench.answer(bench.watch.evidence(reference))).toContain('could not be read (503');
    }
    bench.failing.add('look-up');
    bench.executor.resolve(reference);
    expect(await bench.answer(bench.watch.evidence(reference))).toContain('under way');
  });
});
