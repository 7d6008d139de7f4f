import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Message } from '../../../src/sim/telegram/types.ts';
import { killSwitch, operatorPause } from './fake-service.ts';
import { GROUP, OPERATOR, startHarness, VIEWER, type Harness } from './harness.ts';

/** What is refused is on record, told once, and does nothing. */
let bot: Harness;
beforeEach(async () => {
  bot = await startHarness();
  bot.service.setLocks([killSwitch, operatorPause]);
});
afterEach(async () => {
  await bot.close();
});

const outcomes = (userId: number): readonly string[] =>
  bot.service.auditRows
    .filter(({ caller }) => caller.userId === userId)
    .map(({ command, outcome }) => `${command}: ${outcome}`);
const fromBot = (chatId: number): readonly Message[] =>
  bot.server.person.messages(chatId).filter(({ from }) => from.is_bot);
const answers = (part: string): number => fromBot(OPERATOR).filter(({ text }) => text?.includes(part) === true).length;

const push = (userId: number, chatId: number, data: string, mark: number): void => {
  const from = { id: userId, is_bot: false, first_name: 'x' };
  const message = {
    message_id: 1,
    date: 1,
    chat: { id: chatId, type: chatId < 0 ? 'supergroup' : 'private' },
    from: { id: 4_242_424_242, is_bot: true, first_name: 'x' },
  };
  bot.server.person.push({ callback_query: { id: `${data} ${mark}`, from, message, chat_instance: '1', data } });
};

describe('buttons that do nothing', () => {
  test('are on record: an expired one, a made-up one, a viewer at a confirmation', async () => {
    await bot.ask(OPERATOR, '/resume', GROUP);
    expect((await bot.press(VIEWER, GROUP, 'Resume trading')).text).toContain('operators only');
    bot.clock.jump(121_000);
    expect((await bot.press(OPERATOR, GROUP, 'Resume trading')).text).toContain('no longer works');
    push(OPERATOR, OPERATOR, `k:${'A'.repeat(22)}:y`, 1);
    push(OPERATOR, OPERATOR, `a:${'A'.repeat(22)}:y`, 2);
    await bot.settle();
    expect(outcomes(VIEWER)).toContain(': refused: role');
    expect(outcomes(OPERATOR)).toEqual([
      'resume: asked',
      ': refused: dead button',
      ': refused: dead button',
      ': refused: dead button',
    ]);
    expect(bot.service.calls).toEqual([]);
  });
});

describe('an answer that was under way for too long', () => {
  test('closes the question, says so, and is on record without its text', async () => {
    bot.service.setLocks([{ ...killSwitch, id: 'daily-drawdown' }]);
    bot.service.setPreview({ newLossPermitted: 19.8 });
    await bot.ask(OPERATOR, '/unlock');
    const late = bot.server.person.send(OPERATOR, OPERATOR, '19.80', {
      date: Math.floor(bot.clock.wallNow() / 1000) - 61,
    });
    const told = await bot.server.person.waitFor(OPERATOR, () => true, { afterMessageId: late.message_id });
    expect(told.text).toMatch(/Expired, send again[\s\S]*Send \/unlock again/);
    expect((await bot.ask(OPERATOR, '19.80')).text).toContain('No question is open');
    expect(outcomes(OPERATOR)).toEqual(['unlock: asked for the amount', 'unlock: refused: expired']);
    expect(JSON.stringify(bot.service.auditRows)).not.toContain('19.80');
  });

  test('forwarded, it is no answer either', async () => {
    bot.service.setLocks([{ ...killSwitch, id: 'daily-drawdown' }]);
    bot.service.setPreview({ newLossPermitted: 19.8 });
    await bot.ask(OPERATOR, '/unlock');
    bot.server.person.send(OPERATOR, OPERATOR, '19.80', { forwarded: true });
    await bot.settle();
    expect(fromBot(OPERATOR)).toHaveLength(1);
    expect((await bot.ask(OPERATOR, '19.80')).text).toContain('Unlock?');
  });
});

describe('a flood from one person', () => {
  const flood = (count: number, send: (index: number) => void): void => {
    for (let index = 0; index < count; index += 1) send(index);
  };

  test('of commands: one warning, one row, the rest ignored; another person is served meanwhile', async () => {
    flood(60, () => bot.server.person.send(OPERATOR, OPERATOR, '/version'));
    await bot.settle();
    await expect.poll(() => answers('Guardian Bot 0.1.0'), { interval: 10, timeout: 8_000 }).toBe(20);
    await expect.poll(() => answers('Slow down'), { interval: 10, timeout: 8_000 }).toBe(1);
    expect(outcomes(OPERATOR).filter((outcome) => outcome.includes('too fast'))).toHaveLength(1);
    bot.clock.jump(3_000);
    expect((await bot.ask(OPERATOR, '/version')).text).toContain('Guardian Bot');
  });

  const refused = (): number => outcomes(OPERATOR).filter((outcome) => outcome.includes('too fast')).length;

  test('of unknown commands, of words, of buttons and of confirmations', async () => {
    for (const [name, send] of [
      ['unknown', () => void bot.server.person.send(OPERATOR, OPERATOR, '/nonsense')],
      ['words', () => void bot.server.person.send(OPERATOR, OPERATOR, 'hello')],
      ['buttons', (index: number) => push(OPERATOR, OPERATOR, 'n:/version', index)],
      ['confirmations', (index: number) => push(OPERATOR, OPERATOR, `k:${'B'.repeat(22)}:y`, index)],
    ] as const) {
      bot.clock.jump(60_000);
      const [rows, said, floods] = [bot.service.auditRows.length, fromBot(OPERATOR).length, refused()];
      flood(60, send);
      await bot.settle();
      expect(refused(), name).toBe(floods + 1);
      // The last of what was let through has come when the warning, or nothing more, comes.
      await expect
        .poll(() => (bot.clock.jump(1), name === 'unknown' || name === 'words' ? answers('Slow down') : floods + 1), {
          interval: 10,
          timeout: 8_000,
        })
        .toBe(floods + 1);
      // The viewer's /whoami of settle is one of the rows.
      const added = outcomes(OPERATOR).length + outcomes(VIEWER).length - rows;
      expect(added, name).toBeLessThanOrEqual(22);
      expect(fromBot(OPERATOR).length - said, name).toBeLessThanOrEqual(21);
    }
  });

  test('holds up neither /pause nor /halt, typed or pressed', async () => {
    flood(60, () => bot.server.person.send(OPERATOR, OPERATOR, '/version'));
    bot.server.person.send(OPERATOR, OPERATOR, '/halt');
    push(OPERATOR, OPERATOR, 'n:/pause', 1);
    await bot.settle();
    expect(bot.tools.calls.map(({ name }) => name)).toEqual(['halt']);
    expect(bot.service.calls.map(({ name }) => name)).toEqual(['pause']);
  });
});
