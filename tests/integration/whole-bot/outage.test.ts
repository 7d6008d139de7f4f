import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import type { Alert } from '../../../src/core/engine/alert.ts';
import { OPERATOR, startWholeBot, textOf, type WholeBot } from '../../support/whole-bot.ts';

let bot: WholeBot;
afterEach(async () => {
  await bot.close();
});

const MINUTE = 60_000;

/** A title without its sign, and without what keeps a number and its unit on one line of the chat. */
const bare = (title: string): string => title.replace(/^[^A-Za-z0-9]+/, '').replaceAll('\u00A0', ' ');

/** Titles of all alerts in the order of their commits. */
const committed = (): readonly string[] => {
  const database = new Sqlite(bot.databasePath, { readonly: true });
  try {
    return database
      .prepare<[], { alert: string }>('SELECT alert FROM outbox ORDER BY id')
      .all()
      .map(({ alert }) => bare((JSON.parse(alert) as Alert).title));
  } finally {
    database.close();
  }
};

/** Titles that arrived. */
const received = (): readonly string[] =>
  bot.server.person
    .messages(OPERATOR)
    .filter(({ from }) => from.is_bot)
    .map((message) => bare(textOf(message).split('\n')[0] ?? ''));

const until = async (what: string, look: () => Promise<boolean> | boolean, limit = 30_000): Promise<void> => {
  const deadline = performance.now() + limit;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

test('more than ten minutes without Telegram while it trades: trading goes on, no alert is lost, their order is kept', async () => {
  bot = await startWholeBot();
  await bot.hears(OPERATOR, 'stop placed');
  const before = await bot.market();
  bot.server.faults.inject({ name: 'reset', methods: ['getUpdates', 'sendMessage'], times: Infinity });
  const alertsBefore = committed().length;

  // The same positions are opened and closed as ever: pushed to their targets, one after another.
  for (let trade = 0; trade < 4; trade += 1) {
    await until('a position with its stop', async () =>
      (await bot.market()).openOrders.some(({ type }) => type.startsWith('STOP_LOSS')),
    );
    const closed = committed().length;
    await bot.control('/control/jump', { symbol: 'BTC/USDT', fraction: 0.04 });
    await until('its end', () =>
      committed()
        .slice(closed)
        .some((title) => title.includes('closed +')),
    );
  }
  const after = await bot.market();
  expect(after.marketTime - before.marketTime).toBeGreaterThan(10 * MINUTE);
  expect(after.receivedCount).toBeGreaterThan(before.receivedCount + 8);
  expect(bot.lines.filter((line) => line.includes('"level":"error"') || !line.startsWith('{'))).toEqual([]);
  await bot.control('/control/pause', { paused: true });
  const missing = committed().length - received().length;
  expect(missing).toBeGreaterThanOrEqual(8);
  expect(received()).toHaveLength(alertsBefore);

  bot.server.faults.clear();
  await until('the last alert', () => received().length >= committed().length, 60_000);
  expect(received()).toEqual(committed());
}, 120_000);
