import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeConstantModel } from '../../src/research/onnx/constant-model.ts';
import { startBotApiServer, type BotApiServer } from '../../src/sim/telegram/server.ts';
import type { Message } from '../../src/sim/telegram/types.ts';

/**
 * The real program in a process of its own, in demo: simulator over HTTP, ccxt, SQLite, onnxruntime,
 * outbox and grammY. Its Telegram is a Bot API server in the test's hand, with faults by name.
 */
export const OPERATOR = 1001;
export const SECOND_OPERATOR = 1002;

interface MarketState {
  readonly marketTime: number;
  readonly openOrders: readonly {
    readonly symbol: string;
    readonly type: string;
    readonly stopPrice: string;
    readonly clientOrderId: string;
  }[];
  readonly receivedCount: number;
  readonly balances: Readonly<Record<string, { readonly free: string; readonly locked: string }>>;
}

export interface WholeBot {
  readonly server: BotApiServer;
  readonly databasePath: string;
  /** Every line that the process wrote to standard output and standard error. */
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
  /** SIGTERM; resolves to the exit code. */
  close(): Promise<number | null>;
}

export const textOf = (message: Pick<Message, 'text' | 'caption'>): string => message.text ?? message.caption ?? '';

const ROOT = new URL('../../', import.meta.url).pathname;
const PATIENCE = 60_000;

export interface WholeBotOptions {
  /** The model's constant answer. */
  readonly probability?: number;
  /** In place of a random one. */
  readonly token?: string;
  /** Kept by the caller, who removes it. */
  readonly directory?: string;
}

interface Addresses {
  page?: string;
  control?: string;
}

/** Collects the lines of a process and finds the addresses in them. */
const readLines = (child: ReturnType<typeof spawn>): { readonly lines: string[]; readonly found: Addresses } => {
  const lines: string[] = [];
  const found: Addresses = {};
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (!line.startsWith('{')) return;
      const { page, exchange, control } = JSON.parse(line) as Addresses & { readonly exchange?: string };
      if (page !== undefined) found.page = page;
      if (exchange !== undefined && control !== undefined) found.control = control;
    });
  }
  return { lines, found };
};

/** @param extra configuration keys beside those of the fixture */
export const startWholeBot = async (
  extra: Readonly<Record<string, string>> = {},
  options: WholeBotOptions = {},
): Promise<WholeBot> => {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'guardian-whole-'));
  const token = options.token ?? `${randomInt(100_000_000, 999_999_999)}:AAwhole-bot-test-token-0123456789abcd`;
  const server = await startBotApiServer({ token, wallNow: () => Date.now() });
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
    PATH: process.env['PATH'] ?? '',
    ...extra,
  };
  const child = spawn(process.execPath, [`${ROOT}src/cli/guardian.ts`, 'start'], {
    cwd: directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const { lines, found } = readLines(child);

  const eventually = async <T>(what: string, look: () => T | null | undefined): Promise<T> => {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const value = look();
      if (value !== null && value !== undefined) return value;
      if (performance.now() > deadline || child.exitCode !== null)
        throw new Error(`gave up waiting for ${what}; last lines:\n${lines.slice(-5).join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const pageUrl = await eventually('the page', () => (found.control === undefined ? null : found.page));
  await eventually('the bot at Telegram', () => (server.person.botListening() ? true : null));

  const control = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(
      `${found.control ?? ''}${path}`,
      body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    );
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response.json();
  };
  const fitting = (userId: number, after: number, fits: (message: Message) => boolean): Message | undefined =>
    server.person
      .messages(userId)
      .find((message) => message.from.is_bot && message.message_id > after && fits(message));
  return {
    server,
    databasePath,
    lines,
    pageUrl,
    market: async () => (await control('/control/state')) as MarketState,
    control,
    pace: async (stepMilliseconds) => void (await control('/control/pace', { stepMilliseconds })),
    ask: (userId, text, fits = () => true) => {
      const sent = server.person.send(userId, userId, text);
      return eventually(`an answer to ${text}`, () =>
        fitting(
          userId,
          sent.message_id,
          (message) =>
            message.reply_markup?.inline_keyboard.flat().every(({ callback_data: data }) => data !== 'n:/positions') !==
              false && fits(message),
        ),
      );
    },
    hears: (userId, part, after = 0) =>
      eventually(`"${String(part)}"`, () =>
        fitting(userId, after, (message) =>
          typeof part === 'string' ? textOf(message).includes(part) : part.test(textOf(message)),
        ),
      ),
    press: (userId, message, button) =>
      server.person.waitForAnswer(server.person.press(userId, userId, button, message.message_id), PATIENCE),
    close: async () => {
      child.kill('SIGTERM');
      const [code] = await ended;
      await server.close();
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
};
