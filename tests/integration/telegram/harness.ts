import { lookup } from 'node:dns';
import type { Alert } from '../../../src/core/engine/alert.ts';
import type { EpochMs, Milliseconds } from '../../../src/core/units.ts';
import type { ChatMemory } from '../../../src/ports/chat.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Log } from '../../../src/ports/log.ts';
import { createTelegramBot, type TelegramBot, type TelegramBotOptions } from '../../../src/adapters/telegram/bot.ts';
import { createCommandSet } from '../../../commands/registry.ts';
import { startBotApiServer, type BotApiServer } from '../../../src/sim/telegram/server.ts';
import type { Message } from '../../../src/sim/telegram/types.ts';
import { createFakeService, type FakeService } from './fake-service.ts';
import { createFakeTools, type FakeTools } from './fake-tools.ts';

/** The real grammY over HTTP against the embedded Bot API server, on a wall clock that the test moves. */
export const TOKEN = '4242424242:AAtest-token-test-token-test-token-1';
export const OPERATOR = 1001;
export const SECOND_OPERATOR = 1002;
export const VIEWER = 2001;
export const STRANGER = 9001;
export const GROUP = -100_200;
export const FORUM = -100_300;
export const FORUM_TOPIC = 7;

export interface TestClock extends Clock {
  jump(span: Milliseconds): void;
}

/** The time of a watch that can be moved; sleeping ends when the time is reached or at once when it was passed. */
export const createTestClock = (start: EpochMs = Date.UTC(2024, 7, 5, 12)): TestClock => {
  let now = start;
  const sleepers = new Set<{ at: EpochMs; wake: () => void }>();
  const wakeDue = (): void => {
    for (const sleeper of sleepers) {
      if (sleeper.at > now) continue;
      sleepers.delete(sleeper);
      sleeper.wake();
    }
  };
  return {
    marketNow: () => now,
    wallNow: () => now,
    monotonicNow: () => now - start,
    sleep: async (span, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const sleeper = { at: now + span, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          resolve();
        });
      }),
    jump: (span) => {
      now += span;
      wakeDue();
    },
  };
};

export const createMemory = (): ChatMemory & { readonly values: Map<string, string> } => {
  const values = new Map<string, string>();
  return { values, get: (key) => values.get(key) ?? null, set: (key, value) => void values.set(key, value) };
};

export interface LogLine {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export const createTestLog = (): Log & { readonly lines: LogLine[] } => {
  const lines: LogLine[] = [];
  const write = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void lines.push({ level, fields, message });
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
};

export interface Harness {
  readonly server: BotApiServer;
  readonly service: FakeService;
  readonly tools: FakeTools;
  readonly clock: TestClock;
  readonly log: ReturnType<typeof createTestLog>;
  readonly memory: ReturnType<typeof createMemory>;
  readonly reported: Alert[];
  readonly bot: TelegramBot;
  /** Sends as a person and waits for the next message of the bot in that chat. */
  ask(userId: number, text: string, chatId?: number, threadId?: number): Promise<Message>;
  press(userId: number, chatId: number, button: string): Promise<{ readonly text: string; readonly alert: boolean }>;
  /** Waits until the bot has handled everything sent so far: a viewer's /whoami comes back. */
  settle(): Promise<void>;
  /** Lets time pass until the bot polls again, whatever it was waiting for. */
  recover(): Promise<void>;
  /** With another configuration where one is given. */
  restart(changed?: Partial<TelegramBotOptions>): Promise<TelegramBot>;
  close(): Promise<void>;
}

export const lastMessageId = (server: BotApiServer, chatId: number): number =>
  server.person.messages(chatId).at(-1)?.message_id ?? 0;

export const startHarness = async (extra: Partial<TelegramBotOptions> = {}): Promise<Harness> => {
  const clock = createTestClock();
  const server = await startBotApiServer({ token: TOKEN, wallNow: () => clock.wallNow() });
  const { person } = server;
  for (const id of [OPERATOR, SECOND_OPERATOR, VIEWER, STRANGER]) {
    person.addUser({ id, firstName: `Person ${id}` });
    person.addPrivateChat(id);
  }
  person.addGroup({ id: GROUP, title: 'Desk', type: 'supergroup' });
  person.addGroup({ id: FORUM, title: 'Forum', type: 'supergroup', forum: true });
  const service = createFakeService(clock);
  const memory = createMemory();
  const tools = createFakeTools(clock, memory);
  const log = createTestLog();
  const reported: Alert[] = [];
  const create = (changed: Partial<TelegramBotOptions> = {}): TelegramBot =>
    createTelegramBot({
      token: TOKEN,
      apiRoot: server.url,
      lookUp: lookup,
      operators: [OPERATOR, SECOND_OPERATOR],
      viewers: [VIEWER],
      chats: [
        { chatId: GROUP, threadId: null },
        { chatId: FORUM, threadId: FORUM_TOPIC },
      ],
      commands: createCommandSet({ service, tools, timeZone: 'UTC' }),
      service,
      report: (alert) => void reported.push(alert),
      memory,
      clock,
      log,
      pictures: null,
      unlockTotpSecret: null,
      unlockApprovals: 1,
      pollTimeoutSeconds: 2,
      ...extra,
      ...changed,
    });
  let bot = create();
  bot.start();
  const harness: Harness = {
    server,
    service,
    tools,
    clock,
    log,
    memory,
    reported,
    get bot() {
      return bot;
    },
    ask: async (userId, text, chatId = userId, threadId) => {
      const sent = person.send(userId, chatId, text, threadId === undefined ? {} : { threadId });
      return person.waitFor(chatId, () => true, { afterMessageId: sent.message_id });
    },
    press: async (userId, chatId, button) => person.waitForAnswer(person.press(userId, chatId, button)),
    settle: async () => {
      const sent = person.send(VIEWER, VIEWER, '/whoami');
      await person.waitFor(VIEWER, ({ text }) => text?.includes(String(VIEWER)) === true, {
        afterMessageId: sent.message_id,
      });
    },
    recover: async () => {
      for (let turn = 0; turn < 500 && !person.botListening(); turn += 1) {
        clock.jump(301_000);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    restart: async (changed) => {
      await bot.stop();
      bot = create(changed);
      bot.start();
      return bot;
    },
    close: async () => {
      // What waits for an answer that never comes is given up after some seconds of the bot's own clock.
      const passing = setInterval(() => clock.jump(1_000), 10);
      await bot.stop();
      clearInterval(passing);
      await server.close();
    },
  };
  return harness;
};
