import type { LookupFunction } from 'node:net';

import type { Alert } from '../../core/engine/alert.ts';
import { SECOND_MS } from '../../core/units.ts';
import type { ChatTarget } from '../../ports/chat.ts';
import { createApiMaker } from './api.ts';
import { createRedactor } from './errors.ts';
import { createTelegramNotifier } from './notifier.ts';

/** A send without an answer has failed after this long. */
const PATIENCE = 20 * SECOND_MS;

export interface AnnouncerOptions {
  readonly token: string;
  readonly apiRoot: string;
  /**
   * How its name is looked up: in one place for the whole process, so that while it hangs the exchange's does not wait.
   */
  readonly lookUp: LookupFunction;
  readonly operators: readonly number[];
  /** Groups and topics. */
  readonly chats: readonly ChatTarget[];
  readonly secrets: readonly string[];
  /** IANA name. */
  readonly timeZone: string;
}

/**
 * Tells operators something before there is a database: no outbox remembers it, so that whoever calls tries again.
 * It sends and never polls, beside a bot with the same token.
 */
export const createAnnouncer = (options: AnnouncerOptions): { announce(alert: Alert): Promise<boolean> } => {
  const { token, chats, operators } = options;
  const apiRoot = options.apiRoot.replace(/\/+$/, '');
  const notifier = createTelegramNotifier({
    api: createApiMaker(token, { apiRoot, lookUp: options.lookUp })(PATIENCE / SECOND_MS + 10),
    chats,
    currentChatId: (chatId) => chatId,
    learnMigration: () => undefined,
    redact: createRedactor([token, ...options.secrets]),
    timeZone: options.timeZone,
    patience: PATIENCE,
    signal: new AbortController().signal,
  });
  return {
    /** @returns whether anybody was reached */
    announce: async (alert) => {
      const places = [...new Set([...operators, ...chats.map(({ chatId }) => chatId)])];
      const outcomes = await Promise.all(places.map((chatId) => notifier.deliver(chatId, alert, false)));
      return outcomes.some(({ kind }) => kind === 'delivered');
    },
  };
};
