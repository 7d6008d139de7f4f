import { afterEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { AlertKind } from '../../core/engine/alert.ts';
import type { AlertVolume } from './delivery.ts';
import { alertOf, createFakeClock, createFakeNotifier, createFakeStore, silentLog } from './fakes.test-helper.ts';
import { createOutboxRunner, type OutboxRunner, type OutboxRunnerOptions } from './outbox-runner.ts';
import { planParcels } from './parcels.ts';

const runners: OutboxRunner[] = [];

const setUp = (extra: Partial<OutboxRunnerOptions> = {}) => {
  const clock = createFakeClock();
  const store = createFakeStore();
  const notifier = createFakeNotifier(clock);
  const hookCalls: string[] = [];
  const silence: boolean[] = [];
  const runner = createOutboxRunner({
    store,
    notifier,
    chats: [1],
    clock,
    log: silentLog,
    silenceSeconds: 300,
    hook: { call: async (text) => void hookCalls.push(text) },
    onSilence: (silent) => silence.push(silent),
    ...extra,
  });
  runners.push(runner);
  const add = (kind: AlertKind, key: string): void => store.add(alertOf(kind, key), clock.wallNow());
  return { clock, store, notifier, runner, add, hookCalls, silence };
};

afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.stop(0);
});

const unreachable = { kind: 'retry', after: 1_000, why: 'connection refused' } as const;

