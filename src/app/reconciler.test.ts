import { expect, test } from 'vitest';
import { BTC, ETH, World } from '../core/engine/world.test-helper.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type Milliseconds, type SymbolName } from '../core/units.ts';
import type { Read, Venue } from '../ports/venue.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { hostOf, watchOver } from './exchange-watch.test-helper.ts';
import { errorOf } from './executor.test-helper.ts';

/** A watch over the model exchange of the engine's tests; every query takes its time. */
const createBench = (world: World, takes: Milliseconds) => {
  const clock = createVirtualClock(world.wall);
  const bench = {
    unlisted: new Set<SymbolName>(),
    silent: false,
    queries: 0,
    refusal: 'unlisted' as 'unlisted' | 'refused',
  };
  const { host } = hostOf(world, clock);
  const answer = async <T>(of: SymbolName | null, value: () => T): Promise<Read<T>> => {
    bench.queries += 1;
    await clock.sleep(takes);
    if (bench.silent) return { ok: false, error: errorOf('unknown', 'TIMEOUT') };
    return of !== null && bench.unlisted.has(of)
      ? { ok: false, error: errorOf(bench.refusal, '-1121') }
      : { ok: true, value: value() };
  };
  const { exchange } = world;
  const orders = (symbol: SymbolName) => [...exchange.orders.values()].filter(({ draft }) => draft.symbol === symbol);
  const venue: Venue = {
    receiveWindow: 5 * SECOND_MS,
    send: () => Promise.reject(new Error('the engine’s test world sends')),
    cancel: () => Promise.reject(new Error('nothing is cancelled here')),
    lookUp: ({ clientOrderId }) => {
      const order = exchange.snapshot(clientOrderId);
      return Promise.resolve(order === null ? { kind: 'not-found' } : { kind: 'found', order });
    },
    openOrders: (symbol) =>
      answer(symbol, () =>
        exchange
          .openOrders()
          .flatMap(({ draft }) => (draft.symbol === symbol ? (exchange.snapshot(draft.clientOrderId) ?? []) : [])),
      ),
    tradesAfter: (symbol, after) =>
      answer(symbol, () =>
        orders(symbol).flatMap(({ draft, fills }) =>
          fills
            .filter(({ tradeId }) => Number(tradeId) > Number(after ?? -1))
            .map((fill) => ({ ...fill, symbol, exchangeOrderId: `x-${draft.clientOrderId}`, side: draft.side })),
        ),
      ),
    balances: () => answer(null, () => exchange.balances()),
    serverTime: () => answer(null, () => clock.wallNow()),
  };
  return Object.assign(bench, {
    clock,
    host,
    watch: watchOver(host, venue, clock).watch,
    pass: (span: Milliseconds) => clock.runTo(clock.wallNow() + span),
  });
};

test('two comparisons asked for at once are two readings, one after the other: a stop that fills meanwhile is no shortage', async () => {
  const world = new World().ready().enter();
  const bench = createBench(world, 100);
  const both = Promise.all([bench.watch.account(true), bench.watch.account(true)]);
  // Orders and trades of both markets have been read, the balances have not.
  await bench.pass(420);
  world.exchange.setPrice(BTC, 49_000, world.at);
  await bench.pass(10 * SECOND_MS);
  expect(await both).toEqual([true, true]);
  expect(world.locks()).toEqual([]);
  expect(world.managed()).toBeNull();
});

test('a market that is traded no more and has left the exchange does not stand in the way of the comparison', async () => {
  const world = new World().ready();
  world.config = { ...world.config, symbols: [BTC] };
  world.start();
  const bench = createBench(world, 1);
  bench.unlisted.add(ETH);
  const compared = bench.watch.account(true);
  await bench.pass(SECOND_MS);
  expect(await compared).toBe(true);
  expect(world.state.accountFailed).toBe(false);
});

test('a market that has left the exchange while it is held does not stand in the way of the comparison: the engine is told at the next look', async () => {
  const world = new World().ready().enter();
  const bench = createBench(world, 1);
  const look = async (): Promise<void> => {
    const looked = bench.watch.orders().then(() => bench.watch.account());
    await bench.pass(SECOND_MS);
    await looked;
  };
  await look();
  bench.unlisted.add(BTC);
  await look();
  expect([world.state.accountFailed, world.locks(), world.state.symbols[BTC]?.unlisted]).toEqual([
    false,
    ['unlisted'],
    true,
  ]);
  // It is looked at again each minute, and only then.
  const { queries } = bench;
  await look();
  expect(bench.queries).toBe(queries + 1);
  bench.unlisted.clear();
  await bench.pass(60 * SECOND_MS);
  await look();
  expect(world.locks()).toEqual([]);
});

test('what an order in a market that has left the exchange did can be settled by the balances: it is among no open orders', async () => {
  const world = new World().ready().enter();
  const bench = createBench(world, 1);
  const reference = { symbol: BTC, clientOrderId: world.managed()?.stopOrderId ?? '' };
  const look = async (): Promise<unknown> => {
    const looked = bench.watch.evidence(reference);
    await bench.pass(SECOND_MS);
    return await looked;
  };
  expect(await look()).toMatchObject({ listed: true });
  bench.unlisted.add(BTC);
  expect(await look()).toMatchObject({
    listed: false,
    totals: expect.arrayContaining([{ asset: 'BTC', total: world.held() }]) as unknown,
  });
  // Any other refusal proves nothing.
  bench.refusal = 'refused';
  expect(await look()).toContain('could not be read');
});

test('a market that is traded, or holds a position, has to answer', async () => {
  const world = new World().ready().enter();
  world.config = { ...world.config, symbols: [ETH] };
  world.start();
  const bench = createBench(world, 1);
  bench.refusal = 'refused';
  for (const symbol of [BTC, ETH]) {
    bench.unlisted = new Set([symbol]);
    const compared = bench.watch.account(true);
    await bench.pass(SECOND_MS);
    expect(await compared, symbol).toBe(false);
  }
});

test('an exchange that answers nothing is asked once for a comparison, not once for each market: the loop has to go on', async () => {
  const bench = createBench(new World().ready().enter(), 10 * SECOND_MS);
  bench.silent = true;
  const compared = bench.watch.account(true);
  await bench.pass(11 * SECOND_MS);
  expect(bench.queries).toBe(1);
  expect(await compared).toBe(false);
});

test('a clock that was set back behind what is journaled locks until it has caught up: no age can be told meanwhile', async () => {
  const world = new World().ready();
  const bench = createBench(world, 1);
  const measure = async (): Promise<readonly string[]> => {
    const measured = bench.watch.skew();
    await bench.pass(SECOND_MS);
    await measured;
    return world.locks();
  };
  expect(await measure()).toEqual([]);
  world.state.at = bench.clock.marketNow() + HOUR_MS;
  expect(await measure()).toContain('clock-skew');
  await bench.pass(HOUR_MS);
  await bench.pass(15 * SECOND_MS);
  expect(await measure()).not.toContain('clock-skew');
});

test('while nothing answers one market is asked for its orders, not each that is held: every question takes its whole time limit, and the watchdog counts', async () => {
  const world = new World({ limits: { maxSymbolExposure: 0.4 } }).ready().enter().enter(ETH);
  const bench = createBench(world, 10 * SECOND_MS);
  bench.silent = true;
  const looked = bench.watch.orders();
  await bench.pass(MINUTE_MS);
  await looked;
  expect(bench.queries).toBe(1);
  bench.silent = false;
  void bench.watch.orders();
  await bench.pass(MINUTE_MS);
  expect(bench.queries).toBe(3);
});
