import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { writeConstantModel } from '../../../src/research/onnx/constant-model.ts';
import type { ExchangeSimulator } from '../../../src/sim/exchange/simulator.ts';
import { startBotApiServer, type BotApiServer } from '../../../src/sim/telegram/server.ts';
import { startExchangeNow } from './exchange-now.ts';
import { guardian, run, type Running } from './process.ts';

/** Two bots on one account or one token, each with a database of its own. */
/** Of this run alone: a lock on it holds on the whole host, where another checkout may be tested, too. */
const TOKEN = `${randomInt(100_000_000, 999_999_999)}:second-instance-token-aaaaaaaaa`;
let exchange: ExchangeSimulator;
let telegram: BotApiServer;
let directory: string;
let bot: Running | null = null;

beforeAll(async () => {
  exchange = await startExchangeNow();
  telegram = await startBotApiServer({ token: TOKEN, wallNow: Date.now });
});
afterAll(async () => {
  await telegram.close();
  await exchange.close();
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-second-'));
  writeConstantModel(join(directory, 'model'), { probability: 0.5, purpose: 'trading' });
  for (const name of ['one', 'two']) mkdirSync(join(directory, name));
});
afterEach(async () => {
  await bot?.end('SIGKILL');
  bot = null;
  rmSync(directory, { recursive: true, force: true });
});

const common = (): Readonly<Record<string, string>> => ({
  EXCHANGE_API_ROOT: exchange.url,
  DASHBOARD_PORT: '0',
  MODEL_DIR: join(directory, 'model'),
});

test('the same exchange account: the second one is refused before it opens its books', {
  timeout: 60_000,
}, async () => {
  const environment = {
    ...common(),
    MODE: 'testnet',
    EXCHANGE_API_KEY: exchange.credentials.apiKey,
    EXCHANGE_API_SECRET: exchange.credentials.secret,
  };
  bot = guardian(['start'], environment, join(directory, 'one'));
  await bot.says('control socket is open');
  const second = await run(['start'], environment, join(directory, 'two'));
  expect(second.code).toBe(3);
  expect(second.lines).toEqual([
    'the exchange account is in use by another running bot on this host: stop that one first',
  ]);
});

test('the same bot token: the second one is refused', { timeout: 60_000 }, async () => {
  const environment = {
    ...common(),
    MODE: 'paper',
    TELEGRAM_BOT_TOKEN: TOKEN,
    TELEGRAM_API_ROOT: telegram.url,
    TELEGRAM_OPERATORS: '42',
  };
  bot = guardian(['start'], environment, join(directory, 'one'));
  await bot.says('control socket is open');
  const second = await run(['start'], environment, join(directory, 'two'));
  expect(second.code).toBe(3);
  expect(second.lines).toEqual(['the bot token is in use by another running bot on this host: stop that one first']);
});

test('a key that the exchange refuses: one line that names it, exit code 2', { timeout: 60_000 }, async () => {
  const wrong = await run(
    ['start'],
    { ...common(), MODE: 'testnet', EXCHANGE_API_KEY: 'not-the-key', EXCHANGE_API_SECRET: 'not-the-secret' },
    join(directory, 'one'),
  );
  expect(wrong.code).toBe(2);
  expect(wrong.lines).toHaveLength(1);
  expect(wrong.lines[0]).toContain('EXCHANGE_API_KEY is refused by the exchange');
  expect(wrong.output).not.toContain('not-the-secret');
});
