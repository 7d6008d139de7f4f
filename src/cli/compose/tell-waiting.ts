import { createAnnouncer } from '../../adapters/telegram/announcer.ts';
import { createWebhook } from '../../adapters/system/web-calls.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import { otherSecrets } from '../telegram-side.ts';
import type { Base } from './base.ts';

/** A start that waits is told after this long (wall time), then each hour, and when it goes on. */
export const TOLD_AFTER: Milliseconds = MINUTE_MS;
const TOLD_AGAIN: Milliseconds = HOUR_MS;
/** Before another try when nobody was reached. */
const TELL_RETRY: Milliseconds = 30 * SECOND_MS;

/** Tells people something before the books are open; whether anybody was reached. */
export type Tell = (text: string, at: EpochMs) => Promise<boolean>;

/** Both ways at once: the books and with them the outbox are not open yet. */
export const tellPeople = ({ config, log }: Pick<Base, 'config' | 'log'>): Tell => {
  const { telegramBotToken: token, alertWebhookUrl } = config.secrets;
  const hook = alertWebhookUrl === null ? null : createWebhook(alertWebhookUrl);
  const { operators, apiRoot, chats } = config.telegram;
  const places = chats.map(({ chatId, topicId }) => ({ chatId, threadId: topicId }));
  const announcer = token === null ? null : createAnnouncer({ token, apiRoot, operators, chats: places, secrets: otherSecrets(config), timeZone: config.timeZone });
  const byHook = async (text: string): Promise<boolean> => {
    if (hook === null) return false;
    try {
      await hook.call(text);
      return true;
    } catch (error) {
      log.warn({ why: error instanceof Error ? error.message : String(error) }, 'the alert webhook failed');
      return false;
    }
  };
  return async (text, at) => {
    const [first = '', ...lines] = text.split('\n');
    const alert = { kind: 'lifecycle', key: `waiting:${at}`, title: first, lines, commands: [], symbol: null, at } as const;
    const reached = await Promise.all([byHook(text), announcer?.announce(alert) ?? false]);
    return reached.includes(true);
  };
};

/** Follows a start that waits for an answer: nobody else tells of it, because nothing else is up. */
export const watchWaiting = ({ wall, log }: Pick<Base, 'wall' | 'log'>, mode: string, tell: Tell): { failed(why: string): void; over(): Promise<void> } => {
  const since = wall.wallNow();
  const begun = wall.monotonicNow();
  let nextAt = begun + TOLD_AFTER;
  let told = false;
  /** One after the other, and beside the start: a slow way to people must not keep it from going on. */
  let telling: Promise<void> = Promise.resolve();
  const say = (text: string): Promise<void> => {
    telling = telling.then(async () => {
      const reached = await tell(text, wall.wallNow());
      told ||= reached;
      if (reached) return;
      nextAt = wall.monotonicNow() + TELL_RETRY;
      log.error({}, 'the start waits, and nobody could be told');
    });
    return telling;
  };
  return {
    failed: (why) => {
      if (wall.monotonicNow() < nextAt) return;
      nextAt = wall.monotonicNow() + TOLD_AGAIN;
      const stamp = new Date(since).toISOString().slice(0, 16).replace('T', ' ');
      void say(`Guardian Bot (${mode}) waits for the exchange since ${stamp} UTC\nIt does not tell whose account this is: ${why}\nNothing is traded or looked after meanwhile. Protective stops rest on the exchange; every other exit waits.`);
    },
    over: async () => {
      await telling;
      if (told) void say(`Guardian Bot (${mode}): the exchange answers, the start goes on`);
    },
  };
};
