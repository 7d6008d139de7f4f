import { SECOND_MS, type Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { classifyFailure, type TelegramFailure } from './errors.ts';

/** One way of sending something to the chat with this id. */
export type Way = (chatId: number) => Promise<void>;

/** A bounded line for each chat, so that a slow one holds up nobody else. */
export interface ChatQueue {
  /** The first of the ways that works. `onUndelivered`: called with why, when none did. */
  enqueue(chatId: number, ways: readonly Way[], onUndelivered?: (why: string) => void): void;
  /** Resolves when all that waits now has been tried. */
  settled(): Promise<void>;
}

export interface ChatQueueOptions {
  readonly currentChatId: (chatId: number) => number;
  readonly learnMigration: (from: number, to: number) => void;
  readonly redact: (text: string) => string;
  readonly clock: Clock;
  readonly log: Log;
}

const MAX_WAITING_PER_CHAT = 100;
const MAX_ATTEMPTS = 3;
const RETRY_MS: Milliseconds = 2 * SECOND_MS;

/** Null when it went through or needs no more; else the failure that remains. */
const attempt = async (options: ChatQueueOptions, way: Way, chatId: number): Promise<TelegramFailure | null> => {
  let to = options.currentChatId(chatId);
  for (let count = 1; ; count += 1) {
    try {
      await way(to);
      return null;
    } catch (error) {
      const failure = classifyFailure(error, options.redact);
      if (failure.kind === 'not-modified') return null;
      if (count >= MAX_ATTEMPTS) return failure;
      if (failure.kind === 'migrated') {
        options.learnMigration(chatId, failure.to);
        to = failure.to;
      } else if (failure.kind === 'unreachable') await options.clock.sleep(RETRY_MS * count);
      else return failure;
    }
  }
};

/**
 * The first of the ways that Telegram does not refuse: a deleted message cannot be edited, a group may allow no
 * pictures.
 */
const attemptAny = async (
  options: ChatQueueOptions,
  ways: readonly Way[],
  chatId: number,
): Promise<TelegramFailure | null> => {
  let failure: TelegramFailure | null = null;
  for (const way of ways) {
    failure = await attempt(options, way, chatId);
    if (failure === null || (failure.kind !== 'impossible' && failure.kind !== 'forbidden')) return failure;
    options.log.debug({ chatId, failure: failure.kind, why: failure.why }, 'a way of sending was refused');
  }
  return failure;
};

export const createChatQueue = (options: ChatQueueOptions): ChatQueue => {
  const { log } = options;
  const lines = new Map<number, { tail: Promise<void>; waiting: number }>();
  return {
    enqueue: (chatId, ways, onUndelivered) => {
      const line = lines.get(chatId) ?? { tail: Promise.resolve(), waiting: 0 };
      lines.set(chatId, line);
      if (line.waiting >= MAX_WAITING_PER_CHAT) {
        log.warn({ chatId, waiting: line.waiting }, 'reply dropped: too many wait for this chat');
        onUndelivered?.('too many messages wait for this chat');
        return;
      }
      line.waiting += 1;
      line.tail = line.tail.then(async () => {
        const failure = await attemptAny(options, ways, chatId);
        line.waiting -= 1;
        if (failure === null) return;
        log.warn({ chatId, failure: failure.kind, why: failure.why }, 'reply not delivered');
        onUndelivered?.(failure.why);
      });
    },
    settled: async () => {
      await Promise.allSettled([...lines.values()].map(({ tail }) => tail));
    },
  };
};
