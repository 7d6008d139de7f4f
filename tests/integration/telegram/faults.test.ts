import { lookup } from 'node:dns';
import { afterEach, describe, expect, test } from 'vitest';
import type { Alert } from '../../../src/core/engine/alert.ts';
import { createTelegramBot } from '../../../src/adapters/telegram/bot.ts';
import { createPictureRenderer } from '../../../src/adapters/pictures/renderer.ts';
import { createFakeStore } from '../../../src/app/outbox/fakes.test-helper.ts';
import { createOutboxRunner } from '../../../src/app/outbox/outbox-runner.ts';
import type { TelegramFault } from '../../../src/sim/telegram/faults.ts';
import { FORUM, FORUM_TOPIC, GROUP, OPERATOR, startHarness, TOKEN, VIEWER, type Harness } from './harness.ts';

let bot: Harness;
afterEach(async () => {
  await bot.close();
});

const alertOf = (key: string, kind: Alert['kind'] = 'fill'): Alert => ({
  kind,
  key,
  title: key,
  lines: ['A line'],
  commands: ['/status'],
  symbol: null,
  at: 0,
});

describe('delivery of an alert', () => {
  test.each<readonly [string, TelegramFault, object]>([
    ['429', { name: 'too-many-requests', retryAfter: 7 }, { kind: 'retry', after: 7_000 }],
    ['500', { name: 'internal-error' }, { kind: 'retry', after: 1_000 }],
    ['a gateway that answers in HTML', { name: 'bad-gateway' }, { kind: 'retry', after: 1_000 }],
    ['a reset', { name: 'reset' }, { kind: 'retry', after: 1_000 }],
    ['403', { name: 'blocked' }, { kind: 'closed' }],
    ['400 too long', { name: 'too-long' }, { kind: 'impossible' }],
    ['400 chat not found', { name: 'chat-not-found' }, { kind: 'closed' }],
    ['400 the topic was closed', { name: 'refused', description: 'TOPIC_CLOSED' }, { kind: 'closed' }],
    ['400 the topic was deleted', { name: 'refused', description: 'message thread not found' }, { kind: 'closed' }],
    [
      '400 the group lets only its admins write',
      { name: 'refused', description: 'CHAT_WRITE_FORBIDDEN' },
      { kind: 'closed' },
    ],
    ['400 the text is refused', { name: 'refused', description: "can't parse entities" }, { kind: 'impossible' }],
    ['401', { name: 'unauthorized' }, { kind: 'retry', after: 60_000 }],
  ])('%s', async (_name, fault, outcome) => {
    bot = await startHarness();
    bot.server.faults.inject({ methods: ['sendMessage'], ...fault });
    const delivery = await bot.bot.notifier.deliver(OPERATOR, alertOf('a'), false);
    expect(delivery).toMatchObject(outcome);
    expect(JSON.stringify(delivery)).not.toContain(TOKEN);
    expect(await bot.bot.notifier.deliver(OPERATOR, alertOf('a'), false)).toEqual({ kind: 'delivered' });
  });

  test('a send that is never answered is given up and tried again', async () => {
    bot = await startHarness({ patienceSeconds: 1 });
    bot.server.faults.inject({ name: 'time-out', methods: ['sendMessage'] });
    const before = performance.now();
    expect(await bot.bot.notifier.deliver(OPERATOR, alertOf('a'), false)).toMatchObject({
      kind: 'retry',
      after: 1_000,
    });
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(await bot.bot.notifier.deliver(OPERATOR, alertOf('a'), false)).toEqual({ kind: 'delivered' });
    // A reply that is never answered holds up no later command, and comes in the end.
    bot.server.faults.inject({ name: 'time-out', methods: ['sendMessage'] });
    bot.server.person.send(OPERATOR, OPERATOR, '/version');
    bot.server.person.send(OPERATOR, OPERATOR, '/pause');
    await expect.poll(() => bot.service.calls.length, { interval: 5, timeout: 1_000 }).toBe(1);
  });

  test('a group that became a supergroup is found under its new id, for alerts and for commands, also after a restart', async () => {
    bot = await startHarness();
    const moved = -100_999;
    bot.server.person.addGroup({ id: moved, title: 'Desk', type: 'supergroup' });
    bot.server.faults.inject({ name: 'migrated', chatId: GROUP, migrateTo: moved, times: Infinity });
    expect(await bot.bot.notifier.deliver(GROUP, alertOf('a'), false)).toEqual({ kind: 'delivered' });
    expect(bot.server.person.messages(moved)).toHaveLength(1);
    expect((await bot.ask(VIEWER, '/version', moved)).text).toContain('Guardian');
    await bot.restart();
    expect(await bot.bot.notifier.deliver(GROUP, alertOf('b'), false)).toEqual({ kind: 'delivered' });
    expect(bot.server.faults.struck('migrated')).toBe(1);
  });

  test('comes with sound or without, and in a listed topic to that topic', async () => {
    bot = await startHarness();
    for (const silent of [true, false])
      expect(await bot.bot.notifier.deliver(OPERATOR, alertOf(`silent ${silent}`), silent)).toEqual({
        kind: 'delivered',
      });
    expect(bot.server.person.messages(OPERATOR).map(({ disable_notification: quiet }) => quiet === true)).toEqual([
      true,
      false,
    ]);
    expect(await bot.bot.notifier.deliver(FORUM, alertOf('topic'), false)).toEqual({ kind: 'delivered' });
    expect(bot.server.person.messages(FORUM)[0]?.message_thread_id).toBe(FORUM_TOPIC);
  });

  test("in a forum's General topic, listed by the number that its link shows, alerts come and commands are heard; in the other topics none", async () => {
    bot = await startHarness({ chats: [{ chatId: FORUM, threadId: 1 }] });
    expect(await bot.bot.notifier.deliver(FORUM, alertOf('general'), false)).toEqual({ kind: 'delivered' });
    expect((await bot.ask(VIEWER, '/version', FORUM)).text).toContain('Guardian');
    const before = bot.server.person.messages(FORUM).length;
    bot.server.person.send(VIEWER, FORUM, '/version', { threadId: FORUM_TOPIC });
    await bot.settle();
    expect(bot.server.person.messages(FORUM)).toHaveLength(before + 1);
  });

  test('a claim of migration is checked with Telegram before it is believed', async () => {
    bot = await startHarness();
    bot.server.person.push({
      message: {
        message_id: 1,
        date: 1,
        chat: { id: GROUP, type: 'supergroup' },
        from: { id: 5, is_bot: false, first_name: 'x' },
        migrate_to_chat_id: -666,
      },
    });
    await bot.settle();
    expect([...bot.memory.values.keys()].filter((key) => key.includes('migrated'))).toEqual([]);
  });

  test('an alert of any length is one message, however odd its text', async () => {
    bot = await startHarness();
    const monster = {
      ...alertOf('long'),
      title: `<b>*_${'\u202e'}title`,
      lines: Array.from({ length: 300 }, (_, index) => `line ${index} 👩‍🚀 <i>[x](y)`),
    };
    expect(await bot.bot.notifier.deliver(OPERATOR, monster, false)).toEqual({ kind: 'delivered' });
    const [sent] = bot.server.person.messages(OPERATOR);
    expect(sent?.text).toContain('<b>*_');
    expect(sent?.text).not.toContain('\u202e');
    expect(bot.server.person.messages(OPERATOR)).toHaveLength(1);
  });
});

