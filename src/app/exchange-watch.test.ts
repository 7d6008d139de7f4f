import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal, sub, sum } from '../core/decimal.ts';
import { BTC, World } from '../core/engine/world.test-helper.ts';
import { imbalance } from '../core/ledger/ledger.ts';
import type { OrderSnapshot } from '../core/orders/order.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs } from '../core/units.ts';
import type { OwnTrade, Read, Venue } from '../ports/venue.ts';
import { createVirtualClock, type VirtualClock } from '../sim/simulation/virtual-clock.ts';
import { hostOf, watchOver } from './exchange-watch.test-helper.ts';
import { errorOf } from './executor.test-helper.ts';

const failed: Read<never> = { ok: false, error: errorOf('unknown', '503') };
const stranger = (clientOrderId: string, side: 'buy' | 'sell' = 'sell'): OrderSnapshot => ({ clientOrderId, exchangeOrderId: `x-${clientOrderId}`, symbol: BTC, side, status: 'new', quantity: '1', executedQuantity: '0', fills: [] });

/** A watch over the model exchange of the engine's tests, with switches for every query. */
const createBench = (world = new World().ready()) => {
  const clock = createVirtualClock(world.wall);
  const ours: VirtualClock = { ...clock, wallNow: () => clock.wallNow() + bench.set, marketNow: () => clock.marketNow() + bench.set };
  const { host, inputs } = hostOf(world, ours);
  const bench = {
    world,
    clock,
    inputs,
    /** Open orders that are not in the model. */
    strangers: [] as OrderSnapshot[],
    cancelled: [] as string[],
    failing: new Set<'open-orders' | 'trades' | 'balances' | 'time' | 'look-up'>(),
    /** What an order that has ended states to have executed, while its fills cannot be read. */
    stated: null as string | null,
    statedQuote: null as string | null,
    /** Trades that the exchange no longer lists. */
    forget: (_trade: OwnTrade): boolean => false,
    /** How long the exchange takes to tell the time, and how far its clock is ahead. */
    timeTakes: [0] as number[],
    ahead: 0,
    /** By how much our clock was set, which leaves the monotonic one as it was. */
    set: 0,
    balanceReads: 0,
    /** Whether cancellations find nothing open. */
    refusing: false,
    answer: async <T>(wanted: Promise<T>): Promise<T> => {
      let value: { readonly done: T } | null = null;
      void wanted.then((result) => (value = { done: result }));
      for (let count = 0; count < 200 && value === null; count += 1) await clock.runTo(clock.wallNow() + 250);
      return (value as unknown as { readonly done: T }).done;
    },
    pass: (span: number) => clock.runTo(clock.wallNow() + span),
    alerts: () => world.effects.flatMap((effect) => (effect.type === 'alert' ? [effect.alert.title] : [])),
  };
  const trades = (): OwnTrade[] =>
    [...world.exchange.orders.values()]
      .flatMap(({ draft, fills }) => fills.map((fill): OwnTrade => ({ ...fill, symbol: draft.symbol, exchangeOrderId: `x-${draft.clientOrderId}`, side: draft.side })))
      .filter((trade) => !bench.forget(trade))
      .sort((a, b) => Number(a.tradeId) - Number(b.tradeId));
  const venue: Venue = {
    receiveWindow: 5 * SECOND_MS,
    send: () => Promise.reject(new Error('the engine’s test world sends')),
    lookUp: ({ clientOrderId }) => {
      if (bench.failing.has('look-up')) return Promise.resolve({ kind: 'unknown', error: errorOf('unknown', '503'), ...(bench.stated === null ? {} : { stated: bench.stated, ...(bench.statedQuote === null ? {} : { statedQuote: bench.statedQuote }) }) });
      const order = world.exchange.snapshot(clientOrderId) ?? bench.strangers.find((other) => other.clientOrderId === clientOrderId) ?? null;
      return Promise.resolve(order === null ? { kind: 'not-found' } : { kind: 'found', order });
    },
    cancel: ({ clientOrderId }) => {
      if (bench.refusing) return Promise.resolve({ kind: 'not-open', error: errorOf('refused', '-2011') });
      bench.cancelled.push(clientOrderId);
      world.exchange.end(clientOrderId, 'cancelled');
      const other = bench.strangers.find((candidate) => candidate.clientOrderId === clientOrderId);
      bench.strangers = bench.strangers.filter((candidate) => candidate !== other);
      const order = world.exchange.snapshot(clientOrderId) ?? { ...(other ?? stranger(clientOrderId)), status: 'cancelled' as const };
      return Promise.resolve({ kind: 'cancelled', order });
    },
    openOrders: (symbol) => {
      if (bench.failing.has('open-orders')) return Promise.resolve(failed);
      const own = world.exchange.openOrders().flatMap(({ draft }) => (draft.symbol === symbol ? [world.exchange.snapshot(draft.clientOrderId)] : []));
      return Promise.resolve({ ok: true, value: [...own.filter((order) => order !== null), ...bench.strangers.filter((order) => order.symbol === symbol)] });
    },
    tradesAfter: (symbol, after, since) =>
      Promise.resolve(bench.failing.has('trades') ? failed : { ok: true, value: trades().filter((trade) => trade.symbol === symbol && (after === null ? trade.at >= since : Number(trade.tradeId) > Number(after))) }),
    balances: () => {
      bench.balanceReads += 1;
      return Promise.resolve(bench.failing.has('balances') ? failed : { ok: true, value: world.exchange.balances() });
    },
    serverTime: async (): Promise<Read<EpochMs>> => {
      const takes = bench.timeTakes.length > 1 ? (bench.timeTakes.shift() ?? 0) : (bench.timeTakes[0] ?? 0);
      await clock.sleep(takes);
      return bench.failing.has('time') ? failed : { ok: true, value: clock.wallNow() - takes / 2 + bench.ahead };
    },
  };
  return Object.assign(bench, watchOver(host, venue, ours));
};

