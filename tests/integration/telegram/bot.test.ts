import { afterEach, describe, expect, test } from 'vitest';
import { killSwitch, operatorPause } from './fake-service.ts';
import {
  FORUM,
  FORUM_TOPIC,
  GROUP,
  lastMessageId,
  OPERATOR,
  SECOND_OPERATOR,
  startHarness,
  STRANGER,
  VIEWER,
  type Harness,
} from './harness.ts';

const open: Harness[] = [];
const start = async (...options: Parameters<typeof startHarness>): Promise<Harness> => {
  const harness = await startHarness(...options);
  open.push(harness);
  return harness;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (harness) => harness.close()));
});

describe('who is let in', () => {
  test('operators and viewers get answers, strangers get none and are reported at most once an hour', async () => {
    const bot = await start();
    expect((await bot.ask(OPERATOR, '/status')).text).toContain('1,012.40');
    expect((await bot.ask(VIEWER, '/status')).text).toContain('1,012.40');
    for (let count = 0; count < 5; count += 1) bot.server.person.send(STRANGER, STRANGER, '/status');
    await bot.settle();
    expect(bot.server.person.messages(STRANGER).every(({ from }) => from.id === STRANGER)).toBe(true);
    expect(bot.reported.map(({ kind }) => kind)).toEqual(['security']);
    bot.clock.jump(3_601_000);
    bot.server.person.send(STRANGER, STRANGER, '/status');
    await bot.settle();
    expect(bot.reported).toHaveLength(2);
    expect(bot.reported[1]?.title).toContain('5 messages');
    expect(bot.service.auditRows.filter(({ caller }) => caller.role === 'stranger')).toHaveLength(2);
  });

  test('the sender counts, not the chat: a stranger in a listed group gets nothing, an operator in an unlisted one neither', async () => {
    const bot = await start();
    bot.server.person.addGroup({ id: -555, title: 'Elsewhere', type: 'group' });
    bot.server.person.send(STRANGER, GROUP, '/status');
    bot.server.person.send(OPERATOR, -555, '/status');
    bot.server.person.send(OPERATOR, FORUM, '/status', { threadId: FORUM_TOPIC + 1 });
    await bot.settle();
    for (const chatId of [GROUP, -555, FORUM]) expect(bot.server.person.messages(chatId)).toHaveLength(1);
    expect((await bot.ask(VIEWER, '/status', GROUP)).text).toContain('1,012.40');
    const inTopic = await bot.ask(OPERATOR, '/status', FORUM, FORUM_TOPIC);
    expect(inTopic.message_thread_id).toBe(FORUM_TOPIC);
  });

  test('a viewer cannot change anything', async () => {
    const bot = await start();
    for (const command of ['/pause', '/resume', '/unlock'])
      expect((await bot.ask(VIEWER, command)).text).toContain('for operators');
    expect(bot.service.calls).toEqual([]);
  });

  test('the menu is set per role, strangers see none', async () => {
    const bot = await start();
    const names = (userId: number): readonly unknown[] =>
      bot.server.person.menu(userId, userId).map(({ command }) => command);
    await expect.poll(() => names(OPERATOR), { interval: 10, timeout: 8_000 }).toContain('unlock');
    await expect.poll(() => names(VIEWER), { interval: 10, timeout: 8_000 }).toContain('status');
    expect(names(VIEWER)).not.toContain('unlock');
    expect(names(STRANGER)).toEqual([]);
  });
});

