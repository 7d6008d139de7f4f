import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openReadOnly } from '../../src/adapters/sqlite/database.ts';
import { recover } from '../../src/app/replay.ts';
import { add, decimal, formatDecimal } from '../../src/core/decimal.ts';
import { imbalance, quantityOf } from '../../src/core/ledger/ledger.ts';
import { writeConstantModel } from '../../src/research/onnx/constant-model.ts';
import { eventually, runGuardian, startGuardian, type ChatMessage, type RunningBot } from './running-bot.ts';

/** What the control endpoint says, as far as it is used here. */
interface MarketState {
  readonly marketTime: number;
  readonly balances: Readonly<Record<string, { readonly free: string; readonly locked: string }>>;
  readonly openOrders: readonly { readonly type: string; readonly stopPrice: string; readonly clientOrderId: string }[];
  readonly receivedCount: number;
}

const HOUR = 3_600_000;
/** Wall milliseconds of a quarter of a market hour: slow enough to act on what is seen, and quick to pass the time. */
const STEP = 40;
const FAST_STEP = 2;
/** Locks on volatile days keep the bot out of the market for days of it. */
const UNTIL_IT_MAY_TRADE = 150_000;

let directory: string;
let bot: RunningBot | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-e2e-'));
});

afterEach(async () => {
  await bot?.end('SIGKILL');
  bot = null;
  rmSync(directory, { recursive: true, force: true });
});

const look = async (running: RunningBot): Promise<MarketState> =>
  (await running.control('GET', '/control/state')) as MarketState;

const setPace = (running: RunningBot, stepMilliseconds: number): Promise<unknown> =>
  running.control('POST', '/control/pace', { stepMilliseconds });

const isKillSwitch = (message: ChatMessage): boolean => message.text.includes('Kill-switch: ');

/**
 * Waits for an open position and pushes the price below its stop. Returns the alert of the loss, or null when the
 * kill-switch holds already: then nothing is opened any more.
 */
const forceLoss = async (running: RunningBot, afterId: number): Promise<ChatMessage | null> => {
  const found = await eventually(
    'a resting stop',
    async () => {
      if ((await running.heard(isKillSwitch)) !== null) return 'locked' as const;
      const stop = (await look(running)).openOrders.find((order) => order.type === 'STOP_LOSS_LIMIT');
      if (stop === undefined) return null;
      await running.control('POST', '/control/price', {
        symbol: 'BTC/USDT',
        price: (Number(stop.stopPrice) * 0.998).toFixed(2),
      });
      return stop;
    },
    UNTIL_IT_MAY_TRADE,
  );
  return found === 'locked' ? null : running.hears((message) => message.text.includes('BTC closed -'), afterId);
};

/** Lets a market day pass without entries, quickly. */
const sitOutADay = async (running: RunningBot, afterId: number): Promise<void> => {
  await running.say('/pause between two losses');
  const paused = await running.hears((message) => message.text.includes('Paused'), afterId);
  const { marketTime } = await look(running);
  await setPace(running, FAST_STEP);
  await eventually('a market day', async () =>
    (await look(running)).marketTime > marketTime + 25 * HOUR ? true : null,
  );
  await setPace(running, STEP);
  await running.say('/resume');
  const question = await running.hears((message) => message.text.includes('Resume trading?'), paused.id);
  await running.press(question, question.buttons[0] ?? '');
};

/** The ledger and the simulated account agree to the last decimal; both are read while the market stands still. */
const expectEqualBooks = (market: MarketState, databasePath: string): void => {
  const database = openReadOnly(databasePath);
  try {
    const { state, difference } = recover(database.journal);
    expect(difference).toBeNull();
    const total = (asset: string): string =>
      formatDecimal(add(decimal(market.balances[asset]?.free ?? '0'), decimal(market.balances[asset]?.locked ?? '0')));
    expect(state.ledger.cash === null ? null : formatDecimal(state.ledger.cash)).toBe(total('USDT'));
    expect(formatDecimal(quantityOf(state.ledger, 'BTC/USDT'))).toBe(total('BTC'));
    expect(formatDecimal(imbalance(state.ledger))).toBe('0');
  } finally {
    database.close();
  }
};

/** Changes one journaled price, as a person with an SQL shell could. */
const editOneInput = (databasePath: string): number => {
  const database = new Sqlite(databasePath);
  const row = database
    .prepare<[], { sequence: number; input: string }>(
      "SELECT sequence, input FROM journal WHERE type = 'prediction' AND effects LIKE '%entered%' ORDER BY sequence LIMIT 1",
    )
    .get();
  if (row === undefined) throw new Error('no entry in the journal');
  const input = JSON.parse(row.input) as { probability: number };
  database
    .prepare('UPDATE journal SET input = ? WHERE sequence = ?')
    .run(JSON.stringify({ ...input, probability: input.probability - 0.01 }), row.sequence);
  database.close();
  return row.sequence;
};