/** Holding a position with its stop in place. */
const holding = () => createBench(new World().ready().enter());
const stopOf = (bench: ReturnType<typeof createBench>): string => bench.world.managed()?.stopOrderId ?? '';

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
    bench.world.state.orders['gb-lost'] = { ...bench.world.state.orders[entry]!, draft: { ...bench.world.state.orders[entry]!.draft, clientOrderId: 'gb-lost', purpose: 'stop', side: 'sell' }, status: 'never-existed', tradeIds: [] };
    bench.strangers.push(stranger('gb-lost'));
    await bench.answer(bench.watch.orders());
    await bench.pass(SECOND_MS);
    expect(bench.cancelled).toEqual(['gb-lost']);
    expect(bench.world.state.orders['gb-lost']?.status).toBe('cancelled');
  });
});

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
    expect([world.state.orders[stop]?.status, world.state.suspicion, world.placed('exit')]).toEqual(['unknown', null, []]);
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
    expect([world.state.orders[stop]?.status, world.managed(), world.held(), world.state.suspicion, world.placed('exit')]).toEqual(['filled', null, '0', null, []]);
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
    expect(told()).toEqual(['gbtest01-zz cannot be looked up: the account is not compared', 'gbtest01-zz can be looked up again']);
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
    if (paid !== null) bench.statedQuote = formatDecimal(sum(world.exchange.orders.get(entry.clientOrderId)!.fills.map(({ quoteQuantity }) => decimal(quoteQuantity))));
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
    expect([status(), world.managed()?.phase, world.exchange.openOrders().map(({ draft }) => [draft.purpose, formatDecimal(draft.quantity)])]).toEqual(['settled', 'protected', [['stop', world.held()]]]);
    expect(alerts()).toContain('BTC/USDT: entry booked by what it states itself');
    expect([world.state.orders[entry.clientOrderId]?.detail, executor.stuck]).toEqual(['settled by what it states and the balances', []]);
    expect([world.state.ledger.cash, imbalance(world.state.ledger)]).toEqual([world.exchange.of('USDT'), 0n]);
  });

  test('is booked at what it states to have paid: money that somebody has brought meanwhile is none of it', async () => {
    const { world, entry, status } = await bought(all, 2, '40');
    const paid = sum(world.exchange.orders.get(entry.clientOrderId)!.fills.map(({ quoteQuantity }) => decimal(quoteQuantity)));
    expect([status(), world.state.ledger.positions[BTC]?.trade?.boughtQuote]).toEqual(['settled', paid]);
  });

  test('agrees with the trades when they come at last', async () => {
    const { world, watch, failing, answer, pass } = await bought(all);
    failing.clear();
    for (let count = 0; count < 4; count += 1) {
      expect(await answer(watch.account(true))).toBe(true);
      await pass(MINUTE_MS);
    }
    expect([world.state.suspicion, world.state.accountFailed, world.locks().includes('reconciliation'), world.managed()?.phase]).toEqual([null, false, false, 'protected']);
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
    expect([world.state.orders[stop]?.status, world.exchange.openOrders().length + world.placed('exit').length]).toEqual(['settled', 1]);
    expect([world.state.ledger.cash, imbalance(world.state.ledger)]).toEqual([world.exchange.of('USDT'), 0n]);
  });
});