describe('age and redelivery', () => {
  test('/pause runs whatever its age and never resumes; /resume expires after 60 s', async () => {
    const bot = await start();
    const now = Math.floor(bot.clock.wallNow() / 1000);
    bot.server.person.send(OPERATOR, OPERATOR, '/pause old', { date: now - 86_400 });
    bot.server.person.send(OPERATOR, OPERATOR, '/pause again', { date: now - 86_400 });
    await bot.settle();
    expect(bot.service.calls.map(({ name }) => name)).toEqual(['pause', 'pause']);
    expect(bot.service.paused).toBe(true);
    const sent = bot.server.person.send(OPERATOR, OPERATOR, '/resume', { date: now - 61 });
    const reply = await bot.server.person.waitFor(
      OPERATOR,
      ({ text }) => text?.includes('Expired, send again') === true,
      { afterMessageId: sent.message_id },
    );
    expect(reply.reply_markup).toBeUndefined();
    const future = bot.server.person.send(OPERATOR, OPERATOR, '/resume', { date: now + 120 });
    await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Expired, send again') === true, {
      afterMessageId: future.message_id,
    });
    expect(bot.service.paused).toBe(true);
  });

  test('a redelivered update acts once, also after a restart', async () => {
    const bot = await start();
    const message = bot.server.person.send(OPERATOR, OPERATOR, '/pause');
    await bot.settle();
    const id = Number([...bot.memory.values].find(([key]) => key.endsWith('/seen'))?.[1].split(',')[0]);
    expect(id).toBeGreaterThan(0);
    const update = { message: JSON.parse(JSON.stringify(message)) };
    bot.server.person.redeliver(id, update);
    await bot.settle();
    await bot.restart();
    bot.server.person.redeliver(id, update);
    await bot.settle();
    expect(bot.service.calls).toHaveLength(1);
  });

  test('a tightening command is acknowledged after it took effect, not before', async () => {
    const bot = await start();
    await bot.settle();
    const { pause } = bot.service;
    const release = Promise.withResolvers<undefined>();
    Object.assign(bot.service, {
      pause: async (...given: Parameters<typeof pause>) => (await release.promise, pause(...given)),
    });
    await expect.poll(() => bot.server.person.botListening(), { interval: 10, timeout: 8_000 }).toBe(true);
    const polls = bot.server.calls('getUpdates');
    bot.server.person.send(OPERATOR, OPERATOR, '/pause');
    await expect.poll(() => bot.server.person.botListening(), { interval: 10, timeout: 8_000 }).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(bot.server.calls('getUpdates')).toBe(polls);
    expect([...bot.memory.values].find(([key]) => key.endsWith('/seen'))?.[1].split(',')).toHaveLength(1);
    release.resolve(undefined);
    await bot.settle();
    expect(bot.service.calls).toHaveLength(1);
  });

  test('an effect that hangs holds up the next command for two seconds only', async () => {
    const bot = await start();
    Object.assign(bot.service, { pause: async () => new Promise(() => undefined) });
    bot.server.person.send(OPERATOR, OPERATOR, '/pause');
    bot.server.person.send(OPERATOR, OPERATOR, '/halt');
    await expect.poll(() => (bot.clock.jump(1_000), bot.tools.calls.length), { interval: 10, timeout: 8_000 }).toBe(1);
  });

  test('a command for another bot is not for this one; one that names this bot is', async () => {
    const bot = await start();
    bot.server.person.send(OPERATOR, GROUP, '/pause@other_bot now');
    await bot.settle();
    expect(bot.service.calls).toEqual([]);
    await bot.ask(OPERATOR, '/pause@Guardian_Demo_Bot now', GROUP);
    expect(bot.service.calls).toMatchObject([{ name: 'pause', detail: 'now' }]);
  });

  test('a forwarded command is refused', async () => {
    const bot = await start();
    bot.server.person.send(OPERATOR, OPERATOR, '/pause', { forwarded: true });
    await bot.settle();
    expect(bot.service.calls).toEqual([]);
  });
});