describe('an operator who has never started the bot, and one who blocks it', () => {
  test('hear what they missed as soon as they say /start, in order; meanwhile the others are told', async () => {
    const late = 1003;
    const store = createFakeStore();
    const held: { runner?: ReturnType<typeof createOutboxRunner> } = {};
    bot = await startHarness({ operators: [OPERATOR, late], onContact: (chatId) => held.runner?.contact(chatId) });
    bot.server.person.addUser({ id: late, firstName: 'Late' });
    const runner = createOutboxRunner({
      store,
      notifier: bot.bot.notifier,
      chats: [OPERATOR, late],
      clock: bot.clock,
      log: bot.log,
      silenceSeconds: 300,
      hook: null,
    });
    held.runner = runner;
    runner.start();
    const titles = (chatId: number): readonly (string | undefined)[] =>
      bot.server.person
        .messages(chatId)
        .filter(({ from }) => from.is_bot)
        .map(({ text }) => text?.split('\n')[0]);
    const pass = (): void => (runner.wake(), bot.clock.jump(1_000));
    for (const key of ['one', 'two']) store.add(alertOf(key, 'lock'), bot.clock.wallNow());
    await expect
      .poll(() => (pass(), titles(OPERATOR)), { interval: 10, timeout: 8_000 })
      .toEqual(['🔒 one', '🔒 two', `🚨 Alerts cannot be delivered to chat ${late}`]);
    expect(bot.server.person.chats().some(({ id }) => id === late)).toBe(false);

    bot.server.person.send(late, late, '/start');
    await expect
      .poll(() => (pass(), titles(late).filter((title) => title?.startsWith('🔒'))), { interval: 10, timeout: 8_000 })
      .toEqual(['🔒 one', '🔒 two']);

    bot.server.faults.inject({ name: 'blocked', chatId: late, times: Infinity });
    for (const key of ['three', 'four']) store.add(alertOf(key, 'lock'), bot.clock.wallNow());
    await expect.poll(() => (pass(), bot.server.faults.struck('blocked')), { interval: 10, timeout: 8_000 }).toBe(1);
    bot.server.faults.clear();
    bot.server.person.send(late, late, '/start');
    await expect
      .poll(() => (pass(), titles(late).filter((title) => title?.startsWith('🔒'))), { interval: 10, timeout: 8_000 })
      .toEqual(['🔒 one', '🔒 two', '🔒 three', '🔒 four']);
    await runner.stop(0);
  });
});

