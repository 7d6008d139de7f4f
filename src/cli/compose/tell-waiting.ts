import { createAnnouncer } from '../../adapters/telegram/announcer.ts';
import { createWebhook } from '../../adapters/system/web-calls.ts';
import type { Alert } from '../../core/engine/alert.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import { utcMinute } from '../../core/words.ts';
import { lookUpName, lookUpSideName } from '../names.ts';
import { otherSecrets } from '../telegram-side.ts';
import type { StartWaits } from '../../app/bot.ts';
import { callHook } from '../../app/outbox/silence.ts';
import type { Base } from './base.ts';

/** A start that waits is told after this long (wall time), then each hour, and when it goes on. */
export const TOLD_AFTER: Milliseconds = MINUTE_MS;
const TOLD_AGAIN: Milliseconds = HOUR_MS;
/** Before another try when nobody was reached. */
const TELL_RETRY: Milliseconds = 30 * SECOND_MS;

/** Tells people something before the books are open; whether anybody was reached. */
export type Tell = (text: string, at: EpochMs) => Promise<boolean>;

/** The text as an alert: its first line is the title. */
export const waitingAlert = (text: string, at: EpochMs): Alert => {
  const [title = '', ...lines] = text.split('\n');
  return { kind: 'lifecycle', key: `waiting:${at}`, title, lines, commands: [], symbol: null, at };
};

/** Both ways at once: the books and with them the outbox are not open yet. */
export const tellPeople = ({ config, log }: Pick<Base, 'config' | 'log'>): Tell => {
  const { telegramBotToken: token, alertWebhookUrl } = config.secrets;
  const hook = alertWebhookUrl === null ? null : createWebhook(alertWebhookUrl, lookUpSideName);
  const { operators, apiRoot, chats } = config.telegram;
  const places = chats.map(({ chatId, topicId }) => ({ chatId, threadId: topicId }));
  const announcer =
    token === null
      ? null
      : createAnnouncer({
          token,
          apiRoot,
          lookUp: lookUpName,
          operators,
          chats: places,
          secrets: otherSecrets(config),
          timeZone: config.timeZone,
        });
  const byHook = async (text: string): Promise<boolean> => hook !== null && (await callHook(hook, text, log));
  return async (text, at) => {
    const reached = await Promise.all([byHook(text), announcer?.announce(waitingAlert(text, at)) ?? false]);
    return reached.includes(true);
  };
};

/** What a start waits for, and how it is told when that is there. */
const WAITS = {
  exchange: { forWhat: 'the exchange', over: 'the exchange answers' },
  account: { forWhat: 'its account', over: 'nothing else holds its account now' },
} as const;

/**
 * Tells people of a start that waits, since nothing else can yet. `meanwhile`: what the waiting means for positions, in
 * words.
 */
export const watchWaiting = (
  { wall, log }: Pick<Base, 'wall' | 'log'>,
  mode: string,
  tell: Tell,
  meanwhile: string,
  waitsFor: keyof typeof WAITS = 'exchange',
): StartWaits => {
  const { forWhat, over } = WAITS[waitsFor];
  const since = wall.wallNow();
  const begun = wall.monotonicNow();
  let nextAt = begun + TOLD_AFTER;
  let told = false;
  /** One after the other, and beside the start: a slow way to people must not keep it from going on. */
  let telling: Promise<void> = Promise.resolve();
  const say = (text: string, wanted: () => boolean): void => {
    telling = telling.then(async () => {
      if (!wanted()) return;
      const reached = await tell(text, wall.wallNow()).catch(() => false);
      told ||= reached;
      if (reached) return;
      nextAt = wall.monotonicNow() + TELL_RETRY;
      log.error({}, 'the start waits, and nobody could be told');
    });
  };
  return {
    failed: (why) => {
      if (wall.monotonicNow() < nextAt) return;
      nextAt = wall.monotonicNow() + TOLD_AGAIN;
      say(
        `Guardian Bot (${mode}) waits for ${forWhat} since ${utcMinute(since)} UTC\n${why}\n${meanwhile}`,
        () => true,
      );
    },
    // Whoever has not heard that it waits need not hear that it goes on.
    over: () => say(`Guardian Bot (${mode}): ${over}, the start goes on`, () => told),
  };
};
