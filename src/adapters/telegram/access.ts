import { counted } from '../../core/words.ts';
import { HOUR_MS, type EpochMs } from '../../core/units.ts';
import type { Alert } from '../../core/engine/alert.ts';
import type { ChatMemory, ChatTarget } from '../../ports/chat.ts';
import type { Role } from '../../ports/operator.ts';
import type { Place, Sender } from './updates.ts';

export interface AccessList {
  readonly operators: readonly number[];
  readonly viewers: readonly number[];
  readonly chats: readonly ChatTarget[];
}

/**
 * Who may talk, and where. The sender counts, not the chat: a listed group lets
 * nobody in. Empty lists let nobody in.
 */
export interface Access {
  roleOf(userId: number): Role | null;
  /** A person's own chat with the bot, or a listed group or topic. */
  allows(place: Place, senderId: number): boolean;
  operators(): readonly number[];
}

/**
 * What Telegram's links call a forum's General topic. Messages there carry no topic, and a send that names this one is
 * refused.
 */
export const GENERAL_TOPIC = 1;

const MIGRATION_KEY = 'telegram/migrated/';

/** Under which id each chat is reached now. */
export interface ChatNames {
  current(chatId: number): number;
  learn(from: number, to: number): void;
}

/** The id under which a chat is reached now. A group that became a supergroup has another than the one configured. */
export const createChatNames = (memory: ChatMemory): ChatNames => ({
  current: (chatId) => {
    const to = Number(memory.get(`${MIGRATION_KEY}${chatId}`) ?? Number.NaN);
    return Number.isSafeInteger(to) ? to : chatId;
  },
  learn: (from, to) => memory.set(`${MIGRATION_KEY}${from}`, String(to)),
});

export const createAccess = (list: AccessList, currentChatId: (chatId: number) => number): Access => {
  const operators = new Set(list.operators);
  const viewers = new Set(list.viewers);
  return {
    roleOf: (userId) => (operators.has(userId) ? 'operator' : viewers.has(userId) ? 'viewer' : null),
    allows: (place, senderId) =>
      place.isPrivate
        ? place.chatId === senderId
        : list.chats.some(
            ({ chatId, threadId }) =>
              currentChatId(chatId) === place.chatId &&
              (threadId === null || threadId === (place.threadId ?? GENERAL_TOPIC)),
          ),
    operators: () => [...operators],
  };
};

export interface StrangerWatch {
  /** Counts somebody who got no answer; reports at most once an hour. */
  note(sender: Sender, place: Place, why: string): void;
}

const REPORT_KEY = 'telegram/strangers-reported';
const MAX_NAMED = 5;

/**
 * A stranger chooses the name, and Telegram makes addresses, commands and tags in a text into what a tap opens or
 * sends.
 */
const withoutLinks = (name: string): string => name.replaceAll(/[./:#$]/g, '·');

/** Bounded whatever the number of strangers: a counter and the first few names. */
export const createStrangerWatch = (
  memory: ChatMemory,
  wallNow: () => EpochMs,
  report: (alert: Alert, summary: { readonly sender: Sender; readonly chatId: number; readonly text: string }) => void,
): StrangerWatch => {
  let messages = 0;
  let named = new Map<number, string>();
  return {
    note: (sender, place, why) => {
      messages += 1;
      if (named.size < MAX_NAMED)
        named.set(sender.id, `${withoutLinks(sender.name)}, id ${sender.id}, chat ${place.chatId}: ${why}`);
      const now = wallNow();
      const last = Number(memory.get(REPORT_KEY) ?? Number.NEGATIVE_INFINITY);
      // A clock set back must not silence the report for ever.
      if (now - last < HOUR_MS && now >= last) return;
      memory.set(REPORT_KEY, String(now));
      const lines = [...named.values()];
      const text = `${counted(messages, 'message')} from people who are not allowed in`;
      report(
        {
          kind: 'security',
          key: `strangers:${now}`,
          title: `🚪 ${text}`,
          lines: [...lines, 'They got no answer. Told at most once an hour.'],
          commands: [],
          symbol: null,
          at: now,
        },
        { sender, chatId: place.chatId, text: `${text}: ${lines.join('; ')}` },
      );
      messages = 0;
      named = new Map();
    },
  };
};
