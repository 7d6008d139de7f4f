import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Database } from '../../adapters/sqlite/database.ts';
import { alertEffect, NOON, timer } from '../../adapters/sqlite/effects.test-helper.ts';
import { openForTest, temporaryDirectory } from '../../adapters/sqlite/sqlite.test-helper.ts';
import { createEngineState } from '../../core/engine/state.ts';
import { step } from '../../core/engine/step.ts';
import { World } from '../../core/engine/world.test-helper.ts';
import { ORDER_PREFIX } from './base.ts';
import { isLeftAlone, originHalts } from './books.ts';

test('an older copy gives no id a second time: under a new instance id a look-up cannot find the order that had it before', () => {
  const path = join(temporaryDirectory(), 'paper.db');
  const state = { ...createEngineState(), orderSequence: 2 };
  const first = openForTest(path);
  first.journal.commit([timer(NOON)], () => [alertEffect('a')]);
  first.close();
  const database = openForTest(path);
  const before = database.identity.instanceId;
  const order = (instanceId: string, sequence: number) => ({
    clientOrderId: `${ORDER_PREFIX}${instanceId}-${sequence.toString(36)}`,
  });
  expect(originHalts({ database, state }, [order(before, 2)])).toEqual([]);
  expect(database.identity.instanceId).toBe(before);

  const forgotten = [order(before, 3)];
  expect(originHalts({ database, state }, forgotten)).toMatchObject([{ code: 'older-copy' }]);
  const after = database.identity.instanceId;
  expect(after).not.toBe(before);
  database.close();

  // The process died before its first entry: the next start is halted all the same.
  const again = openForTest(path);
  expect([again.origin, again.identity.instanceId]).toEqual(['restored', after]);
  expect(originHalts({ database: again, state }, forgotten)).toMatchObject([{ code: 'restored' }]);
});

test('a position is left alone while no process runs on its database; one that holds nothing is not', () => {
  const path = join(temporaryDirectory(), 'paper.db');
  const world = new World();
  const state = createEngineState();
  let done = 0;
  const keep = (): Database => {
    const database = openForTest(path);
    for (const input of world.journal.slice(done)) database.journal.commit([input], (given) => step(state, given));
    done = world.journal.length;
    return database;
  };
  world.ready();
  keep().close();
  expect(isLeftAlone(path)).toBe(false);

  world.enter();
  const running = keep();
  expect(isLeftAlone(path)).toBe(false);
  running.close();
  expect(isLeftAlone(path)).toBe(true);
});