describe('the account', () => {
  test('is compared once an hour of market time', async () => {
    const bench = createBench();
    expect(await bench.answer(bench.watch.account())).toBe(true);
    expect(await bench.answer(bench.watch.account())).toBe(false);
    await bench.pass(HOUR_MS);
    expect(await bench.answer(bench.watch.account())).toBe(true);
    expect(bench.balanceReads).toBe(2);
  });

  test.each(['open-orders', 'trades', 'balances'] as const)('that cannot be read (%s) changes nothing, and is tried again soon', async (what) => {
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
  });

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
    await bench.answer(bench.watch.account());
    expect(bench.world.locks()).toEqual(['reconciliation']);
  });

  test('a difference that is known and locked is not read again with every look, but at once when an operator asks', async () => {
    const bench = createBench();
    bench.world.exchange.move('USDT', sub(decimal('0'), decimal('25')));
    for (let look = 0; look < 10; look += 1) await bench.answer(bench.watch.account());
    const reads = bench.balanceReads;
    expect(reads).toBeLessThanOrEqual(3);
    bench.world.command({ name: 'reconcile' });
    await bench.answer(bench.watch.account());
    expect(bench.balanceReads).toBe(reads + 1);
    expect(bench.world.unlock().ok).toBe(true);
  });
});

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
    bench.strangers.push(...['1', '2', '3', '4', '5'].map((id): OrderSnapshot => ({ ...stranger(`web_${id}`), algo: true })));
    await bench.answer(bench.watch.account(true));
    bench.world.take();
    bench.world.predict(BTC);
    expect(bench.world.take().find(({ type }) => type === 'decision')).toMatchObject({ outcome: 'denied', checks: expect.arrayContaining([expect.objectContaining({ ok: false, code: 'unprotectable', value: 5 })]) as unknown });
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
    expect([alert?.title, alert?.lines.at(-1)]).toEqual(['Somebody else trades on the account: 27 orders or trades', 'and 22 more']);
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
    expect(bench.world.state.guardian.locks['reconciliation']).toMatchObject({ reason: 'another instance of this bot has an order on the account (BTC/USDT gbother-7): stop that bot, or cancel what it left', limit: 0, value: 1 });
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

describe('what is held against a word on an order that the exchange never answers for', () => {
  test('its list of open orders and the balances, or why they could not be read', async () => {
    const bench = holding();
    const reference = { symbol: BTC, clientOrderId: stopOf(bench) };
    const seen = await bench.answer(bench.watch.evidence(reference));
    expect(seen).toMatchObject({ listed: true, totals: expect.arrayContaining([{ asset: 'BTC', total: bench.world.held() }]) as unknown });
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
    expect([world.locks(), [world.held(), world.state.cashNumber], world.managed()?.phase]).toEqual([[], before, 'protected']);
    world.quotes({ [BTC]: 49_000 });
    expect(world.held()).toBe('0');
    await readings(bench, 3);
    expect([world.locks(), world.held()]).toEqual([[], '0']);
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
