import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { OPERATOR, startWholeBot, textOf, type WholeBot } from '../../support/whole-bot.ts';

let bot: WholeBot;
afterEach(async () => {
  await bot.close();
});

const reportDays = (): readonly string[] => {
  const database = new Sqlite(bot.databasePath, { readonly: true });
  try {
    return database
      .prepare<[], string>("SELECT key FROM outbox WHERE kind = 'report' ORDER BY id")
      .pluck()
      .all()
      .map((key) => key.replace('daily-report:', ''));
  } finally {
    database.close();
  }
};

test('the daily report comes each day of the market, at its hour in the operator’s zone', async () => {
  bot = await startWholeBot({ TIMEZONE: 'Europe/Berlin', DAILY_REPORT_AT: '12:00', DEMO_HOUR_SECONDS: '0.1' });
  const first = await bot.hears(OPERATOR, /^📊/);
  expect(textOf(first)).toMatch(
    /^📊 \d\d \w{3}: [+-]?[\d.,]+ \([+-]?[\d.]+\u00A0%\)\n[\s\S]*Equity [\d,.]+\u00A0USDT\n[\s\S]*Limit for the day -2\.00\u00A0%; drawdown [\d.]+\u00A0% of 10\.00\u00A0%/,
  );
  await expect.poll(() => reportDays().length, { interval: 50, timeout: 40_000 }).toBeGreaterThanOrEqual(3);
  const days = reportDays().map((day) => Date.parse(day) / 86_400_000);
  for (const [index, day] of days.entries()) expect(day, 'a day has none or two').toBe((days[0] ?? 0) + index);
}, 60_000);
