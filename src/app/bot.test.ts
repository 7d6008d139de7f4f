import { describe, expect, test } from 'vitest';
import { formatDecimal } from '../core/decimal.ts';
import { createEngineState } from '../core/engine/state.ts';
import { BTC, engineConfig, ETH, instrumentText, World } from '../core/engine/world.test-helper.ts';
import { MAX_UNPROTECTED } from '../core/engine/lifecycle.ts';
import { instrumentFromText } from '../core/engine/on-start.ts';
import type { ApprovedOrder } from '../core/guardian/approved-order.ts';
import type { OrderDraft } from '../core/orders/order.ts';
import type { Candle } from '../core/market/candle.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/units.ts';
import type { MarketData } from '../ports/market-data.ts';
import type { JournalStore } from '../ports/store.ts';
import type { Read, Venue } from '../ports/venue.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { createBot, DRAIN_LIMIT } from './bot.ts';
import { onWorld, openOrdersOf, tradesOf } from './bot.test-helper.ts';
import { errorOf, silent, START } from './executor.test-helper.ts';
import { CLOSING_MARGIN } from './market-feed.ts';
import { createPollingPacer, LOOK_EVERY } from './polling-pacer.ts';

const unused = (): Promise<never> => Promise.reject(new Error('not asked here'));

test('a stop takes its limit once, not for the loop and then again for the orders: the process is ended by force at ten seconds', async () => {
  const clock = createVirtualClock(START);
  const never = (): Promise<never> => new Promise(() => undefined);
  const bot = createBot({
    state: createEngineState(),
    store: { latestSnapshot: () => null, lastSequence: () => 0 } as unknown as JournalStore,
    clock,
    log: silent,
    venue: { receiveWindow: 5 * SECOND_MS, lookUp: never } as unknown as Venue,
    marketData: { instruments: never } as unknown as MarketData,
    features: { requiredSymbols: [BTC] } as never,
    model: null,
    pacer: { next: never },
    config: engineConfig(),
    engineVersion: 'test',
    halts: [],
    random: () => 0.5,
    onFatal: () => undefined,
  });
  bot.start();
  bot.executor.resolve({ symbol: BTC, clientOrderId: 'gb-1' });
  let stopped = 0;
  void bot.stop('SIGTERM').then(() => (stopped = clock.wallNow()));
  await clock.runTo(START + 60 * SECOND_MS);
  expect(stopped - START).toBe(DRAIN_LIMIT);
});

test('a stop that is refused is put back, or the position sold, in time while the exchange answers every other question late', async () => {
  const world = new World().ready();
  world.fate = ({ purpose }) => ({ kind: purpose === 'stop' ? 'reject' : 'accept' });
  world.enter();
  expect(world.managed()?.phase).toBe('protecting');
  const clock = createVirtualClock(world.wall);
  const late = async (): Promise<Read<never>> => {
    await clock.sleep(10 * SECOND_MS);
    return { ok: false, error: errorOf('unknown', 'TIMEOUT') };
  };
  const sent: OrderDraft['purpose'][] = [];
  const bot = createBot({
    ...onWorld(world, clock),
    venue: {
      receiveWindow: 5 * SECOND_MS,
      send: ({ draft }) => {
        sent.push(draft.purpose);
        return Promise.resolve({ kind: 'rejected', error: errorOf('refused', '-2010') });
      },
      openOrders: () => Promise.resolve({ ok: true, value: [] }),
      serverTime: () => Promise.resolve({ ok: true, value: clock.wallNow() }),
      tradesAfter: late,
      balances: late,
      lookUp: unused,
      cancel: unused,
    },
    marketData: {
      instruments: () =>
        Promise.resolve({ ok: true, value: [BTC, ETH].map((symbol) => instrumentFromText(instrumentText(symbol))) }),
      closedCandles: late,
      quotes: late,
    },
    features: { requiredSymbols: [BTC, ETH] } as never,
    pacer: { next: unused },
  });
  bot.start();
  await clock.runTo(world.wall + MAX_UNPROTECTED);
  expect(sent).toContain('exit');
  clock.end();
});

