import type { Api } from 'grammy';
import type { Alert } from '../../core/engine/alert.ts';
import { SECOND_MS, type Milliseconds } from '../../core/units.ts';
import type { ChatTarget } from '../../ports/chat.ts';
import type { Delivery, Notifier } from '../../ports/outbox.ts';
import { GENERAL_TOPIC } from './access.ts';
import { classifyFailure, type TelegramFailure } from './errors.ts';
import { asSignal } from './polling.ts';
import { createAlertRenderer, NO_PREVIEW } from './render.ts';

export interface TelegramNotifierOptions {
  /** Without automatic retries: the outbox decides when to try again. */
  readonly api: Api;
  readonly chats: readonly ChatTarget[];
  readonly currentChatId: (chatId: number) => number;
  readonly learnMigration: (from: number, to: number) => void;
  readonly redact: (text: string) => string;
  /** IANA name; the time of each alert's cause is shown in it. */
  readonly timeZone: string;
  /** Wall time after which a send without an answer has failed. */
  readonly patience: Milliseconds;
  /** Ends deliveries at shutdown. */
  readonly signal: AbortSignal;
}

const toDelivery = (failure: TelegramFailure): Delivery => {
  switch (failure.kind) {
    case 'wait':
      return { kind: 'retry', after: failure.after, why: failure.why };
    // The token is wrong for every message: the message itself is sound and waits.
    case 'token':
      return { kind: 'retry', after: 60 * SECOND_MS, why: failure.why };
    case 'unreachable':
    case 'conflict':
    case 'migrated':
      return { kind: 'retry', after: SECOND_MS, why: failure.why };
    case 'forbidden':
      return { kind: 'closed', why: failure.why };
    case 'not-modified':
    case 'impossible':
      return { kind: 'impossible', why: failure.why };
  }
};

/** Carries alerts to chats: in a listed forum topic, to that topic. */
export const createTelegramNotifier = (options: TelegramNotifierOptions): Notifier => {
  const render = createAlertRenderer(options.timeZone, options.redact);
  const threadOf = (chatId: number): { readonly message_thread_id?: number } => {
    const threadId = options.chats.find((target) => target.chatId === chatId)?.threadId ?? null;
    return threadId === null || threadId === GENERAL_TOPIC ? {} : { message_thread_id: threadId };
  };
  const send = async (to: number, chatId: number, alert: Alert, silent: boolean): Promise<void> => {
    const { text, keyboard } = render(alert);
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.patience)]);
    await options.api.sendMessage(
      to,
      text.text,
      {
        entities: text.entities,
        ...NO_PREVIEW,
        disable_notification: silent,
        ...threadOf(chatId),
        ...(keyboard === undefined ? {} : { reply_markup: keyboard }),
      },
      asSignal(signal),
    );
  };
  return {
    deliver: async (chatId, alert, silent) => {
      let to = options.currentChatId(chatId);
      for (let attempt = 1; ; attempt += 1) {
        try {
          await send(to, chatId, alert, silent);
          return { kind: 'delivered' };
        } catch (error) {
          const failure = classifyFailure(error, options.redact);
          if (failure.kind !== 'migrated' || attempt > 1) return toDelivery(failure);
          options.learnMigration(chatId, failure.to);
          to = failure.to;
        }
      }
    },
  };
};
