import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FORUM, GROUP, OPERATOR, startHarness, STRANGER, VIEWER, type Harness } from './harness.ts';

/**
 * Commands in a shape that is not the usual one. Whoever sends "/halt" believes that it was done, so none is met with
 * silence.
 */
let bot: Harness;
beforeEach(async () => {
  bot = await startHarness();
});
afterEach(async () => {
  await bot.close();
});

const deeds = (): readonly string[] => bot.service.calls.map(({ name }) => name);
const said = (chatId: number): readonly (string | undefined)[] =>
  bot.server.person.messages(chatId).flatMap(({ from, text }) => (from.is_bot ? [text?.split('\n')[0]] : []));
const person = (id: number) => ({ id, is_bot: false, first_name: 'x' });
const chat = (id: number) => ({ id, type: id < 0 ? 'supergroup' : 'private' });

test('a command in the caption of a picture is carried out', async () => {
  const date = Math.floor(bot.clock.wallNow() / 1_000);
  bot.server.person.push({
    message: {
      message_id: 900,
      from: person(OPERATOR),
      chat: chat(OPERATOR),
      date,
      photo: [{ file_id: 'p' }],
      caption: '/pause look at this',
    },
  });
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

describe('a command of nobody that Telegram names', () => {
  const asChat = (senderId: number, text: string, place: object = { chat: chat(GROUP) }, extra: object = {}): void =>
    void bot.server.person.push({
      message: {
        message_id: 901,
        date: Math.floor(bot.clock.wallNow() / 1_000),
        from: { id: 1_087_968_824, is_bot: true, first_name: 'Group' },
        sender_chat: { id: senderId },
        text,
        ...place,
        ...extra,
      },
    });

  test('of an administrator who stays anonymous it does nothing, and its answer has a button that does it for a listed person', async () => {
    asChat(GROUP, '/halt now');
    const answer = await bot.server.person.waitFor(GROUP, ({ text }) => text?.startsWith('Not done: /halt') === true);
    expect(answer.reply_markup?.inline_keyboard.flat().map(({ text }) => text)).toEqual(['/halt']);
    expect(bot.tools.calls).toEqual([]);
    expect(bot.service.auditRows).toMatchObject([
      { command: 'halt', outcome: 'refused: nobody can tell who sent it', caller: { role: 'stranger' } },
    ]);
    await bot.press(OPERATOR, GROUP, '/halt');
    await expect.poll(() => bot.tools.calls.map(({ name }) => name)).toEqual(['halt']);
  });

  test.each([
    ['/halt!', '/halt'],
    ['/ Halt now', '/halt'],
    ['/halt@guardian_demo_bot!', '/halt'],
    ['/stop!!', '/halt'],
    ['/hlat', '/halt'],
    ['/panic', '/halt'],
    ['/wait', '/pause'],
    ['/statsu@guardian_demo_bot', '/status'],
    ['/weather\n/halt', '/halt'],
  ])('%j of nobody is answered as the plain command is, with its button', async (text, meant) => {
    asChat(GROUP, text);
    const answer = await bot.server.person.waitFor(
      GROUP,
      (message) => message.text?.startsWith(`Not done: ${meant}\n\nIt was sent in the name of the group`) === true,
    );
    expect(answer.reply_markup?.inline_keyboard.flat().map(({ text: label }) => label)).toEqual([meant]);
    expect(bot.service.auditRows).toMatchObject([
      { command: meant.slice(1), outcome: 'refused: nobody can tell who sent it' },
    ]);
    expect([deeds(), bot.tools.calls]).toEqual([[], []]);
  });

  test('is answered where it would make trading safer, also right behind another that was answered', async () => {
    asChat(GROUP, '/status');
    asChat(GROUP, '/locks');
    asChat(GROUP, '/halt');
    asChat(GROUP, '/pause');
    await bot.server.person.waitFor(GROUP, ({ text }) => text?.startsWith('Not done: /halt') === true);
    await bot.settle();
    expect(said(GROUP)).toEqual(['Not done: /status', 'Not done: /halt']);
  });

  test('is answered also while no audit row can be written', async () => {
    Object.assign(bot.service, {
      audit: () => {
        throw new Error('disk full');
      },
    });
    asChat(GROUP, '/halt');
    await bot.server.person.waitFor(GROUP, ({ text }) => text?.startsWith('Not done: /halt') === true);
  });

  test('what is no command of this bot, was not written here, or came where no command is heard stays without an answer; of a flood the first has one', async () => {
    asChat(GROUP, 'good morning');
    asChat(GROUP, '/halt@another_bot');
    asChat(GROUP, '/quote');
    asChat(-1_005, '/halt', undefined, { is_automatic_forward: true });
    asChat(-1_005, '/halt', undefined, { forward_origin: { type: 'channel' } });
    asChat(-77, '/halt', { chat: chat(-77) });
    asChat(FORUM, '/halt', { chat: chat(FORUM), message_thread_id: 99, is_topic_message: true });
    await bot.settle();
    expect([said(GROUP), said(FORUM), bot.service.auditRows.filter(({ command }) => command === 'halt')]).toEqual([
      [],
      [],
      [],
    ]);
    for (let count = 0; count < 12; count += 1) asChat(-1_005, '/halt');
    await bot.settle();
    await expect.poll(() => said(GROUP).length).toBe(1);
    expect(bot.tools.calls).toEqual([]);
  });
});

const edit = (id: number, text: string, place: object = { chat: chat(id) }): void =>
  void bot.server.person.push({
    edited_message: {
      message_id: 1,
      date: Math.floor(bot.clock.wallNow() / 1_000) - 5,
      edit_date: Math.floor(bot.clock.wallNow() / 1_000),
      from: person(id),
      text,
      ...place,
    },
  });

test('an edit that makes a command of a message does nothing, and says so with a button', async () => {
  edit(OPERATOR, '/halt');
  const answer = await bot.server.person.waitFor(
    OPERATOR,
    ({ text }) => text?.startsWith('An edited message does nothing') === true,
  );
  expect(answer.reply_markup?.inline_keyboard.flat().map(({ text }) => text)).toEqual(['/halt']);
  edit(STRANGER, '/halt');
  edit(OPERATOR, 'thanks');
  edit(OPERATOR, '/halt@another_bot');
  edit(OPERATOR, '/halt', { chat: chat(-77) });
  await bot.settle();
  expect([said(OPERATOR).length, said(STRANGER), deeds(), bot.tools.calls, bot.reported]).toEqual([1, [], [], [], []]);
});

test('an edit that makes /halt of a message is answered also behind more than the bot answers', async () => {
  for (let count = 0; count < 30; count += 1) bot.server.person.send(OPERATOR, OPERATOR, '/locks');
  await bot.settle();
  edit(OPERATOR, '/locks');
  edit(OPERATOR, '/halt');
  await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.startsWith('An edited message does nothing') === true);
  expect(bot.server.person.messages(OPERATOR).filter(({ text }) => text?.includes('If /locks is wanted now'))).toEqual(
    [],
  );
});

test.each(['/halt!', '/ halt', '/hlat', '/stop'])(
  'an edit that makes %j of a message is answered as one that makes /halt of it',
  async (text) => {
    edit(OPERATOR, text, { chat: chat(GROUP) });
    const answer = await bot.server.person.waitFor(
      GROUP,
      (message) => message.text?.startsWith('An edited message does nothing') === true,
    );
    expect(answer.reply_markup?.inline_keyboard.flat().map(({ text: label }) => label)).toEqual(['/halt']);
    expect(bot.tools.calls).toEqual([]);
  },
);

test('in a group "/halt!" that names this bot is answered, and one that names another is for that bot', async () => {
  const answer = await bot.ask(OPERATOR, '/halt@guardian_demo_bot!', GROUP);
  expect(answer.reply_markup?.inline_keyboard.flat().map(({ text }) => text)).toEqual(['/halt']);
  bot.server.person.send(OPERATOR, GROUP, '/halt@another_bot!');
  await bot.settle();
  expect([said(GROUP).length, bot.tools.calls]).toEqual([1, []]);
});

test.each([
  ['/stop', OPERATOR, ['/halt']],
  ['STOP!!', OPERATOR, ['/halt']],
  ['/sell', OPERATOR, ['/flatten']],
  ['close everything', OPERATOR, ['/flatten']],
  ['/stopbuy', OPERATOR, ['/pause']],
  ['/stop!!', OPERATOR, ['/halt']],
  ['/ panic', OPERATOR, ['/halt']],
  ['/kill', VIEWER, []],
] as const)('%j, typed in alarm, is answered with the command for it', async (text, who, buttons) => {
  const answer = await bot.ask(who, text);
  expect(answer.reply_markup?.inline_keyboard.flat().map(({ text: label }) => label) ?? []).toEqual(buttons);
  expect(bot.tools.calls).toEqual([]);
});

test.each([
  ['19.48', 0],
  ['19,48 USDT', 0],
  ['123456', 300],
])(
  'the answer %j to no question is told as such, also when it comes after a restart %i seconds late',
  async (text, age) => {
    const sent = bot.server.person.send(OPERATOR, OPERATOR, text, {
      date: Math.floor(bot.clock.wallNow() / 1_000) - age,
    });
    await bot.server.person.waitFor(OPERATOR, (message) => message.text?.startsWith('No question is open') === true, {
      afterMessageId: sent.message_id,
    });
  },
);

test('with a blank behind the slash the command is named, in a group, too', async () => {
  for (const place of [OPERATOR, GROUP]) {
    const answer = await bot.ask(OPERATOR, '/ Halt', place);
    expect(answer.reply_markup?.inline_keyboard.flat().map(({ text }) => text)).toEqual(['/halt']);
  }
  expect(bot.tools.calls).toEqual([]);
});

/** Telegram says of a message that it shows to the bot no more that it is of 1970; author and topic are missing. */
const pressOld = (userId: number, chatId: number, data: string): void => {
  bot.server.person.push({
    callback_query: {
      id: `${userId} ${data}`,
      from: person(userId),
      message: { message_id: 5, chat: chat(chatId), date: 0 },
      chat_instance: '1',
      data,
    },
  });
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

const answersTo = async (
  text: string,
  part: RegExp,
): Promise<{ readonly text: string; readonly buttons: readonly string[] }> => {
  const sent = bot.server.person.send(OPERATOR, OPERATOR, text);
  const answer = await bot.server.person.waitFor(OPERATOR, (message) => part.test(message.text ?? ''), {
    afterMessageId: sent.message_id,
  });
  return {
    text: answer.text ?? '',
    buttons: answer.reply_markup?.inline_keyboard.flat().map(({ text: label }) => label) ?? [],
  };
};

test.each([
  ['/pause\n/halt', 'pause', '', ['/halt']],
  ['/pause /halt', 'pause', '', ['/halt']],
  [
    '/pause news at 14:30\nsee /status\n  /halt now\n/halt\n/reconcile',
    'pause',
    'news at 14:30 see /status',
    ['/halt'],
  ],
  ['/halt\r\n/resume', 'halt', '', ['/resume']],
] as const)(
  'of the commands in %j the first is done, with its own words, and the others are named as not done',
  async (text, name, words, buttons) => {
    const told = await answersTo(text, /^Not done: /);
    expect(told.text).toMatch(
      new RegExp(`^Not done: ${buttons[0]}.*\\n\\nA message holds one command, and its first counts: /${name}\\. `),
    );
    expect(told.buttons).toEqual(buttons);
    expect(bot.service.calls.concat(bot.tools.calls as never)).toMatchObject([{ name, detail: words }]);
    expect(bot.service.auditRows.map(({ command, outcome }) => [command, outcome])).toContainEqual([
      buttons[0].slice(1),
      `not done: behind /${name} in one message`,
    ]);
  },
);

test.each(['/halt\n/halt', '/halt /halt now', '/halt\n/HALT\n/halt'])(
  'of %j, which asks for one thing twice, nothing is told as not done',
  async (text) => {
    expect((await bot.ask(OPERATOR, text)).text).toContain('Halted');
    await bot.settle();
    expect(said(OPERATOR).filter((title) => title?.startsWith('Not done'))).toEqual([]);
    expect(bot.tools.calls.map(({ name }) => name)).toEqual(['halt']);
  },
);

test('behind what is met with silence in a group, or came too fast, /pause and /halt are told as not done, and nothing else is', async () => {
  for (const text of ['/weather\n/status', '/weather\n/halt']) bot.server.person.send(OPERATOR, GROUP, text);
  const told = await bot.server.person.waitFor(GROUP, ({ text }) => text?.startsWith('Not done') === true);
  expect(told.text).toMatch(/^Not done: \/halt\n\nA message holds one command, and its first counts: \/weather\. /);
  for (let count = 0; count < 30; count += 1) bot.server.person.send(OPERATOR, OPERATOR, '/whoami');
  await bot.settle();
  const last = bot.server.person.send(OPERATOR, OPERATOR, '/status\n/pause\n/pnl');
  expect(
    (
      await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.startsWith('Not done') === true, {
        afterMessageId: last.message_id,
      })
    ).text,
  ).toMatch(/^Not done: \/pause\n/);
  expect(said(GROUP)).toEqual(['Not done: /halt']);
  expect(deeds()).toEqual([]);
});

test('of /flatten of one symbol and of another the second is told as not done', async () => {
  expect((await answersTo('/flatten BTC\n/flatten ETH', /^Not done: /)).buttons).toEqual(['/flatten']);
});

test('a path or another word with a slash in a reason is no command, and /help takes the name of one', async () => {
  await bot.ask(OPERATOR, '/pause see /var/log and /nothing\n/etc too');
  expect(bot.service.calls).toMatchObject([{ name: 'pause', detail: 'see /var/log and /nothing /etc too' }]);
  expect((await bot.ask(OPERATOR, '/help /pnl')).text).toContain('/pnl [today, 7d, 30d, all]');
  await bot.settle();
  expect(said(OPERATOR).filter((title) => title?.startsWith('Not done'))).toEqual([]);
});

test.each([
  ['please\n/halt', '/halt'],
  ['halt', '/halt'],
  ['Pause!', '/pause'],
  ['status', '/status'],
])('%j in private is told as not done, with a button for what was meant', async (text, meant) => {
  const told = await answersTo(text, /./);
  expect(told).toEqual({
    text: `Not done\n\nA command stands first in its message, with its slash: send ${meant}.`,
    buttons: [meant],
  });
  expect(deeds()).toEqual([]);
  const late = bot.server.person.send(OPERATOR, OPERATOR, text, {
    date: Math.floor(bot.clock.wallNow() / 1_000) - 300,
  });
  await bot.server.person.waitFor(OPERATOR, (message) => message.text === told.text, {
    afterMessageId: late.message_id,
  });
});

test('a slip in a name is told as not done, with what was probably meant; of /pause and /halt in a group, too', async () => {
  expect(await answersTo('/puase', /./)).toEqual({
    text: 'There is no command /puase\n\nNothing was done. Did you mean /pause?',
    buttons: ['/pause'],
  });
  expect(await answersTo('/xyzzyx', /./)).toEqual({
    text: 'There is no command /xyzzyx\n\nNothing was done. /help lists them all.',
    buttons: [],
  });
  expect(await answersTo('/reconsile', /./)).toEqual({
    text: 'There is no command /reconsile\n\nNothing was done. Did you mean /reconcile?',
    buttons: [],
  });
  for (const text of ['/statsu', '/hlat']) bot.server.person.send(OPERATOR, GROUP, text);
  await bot.server.person.waitFor(GROUP, ({ text }) => text?.includes('Did you mean /halt?') === true);
  expect(said(GROUP)).toEqual(['There is no command /hlat']);
  expect(deeds()).toEqual([]);
});

test('other words for /halt and /pause are answered in a group, too; those for what sells may be meant for another bot', async () => {
  for (const text of ['/sell', '/panic', '/wait']) bot.server.person.send(OPERATOR, GROUP, text);
  await bot.server.person.waitFor(GROUP, ({ text }) => text?.includes('Did you mean /pause?') === true);
  expect(said(GROUP)).toEqual(['There is no command /panic', 'There is no command /wait']);
  bot.server.person.send(OPERATOR, GROUP, '/stop!');
  await bot.server.person.waitFor(GROUP, ({ text }) => text?.includes('Send /halt') === true);
  expect(bot.tools.calls).toEqual([]);
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
  const names = [
    ['/halt', 'now'],
    ['Session over: https://a.example/in', ''],
    ['#lost', '$BTC'],
  ] as const;
  for (const [index, [first_name, last_name]] of names.entries())
    bot.server.person.push({
      message: {
        message_id: 900 + index,
        from: { id: STRANGER + index, is_bot: false, first_name, last_name, username: `mallory_${index}` },
        chat: chat(STRANGER),
        date,
        text: 'hello',
      },
    });
  await bot.settle();
  bot.clock.jump(3_600_000);
  bot.server.person.send(STRANGER, STRANGER, 'hello again');
  await bot.settle();
  const told = bot.reported.flatMap(({ title, lines }) => [title, ...lines.slice(0, -1)]);
  expect(told).toContainEqual(expect.stringContaining('·halt now (@mallory_0), id 9001'));
  expect(told).toContainEqual(expect.stringContaining('Session over· https···a·example·in'));
  expect(told.join('\n')).not.toMatch(/[/.#$]/);
});

test("an address in what the bot says brings no preview of a page of anybody's with it", async () => {
  const shown = { is_disabled: true };
  expect((await bot.ask(OPERATOR, '/status')).link_preview_options).toEqual(shown);
  await bot.press(OPERATOR, OPERATOR, '↻ Refresh');
  await bot.settle();
  await bot.bot.notifier.deliver(
    OPERATOR,
    {
      kind: 'order-failure',
      key: 'x',
      title: 'Refused',
      lines: ['see https://anybody.example'],
      commands: [],
      symbol: null,
      at: 0,
    },
    false,
  );
  const messages = bot.server.person.messages(OPERATOR).filter(({ from }) => from.is_bot);
  expect(messages.length).toBeGreaterThan(1);
  for (const { text, link_preview_options: options } of messages) expect(options, text).toEqual(shown);
});