describe('confirmation', () => {
  test('/resume acts on its button only: for its sender, in its chat, once, within 120 s', async () => {
    const bot = await start();
    bot.service.setLocks([operatorPause]);
    await bot.ask(OPERATOR, '/resume', GROUP);
    expect(bot.service.calls).toEqual([]);
    expect((await bot.press(SECOND_OPERATOR, GROUP, 'Resume trading')).text).toContain('Only the person who asked');
    expect((await bot.press(VIEWER, GROUP, 'Resume trading')).text).toContain('operators');
    await bot.press(OPERATOR, GROUP, 'Resume trading');
    await bot.server.person.waitFor(GROUP, ({ text }) => text?.includes('Trading goes on') === true);
    expect(bot.service.calls.map(({ name }) => name)).toEqual(['resume']);

    bot.service.setLocks([operatorPause]);
    const second = await bot.ask(OPERATOR, '/resume', GROUP);
    bot.clock.jump(121_000);
    expect((await bot.press(OPERATOR, GROUP, 'Resume trading')).text).toContain('no longer works');
    expect(second.reply_markup).toBeDefined();
    expect(bot.service.calls).toHaveLength(1);
  });

  test('a pressed button works once, and none survives a restart', async () => {
    const bot = await start();
    bot.service.setLocks([operatorPause]);
    const asked = await bot.ask(OPERATOR, '/resume');
    const data = asked.reply_markup?.inline_keyboard[0]?.[0]?.callback_data ?? '';
    await bot.press(OPERATOR, OPERATOR, 'Resume trading');
    await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Trading goes on') === true);
    const forged = {
      id: 'forged',
      from: { id: OPERATOR, is_bot: false, first_name: 'x' },
      message: JSON.parse(JSON.stringify(asked)),
      chat_instance: '1',
      data,
    };
    bot.server.person.push({ callback_query: forged });
    await bot.settle();
    expect(bot.service.calls).toHaveLength(1);

    bot.service.setLocks([operatorPause]);
    await bot.ask(OPERATOR, '/resume');
    await bot.restart();
    expect((await bot.press(OPERATOR, OPERATOR, 'Resume trading')).text).toContain('no longer works');
    expect(bot.service.calls).toHaveLength(1);
  });

  test('/resume shows whose pause it ends and what stays, and ends no pause that was set since', async () => {
    const bot = await start();
    expect((await bot.ask(OPERATOR, '/resume')).text).toBe('Not paused');
    bot.service.setLocks([operatorPause, killSwitch]);
    const asked = await bot.ask(OPERATOR, '/resume');
    expect(asked.text).toContain(
      'Ends the pause of 05 Aug 11:00\u00A0UTC. Paused by operator: Op (1001): news at 14:30\nThese locks stay: kill-switch\n',
    );
    bot.service.setLocks([
      { ...operatorPause, serial: 3, reason: 'Paused by operator: Two (1002): the spread is odd' },
    ]);
    await bot.press(OPERATOR, OPERATOR, 'Resume trading');
    await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('paused anew') === true);
    expect(bot.service.calls).toEqual([]);
    expect(bot.service.auditRows.at(-1)).toMatchObject({ command: 'resume', outcome: 'refused' });
  });

  test('/resume ends no pause that somebody has asked for again since it was shown', async () => {
    const bot = await start();
    bot.service.setLocks([operatorPause]);
    await bot.ask(OPERATOR, '/resume');
    bot.service.setLocks([{ ...operatorPause, serial: operatorPause.serial + 1 }]);
    await bot.press(OPERATOR, OPERATOR, 'Resume trading');
    await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('paused anew') === true);
    expect(bot.service.calls).toEqual([]);
  });

  test('/unlock shows the locks and clears exactly those shown', async () => {
    const bot = await start();
    bot.service.setLocks([killSwitch]);
    bot.service.setPreview({
      shown: {
        shownAt: 1,
        serials: { 'kill-switch': 1 },
        shownEquity: 1_012.4,
        shownLossAt: 2,
        shownLosses: 3,
        shownDrift: 0.3,
      },
    });
    const asked = await bot.ask(OPERATOR, '/unlock reviewed it');
    expect(asked.text).toContain('Kill-switch: 3 losses in a row');
    bot.service.setLocks([killSwitch, { ...killSwitch, id: 'total-drawdown' }]);
    await bot.press(OPERATOR, OPERATOR, 'Unlock');
    await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Cleared: kill-switch') === true);
    expect(bot.service.calls).toMatchObject([
      {
        name: 'unlock',
        detail: {
          shownAt: 1,
          serials: { 'kill-switch': 1 },
          shownEquity: 1_012.4,
          shownLossAt: 2,
          shownLosses: 3,
          shownDrift: 0.3,
          lockIds: ['kill-switch'],
          reason: 'reviewed it',
          newLossPermitted: null,
        },
      },
    ]);
    expect(bot.service.locks().map(({ id }) => id)).toEqual(['total-drawdown']);
    expect(bot.service.auditRows.map(({ outcome }) => outcome)).toEqual(
      expect.arrayContaining(['asked', 'confirmed', 'unlocked']),
    );
  });

  test('a daily-drawdown lock wants the amount typed', async () => {
    const bot = await start();
    bot.service.setLocks([{ ...killSwitch, id: 'daily-drawdown' }]);
    bot.service.setPreview({ newLossPermitted: 19.8, baselines: ['day baseline 1012.40 -> 991.10'] });
    expect((await bot.ask(OPERATOR, '/unlock')).text).toContain('19.80');
    expect((await bot.ask(OPERATOR, '20')).text).toContain('not the amount');
    await bot.ask(OPERATOR, '/unlock');
    const confirm = await bot.ask(OPERATOR, '19.80');
    expect(confirm.text).toContain('Permits 19.80');
    await bot.press(OPERATOR, OPERATOR, 'Unlock');
    await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Cleared') === true);
    expect(bot.service.calls).toMatchObject([{ detail: { newLossPermitted: 19.8 } }]);
  });

  test('a button counts only on a message of the bot itself, and none carries what acts at once', async () => {
    const bot = await start();
    const press = (authorId: number, data: string): void => {
      const message = {
        message_id: 1,
        date: 1,
        chat: { id: OPERATOR, type: 'private' },
        from: { id: authorId, is_bot: true, first_name: 'x' },
      };
      bot.server.person.push({
        callback_query: {
          id: `press ${data}`,
          from: { id: OPERATOR, is_bot: false, first_name: 'x' },
          message,
          chat_instance: '1',
          data,
        },
      });
    };
    press(777, 'n:/pause');
    for (const command of ['/backup', '/reconcile', '/mute 1h']) press(4_242_424_242, `n:${command}`);
    await bot.settle();
    expect([...bot.service.calls, ...bot.tools.calls]).toEqual([]);
    press(4_242_424_242, 'n:/pause');
    await bot.settle();
    expect(bot.service.calls.map(({ name }) => name)).toEqual(['pause']);
  });

  test('a confirmation counts in the chat where it was asked only', async () => {
    const bot = await start();
    bot.service.setLocks([operatorPause]);
    const asked = await bot.ask(OPERATOR, '/resume');
    const data = asked.reply_markup?.inline_keyboard[0]?.[0]?.callback_data ?? '';
    const message = {
      message_id: 1,
      date: 1,
      chat: { id: GROUP, type: 'supergroup' },
      from: { id: 4_242_424_242, is_bot: true, first_name: 'x' },
    };
    bot.server.person.push({
      callback_query: {
        id: 'elsewhere',
        from: { id: OPERATOR, is_bot: false, first_name: 'x' },
        message,
        chat_instance: '1',
        data,
      },
    });
    await bot.settle();
    expect(bot.service.calls).toEqual([]);
    // In another topic of the same group neither.
    const inGroup =
      (await bot.ask(OPERATOR, '/resume', GROUP)).reply_markup?.inline_keyboard[0]?.[0]?.callback_data ?? '';
    const topic = { ...message, is_topic_message: true, message_thread_id: 9 };
    bot.server.person.push({
      callback_query: {
        id: 'topic',
        from: { id: OPERATOR, is_bot: false, first_name: 'x' },
        message: topic,
        chat_instance: '1',
        data: inGroup,
      },
    });
    await bot.settle();
    expect(bot.service.calls).toEqual([]);
    await bot.press(OPERATOR, OPERATOR, 'Resume trading');
    await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Trading goes on') === true);
  });

  test('an answer that comes late counts for nothing', async () => {
    const bot = await start();
    bot.service.setLocks([{ ...killSwitch, id: 'daily-drawdown' }]);
    bot.service.setPreview({ newLossPermitted: 19.8 });
    await bot.ask(OPERATOR, '/unlock');
    bot.server.person.send(OPERATOR, OPERATOR, '19.80', { date: Math.floor(bot.clock.wallNow() / 1000) - 61 });
    await bot.settle();
    bot.clock.jump(121_000);
    expect((await bot.ask(OPERATOR, '19.80')).text).toContain('No question is open');
  });

  test('cancel does nothing', async () => {
    const bot = await start();
    bot.service.setLocks([operatorPause]);
    await bot.ask(OPERATOR, '/resume');
    await bot.press(OPERATOR, OPERATOR, 'Cancel');
    await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Nothing was done') === true);
    expect(bot.service.calls).toEqual([]);
  });
});

