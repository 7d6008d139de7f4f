import { afterEach, expect, test } from 'vitest';
import type { ChatMemory } from '../../ports/chat.ts';
import type { Caller } from '../../ports/operator.ts';
import { createAlertSettings } from '../outbox/alert-settings.ts';
import { createFakeClock, createFakeNotifier, createFakeStore, silentLog } from '../outbox/fakes.test-helper.ts';
import { createOutboxRunner, type OutboxRunner } from '../outbox/outbox-runner.ts';
import { createAlertChanging } from './alert-changing.ts';

const ADA: Caller = { userId: 7, name: 'Ada', role: 'operator', via: 'telegram' };
const BEN = 8;
const GROUP = -5;

let runner: OutboxRunner;
afterEach(async () => runner.stop(0));

const setUp = () => {
  const values = new Map<string, string>();
  const memory: ChatMemory = {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
  };
  const clock = createFakeClock();
  const store = createFakeStore();
  const notifier = createFakeNotifier(clock);
  const settings = createAlertSettings(memory, () => clock.wallNow());
  runner = createOutboxRunner({
    store,
    notifier,
    chats: [ADA.userId, BEN, GROUP],
    clock,
    log: silentLog,
    silenceSeconds: 300,
    hook: null,
    volume: (alert) => settings.volume(alert),
  });
  runner.start();
  const changing = createAlertChanging({
    settings,
    now: () => ({ market: clock.marketNow(), wall: clock.wallNow() }),
    tell: (alert) => store.add(alert, clock.wallNow()),
  });
  const titles = () => store.rows().map(({ alert }) => alert.title);
  return { changing, clock, store, notifier, titles };
};

test('what one makes quieter the others are told, with sound, whatever is off or muted; the one who did it is not told again', async () => {
  const { changing, clock, notifier, store, titles } = setUp();
  await changing.setAlertMode(ADA, 'security', 'off');
  await changing.mute(ADA, 7_200_000);
  await changing.setAlertMode(ADA, 'fill', 'silent');
  await clock.advance(2_000);
  expect(titles()).toEqual([
    '🔕 Alerts of kind security are off',
    '🔕 Alerts come without sound for 2 h 00 min',
    '🔕 Alerts of kind fill come without sound',
  ]);
  expect(store.rows()[0]?.alert.lines[0]).toBe('by Ada (7), for everybody who gets alerts. Locks always ring.');
  expect(notifier.sent.map(({ chatId, silent }) => [chatId, silent]).sort()).toEqual(
    [GROUP, GROUP, GROUP, BEN, BEN, BEN].map((chatId) => [chatId, false]).sort(),
  );
});

test('what is as it was before is no news, and that it is over is', async () => {
  const { changing, titles } = setUp();
  await changing.setAlertMode(ADA, 'fill', 'on');
  await changing.mute(ADA, 0);
  expect(titles()).toEqual([]);
  await changing.setAlertMode(ADA, 'fill', 'off');
  await changing.setAlertMode(ADA, 'fill', 'off');
  await changing.setAlertMode(ADA, 'fill', 'on');
  await changing.mute(ADA, 60_000);
  await changing.mute(ADA, 0);
  expect(titles()).toEqual([
    '🔕 Alerts of kind fill are off',
    '🔔 Alerts of kind fill are on again',
    '🔕 Alerts come without sound for 60 s',
    '🔔 Alerts ring again',
  ]);
});

test('what nobody can be told of is not done', async () => {
  const { changing, store } = setUp();
  Object.assign(store, {
    add: () => {
      throw new Error('the disk is full');
    },
  });
  await expect(changing.setAlertMode(ADA, 'fill', 'off')).rejects.toThrow('disk is full');
  expect(changing.alertSettings().modes.fill).toBe('on');
});
