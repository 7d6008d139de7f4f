import { expect, test } from 'vitest';
import { World } from '../core/engine/world.test-helper.ts';
import { openRecord } from '../core/orders/record.ts';
import { MINUTE_MS, SECOND_MS } from '../core/units.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { hostOf } from './exchange-watch.test-helper.ts';
import { draftOf, errorOf, silent } from './executor.test-helper.ts';
import { createStatedOrders, LONGEST_LOOK } from './stated-orders.ts';

test('many orders of which nothing is heard hold up the look at the market for no longer than one, and each has its turn', async () => {
  const world = new World().ready();
  const clock = createVirtualClock(world.wall);
  const ids = ['a', 'b', 'c', 'd', 'e'];
  for (const id of ids)
    world.state.orders[id] = {
      ...openRecord(draftOf(id, 'entry'), world.at, world.wall),
      status: 'unknown',
      unknownSince: world.wall,
    };
  const asked: string[] = [];
  const look = createStatedOrders({
    host: hostOf(world, clock).host,
    venue: {
      lookUp: async ({ clientOrderId }) => {
        asked.push(clientOrderId);
        await clock.sleep(LONGEST_LOOK);
        return { kind: 'unknown', error: errorOf('unknown', 'ETIMEDOUT') };
      },
    },
    executor: { stuck: ids, forget: () => expect.unreachable() },
    clock,
    log: silent,
    evidence: () => expect.unreachable(),
  });
  const answer = async (): Promise<number> => {
    const begun = clock.monotonicNow();
    const done = look().then(() => clock.monotonicNow() - begun);
    await clock.runTo(clock.wallNow() + MINUTE_MS);
    return done;
  };
  for (const _ of ids) expect(await answer()).toBeLessThanOrEqual(LONGEST_LOOK + SECOND_MS);
  expect(asked).toEqual(ids);
  clock.end();
});
