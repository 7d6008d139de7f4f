import { afterEach, describe, expect, test } from 'vitest';
import { codeOfStep, decodeBase32 } from '../../../src/adapters/telegram/totp.ts';
import type { Message } from '../../../src/sim/telegram/types.ts';
import { killSwitch } from './fake-service.ts';
import {
  FORUM,
  FORUM_TOPIC,
  GROUP,
  lastMessageId,
  OPERATOR,
  SECOND_OPERATOR,
  startHarness,
  VIEWER,
  type Harness,
} from './harness.ts';

/**
 * In a group whose privacy mode is on, Telegram shows a bot commands and replies to its own messages, and nothing else:
 * a reply was meant for it. Whoever answers a question believes that it was heard, so silence is no answer.
 */
const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DP';

let bot: Harness;
afterEach(async () => {
  await bot.close();
});

const start = async (...options: Parameters<typeof startHarness>): Promise<void> => {
  bot = await startHarness(...options);
  bot.service.setLocks([killSwitch]);
};

const codeNow = (): string => codeOfStep(decodeBase32(SECRET), Math.floor(bot.clock.wallNow() / 30_000));

/** Sends a reply and waits for what the bot says to it. */
const reply = async (to: Message, text: string, options: { who?: number; date?: number } = {}): Promise<Message> => {
  const { who = OPERATOR, date } = options;
  const { id } = to.chat;
  const topic = to.is_topic_message === true && to.message_thread_id !== undefined;
  const sent = bot.server.person.send(who, id, text, {
    replyTo: to.message_id,
    ...(topic ? { threadId: to.message_thread_id } : {}),
    ...(date === undefined ? {} : { date }),
  });
  return bot.server.person.waitFor(id, () => true, { afterMessageId: sent.message_id });
};

const buttons = ({ reply_markup: keys }: Message): readonly string[] =>
  keys?.inline_keyboard.flat().map(({ text }) => text) ?? [];

test.each([
  ['a group', GROUP, undefined],
  ['a topic', FORUM, FORUM_TOPIC],
])('in %s a code typed as a reply to its question is taken', async (_where, place, topic) => {
  await start({ unlockTotpSecret: SECRET });
  const asked = await bot.ask(OPERATOR, '/unlock', place, topic);
  expect(buttons(await reply(asked, codeNow()))).toContain('Unlock');
});

test('the amount of new loss typed as a reply is taken', async () => {
  await start();
  bot.service.setPreview({ newLossPermitted: 19.48 });
  const asked = await bot.ask(OPERATOR, '/unlock', GROUP);
  expect(asked.text).toContain('Type that amount');
  expect(buttons(await reply(asked, '19.48'))).toContain('Unlock');
});

describe('a reply to a question of the bot in a group that is open no more', () => {
  test.each([
    [
      'over its two minutes',
      async () => {
        bot.clock.jump(121_000);
        await bot.settle();
      },
    ],
    ['behind a restart', async () => void (await bot.restart())],
  ])('is told so: %s', async (_why, closes) => {
    await start({ unlockTotpSecret: SECRET });
    const asked = await bot.ask(OPERATOR, '/unlock', GROUP);
    await closes();
    expect((await reply(asked, codeNow())).text).toMatch(/^No question is open\n/);
    expect(bot.service.calls).toEqual([]);
  });

  test('is told so also when it comes late, and to somebody else than was asked', async () => {
    await start({ unlockTotpSecret: SECRET });
    const asked = await bot.ask(OPERATOR, '/unlock', GROUP);
    expect((await reply(asked, codeNow(), { who: SECOND_OPERATOR })).text).toMatch(/^No question is open\n/);
    await bot.restart();
    const date = Math.floor(bot.clock.wallNow() / 1_000) - 300;
    expect((await reply(asked, '19.48', { date })).text).toMatch(/^No question is open\n/);
  });

  test('of /unlock with a button, that took a reason or a word for an answer, is told what to do', async () => {
    await start();
    for (const text of ['reviewed the three losses', 'yes']) {
      const asked = await bot.ask(OPERATOR, '/unlock', GROUP);
      expect((await reply(asked, text)).text).toBe(
        'Nothing was done\n\nThat question takes no words, or is open no more. Press its button, or send its command again; a reason stands behind it: /unlock <reason>',
      );
    }
    expect(bot.service.calls).toEqual([]);
  });
});

test('a word for a command as a reply to the bot is told as not done, with a button; an answer among people is left alone', async () => {
  await start();
  const shown = await bot.ask(OPERATOR, '/locks', GROUP);
  const told = await reply(shown, 'halt!');
  expect([told.text, buttons(told)]).toEqual([
    'Not done\n\nA command stands first in its message, with its slash: send /halt.',
    ['/halt'],
  ]);
  const before = lastMessageId(bot.server, GROUP);
  bot.server.person.send(OPERATOR, GROUP, 'thanks', { replyTo: shown.message_id });
  const other = bot.server.person.send(VIEWER, GROUP, 'good morning');
  bot.server.person.send(OPERATOR, GROUP, '123456', { replyTo: other.message_id });
  await bot.settle();
  expect(bot.server.person.messages(GROUP).filter(({ from, message_id: id }) => from.is_bot && id > before)).toEqual(
    [],
  );
  expect(bot.tools.calls).toEqual([]);
});

test('a code that an administrator types anonymously is answered, and is on no record', async () => {
  await start({ unlockTotpSecret: SECRET });
  const asked = await bot.ask(OPERATOR, '/unlock', GROUP);
  const code = codeNow();
  bot.server.person.push({
    message: {
      message_id: 901,
      date: Math.floor(bot.clock.wallNow() / 1_000),
      from: { id: 1_087_968_824, is_bot: true, first_name: 'Group' },
      sender_chat: { id: GROUP },
      chat: { id: GROUP, type: 'supergroup' },
      reply_to_message: JSON.parse(JSON.stringify(asked)),
      text: code,
    },
  });
  const told = await bot.server.person.waitFor(GROUP, ({ text }) => text?.startsWith('Not done') === true);
  expect(told.text).toMatch(/^Not done\n\nIt was sent in the name of the group or of a channel/);
  expect(JSON.stringify([bot.service.auditRows, bot.log.lines])).not.toContain(code);
  // The question stays open to the person who was asked.
  expect(buttons(await reply(asked, codeNow()))).toContain('Unlock');
});
