import { afterEach, expect, test } from 'vitest';
import { GROUP, OPERATOR, SECOND_OPERATOR, startHarness, VIEWER, type Harness } from './harness.ts';

/** Telegram keeps a menu until it is taken away. */
let bot: Harness;
afterEach(async () => {
  await bot.close();
});

const eventually = { interval: 10, timeout: 8_000 };
const has = (userId: number, chatId = userId): boolean =>
  bot.server.person.menu(userId, chatId).some(({ command }) => command === 'unlock');

test('who is an operator no more sees no menu any more, in private and in groups; a viewer who became one sees theirs', async () => {
  bot = await startHarness();
  await expect.poll(() => has(SECOND_OPERATOR, GROUP), eventually).toBe(true);
  await bot.restart({ operators: [OPERATOR, VIEWER], viewers: [] });
  await expect.poll(() => has(VIEWER, GROUP), eventually).toBe(true);
  expect([has(OPERATOR), has(VIEWER), has(OPERATOR, GROUP)]).toEqual([true, true, true]);
  expect([
    bot.server.person.menu(SECOND_OPERATOR, SECOND_OPERATOR),
    bot.server.person.menu(SECOND_OPERATOR, GROUP),
  ]).toEqual([[], []]);
});

test('a group that is listed no more, neither; one that became a supergroup has its menus there after a restart', async () => {
  bot = await startHarness();
  await expect.poll(() => has(SECOND_OPERATOR, GROUP), eventually).toBe(true);
  const moved = -100_999;
  bot.server.person.addGroup({ id: moved, title: 'Desk', type: 'supergroup' });
  bot.memory.set(`telegram/migrated/${GROUP}`, String(moved));
  await bot.restart({ chats: [{ chatId: GROUP, threadId: null }] });
  await expect.poll(() => has(SECOND_OPERATOR, moved), eventually).toBe(true);
  await bot.restart({ chats: [] });
  await expect.poll(() => has(SECOND_OPERATOR, moved), eventually).toBe(false);
});