/** @param span time over which the losses come: one a day, unless the market itself takes a stop in between */
const scenario = async (extra: Readonly<Record<string, string>>, span: string): Promise<void> => {
  const databasePath = join(directory, 'demo.db');
  const modelDirectory = join(directory, 'model');
  writeConstantModel(modelDirectory, { probability: 0.9 });
  const environment = {
    SYMBOLS: 'BTC/USDT',
    DEMO_HOUR_SECONDS: String((4 * STEP) / 1000),
    DASHBOARD_PORT: '0',
    DATABASE_PATH: databasePath,
    MODEL_DIR: modelDirectory,
    ...extra,
  };

  bot = await startGuardian(environment, directory);
  await bot.hears((message) => message.text.includes('BTC bought'));
  await bot.say('/status');
  await bot.hears((message) => message.text.includes('Drawdown') && message.text.includes('Losses'));
  await bot.say('/pnl');
  await bot.hears((message) => /realised/i.test(message.text));

  for (let loss = await forceLoss(bot, 0), day = 1; loss !== null && day < 3; day += 1) {
    await sitOutADay(bot, loss.id);
    loss = await forceLoss(bot, loss.id);
  }
  const alert = await bot.hears(isKillSwitch);
  expect(alert.text).toMatch(
    new RegExp(
      `3 losses in a row \\(BTC -\\d\\.\\d\\d\u00A0%, BTC -\\d\\.\\d\\d\u00A0%, BTC -\\d\\.\\d\\d\u00A0%, over ${span}\\)`,
    ),
  );
  expect(alert.text).toContain('no open positions');
  expect(alert.buttons).toEqual(expect.arrayContaining(['/pnl', '/unlock']));
  await bot.end('SIGKILL');

  bot = await startGuardian(environment, directory);
  const before = await look(bot);
  await bot.say('/status');
  const status = await bot.hears((message) => message.text.includes('Drawdown'));
  expect(status.text).toContain('Kill-switch');
  const locked = bot;
  await setPace(bot, FAST_STEP);
  await eventually('a market day under lock', async () =>
    (await look(locked)).marketTime > before.marketTime + 24 * HOUR ? true : null,
  );
  expect((await look(bot)).receivedCount).toBe(before.receivedCount);

  await bot.say('/unlock looked at all three');
  const question = await bot.hears(
    (message) =>
      message.buttons.length > 0 &&
      message.text.includes('Kill-switch') &&
      /unlock/i.test(message.text) &&
      !message.text.includes('Drawdown'),
    status.id,
  );
  await bot.press(question, question.buttons[0] ?? '');
  const unlocked = await bot.hears((message) => message.text.includes('Unlocked'), status.id);
  await bot.hears((message) => message.text.includes('BTC bought'), unlocked.id);

  await bot.control('POST', '/control/pause', { paused: true });
  const quiet = bot;
  let previous = -1;
  await eventually('a protected or flat market', async () => {
    const { receivedCount } = await look(quiet);
    const still = receivedCount === previous;
    previous = receivedCount;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return still ? true : null;
  });
  const market = await look(bot);
  expect(market.openOrders.map((order) => order.type)).toEqual(['STOP_LOSS_LIMIT']);
  expect(await bot.end('SIGTERM')).toBe(0);
  bot = null;
  expectEqualBooks(market, databasePath);

  const proof = await runGuardian(['replay', '--verify', '--database', databasePath], {}, directory);
  expect(proof.output).toContain('replay bit for bit');
  expect(proof.code).toBe(0);
  const edited = editOneInput(databasePath);
  const broken = await runGuardian(['replay', '--verify', '--database', databasePath], {}, directory);
  expect(broken.output).toContain(`first difference: entry ${edited} (prediction`);
  expect(broken.code).toBe(1);
};

describe('the real process over HTTP on both sides', () => {
  test('trades, locks after three losses, stays locked through SIGKILL, unlocks, trades again, replays: generated market', {
    timeout: 480_000,
  }, async () => {
    await scenario({ DEMO_SEED: '7' }, '\\d days');
  });

  test('the same on the real candles of August 2024 (needs MARKET_DATA_DIR)', { timeout: 480_000 }, async (context) => {
    const data = process.env['MARKET_DATA_DIR'];
    if (data === undefined) return context.skip('needs MARKET_DATA_DIR, the folder of recorded candles');
    // The bot works in a folder of its own.
    await scenario({ MARKET_DATA_DIR: resolve(data), DEMO_FROM: '2024-08-01T00:00:00Z' }, '(\\d days|\\d+ hours)');
  });
});