describe('polling', () => {
  test('409 is named once per episode, reported, and polling resumes', async () => {
    bot = await startHarness();
    await bot.settle();
    bot.server.faults.inject({ name: 'conflict', times: 3 });
    bot.server.person.send(VIEWER, VIEWER, '/version');
    await expect
      .poll(() => (bot.clock.jump(31_000), bot.server.faults.struck('conflict')), { interval: 20, timeout: 8_000 })
      .toBe(3);
    await bot.recover();
    expect((await bot.ask(VIEWER, '/whoami')).text).toBeTruthy();
    await bot.settle();
    expect(bot.reported.map(({ title }) => title)).toEqual(['🚨 Two bots on one token']);
    // A webhook that somebody set would answer every poll with 409: it is taken away each time.
    expect(bot.server.calls('deleteWebhook')).toBe(4);
    expect(bot.bot.unreachableSince()).toBeNull();
  });

  test('two bots on one token: both survive, both say so', async () => {
    bot = await startHarness({ pollTimeoutSeconds: 30 });
    await bot.settle();
    const reported: Alert[] = [];
    const { service, clock, log, memory, server } = bot;
    const other = createTelegramBot({
      token: TOKEN,
      apiRoot: server.url,
      lookUp: lookup,
      operators: [OPERATOR],
      viewers: [],
      chats: [],
      commands: { list: () => [], find: () => undefined, run: async () => ({ title: '', blocks: [] }) },
      service,
      report: (alert) => reported.push(alert),
      memory,
      clock,
      log,
      pictures: null,
      unlockTotpSecret: null,
      unlockApprovals: 1,
    });
    other.start();
    await expect
      .poll(() => (bot.clock.jump(31_000), bot.reported.length + reported.length), { interval: 20, timeout: 8_000 })
      .toBeGreaterThan(0);
    await other.stop();
    await bot.recover();
    await bot.settle();
    expect([...bot.reported, ...reported][0]?.title).toContain('Two bots');
  });

  test('a revoked token is named, and polling goes on when it is valid again', async () => {
    bot = await startHarness();
    await bot.settle();
    bot.server.faults.inject({ name: 'unauthorized', times: Infinity });
    bot.server.person.send(VIEWER, VIEWER, '/version');
    await expect
      .poll(() => bot.log.lines.some(({ message }) => message.includes('TELEGRAM_BOT_TOKEN')), {
        interval: 10,
        timeout: 8_000,
      })
      .toBe(true);
    expect(bot.bot.unreachableSince()).not.toBeNull();
    bot.server.faults.clear();
    await bot.recover();
    await bot.settle();
    expect(bot.bot.unreachableSince()).toBeNull();
    expect(bot.reported.map(({ title }) => title)).toContain('🚨 The bot token was refused');
  });

  test('a bot that starts during an outage comes up when it ends', async () => {
    const methods = ['getMe', 'getUpdates'];
    bot = await startHarness();
    await bot.bot.stop();
    bot.server.faults.inject({ name: 'reset', methods, times: Infinity });
    await bot.restart();
    await expect.poll(() => bot.server.faults.struck('reset'), { interval: 10, timeout: 8_000 }).toBeGreaterThan(0);
    bot.server.faults.clear();
    await bot.recover();
    await bot.settle();
  });

  test('a poll that is never answered is given up, and the command behind it is not lost', async () => {
    bot = await startHarness({ pollTimeoutSeconds: 1, patienceSeconds: 1 });
    await bot.settle();
    bot.server.faults.inject({ name: 'time-out', methods: ['getUpdates'] });
    await expect.poll(() => bot.server.faults.struck('time-out'), { interval: 10, timeout: 8_000 }).toBe(1);
    bot.server.person.send(OPERATOR, OPERATOR, '/pause');
    await expect.poll(() => bot.bot.unreachableSince(), { interval: 10, timeout: 8_000 }).not.toBeNull();
    await expect
      .poll(() => (bot.clock.jump(31_000), bot.service.calls.length), { interval: 20, timeout: 8_000 })
      .toBe(1);
    await bot.recover();
    expect(bot.bot.unreachableSince()).toBeNull();
  });

  test('500 and resets while polling lose no command', async () => {
    bot = await startHarness();
    await bot.settle();
    bot.server.faults.inject({ name: 'internal-error', methods: ['getUpdates'] });
    bot.server.faults.inject({ name: 'reset-after', methods: ['getUpdates'] });
    // Ends the poll that the faults have found under way.
    bot.server.person.send(VIEWER, VIEWER, '/version');
    await expect.poll(() => bot.server.faults.struck('internal-error'), { interval: 10, timeout: 8_000 }).toBe(1);
    // The clock of the bot has stood still: the poll that is answered with it is the one whose answer gets lost.
    bot.server.person.send(OPERATOR, OPERATOR, '/pause');
    await expect
      .poll(() => (bot.clock.jump(31_000), bot.service.calls.length), { interval: 20, timeout: 8_000 })
      .toBe(1);
    expect(bot.server.faults.struck('reset-after')).toBe(1);
    await bot.recover();
    await bot.settle();
    expect(bot.service.calls).toHaveLength(1);
  });
});