describe('the deadlines of a position without its stop are kept between two looks at the market, too', () => {
  /**
   * What a bot whose exchange answers at once asks of it within `span` of a stop that was refused, each with its time.
   */
  const asked = async (
    send: (order: ApprovedOrder) => Awaited<ReturnType<Venue['send']>>,
    span: number,
  ): Promise<readonly string[]> => {
    const world = new World().ready();
    world.fate = ({ purpose }) => ({ kind: purpose === 'stop' ? 'reject' : 'accept' });
    world.enter();
    const clock = createVirtualClock(world.wall);
    const calls: string[] = [];
    const note = (what: string): void => void calls.push(`${what} @${(clock.wallNow() - world.wall) / SECOND_MS}`);
    const silence = { kind: 'unknown' as const, error: errorOf('unknown', '503') };
    const bot = createBot({
      ...onWorld(world, clock),
      venue: {
        receiveWindow: 5 * SECOND_MS,
        send: (order) => {
          note(order.draft.purpose);
          return Promise.resolve(send(order));
        },
        openOrders: () => Promise.resolve({ ok: true, value: [] }),
        serverTime: () => Promise.resolve({ ok: true, value: clock.wallNow() }),
        tradesAfter: () => Promise.resolve({ ok: true, value: [] }),
        balances: () => Promise.resolve({ ok: true, value: world.exchange.balances() }),
        lookUp: () => Promise.resolve(silence),
        cancel: () => {
          note('cancel');
          return Promise.resolve(silence);
        },
      },
      marketData: {
        instruments: () =>
          Promise.resolve({ ok: true, value: [BTC, ETH].map((symbol) => instrumentFromText(instrumentText(symbol))) }),
        closedCandles: unused,
        quotes: () => Promise.resolve({ ok: true, value: [] }),
      },
      features: { requiredSymbols: [] } as never,
      pacer: createPollingPacer(clock, LOOK_EVERY),
    });
    bot.start();
    await clock.runTo(world.wall + span);
    clock.end();
    return calls;
  };

  test('refused again and again, the stop is tried after 1 s and 2 s, and then the position is sold', async () => {
    const calls = await asked(() => ({ kind: 'rejected', error: errorOf('refused', '-2010') }), 4 * SECOND_MS);
    expect(calls.slice(0, 3)).toEqual(['stop @1', 'stop @3', 'exit @3']);
  });

  test('of an outcome that stays unknown, it is withdrawn at 15 s', async () => {
    const calls = await asked(() => ({ kind: 'unknown', error: errorOf('unknown', '503') }), MAX_UNPROTECTED);
    expect(calls.slice(0, 2)).toEqual(['stop @1', 'cancel @15']);
  });
});

test('a start is completed though a stop is gone and cannot be looked up: nothing is sold in its place, and entries are locked', async () => {
  const world = new World().ready().enter();
  const clock = createVirtualClock(world.wall);
  const failed = { ok: false as const, error: errorOf('unknown', 'TIMEOUT') };
  const silence = { kind: 'unknown' as const, error: errorOf('unknown', '503') };
  const { exchange } = world;
  const bot = createBot({
    ...onWorld(world, clock),
    venue: {
      receiveWindow: 5 * SECOND_MS,
      send: unused,
      openOrders: () => Promise.resolve({ ok: true, value: [] }),
      serverTime: () => Promise.resolve({ ok: true, value: clock.wallNow() }),
      tradesAfter: (symbol) =>
        Promise.resolve({
          ok: true,
          value: tradesOf(world, symbol),
        }),
      balances: () => Promise.resolve({ ok: true, value: exchange.balances() }),
      lookUp: () => Promise.resolve(silence),
      cancel: () => Promise.resolve(silence),
    },
    marketData: {
      instruments: () =>
        Promise.resolve({ ok: true, value: [BTC, ETH].map((symbol) => instrumentFromText(instrumentText(symbol))) }),
      closedCandles: unused,
      quotes: () => Promise.resolve(failed),
    },
    features: { requiredSymbols: [] } as never,
    pacer: { next: () => new Promise(() => undefined) },
  });
  let ready = false;
  void bot.ready.then(() => (ready = true));
  const stop = world.managed()?.stopOrderId ?? '';
  bot.start();
  await clock.runTo(world.wall + 3 * MINUTE_MS);
  expect([ready, world.state.orders[stop]?.status, world.managed()?.phase]).toEqual([true, 'unknown', 'unstopping']);
  expect(world.state.guardian.locks['execution']?.reason).toContain(stop);
  clock.end();
});