describe('outbox runner', () => {
  test('delivers in order to every chat', async () => {
    const { clock, notifier, runner, add } = setUp({ chats: [1, 2] });
    runner.start();
    for (const key of ['a', 'b', 'c']) add('fill', key);
    await clock.advance(2_000);
    for (const chatId of [1, 2])
      expect(notifier.sent.filter((entry) => entry.chatId === chatId).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
  });

  test('waits as long as Telegram asks, then goes on in order', async () => {
    const { clock, notifier, runner, add } = setUp();
    let refusals = 0;
    notifier.script(() => (refusals++ === 0 ? { kind: 'retry', after: 37_000, why: '429' } : { kind: 'delivered' }));
    const start = clock.wallNow();
    add('fill', 'a');
    add('fill', 'b');
    runner.start();
    await clock.advance(18_000);
    // News is no reason to ask before the time.
    add('fill', 'c');
    runner.wake();
    await clock.advance(18_000);
    expect([refusals, notifier.sent]).toEqual([1, []]);
    await clock.advance(2_000);
    expect(notifier.sent.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    expect((notifier.sent[0]?.at ?? 0) - start).toBeGreaterThanOrEqual(37_000);
  });

  test('ten minutes without connection lose nothing and keep the order', async () => {
    const { clock, notifier, runner, add } = setUp();
    notifier.script(() => unreachable);
    runner.start();
    const keys = Array.from({ length: 15 }, (_, index) => `alert ${index}`);
    for (const key of keys) {
      add('fill', key);
      await clock.advance(40_000);
    }
    expect(notifier.sent).toEqual([]);
    notifier.script(() => ({ kind: 'delivered' }));
    await clock.advance(61_000);
    expect(notifier.sent.map(({ key }) => key)).toEqual(keys);
  });

  test('a chat that cannot be reached holds up no other', async () => {
    const { clock, notifier, runner, add } = setUp({ chats: [1, 2] });
    notifier.script((chatId) => (chatId === 1 ? unreachable : { kind: 'delivered' }));
    runner.start();
    add('lock', 'a');
    await clock.advance(1_500);
    expect(notifier.sent.map(({ chatId }) => chatId)).toEqual([2]);
    expect(runner.silentSince()).toBeNull();
  });

  test('parks what can never be delivered, goes on, and tells the others once', async () => {
    const { clock, notifier, runner, add, store } = setUp({ chats: [1, 2] });
    notifier.script((chatId) => (chatId === 1 ? { kind: 'impossible', why: '400 too long' } : { kind: 'delivered' }));
    runner.start();
    for (const key of ['a', 'b', 'c']) add('fill', key);
    await clock.advance(3_000);
    expect(store.parked(1).map(({ why }) => why)).toContain('400 too long');
    expect(store.pending(1, 10)).toEqual([]);
    const reports = notifier.sent.filter(({ key }) => key.startsWith('parked:'));
    expect(reports).toMatchObject([{ chatId: 2, title: 'An alert could not be delivered to chat 1' }]);
  });

  test('tells the only chat of an alert whose text Telegram refuses: it is open, and nobody else could tell; that is no silence', async () => {
    const { clock, notifier, runner, add, store, silence, hookCalls } = setUp();
    notifier.script((_chat, { key }) =>
      key === 'poison' ? { kind: 'impossible', why: '400: bad entities' } : { kind: 'delivered' },
    );
    runner.start();
    add('fill', 'poison');
    await clock.advance(400_000);
    expect(notifier.sent.map(({ title }) => title)).toEqual(['An alert could not be delivered to chat 1']);
    expect([silence, hookCalls, runner.silentSince()]).toEqual([[], [], null]);
    // Where that is refused as well there is no end to telling: it is parked like any other.
    notifier.script(() => ({ kind: 'impossible', why: '400' }));
    add('fill', 'next');
    await clock.advance(10_000);
    expect(store.pending(1, 10)).toEqual([]);
    expect(store.parked(1)).toHaveLength(3);
  });

  test.each(['before', 'after'])(
    'a clock that is set back %s the limit ends no silence, and delays neither the webhook nor the next try of a closed chat',
    async (when) => {
      const { clock, notifier, runner, add, hookCalls, silence } = setUp({ chats: [1, 2] });
      const day = 86_400_000;
      notifier.script((chatId) => (chatId === 2 ? { kind: 'closed', why: '403' } : unreachable));
      runner.start();
      add('fill', 'a');
      await clock.advance(5_000);
      if (when === 'before') clock.setBack(day);
      await clock.advance(310_000);
      expect(silence).toEqual([true]);
      if (when === 'after') clock.setBack(day);
      await clock.advance(3_600_000);
      expect([silence, runner.isSilent(), hookCalls.length]).toEqual([[true], true, 2]);
      notifier.script(() => ({ kind: 'delivered' }));
      add('fill', 'b');
      await clock.advance(61_000);
      expect(notifier.sent.filter(({ chatId }) => chatId === 2).map(({ key }) => key)).toContain('a');
      expect(silence).toEqual([true, false]);
    },
  );

  test('does not send a row twice whose mark was lost, nor two rows of one key', async () => {
    const { clock, notifier, runner, add, store } = setUp();
    store.breakOnce('markDelivered');
    add('fill', 'a');
    add('fill', 'a');
    runner.start();
    await clock.advance(10_000);
    expect(notifier.sent.map(({ key }) => key)).toEqual(['a']);
    expect(store.pending(1, 10)).toEqual([]);
  });

  test('a store that fails is asked again', async () => {
    const { clock, notifier, runner, add, store } = setUp();
    store.breakOnce('pending');
    add('fill', 'a');
    runner.start();
    await clock.advance(6_000);
    expect(notifier.sent).toHaveLength(1);
  });

  test('a kind that is off is not sent, silent comes without sound, and a lock is never off', async () => {
    const { clock, notifier, runner, add } = setUp({ volume: ({ kind }) => (kind === 'fill' ? 'silent' : 'off') });
    runner.start();
    add('data', 'data');
    add('fill', 'fill');
    add('lock', 'lock');
    await clock.advance(2_000);
    expect(notifier.sent.map(({ key, silent }) => [key, silent])).toEqual([
      ['fill', true],
      ['lock', false],
    ]);
  });

  test('stop sends what waits, and gives up at the limit', async () => {
    const { clock, notifier, runner, add } = setUp();
    runner.start();
    await clock.advance(100);
    add('lifecycle', 'stopping');
    await runner.stop(5_000);
    expect(notifier.sent.map(({ key }) => key)).toEqual(['stopping']);
    const stuck = setUp();
    stuck.notifier.script(() => ({ kind: 'retry', after: 600_000, why: '429' }));
    stuck.add('fill', 'a');
    stuck.runner.start();
    await stuck.clock.advance(100);
    await stuck.runner.stop(5_000);
    expect(stuck.notifier.sent).toEqual([]);
  });
});

describe('health', () => {
  test('a queue of this moment is well; one whose oldest has waited a minute, a closed chat and silence need a look', async () => {
    const { clock, notifier, runner, add } = setUp({ chats: [1, 2], silenceSeconds: 600 });
    expect(runner.health()).toEqual({ name: 'alerts', ok: true, detail: 'none waits' });
    notifier.script((chatId) => (chatId === 1 ? unreachable : { kind: 'delivered' }));
    for (let index = 0; index < 130; index += 1) add('fill', `a${index}`);
    expect(runner.health()).toEqual({ name: 'alerts', ok: true, detail: '260 waiting' });
    runner.start();
    await clock.advance(59_000);
    expect(runner.health()).toMatchObject({ ok: true, detail: '130 waiting' });
    await clock.advance(4 * 60_000);
    expect(runner.health()).toEqual({ name: 'alerts', ok: false, detail: '130 waiting, the oldest for 4 min' });
    notifier.script(() => unreachable);
    add('fill', 'b');
    await clock.advance(3 * 3_600_000);
    expect(runner.health()).toEqual({
      name: 'alerts',
      ok: false,
      detail: '132 waiting, nobody can be reached, the oldest for 3 h 04 min',
    });
    notifier.script((chatId) => (chatId === 1 ? { kind: 'closed', why: 'blocked' } : { kind: 'delivered' }));
    await clock.advance(61_000);
    expect(runner.health()).toEqual({
      name: 'alerts',
      ok: false,
      detail: 'none waits, closed to the bot, alerts kept until it opens: chat 1',
    });
    notifier.script(() => ({ kind: 'delivered' }));
    runner.contact(1);
    await clock.advance(1_000);
    expect(runner.health()).toEqual({ name: 'alerts', ok: true, detail: 'none waits' });
  });
});

describe('a chat that is closed to the bot', () => {
  const closed = { kind: 'closed', why: 'chat not found' } as const;

  test('is told of to the others also when it turns out after an outage, once, whatever alert is the first to be refused', async () => {
    const { clock, notifier, runner, add } = setUp({ chats: [1, 2, 3] });
    notifier.script(() => unreachable);
    runner.start();
    add('fill', 'a');
    await clock.advance(60_000);
    notifier.script((chatId) => (chatId === 1 ? { kind: 'delivered' } : closed));
    await clock.advance(60_000);
    for (const key of ['b', 'c']) {
      add('fill', key);
      await clock.advance(200_000);
    }
    expect(notifier.sent.filter(({ key }) => key.startsWith('parked:')).map(({ title }) => title)).toEqual([
      'Alerts cannot be delivered to chat 2',
      'Alerts cannot be delivered to chat 3',
    ]);
  });

  test('costs one try a minute whatever waits, and the others are told once', async () => {
    const { clock, notifier, runner, add } = setUp({ chats: [1, 2] });
    let tries = 0;
    notifier.script((chatId) => (chatId === 1 ? ((tries += 1), closed) : { kind: 'delivered' }));
    runner.start();
    for (let count = 0; count < 60; count += 1) {
      add('fill', `fill ${count}`);
      await clock.advance(1_000);
    }
    expect(tries).toBe(1);
    for (let count = 60; count < 180; count += 1) {
      add('fill', `fill ${count}`);
      await clock.advance(1_000);
    }
    expect(tries).toBe(3);
    expect(notifier.sent.filter(({ key }) => key.startsWith('parked:'))).toMatchObject([
      { chatId: 2, title: 'Alerts cannot be delivered to chat 1' },
    ]);
    // The person sends /start.
    notifier.script(() => ({ kind: 'delivered' }));
    runner.contact(1);
    await clock.advance(1_000);
    const theirs = notifier.sent.filter(({ chatId, key }) => chatId === 1 && key.startsWith('fill'));
    expect(theirs.map(({ key }) => key)).toEqual(Array.from({ length: 180 }, (_, count) => `fill ${count}`));
    expect(runner.silentSince()).toBeNull();
  });

  test('that has opened without a word is found out by the next alert, oldest first', async () => {
    const { clock, notifier, runner, add, store } = setUp();
    notifier.script(() => closed);
    runner.start();
    for (const key of ['a', 'b', 'c']) add('lock', key);
    await clock.advance(5_000);
    expect(store.pending(1, 10)).toEqual([]);
    notifier.script(() => ({ kind: 'delivered' }));
    await clock.advance(120_000);
    expect(notifier.sent).toEqual([]);
    add('lock', 'd');
    await clock.advance(2_000);
    expect(notifier.sent.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('counts as silence; a new process asks once what was parked; what is older than a week stays parked', async () => {
    const { clock, notifier, runner, add, store } = setUp();
    notifier.script(() => closed);
    runner.start();
    store.add(alertOf('lock', 'old'), clock.wallNow() - 8 * 86_400_000);
    add('lock', 'new');
    await clock.advance(302_000);
    expect(runner.isSilent()).toBe(true);
    await runner.stop(0);
    notifier.script(() => ({ kind: 'delivered' }));
    const next = createOutboxRunner({
      store,
      notifier,
      chats: [1],
      clock,
      log: silentLog,
      silenceSeconds: 300,
      hook: null,
    });
    runners.push(next);
    next.start();
    await clock.advance(2_000);
    expect(notifier.sent.map(({ key }) => key)).toEqual(['new']);
    expect(store.parked(1)).toHaveLength(1);
  });

  test('somebody heard in an open chat changes nothing', async () => {
    const { clock, notifier, runner, add } = setUp();
    runner.start();
    add('fill', 'a');
    await clock.advance(1_000);
    runner.contact(1);
    runner.contact(99);
    await clock.advance(5_000);
    expect(notifier.sent.map(({ key }) => key)).toEqual(['a']);
  });
});

describe('silence', () => {
  test('is counted from the first failed delivery, stops entries at the limit, calls the webhook, and ends', async () => {
    const { clock, notifier, runner, add, hookCalls, silence } = setUp();
    notifier.script(() => unreachable);
    runner.start();
    add('lock', 'kill-switch');
    await clock.advance(1_000);
    const since = runner.silentSince();
    expect(since).not.toBeNull();
    await clock.advance(298_000);
    expect(runner.isSilent()).toBe(false);
    expect(hookCalls).toEqual([]);
    await clock.advance(3_000);
    expect(runner.isSilent()).toBe(true);
    expect(silence).toEqual([true]);
    expect(hookCalls).toHaveLength(1);
    expect(hookCalls[0]).toContain('1 alert waits. Newest: kill-switch.');
    await clock.advance(60_000);
    expect(hookCalls).toHaveLength(1);
    notifier.script(() => ({ kind: 'delivered' }));
    await clock.advance(62_000);
    expect(silence).toEqual([true, false]);
    expect(runner.silentSince()).toBeNull();
    expect(hookCalls).toHaveLength(2);
  });

  test('is noticed without any alert, from the polls', async () => {
    let since: number | null = null;
    const { clock, runner } = setUp({ unreachableSince: () => since });
    runner.start();
    await clock.advance(1_000);
    expect(runner.isSilent()).toBe(false);
    since = clock.wallNow();
    await clock.advance(302_000);
    expect(runner.isSilent()).toBe(true);
  });

  test('of before a start is over with the first alert that gets through: a start alone proves nothing', async () => {
    const { clock, notifier, runner, add, hookCalls, silence } = setUp({ silentBefore: true });
    notifier.script(() => unreachable);
    runner.start();
    await clock.advance(5_000);
    add('lifecycle', 'started');
    await clock.advance(60_000);
    expect([silence, runner.isSilent(), hookCalls]).toEqual([[], true, []]);
    notifier.script(() => ({ kind: 'delivered' }));
    await clock.advance(62_000);
    expect([silence, runner.isSilent()]).toEqual([[false], false]);
  });

  test('of before a start, where the kinds that wait are off, is over with a poll; one that lasts calls the webhook', async () => {
    const polled = { yes: false, since: null as number | null };
    const { clock, runner, add, hookCalls, silence } = setUp({
      silentBefore: true,
      volume: () => 'off',
      hasPolled: () => polled.yes,
      unreachableSince: () => polled.since,
    });
    polled.since = clock.wallNow();
    runner.start();
    add('lifecycle', 'started');
    await clock.advance(302_000);
    expect([silence, hookCalls.length]).toEqual([[], 1]);
    polled.since = null;
    await clock.advance(2_000);
    expect(silence).toEqual([]);
    polled.yes = true;
    await clock.advance(2_000);
    expect(silence).toEqual([false]);
  });

  test('a webhook that fails is called again', async () => {
    let calls = 0;
    const { clock, runner, notifier, add } = setUp({
      hook: {
        call: async () => {
          calls += 1;
          if (calls === 1) throw new Error('502');
        },
      },
    });
    notifier.script(() => unreachable);
    add('lock', 'a');
    runner.start();
    await clock.advance(302_000);
    expect(calls).toBe(1);
    await clock.advance(31_000);
    expect(calls).toBe(2);
    await clock.advance(600_000);
    expect(calls).toBe(2);
  });

  test('without a single chat nobody can be reached', () => {
    const { runner, clock } = setUp({ chats: [] });
    expect(runner.silentSince()).toBe(clock.wallNow());
  });
});

describe('a long backlog', () => {
  const kinds: readonly AlertKind[] = [
    'lock',
    'unlock',
    'fill',
    'stop',
    'data',
    'drawdown',
    'lifecycle',
    'deposit',
    'security',
  ];

  test('keeps every row once, in order, and never merges locks and fills', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...kinds), { maxLength: 120 }), (list) => {
        const rows = list.map((kind, index) => ({
          id: index + 1,
          alert: alertOf(kind, `key ${index}`),
          createdAt: 0,
          attempts: 0,
        }));
        const parcels = planParcels(rows, 0);
        expect(parcels.flatMap((parcel) => parcel.rows)).toEqual(rows);
        for (const parcel of parcels.filter(({ rows: held }) => held.length > 1)) {
          expect(rows.length).toBeGreaterThan(20);
          for (const { alert } of parcel.rows) expect(['data', 'drawdown', 'lifecycle']).toContain(alert.kind);
        }
      }),
    );
  });

  test('is not summarised a second time when its marks were lost', async () => {
    const { clock, notifier, runner, add, store } = setUp();
    for (let index = 0; index < 30; index += 1) add('data', `stale ${index}`);
    store.breakOnce('markDelivered');
    runner.start();
    await clock.advance(1_000);
    add('data', 'one more');
    await clock.advance(10_000);
    expect(notifier.sent.map(({ title }) => title)).toEqual(['30 earlier alerts in one', 'one more']);
    expect(store.pending(1, 100)).toEqual([]);
  });

  test('is summarised from what is wanted alone, as loud as the loudest in it', async () => {
    const modes: Partial<Record<AlertKind, AlertVolume>> = { lifecycle: 'off', data: 'silent', model: 'off' };
    const { clock, notifier, runner, add } = setUp({ volume: ({ kind }) => modes[kind] ?? 'on' });
    for (let index = 0; index < 30; index += 1) {
      add('data', `stale ${index}`);
      add('model', `drift ${index}`);
    }
    add('lock', 'kill-switch');
    for (let index = 0; index < 30; index += 1) add(index === 7 ? 'drawdown' : 'data', `later ${index}`);
    runner.start();
    await clock.advance(5_000);
    expect(notifier.sent.map(({ title, silent }) => [title, silent])).toEqual([
      ['30 earlier alerts in one', true],
      ['kill-switch', false],
      ['30 earlier alerts in one', false],
    ]);
  });

  test('arrives as few messages with counts, each written in one go: a write waits for the disk, and the trading loop with it', async () => {
    const { clock, notifier, runner, add, store } = setUp();
    for (let index = 0; index < 50; index += 1) add('data', `stale ${index}`);
    add('lock', 'kill-switch');
    for (let index = 0; index < 50; index += 1) add('data', `fresh ${index}`);
    runner.start();
    await clock.advance(5_000);
    expect(notifier.sent.map(({ title }) => title)).toEqual([
      '50 earlier alerts in one',
      'kill-switch',
      '50 earlier alerts in one',
    ]);
    // An attempt and a delivery each.
    expect(store.writes()).toBe(2 * 3);
  });
});
