import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { createVirtualClock, settle } from './virtual-clock.ts';

test('sleeps end in the order of their ends, and of their beginnings when they end together', async () => {
  const clock = createVirtualClock(1_000);
  const ended: string[] = [];
  for (const [name, span] of [
    ['late', 20],
    ['early', 5],
    ['also early', 5],
    ['now', 0],
  ] as const)
    void clock.sleep(span).then(() => ended.push(`${name} @${clock.wallNow()}`));
  await clock.runTo(1_010);
  expect(ended).toEqual(['now @1000', 'early @1005', 'also early @1005']);
  expect(clock.nextWake()).toBe(1_020);
  expect(clock.wallNow()).toBe(1_010);
});

test('what follows from a sleep happens before time goes on', async () => {
  const clock = createVirtualClock(0);
  const seen: number[] = [];
  const walk = async (): Promise<void> => {
    for (let count = 0; count < 3; count += 1) {
      await clock.sleep(0.4);
      await Promise.resolve();
      seen.push(clock.wallNow());
    }
  };
  void walk();
  await clock.runTo(10);
  expect(seen).toEqual([1, 2, 3]);
});

test('an aborted sleep ends at once', async () => {
  const clock = createVirtualClock(0);
  const controller = new AbortController();
  let over = false;
  void clock.sleep(1_000, controller.signal).then(() => (over = true));
  controller.abort();
  await settle();
  expect(over).toBe(true);
  expect(clock.nextWake()).toBeNull();
});

test('the sleeps of a dead process never end', async () => {
  const clock = createVirtualClock(0);
  let alive = true;
  let woke = false;
  void clock
    .forProcess(() => alive)
    .sleep(10)
    .then(() => (woke = true));
  alive = false;
  await clock.runTo(100);
  expect(woke).toBe(false);
  expect(clock.nextWake()).toBeNull();
});

test.each([
  ['comes due', (clock: ReturnType<typeof createVirtualClock>) => clock.runTo(100)],
  ['is the next', (clock: ReturnType<typeof createVirtualClock>) => Promise.resolve(clock.nextWake())],
])(
  'the sleep of a dead process lets go of its signal when it %s: thousands of histories fit into one process',
  async (_, discard) => {
    const clock = createVirtualClock(0);
    let alive = true;
    const { signal } = new AbortController();
    void clock.forProcess(() => alive).sleep(10, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    alive = false;
    await discard(clock);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  },
);

test('at the end of a history nobody listens to a signal any more', () => {
  const clock = createVirtualClock(0);
  const { signal } = new AbortController();
  void clock.sleep(10, signal);
  void clock.forProcess(() => false).sleep(10, signal);
  clock.end();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  expect(clock.nextWake()).toBeNull();
});

test('a signal that is slept on again and again ends what still sleeps, once, and nothing that has ended', async () => {
  const clock = createVirtualClock(0);
  const controller = new AbortController();
  const ended: string[] = [];
  const sleep = (name: string, span: number): void =>
    void clock.sleep(span, controller.signal).then(() => ended.push(`${name} @${clock.wallNow()}`));
  sleep('first', 5);
  await clock.runTo(10);
  sleep('second', 5);
  sleep('third', 100);
  sleep('fourth', 50);
  await clock.runTo(20);
  controller.abort();
  await settle();
  expect(ended).toEqual(['first @5', 'second @15', 'third @20', 'fourth @20']);
  sleep('after the end', 100);
  await settle();
  expect(ended.at(-1)).toBe('after the end @20');
  expect(clock.nextWake()).toBeNull();
});

test('a signal that is slept on again is let go of, too, when its sleepers die or the history is over', async () => {
  for (const over of [
    async (clock: ReturnType<typeof createVirtualClock>) => clock.runTo(100),
    async (clock: ReturnType<typeof createVirtualClock>) => Promise.resolve(clock.end()),
  ]) {
    const clock = createVirtualClock(0);
    let alive = true;
    const { signal } = new AbortController();
    const own = clock.forProcess(() => alive);
    for (const span of [10, 20, 30]) void own.sleep(span, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(2);
    alive = false;
    await over(clock);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  }
});

test('what is to come after a span comes once, in its turn, or not at all when it is called off', async () => {
  const clock = createVirtualClock(0);
  const came: string[] = [];
  const callOff = clock.after(10, () => came.push(`called off @${clock.wallNow()}`));
  clock.after(5, () => came.push(`five @${clock.wallNow()}`));
  void clock.sleep(7).then(() => came.push(`seven @${clock.wallNow()}`));
  await clock.runTo(8);
  callOff();
  await clock.runTo(100);
  expect(came).toEqual(['five @5', 'seven @7']);
  callOff();
  expect(clock.nextWake()).toBeNull();
});