describe('an outage', () => {
  test('ten minutes without Telegram: nobody waits, no alert is lost, order kept', async () => {
    bot = await startHarness();
    await bot.settle();
    const store = createFakeStore();
    const runner = createOutboxRunner({
      store,
      notifier: bot.bot.notifier,
      chats: [OPERATOR],
      clock: bot.clock,
      log: bot.log,
      silenceSeconds: 300,
      hook: null,
      unreachableSince: bot.bot.unreachableSince,
    });
    runner.start();
    bot.server.faults.inject({ name: 'reset', methods: ['getUpdates', 'sendMessage'], times: Infinity });
    const keys = Array.from({ length: 20 }, (_, index) => `fill ${index}`);
    for (const key of keys) {
      const before = performance.now();
      store.add(alertOf(key), bot.clock.wallNow());
      runner.wake();
      // Whoever trades pays for a row, never for Telegram.
      expect(performance.now() - before).toBeLessThan(50);
      bot.clock.jump(30_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => (bot.clock.jump(1_000), runner.isSilent()), { interval: 10, timeout: 8_000 }).toBe(true);
    bot.server.faults.clear();
    await expect
      .poll(() => (bot.clock.jump(61_000), bot.server.person.messages(OPERATOR).length), {
        interval: 30,
        timeout: 10_000,
      })
      .toBe(20);
    expect(bot.server.person.messages(OPERATOR).map(({ text }) => text?.split('\n')[0]?.slice(3))).toEqual(keys);
    await expect.poll(() => (bot.clock.jump(1_000), runner.isSilent()), { interval: 10, timeout: 8_000 }).toBe(false);
    await runner.stop(0);
  });
});

describe('while a picture is drawn and sends are refused for 60 s', () => {
  test('/halt takes effect within a second', async () => {
    const pictures = createPictureRenderer();
    bot = await startHarness({ pictures });
    await bot.settle();
    bot.server.faults.inject({
      name: 'too-many-requests',
      methods: ['sendMessage', 'sendPhoto'],
      retryAfter: 60,
      times: Infinity,
    });
    for (let count = 0; count < 5; count += 1) bot.server.person.send(OPERATOR, OPERATOR, `/chart BTC ${100 + count}`);
    const before = performance.now();
    bot.server.person.send(OPERATOR, OPERATOR, '/halt');
    await expect.poll(() => bot.tools.calls.length, { interval: 2, timeout: 1_000 }).toBe(1);
    expect(performance.now() - before).toBeLessThan(1_000);
    bot.server.faults.clear();
    bot.clock.jump(10_000);
    await pictures.close();
  });
});

test('a command whose work takes long holds up no other: /halt takes effect within a second', async () => {
  bot = await startHarness();
  await bot.settle();
  const never = async (): Promise<never> => new Promise(() => undefined);
  Object.assign(bot.tools, { backup: never, reconcile: never });
  for (const line of ['/backup', '/reconcile', '/halt']) bot.server.person.send(OPERATOR, OPERATOR, line);
  // The clock of the bot stands still: nothing is waited out.
  await expect.poll(() => bot.tools.calls.map(({ name }) => name), { interval: 2, timeout: 1_000 }).toEqual(['halt']);
});

test('/status answers in less than 150 ms, 99 times of 100', async () => {
  bot = await startHarness();
  await bot.settle();
  const spans: number[] = [];
  for (let count = 0; count < 200; count += 1) {
    const before = performance.now();
    await bot.ask(count % 2 === 0 ? OPERATOR : VIEWER, '/status');
    spans.push(performance.now() - before);
    bot.clock.jump(2_000);
  }
  spans.sort((left, right) => left - right);
  expect(spans[Math.floor(spans.length * 0.99)]).toBeLessThan(150);
});
