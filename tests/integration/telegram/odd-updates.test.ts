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

test('a stranger who presses an old button costs no write', async () => {
  await bot.settle();
  let writes = 0;
  const { set } = bot.memory;
  Object.assign(bot.memory, { set: (key: string, value: string) => ((writes += 1), set(key, value)) });
  for (let count = 0; count < 50; count += 1) pressOld(STRANGER + count, GROUP, 'n:/locks');
  await bot.settle();
  // That of whoever asked last.
  expect(writes).toBe(1);
});

test("a stranger's name is no link, no command and no tag in what operators are told of them", async () => {
  const date = Math.floor(bot.clock.wallNow() / 1_000);
  const names = [['/halt', 'now'], ['Session over: https://a.example/in', ''], ['#lost', '$BTC']] as const;
  for (const [index, [first_name, last_name]] of names.entries()) bot.server.person.push({ message: { message_id: 900 + index, from: { id: STRANGER + index, is_bot: false, first_name, last_name, username: `mallory_${index}` }, chat: chat(STRANGER), date, text: 'hello' } });
  await bot.settle();
  bot.clock.jump(3_600_000);
  bot.server.person.send(STRANGER, STRANGER, 'hello again');
  await bot.settle();
  const told = bot.reported.flatMap(({ title, lines }) => [title, ...lines.slice(0, -1)]);
  expect(told).toContainEqual(expect.stringContaining('·halt now (@mallory_0), id 9001'));
  expect(told).toContainEqual(expect.stringContaining('Session over· https···a·example·in'));
  expect(told.join('\n')).not.toMatch(/[/.#$]/);
});

test('an address in what the bot says brings no preview of a page of anybody\'s with it', async () => {
  const shown = { is_disabled: true };
  expect((await bot.ask(OPERATOR, '/status')).link_preview_options).toEqual(shown);
  await bot.press(OPERATOR, OPERATOR, '↻ Refresh');
  await bot.settle();
  await bot.bot.notifier.deliver(OPERATOR, { kind: 'order-failure', key: 'x', title: 'Refused', lines: ['see https://anybody.example'], commands: [], symbol: null, at: 0 }, false);
  const messages = bot.server.person.messages(OPERATOR).filter(({ from }) => from.is_bot);
  expect(messages.length).toBeGreaterThan(1);
  for (const { text, link_preview_options: options } of messages) expect(options, text).toEqual(shown);
});