test.each(['start', '/reconcile', '/reconcile just before a look', '/reconcile just after a look'])(
  'balances that are seconds behind the fills are no shortage: at a %s the two readings are not made in one moment',
  async (occasion) => {
    const world = new World().ready();
    const before = world.exchange.balances();
    world.enter();
    const clock = createVirtualClock(world.wall);
    const { exchange } = world;
    let lateUntil = occasion === 'start' ? world.wall + 4 * SECOND_MS : 0;
    const bot = createBot({
      ...onWorld(world, clock),
      venue: {
        receiveWindow: 5 * SECOND_MS,
        send: unused,
        openOrders: (symbol) => Promise.resolve({ ok: true, value: openOrdersOf(world, symbol) }),
        serverTime: () => Promise.resolve({ ok: true, value: clock.wallNow() }),
        tradesAfter: (symbol) =>
          Promise.resolve({
            ok: true,
            value: tradesOf(world, symbol),
          }),
        balances: () =>
          Promise.resolve({ ok: true, value: clock.wallNow() < lateUntil ? before : exchange.balances() }),
        lookUp: ({ clientOrderId }) => {
          const order = exchange.snapshot(clientOrderId);
          return Promise.resolve(order === null ? { kind: 'not-found' } : { kind: 'found', order });
        },
        cancel: unused,
      },
      marketData: {
        instruments: () =>
          Promise.resolve({ ok: true, value: [BTC, ETH].map((symbol) => instrumentFromText(instrumentText(symbol))) }),
        closedCandles: unused,
        quotes: () => Promise.resolve({ ok: false, error: errorOf('unknown', 'TIMEOUT') }),
      },
      features: { requiredSymbols: [] } as never,
      pacer: occasion.endsWith('look')
        ? createPollingPacer(clock, LOOK_EVERY)
        : { next: () => new Promise(() => undefined) },
    });
    if (occasion.endsWith('look')) {
      bot.start();
      await clock.runTo(clock.wallNow() + 29 * SECOND_MS);
      lateUntil = clock.wallNow() + 4 * SECOND_MS;
      if (occasion.includes('after')) {
        bot.host.apply({ type: 'command', commandId: 'r', by: 'test', command: { name: 'reconcile' } });
        await clock.runTo(clock.wallNow() + 2 * SECOND_MS);
        expect(world.state.suspicion?.times).toBe(1);
      }
    }
    // A start alone waits for no loop.
    let done = false;
    const noted = (): void => void (done = true);
    if (occasion === 'start') {
      void bot.ready.then(noted);
      bot.start();
    } else {
      if (!occasion.endsWith('look')) lateUntil = clock.wallNow() + 4 * SECOND_MS;
      void bot.reconcile().then(noted);
    }
    await clock.runTo(clock.wallNow() + 30 * SECOND_MS);
    expect([done, world.state.suspicion, world.state.guardian.locks['reconciliation']?.reason]).toEqual([
      true,
      null,
      undefined,
    ]);
    clock.end();
  },
);

