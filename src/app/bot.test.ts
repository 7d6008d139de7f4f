import { expect, test } from 'vitest';
import { createEngineState } from '../core/engine/state.ts';
import { BTC, engineConfig } from '../core/engine/world.test-helper.ts';
import { SECOND_MS } from '../core/units.ts';
import type { MarketData } from '../ports/market-data.ts';
import type { JournalStore } from '../ports/store.ts';
import type { Venue } from '../ports/venue.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { createBot, DRAIN_LIMIT } from './bot.ts';
import { silent, START } from './executor.test-helper.ts';

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
