import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/adapters/system/config.ts';
import { createSystemClock } from '../../src/adapters/system/clock.ts';
import { createLogTail } from '../../src/app/operator/log-tail.ts';
import { runMode } from '../../src/cli/compose/run-mode.ts';
import type { ExitCode } from '../../src/adapters/system/exit-codes.ts';
import type { Log } from '../../src/ports/log.ts';
import { writeConstantModel } from '../../src/research/onnx/constant-model.ts';
import { startBotApiServer, type BotApiServer } from '../../src/sim/telegram/server.ts';
import type { Message } from '../../src/sim/telegram/types.ts';

/**
 * The program as `guardian start` composes it, in this process: simulator over HTTP, ccxt, SQLite,
 * onnxruntime, outbox and grammY, the latter against a Bot API server in the test's hand.
 */
export const OPERATOR = 1001;
export const SECOND_OPERATOR = 1002;

interface MarketState {
  readonly marketTime: number;
  readonly openOrders: readonly { readonly symbol: string; readonly type: string; readonly stopPrice: string; readonly clientOrderId: string }[];
  readonly receivedCount: number;
  readonly balances: Readonly<Record<string, { readonly free: string; readonly locked: string }>>;
}

export interface WholeBot {
  readonly server: BotApiServer;
  readonly databasePath: string;
  /** Everything at info and above, as one line each. */
  readonly lines: readonly string[];
  readonly pageUrl: string;
  market(): Promise<MarketState>;
  control(path: string, body: unknown): Promise<unknown>;
  /** Wall milliseconds of a quarter of a market hour; 0 = unpaced. */
  pace(stepMilliseconds: number): Promise<void>;
  /** Sends as a person, and waits for the bot's next message there that fits. */
  ask(userId: number, text: string, fits?: (message: Message) => boolean): Promise<Message>;
  /** The bot's first message with this text that came after another one; at most a minute. */
  hears(userId: number, part: string | RegExp, after?: number): Promise<Message>;
  press(userId: number, message: Message, button: string): Promise<{ readonly text: string; readonly alert: boolean }>;
  close(): Promise<ExitCode>;
}

export const textOf = (message: Pick<Message, 'text' | 'caption'>): string => message.text ?? message.caption ?? '';

const PATIENCE = 60_000;

export interface WholeBotOptions {
  /** The model's constant answer. */
  readonly probability?: number;
  /** Below the least that the configuration takes. */
  readonly silenceSeconds?: number;
}

/** @param extra configuration keys beside those of the fixture */
export const startWholeBot = async (extra: Readonly<Record<string, string>> = {}, options: WholeBotOptions = {}): Promise<WholeBot> => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-whole-'));
  const token = `${randomInt(100_000_000, 999_999_999)}:AAwhole-bot-test-token-0123456789abcd`;
  const wall = createSystemClock();
  const server = await startBotApiServer({ token, wallNow: () => wall.wallNow() });
  for (const id of [OPERATOR, SECOND_OPERATOR]) {
    server.person.addUser({ id, firstName: `Person ${id}` });
    server.person.addPrivateChat(id);
  }
  writeConstantModel(join(directory, 'model'), { probability: options.probability ?? 0.9 });
  const databasePath = join(directory, 'demo.db');
  const environment = {
    MODE: 'demo',
    SYMBOLS: 'BTC/USDT',
    DEMO_HOUR_SECONDS: '0.04',
    DEMO_SEED: '7',
    DASHBOARD_PORT: '0',
    DATABASE_PATH: databasePath,
    MODEL_DIR: join(directory, 'model'),
    TELEGRAM_BOT_TOKEN: token,
    TELEGRAM_API_ROOT: server.url,
    TELEGRAM_OPERATORS: String(OPERATOR),
    TIMEZONE: 'UTC',
    ...extra,
  };
  const loaded = loadConfig({ environment, envFile: null });
  const { liveRefusals } = loaded;
  const { telegram } = loaded.config;
  const config = { ...loaded.config, telegram: { ...telegram, silenceSeconds: options.silenceSeconds ?? telegram.silenceSeconds } };
  const lines: string[] = [];
  const found = { control: '', page: '' };
  const write = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string): void => {
    lines.push(`${level} ${message} ${JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? (value.stack ?? value.message) : typeof value === 'bigint' ? String(value) : value))}`);
    if (typeof fields['exchange'] === 'string') found.control = String(fields['control']);
    if (typeof fields['page'] === 'string') found.page = fields['page'];
  };
  const log: Log = { debug: () => undefined, info: write('info'), warn: write('warn'), error: write('error') };
  const stop = Promise.withResolvers<string>();
  const resources = new AsyncDisposableStack();
  const running = (async () => {
    await using held = resources.move();
    return await runMode({ config, liveRefusals, configHalts: [], log: createLogTail(log, config.secrets.redactor(), Date.now), wall, time: null, environment: { VITEST: 'true' }, stop: stop.promise, resources: held });
  })();
  running.catch(() => undefined);

  const eventually = async <T>(what: string, look: () => T | null | undefined): Promise<T> => {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const value = look();
      if (value !== null && value !== undefined) return value;
      if (performance.now() > deadline) throw new Error(`gave up waiting for ${what}; last lines:\n${lines.slice(-5).join('\n')}`);
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 5)), running.then((code) => Promise.reject(new Error(`the bot ended with ${code} while waiting for ${what}`)))]);
    }
  };
  await eventually('the page', () => (found.page === '' || found.control === '' ? null : found.page));
  await eventually('the bot at Telegram', () => (server.person.botListening() ? true : null));

  const control = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${found.control}${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response.json();
  };
  const fitting = (userId: number, after: number, fits: (message: Message) => boolean): Message | undefined =>
    server.person.messages(userId).find((message) => message.from.is_bot && message.message_id > after && fits(message));
  return {
    server,
    databasePath,
    lines,
    pageUrl: found.page,
    market: async () => (await control('/control/state')) as MarketState,
    control,
    pace: async (stepMilliseconds) => void (await control('/control/pace', { stepMilliseconds })),
    ask: (userId, text, fits = () => true) => {
      const sent = server.person.send(userId, userId, text);
      return eventually(`an answer to ${text}`, () => fitting(userId, sent.message_id, (message) => message.reply_markup?.inline_keyboard.flat().every(({ callback_data: data }) => data !== 'n:/positions') !== false && fits(message)));
    },
    hears: (userId, part, after = 0) => eventually(`"${String(part)}"`, () => fitting(userId, after, (message) => (typeof part === 'string' ? textOf(message).includes(part) : part.test(textOf(message))))),
    press: (userId, message, button) => server.person.waitForAnswer(server.person.press(userId, userId, button, message.message_id), PATIENCE),
    close: async () => {
      stop.resolve('end of the test');
      const code = await running;
      await server.close();
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
};