test('a start is completed though a market has left the exchange while it is held: it is named, entries are locked, and no order is sent for it', async () => {
  const world = new World({ limits: { maxSymbolExposure: 0.4 } }).ready().enter().enter(ETH);
  world.config = { ...world.config, symbols: [BTC] };
  const clock = createVirtualClock(world.wall);
  const { exchange } = world;
  const gone = errorOf('unlisted', '-1121');
  const read = <T>(symbol: string, value: T): Promise<Read<T>> =>
    Promise.resolve(symbol === ETH ? { ok: false, error: gone } : { ok: true, value });
  const told: string[] = [];
  const bot = createBot({
    ...onWorld(world, clock),
    venue: {
      receiveWindow: 5 * SECOND_MS,
      send: unused,
      openOrders: (symbol) => read(symbol, openOrdersOf(world, BTC)),
      serverTime: () => Promise.resolve({ ok: true, value: clock.wallNow() }),
      tradesAfter: (symbol) => read(symbol, tradesOf(world, BTC)),
      balances: () => Promise.resolve({ ok: true, value: exchange.balances() }),
      lookUp: ({ symbol, clientOrderId }) => {
        const order = exchange.snapshot(clientOrderId);
        return Promise.resolve(
          symbol === ETH || order === null ? { kind: 'unknown', error: gone } : { kind: 'found', order },
        );
      },
      cancel: unused,
    },
    marketData: {
      instruments: () => Promise.resolve({ ok: true, value: [instrumentFromText(instrumentText(BTC))] }),
      closedCandles: unused,
      quotes: ([symbol = '']) =>
        read(symbol, [{ symbol: BTC, last: 50_000, bid: 49_995, ask: 50_005, at: clock.marketNow() }]),
    },
    features: { requiredSymbols: [] } as never,
    pacer: { next: () => new Promise(() => undefined) },
  });
  bot.host.onEffect((effect) => void (effect.type === 'alert' && told.push(effect.alert.title)));
  let ready = false;
  void bot.ready.then(() => (ready = true));
  bot.start();
  await clock.runTo(world.wall + MINUTE_MS);
  expect([ready, Object.keys(world.state.guardian.locks), world.managed(BTC)?.phase]).toEqual([
    true,
    ['unlisted'],
    'protected',
  ]);
  expect(told.filter((title) => title.includes('not listed any more'))).toHaveLength(1);
  clock.end();
});

test('a start that gets no answer says what it needs each time, and that it goes on', async () => {
  const world = new World().ready();
  const clock = createVirtualClock(world.wall);
  const said: string[] = [];
  const late = (): Promise<never> => new Promise(() => undefined);
  let answers = false;
  const bot = createBot({
    ...onWorld(world, clock),
    venue: {
      receiveWindow: 5 * SECOND_MS,
      balances: late,
      tradesAfter: late,
      openOrders: () => Promise.resolve({ ok: true, value: [] }),
      serverTime: () => Promise.resolve({ ok: true, value: clock.wallNow() }),
    } as unknown as Venue,
    marketData: {
      instruments: () =>
        Promise.resolve(
          answers
            ? { ok: true, value: [BTC, ETH].map((symbol) => instrumentFromText(instrumentText(symbol))) }
            : { ok: false, error: errorOf('unknown', '503') },
        ),
      closedCandles: unused,
      quotes: () => Promise.resolve({ ok: false, error: errorOf('unknown', '503') }),
    },
    features: { requiredSymbols: [] } as never,
    pacer: { next: () => new Promise(() => undefined) },
    waits: () => ({
      failed: (why) => said.push(why),
      over: () => void said.push('over'),
    }),
  });
  bot.start();
  await clock.runTo(world.wall + 9 * SECOND_MS);
  expect(said).toEqual(Array(2).fill('The start needs its instruments, and gets no answer.'));
  answers = true;
  await clock.runTo(world.wall + 11 * SECOND_MS);
  expect(said.slice(0, 3)).toEqual([
    ...Array<string>(2).fill('The start needs its instruments, and gets no answer.'),
    'over',
  ]);
  clock.end();
});

