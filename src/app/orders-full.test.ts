import { expect, test } from 'vitest';
import { BTC, ETH, instrumentText, World } from '../core/engine/world.test-helper.ts';
import { instrumentFromText } from '../core/engine/on-start.ts';
import { MINUTE_MS, SECOND_MS } from '../core/units.ts';
import type { VenueError } from '../ports/venue.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { createBot } from './bot.ts';
import { onWorld, openOrdersOf, tradesOf } from './bot.test-helper.ts';
import { errorOf } from './executor.test-helper.ts';
import { createPollingPacer, LOOK_EVERY } from './polling-pacer.ts';

const FULL: VenueError = { ...errorOf('rate-limited', '-1015', 10 * SECOND_MS), ordersOnly: true };
const unused = (): Promise<never> => Promise.reject(new Error('not asked here'));

test('while the exchange takes no order of the account for minutes, a position that is to be sold keeps its stop, and is sold when it takes one again', async () => {
  const world = new World().ready().enter();
  const clock = createVirtualClock(world.wall);
  const { exchange } = world;
  let full = true;
  const calls: string[] = [];
  const stopsOpen = (): number => exchange.openOrders().filter(({ draft }) => draft.purpose === 'stop').length;
  const alerts: string[] = [];
  const bot = createBot({
    ...onWorld(world, clock),
    venue: {
      receiveWindow: 5 * SECOND_MS,
      send: ({ draft }) => {
        calls.push(draft.purpose);
        if (full) return Promise.resolve({ kind: 'not-sent', error: FULL });
        exchange.accept(draft, clock.wallNow());
        const order = exchange.snapshot(draft.clientOrderId);
        return order === null ? unused() : Promise.resolve({ kind: 'accepted', order });
      },
      cancel: ({ clientOrderId, makesRoom }) => {
        calls.push('cancel');
        if (full && makesRoom === true) return Promise.resolve({ kind: 'not-sent', error: FULL });
        exchange.end(clientOrderId, 'cancelled');
        const order = exchange.snapshot(clientOrderId);
        return order === null ? unused() : Promise.resolve({ kind: 'cancelled', order });
      },
      openOrders: (symbol) => Promise.resolve({ ok: true, value: openOrdersOf(world, symbol) }),
      serverTime: () => Promise.resolve({ ok: true, value: clock.wallNow() }),
      tradesAfter: (symbol) => Promise.resolve({ ok: true, value: tradesOf(world, symbol) }),
      balances: () => Promise.resolve({ ok: true, value: exchange.balances() }),
      lookUp: unused,
    },
    marketData: {
      instruments: () =>
        Promise.resolve({ ok: true, value: [BTC, ETH].map((symbol) => instrumentFromText(instrumentText(symbol))) }),
      closedCandles: unused,
      quotes: () => Promise.resolve({ ok: false, error: errorOf('malformed', 'x') }),
    },
    features: { requiredSymbols: [] } as never,
    pacer: createPollingPacer(clock, LOOK_EVERY),
  });
  bot.host.onEffect((effect) => {
    if (effect.type === 'alert') alerts.push(effect.alert.title);
  });
  bot.start();
  await clock.runTo(world.wall + SECOND_MS);
  bot.host.apply({ type: 'command', commandId: 'f', by: 'test', command: { name: 'flatten', symbol: BTC } });
  await clock.runTo(clock.wallNow() + 5 * MINUTE_MS);
  expect([stopsOpen(), new Set(calls)]).toEqual([1, new Set(['cancel'])]);
  expect(alerts.filter((title) => title.includes('the stop order could not be cancelled'))).toHaveLength(1);
  // No flood: the tries have pauses.
  expect(calls.length).toBeLessThan(20);
  full = false;
  await clock.runTo(clock.wallNow() + 35 * SECOND_MS);
  expect(calls.slice(-2)).toEqual(['cancel', 'exit']);
  expect([stopsOpen(), world.managed()]).toEqual([0, null]);
  clock.end();
});
