import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { createSystemClock } from '../adapters/system/clock.ts';
import { loadConfig } from '../adapters/system/config.ts';
import { createLogTail } from '../app/operator/log-tail.ts';
import { HOUR_MS } from '../core/units.ts';
import { writeConstantModel } from '../research/onnx/constant-model.ts';
import { startBotApiServer } from '../sim/telegram/server.ts';
import { runMode } from './compose/run-mode.ts';

const OPERATOR = 1001;
/** Of this run alone: a lock on it holds on the whole host, where another checkout may be tested, too. */
const TOKEN = `${randomInt(100_000_000, 999_999_999)}:AAsilence-test-token-0123456789abcdef`;
const WAIT = { interval: 20, timeout: 30_000 };

/**
 * The demo as `guardian start` composes it, in this process: the configuration takes no silence as short as a test's.
 */
const startDemo = async (directory: string, apiRoot: string) => {
  writeConstantModel(join(directory, 'model'), { probability: 0.9 });
  const environment = {
    SYMBOLS: 'BTC/USDT',
    DEMO_HOUR_SECONDS: '0.08',
    DEMO_SEED: '7',
    DASHBOARD_PORT: '0',
    DATABASE_PATH: join(directory, 'demo.db'),
    MODEL_DIR: join(directory, 'model'),
    TELEGRAM_BOT_TOKEN: TOKEN,
    TELEGRAM_API_ROOT: apiRoot,
    TELEGRAM_OPERATORS: String(OPERATOR),
    STOP_ENTRIES_WHEN_SILENT: 'true',
  };
  const { config, liveRefusals } = loadConfig({ environment, envFile: null });
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const stop = Promise.withResolvers<string>();
  const running = (async () => {
    await using resources = new AsyncDisposableStack();
    return await runMode({
      config: { ...config, telegram: { ...config.telegram, silenceSeconds: 2 } },
      liveRefusals,
      configHalts: [],
      log: createLogTail(silent, (text) => text, Date.now),
      wall: createSystemClock(),
      time: null,
      environment: { VITEST: 'true' },
      stop: stop.promise,
      resources,
    });
  })();
  return { databasePath: config.databasePath, stop: () => (stop.resolve('end of the test'), running) };
};

const DAYS_OF_MARKET = 40 * HOUR_MS;

describe('a silence of Telegram', () => {
  /** A demo whose Telegram has fallen silent: entries have stopped. */
  const fallSilent = async () => {
    const directory = mkdtempSync(join(tmpdir(), 'guardian-silence-'));
    const server = await startBotApiServer({ token: TOKEN, wallNow: () => Date.now() });
    server.person.addUser({ id: OPERATOR, firstName: 'Ada' });
    server.person.addPrivateChat(OPERATOR);
    const start = () => startDemo(directory, server.url);
    const bot = await start();
    const query = <T>(sql: string, ...given: readonly unknown[]): T | undefined => {
      const database = new Sqlite(bot.databasePath, { readonly: true });
      try {
        return database
          .prepare(sql)
          .pluck()
          .get(...given) as T | undefined;
      } finally {
        database.close();
      }
    };
    const changes = (change: string): number =>
      query<number>("SELECT count(*) FROM locks WHERE lock_id = 'operators-unreachable' AND change = ?", change) ?? 0;
    const close = async (): Promise<void> => {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    };
    await expect
      .poll(() => server.person.messages(OPERATOR).some(({ text }) => text?.includes('BTC bought')), WAIT)
      .toBe(true);
    server.faults.inject({ name: 'reset', methods: ['getUpdates', 'sendMessage'], times: Infinity });
    await expect.poll(() => changes('set'), WAIT).toBe(1);
    return { server, bot, start, query, changes, close };
  };

  test('stops entries where that is wanted, and its end lets them go on', async () => {
    const { server, bot, query, changes, close } = await fallSilent();
    try {
      const since = query<number>('SELECT max(at) FROM journal') ?? 0;
      await expect
        .poll(() => query<number>('SELECT max(at) FROM journal') ?? 0, WAIT)
        .toBeGreaterThan(since + DAYS_OF_MARKET);
      expect(query<number>("SELECT count(*) FROM orders WHERE purpose = 'entry' AND created_at > ?", since)).toBe(0);
      server.faults.clear();
      await expect.poll(() => changes('cleared'), WAIT).toBe(1);
    } finally {
      expect(await bot.stop()).toBe(0);
      await close();
    }
  }, 120_000);

  test('that is over before the bot starts again lets entries go on as well', async () => {
    const { server, bot, start, changes, close } = await fallSilent();
    expect(await bot.stop()).toBe(0);
    expect(changes('cleared')).toBe(0);
    server.faults.clear();
    const next = await start();
    try {
      await expect.poll(() => changes('cleared'), WAIT).toBe(1);
    } finally {
      expect(await next.stop()).toBe(0);
      await close();
    }
  }, 120_000);
});