test('an end that comes while a stop waits to be sent again waits for it: no position is left behind without one', async () => {
  const world = new World().ready();
  world.fate = ({ purpose }) => ({ kind: purpose === 'stop' ? 'reject' : 'accept' });
  world.enter();
  const clock = createVirtualClock(world.wall);
  const sent: OrderDraft[] = [];
  const bot = createBot({
    ...onWorld(world, clock),
    venue: {
      receiveWindow: 5 * SECOND_MS,
      send: ({ draft }: ApprovedOrder) => {
        sent.push(draft);
        const { clientOrderId, symbol, side } = draft;
        return Promise.resolve({
          kind: 'accepted',
          order: {
            clientOrderId,
            exchangeOrderId: '1',
            symbol,
            side,
            status: 'new',
            quantity: formatDecimal(draft.quantity),
            executedQuantity: '0',
            fills: [],
          },
        });
      },
    } as unknown as Venue,
    marketData: { instruments: () => new Promise(() => undefined) } as unknown as MarketData,
    features: { requiredSymbols: [BTC, ETH] } as never,
    pacer: { next: unused },
  });
  expect(world.managed()).toMatchObject({ phase: 'protecting', stopOrderId: null });
  let stopped = 0;
  void bot.stop('SIGTERM').then(() => (stopped = clock.wallNow()));
  await clock.runTo(world.wall + MINUTE_MS);
  expect(sent.map(({ purpose }) => purpose)).toEqual(['stop']);
  expect(world.managed()?.phase).toBe('protected');
  expect(stopped - world.wall).toBeLessThanOrEqual(DRAIN_LIMIT);
});

test('an end does not wait for a stop that cannot be looked up: nothing is placed in its stead before it can be', async () => {
  const world = new World().ready();
  world.fate = ({ purpose }) => (purpose === 'stop' ? { kind: 'unknown', arrives: true } : { kind: 'accept' });
  world.enter();
  const clock = createVirtualClock(world.wall);
  const bot = createBot({
    ...onWorld(world, clock),
    venue: {
      receiveWindow: 5 * SECOND_MS,
      lookUp: () => Promise.resolve({ kind: 'unknown', error: errorOf('unknown', '503') }),
    } as unknown as Venue,
    marketData: { instruments: () => new Promise(() => undefined) } as unknown as MarketData,
    features: { requiredSymbols: [BTC, ETH] } as never,
    pacer: { next: unused },
  });
  bot.executor.resolve({ symbol: BTC, clientOrderId: world.managed()?.stopOrderId ?? '' });
  await clock.runTo(world.wall + 2 * MINUTE_MS);
  expect(bot.executor.stuck).toHaveLength(1);
  const begun = clock.wallNow();
  let stopped = 0;
  void bot.stop('SIGTERM').then(() => (stopped = clock.wallNow()));
  await clock.runTo(begun + MINUTE_MS);
  expect(stopped - begun).toBeLessThanOrEqual(SECOND_MS);
});

test('a position that loses its stop while a long comparison is under way is looked after meanwhile: the deadlines do not wait for its last answer', async () => {
  const world = new World().ready().enter();
  const clock = createVirtualClock(world.wall);
  const { exchange } = world;
  const sent: OrderDraft['purpose'][] = [];
  let slow = false;
  const answer = async <T>(value: T): Promise<{ readonly ok: true; readonly value: T }> => {
    if (slow) await clock.sleep(9 * SECOND_MS);
    return { ok: true, value };
  };
  const bot = createBot({
    ...onWorld(world, clock),
    venue: {
      receiveWindow: 5 * SECOND_MS,
      send: ({ draft }) => {
        sent.push(draft.purpose);
        return Promise.resolve({ kind: 'rejected', error: errorOf('refused', '-2010') });
      },
      openOrders: (symbol) => answer(openOrdersOf(world, symbol)),
      serverTime: () => Promise.resolve({ ok: true, value: clock.wallNow() }),
      tradesAfter: (symbol) => answer(tradesOf(world, symbol)),
      balances: () => answer(exchange.balances()),
      lookUp: unused,
      cancel: ({ clientOrderId }) => {
        exchange.end(clientOrderId, 'cancelled');
        const order = exchange.snapshot(clientOrderId);
        return order === null ? unused() : Promise.resolve({ kind: 'cancelled', order });
      },
    },
    marketData: {
      instruments: () =>
        Promise.resolve({ ok: true, value: [BTC, ETH].map((symbol) => instrumentFromText(instrumentText(symbol))) }),
      closedCandles: unused,
      quotes: () => Promise.resolve({ ok: false, error: errorOf('malformed', 'x') }),
    },
    features: { requiredSymbols: [] } as never,
    pacer: {
      next: async (signal) => {
        await clock.sleep(5 * SECOND_MS, signal);
        return 'wake';
      },
    },
  });
  bot.start();
  await clock.runTo(world.wall + MINUTE_MS);
  expect(world.managed()?.phase).toBe('protected');
  // Every question of the comparison takes nine seconds, five of them in all.
  slow = true;
  bot.host.apply({ type: 'command', commandId: 'r', by: 'test', command: { name: 'reconcile' } });
  await clock.runTo(clock.wallNow() + 15 * SECOND_MS);
  bot.host.apply({ type: 'command', commandId: 'f', by: 'test', command: { name: 'flatten', symbol: BTC } });
  await clock.runTo(clock.wallNow() + 6 * SECOND_MS);
  // The sale was refused, the stop that went back in its place as well: it has been tried again.
  expect(sent.slice(0, 3)).toEqual(['exit', 'stop', 'stop']);
  clock.end();
});

