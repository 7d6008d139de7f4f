import { expect, test } from 'vitest';
import type { LogTail } from '../../app/operator/log-tail.ts';
import { MINUTE_MS, SECOND_MS } from '../../core/units.ts';
import { createVirtualClock } from '../../sim/simulation/virtual-clock.ts';
import type { Base } from './base.ts';
import { tellEnd } from './tell-end.ts';
import type { Tell } from './tell-waiting.ts';

const nothing = (): void => undefined;
const FULL = new Error('journal entry 13 could not be written: the disk is full');

const end = (upFor: number, tell: Tell) => {
  const wall = createVirtualClock(Date.UTC(2026, 0, 5));
  const config = { mode: 'paper' } as Base['config'];
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing } as unknown as LogTail;
  return { wall, done: tellEnd({ config, log, wall }, FULL, upFor, tell) };
};

test('an end that no start may follow is told with its reason', async () => {
  const told: string[] = [];
  await end(11 * MINUTE_MS, (text) => {
    told.push(text);
    return Promise.resolve(true);
  }).done;
  expect(told).toEqual([
    expect.stringMatching(
      /^🛑 Guardian Bot \(paper\) has ended by itself\njournal entry 13 could not be written: the disk is full\nIt trades on as soon as a new start works/,
    ),
  ]);
});

test('of starts that end one after the other none is told', async () => {
  const told: string[] = [];
  await end(9 * MINUTE_MS, (text) => {
    told.push(text);
    return Promise.resolve(true);
  }).done;
  expect(told).toEqual([]);
});

test('a first try that fails is followed by a second one', async () => {
  const tries: boolean[] = [];
  const { wall, done } = end(11 * MINUTE_MS, () => Promise.resolve(tries.push(true) > 1));
  await wall.runTo(wall.wallNow() + SECOND_MS);
  await done;
  expect(tries).toHaveLength(2);
});

test('neither a way to people that fails nor one that hangs holds the end up', async () => {
  const failing = end(11 * MINUTE_MS, () => Promise.reject(new Error('no network')));
  await failing.wall.runTo(failing.wall.wallNow() + SECOND_MS);
  await failing.done;
  const { wall, done } = end(11 * MINUTE_MS, () => new Promise(() => undefined));
  await wall.runTo(wall.wallNow() + 6 * SECOND_MS);
  await done;
});