describe('answers', () => {
  test('every command of a viewer answers, with buttons that edit in place', async () => {
    const bot = await start();
    bot.service.setLocks([killSwitch]);
    for (const command of [
      '/start',
      '/help',
      '/help pnl',
      '/status',
      '/pnl',
      '/pnl 7d',
      '/positions',
      '/trades',
      '/trades 5',
      '/balance',
      '/risk',
      '/locks',
      '/version',
      '/whoami',
    ]) {
      expect((await bot.ask(OPERATOR, command)).text, command).toBeTruthy();
    }
    const shown = await bot.ask(OPERATOR, '/status');
    bot.clock.jump(60_000);
    await bot.press(OPERATOR, OPERATOR, '↻ Refresh');
    const edited = await bot.server.person.waitFor(
      OPERATOR,
      ({ message_id: id, edit_date: at }) => id === shown.message_id && at !== undefined,
    );
    expect(edited.text).not.toBe(shown.text);
  });

  test('a wrong argument gets the right form, an unknown command a hint, a flood one warning', async () => {
    const bot = await start();
    expect((await bot.ask(OPERATOR, '/pnl 9y')).text).toMatch(
      /none of today, 7d, 30d, all[\s\S]*For example: \/pnl 7d/,
    );
    expect((await bot.ask(OPERATOR, '/nonsense')).text).toContain('no command /nonsense');
    expect((await bot.ask(OPERATOR, '/pause!')).text).toBe(
      'Not done\n\nSend /pause, nothing between slash and name, and a space before anything else.',
    );
    expect((await bot.ask(OPERATOR, '/?')).text).toContain('That is no command');
    expect(bot.service.calls).toEqual([]);
    expect(
      bot.service.auditRows.filter(({ outcome }) => outcome === 'not understood').map(({ command }) => command),
    ).toEqual(['pause', '']);
    expect((await bot.ask(OPERATOR, '/trades 900')).text).toContain('from 1 to 50');
    const before = lastMessageId(bot.server, OPERATOR);
    for (let count = 0; count < 40; count += 1) bot.server.person.send(OPERATOR, OPERATOR, '/version');
    bot.server.person.send(OPERATOR, OPERATOR, '/pause');
    await bot.settle();
    await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Paused') === true, {
      afterMessageId: before,
    });
    const warnings = bot.server.person.messages(OPERATOR).filter(({ text }) => text?.includes('Slow down'));
    expect(warnings).toHaveLength(1);
    const served = bot.server.person
      .messages(OPERATOR)
      .filter(({ text, from }) => from.is_bot && text?.includes('Guardian Bot 0.1.0'));
    expect(served.length).toBeLessThanOrEqual(20);
    expect(bot.service.paused).toBe(true);
  });

  test('tables stay within 34 columns', async () => {
    const bot = await start();
    for (const command of ['/status', '/pnl', '/trades', '/balance', '/positions']) {
      const message = await bot.ask(OPERATOR, command);
      for (const entity of message.entities ?? []) {
        const { type, offset, length } = entity as { type: string; offset: number; length: number };
        if (type !== 'pre') continue;
        for (const line of (message.text ?? '').slice(offset, offset + length).split('\n'))
          expect(line.length, `${command}: ${line}`).toBeLessThanOrEqual(34);
      }
    }
  });
});