test('a clock that is set ahead between two measurements makes no closed candle of the forming one', async () => {
  const world = new World({ config: { symbols: [BTC] } }).ready();
  const clock = createVirtualClock(world.wall);
  let set = 0;
  const ours = { ...clock, wallNow: () => clock.wallNow() + set, marketNow: () => clock.marketNow() + set };
  const hour = world.wall;
  const taken: number[] = [];
  const candle = (openTime: number): Candle => ({
    openTime,
    open: 50_000,
    high: 50_100,
    low: 49_900,
    close: 50_000,
    volume: 1,
    quoteVolume: 50_000,
    trades: 1,
    takerBuyBase: 0.5,
    takerBuyQuote: 25_000,
  });
  const bot = createBot({
    ...onWorld(world, ours),
    venue: {
      receiveWindow: 5 * SECOND_MS,
      send: unused,
      lookUp: unused,
      cancel: unused,
      openOrders: () => Promise.resolve({ ok: true, value: [] }),
      tradesAfter: () => Promise.resolve({ ok: true, value: [] }),
      balances: () => Promise.resolve({ ok: true, value: world.exchange.balances() }),
      serverTime: () => Promise.resolve({ ok: true, value: clock.wallNow() }),
    },
    marketData: {
      instruments: () => Promise.resolve({ ok: true, value: [instrumentFromText(instrumentText(BTC))] }),
      // The exchange lists the forming candle as well; what is closed is judged by our clock.
      closedCandles: (_symbol, from, now) =>
        Promise.resolve({
          ok: true,
          value: [hour - HOUR_MS, hour, hour + HOUR_MS]
            .filter((open) => open >= from && open <= clock.wallNow() && open + HOUR_MS <= now)
            .map(candle),
        }),
      quotes: () =>
        Promise.resolve({
          ok: true,
          value: [{ symbol: BTC, last: 50_000, bid: 49_995, ask: 50_005, at: ours.marketNow() }],
        }),
    },
    features: {
      requiredSymbols: [BTC],
      push: (_symbol: string, { openTime }: Candle) => void taken.push(openTime),
      vector: () => null,
      newestClose: () => null,
    } as never,
    closingMargin: CLOSING_MARGIN,
    pacer: {
      next: async (signal) => {
        await clock.sleep(5 * SECOND_MS, signal);
        return 'wake';
      },
    },
  });
  bot.start();
  // The clock was measured at 08:40 and would be at 08:50 again.
  await clock.runTo(hour + 44 * MINUTE_MS);
  set = 17 * MINUTE_MS;
  await clock.runTo(hour + HOUR_MS - SECOND_MS);
  expect(taken).not.toContain(hour);
  expect(world.state.guardian.locks['clock-skew']).toBeDefined();
  await clock.runTo(hour + HOUR_MS + 10 * SECOND_MS);
  expect(taken.at(-1)).toBe(hour);
  clock.end();
});
