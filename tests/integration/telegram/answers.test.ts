import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commands } from '../../../commands/registry.ts';
import { createPictureRenderer, type ClosablePictureRenderer } from '../../../src/adapters/pictures/renderer.ts';
import type { Message } from '../../../src/sim/telegram/types.ts';
import { killSwitch } from './fake-service.ts';
import { GROUP, OPERATOR, startHarness, STRANGER, VIEWER, type Harness } from './harness.ts';

/** Answers that do not go the straight way, and every button that a command's answer carries. */
let bot: Harness;
let pictures: ClosablePictureRenderer;
beforeEach(async () => {
  pictures = createPictureRenderer();
  bot = await startHarness({ pictures });
  bot.service.setLocks([killSwitch]);
});
afterEach(async () => {
  await bot.close();
  await pictures.close();
});

const textOf = (message: Pick<Message, 'text' | 'caption'>): string => message.text ?? message.caption ?? '';
const fromBot = (chatId: number): readonly Message[] =>
  bot.server.person.messages(chatId).filter(({ from }) => from.is_bot);
const wait = { interval: 10, timeout: 8_000 };
const GONE = 'message to edit not found';

describe('when Telegram refuses the straight way', () => {
  test('a view whose message was deleted comes anew when it is refreshed', async () => {
    const shown = await bot.ask(OPERATOR, '/status');
    bot.server.faults.inject({ name: 'refused', methods: ['editMessageText'], description: GONE });
    await bot.press(OPERATOR, OPERATOR, '↻ Refresh');
    const anew = await bot.server.person.waitFor(OPERATOR, () => true, { afterMessageId: shown.message_id });
    expect(textOf(anew)).toContain('1,012.40');
    expect(anew.reply_markup).toBeDefined();
  });

  test('how a deed ended is told, also when its question was deleted meanwhile', async () => {
    const asked = await bot.ask(OPERATOR, '/flatten');
    bot.server.faults.inject({ name: 'refused', methods: ['editMessageText'], description: GONE });
    await bot.press(OPERATOR, OPERATOR, 'Sell it');
    expect(
      textOf(await bot.server.person.waitFor(OPERATOR, () => true, { afterMessageId: asked.message_id })),
    ).toContain('Done: flatten');
    expect(bot.tools.calls).toHaveLength(1);
  });

  test('a picture whose message was deleted comes anew, and a group without pictures gets the words', async () => {
    const shown = await bot.ask(VIEWER, '/pnl');
    bot.server.faults.inject({ name: 'refused', methods: ['editMessageMedia'], description: GONE });
    await bot.press(VIEWER, VIEWER, '30d');
    const anew = await bot.server.person.waitFor(VIEWER, () => true, { afterMessageId: shown.message_id });
    expect(anew.photo?.[0]).toMatchObject({ width: 1_200, height: 900 });

    bot.server.faults.inject({
      name: 'refused',
      methods: ['sendPhoto'],
      chatId: GROUP,
      description: 'not enough rights to send photos to the chat',
    });
    const words = await bot.ask(VIEWER, '/pnl 7d', GROUP);
    expect(words.photo).toBeUndefined();
    expect(textOf(words)).toContain('PnL last 7 days');
    expect(words.reply_markup).toBeDefined();
  });

  test('a file comes with its words in one message; refused, the person is told', async () => {
    const sent = await bot.ask(VIEWER, '/export');
    expect(sent.document?.file_name).toBe('guardian-demo-trades-2024-08-05.csv');
    expect(textOf(sent)).toContain('37 rows of trades');
    bot.server.faults.inject({
      name: 'refused',
      methods: ['sendDocument'],
      description: 'not enough rights to send documents to the chat',
    });
    expect(textOf(await bot.ask(VIEWER, '/export'))).toContain('could not be sent');
  });

  test('a long answer that breaks off goes on where it was', async () => {
    Object.assign(bot.tools, {
      logs: () =>
        Array.from({ length: 50 }, (_, index) => ({
          at: 0,
          level: 'info' as const,
          text: `line ${index} `.padEnd(160, 'x'),
        })),
    });
    // The first part goes through, the second meets a broken line.
    bot.server.faults.inject({ name: 'slow', methods: ['sendMessage'], delayMs: 1 });
    bot.server.faults.inject({ name: 'reset', methods: ['sendMessage'] });
    bot.server.person.send(VIEWER, VIEWER, '/logs 50');
    await expect
      .poll(() => (bot.clock.jump(1_000), fromBot(VIEWER).map(textOf).join('\n').includes('line 49')), wait)
      .toBe(true);
    const words = fromBot(VIEWER).map(textOf).join('\n');
    for (let index = 0; index < 50; index += 1) expect(words.split(`line ${index} `), `line ${index}`).toHaveLength(2);
    expect(fromBot(VIEWER).length).toBeGreaterThan(1);
  });
});

describe('every button of every command', () => {
  const ARGUMENTS: Readonly<Record<string, string>> = { trades: '5 2', pnl: '7d' };
  /** What acts has its own tests; here is what shows. */
  const shown = commands.filter(({ effect }) => effect === 'read').map(({ name }) => name);

  const press = (userId: number, message: Message, data: string): void => {
    const id = `${userId}:${data}:${message.message_id}`;
    const from = { id: userId, is_bot: false, first_name: 'x' };
    bot.server.person.push({
      callback_query: { id, from, message: JSON.parse(JSON.stringify(message)), chat_instance: '1', data },
    });
  };

  const ask = async (name: string): Promise<Message> => {
    bot.clock.jump(2_000);
    return bot.ask(VIEWER, `/${name} ${ARGUMENTS[name] ?? ''}`.trim(), GROUP);
  };

  test.each(shown)('/%s: a viewer and an operator get an answer, a stranger none', async (name) => {
    const buttons = (await ask(name)).reply_markup?.inline_keyboard.flat() ?? [];
    for (const { text, callback_data: data = '' } of buttons) {
      const message = await ask(name);
      const before = fromBot(GROUP).length;
      press(STRANGER, message, data);
      await bot.settle();
      expect(fromBot(GROUP), `${text} by a stranger`).toHaveLength(before);
      for (const person of [VIEWER, OPERATOR]) {
        const { message_id: id } = await ask(name);
        const rows = bot.service.auditRows.length;
        await bot.server.person.waitForAnswer(bot.server.person.press(person, GROUP, text, id));
        await expect.poll(() => bot.service.auditRows.length, wait).toBe(rows + 1);
        if (data.startsWith('n:')) await bot.server.person.waitFor(GROUP, () => true, { afterMessageId: id });
        const row = bot.service.auditRows.at(-1);
        expect(row).toMatchObject({ command: data.slice(3).split(' ')[0], caller: { userId: person } });
        expect(row?.outcome, text).not.toMatch(/failed|wrong|refused/);
      }
    }
    expect([...bot.service.calls, ...bot.tools.calls]).toEqual([]);
  });
});
