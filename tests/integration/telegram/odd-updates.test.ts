import { afterEach, beforeEach, expect, test } from 'vitest';
import { FORUM, GROUP, OPERATOR, startHarness, STRANGER, type Harness } from './harness.ts';

/** Commands in a shape that is not the usual one. Whoever sends "/halt" believes that it was done, so none is met with silence. */
let bot: Harness;
beforeEach(async () => {
  bot = await startHarness();
});
afterEach(async () => {
  await bot.close();
});

const deeds = (): readonly string[] => bot.service.calls.map(({ name }) => name);
const said = (chatId: number): readonly (string | undefined)[] => bot.server.person.messages(chatId).flatMap(({ from, text }) => (from.is_bot ? [text?.split('\n')[0]] : []));
const person = (id: number) => ({ id, is_bot: false, first_name: 'x' });
const chat = (id: number) => ({ id, type: id < 0 ? 'supergroup' : 'private' });

test('a command under a picture is one', async () => {
  const date = Math.floor(bot.clock.wallNow() / 1_000);
  bot.server.person.push({ message: { message_id: 900, from: person(OPERATOR), chat: chat(OPERATOR), date, photo: [{ file_id: 'p' }], caption: '/pause look at this' } });
  await bot.settle();
  expect(bot.service.calls).toMatchObject([{ name: 'pause', detail: 'look at this' }]);
});

test('in private a command that names another bot is a slip, and the person is told; in a group it is for that bot', async () => {
  expect((await bot.ask(OPERATOR, '/pause@guardian_dem_bot')).text).toContain('Send /pause without a name behind it');
  bot.server.person.send(OPERATOR, GROUP, '/pause@guardian_dem_bot');
  await bot.settle();
  expect(said(GROUP)).toEqual([]);
  expect(deeds()).toEqual([]);
});

/** Telegram says of a message that it shows to the bot no more that it is of 1970; author and topic are missing. */
const pressOld = (userId: number, chatId: number, data: string): void => {
  bot.server.person.push({ callback_query: { id: `${userId} ${data}`, from: person(userId), message: { message_id: 5, chat: chat(chatId), date: 0 }, chat_instance: '1', data } });
};

test('a button of an old message works in private; in a group, where its topic is not known any more, the person is told', async () => {
  const answered = (): number => bot.server.calls('answerCallbackQuery');
  pressOld(OPERATOR, OPERATOR, 'n:/pause');
  await bot.settle();
  expect(deeds()).toEqual(['pause']);
  expect(answered()).toBe(1);
  pressOld(OPERATOR, FORUM, 'n:/locks');
  pressOld(STRANGER, FORUM, 'n:/locks');
  await bot.settle();
  expect(answered()).toBe(2);
  expect(said(FORUM)).toEqual([]);
  expect(bot.reported).toEqual([]);
});
