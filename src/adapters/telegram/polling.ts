import type { Api } from 'grammy';
import type { UserFromGetMe } from 'grammy/types';
import { MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { classifyFailure, type TelegramFailure } from './errors.ts';

/**
 * The update loop: long polling that never gives up. grammY's own loop ends on
 * 401 and 409 and sleeps on the real clock; this one names them, waits longer
 * each time and goes on.
 */
export interface Polling {
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Wall time since which no poll has succeeded; null while they do. */
  unreachableSince(): EpochMs | null;
  /** Whether one has succeeded since the start. */
  hasPolled(): boolean;
  self(): UserFromGetMe | null;
}

export type NamedTrouble = 'conflict' | 'token';

export interface PollingOptions {
  /** Without automatic retries: the loop has its own. */
  readonly api: Api;
  /** Long poll, in seconds. */
  readonly timeoutSeconds: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly handle: (update: unknown) => Promise<void>;
  /** Once, when the bot has introduced itself. */
  readonly onReady: (me: UserFromGetMe) => void;
  /** Once per episode of 409 or 401. */
  readonly onTrouble: (trouble: NamedTrouble, why: string) => void;
}

const MIN_BACKOFF: Milliseconds = SECOND_MS;
const MAX_BACKOFF: Milliseconds = 30 * SECOND_MS;
const MAX_TOKEN_BACKOFF: Milliseconds = 5 * MINUTE_MS;
/** How long an update may hold up the next ones: only the effect of a tightening command is waited for. */
const MAX_EFFECT_WAIT: Milliseconds = 2 * SECOND_MS;
const ALLOWED_UPDATES = ['message', 'edited_message', 'callback_query'] as const;

const NAMES: Readonly<Record<NamedTrouble, string>> = {
  conflict:
    '409 Conflict: another program polls with this bot token. Stop it, or give one of them another TELEGRAM_BOT_TOKEN. Trying again.',
  token:
    'Telegram refuses the bot token: it is wrong or was revoked. Put a valid TELEGRAM_BOT_TOKEN into the configuration and restart. Trying again.',
};

/** grammY's types want its own AbortSignal; the platform's is the same thing. */
export const asSignal = (signal: AbortSignal): Parameters<Api['getMe']>[0] =>
  signal as unknown as Parameters<Api['getMe']>[0];

export const createPolling = (options: PollingOptions): Polling => {
  const { api, clock, log, redact } = options;
  let self: UserFromGetMe | null = null;
  /**
   * Before the first poll, and after a 409: somebody may have set a webhook, and it would stand in the way for ever.
   */
  let mustIntroduce = true;
  let offset = 0;
  let failures = 0;
  let trouble: NamedTrouble | null = null;
  let lastSuccess: EpochMs = clock.wallNow();
  let unreachable: EpochMs | null = null;
  let polled = false;

  const succeed = (): void => {
    polled = true;
    if (failures > 0) log.info({ failures, troubled: trouble }, 'Telegram answers again');
    failures = 0;
    trouble = null;
    unreachable = null;
    lastSuccess = clock.wallNow();
  };

  const backoff = (failure: TelegramFailure): Milliseconds => {
    if (failure.kind === 'wait') return failure.after;
    const most = failure.kind === 'token' ? MAX_TOKEN_BACKOFF : MAX_BACKOFF;
    return Math.min(most, MIN_BACKOFF * 2 ** Math.min(failures - 1, 10));
  };

  const fail = (failure: TelegramFailure): Milliseconds => {
    failures += 1;
    // With two pollers messages still go out, so 409 is trouble but not silence.
    if (failure.kind !== 'conflict') unreachable ??= lastSuccess;
    else mustIntroduce = true;
    const named = failure.kind === 'conflict' || failure.kind === 'token' ? failure.kind : null;
    const after = backoff(failure);
    if (named !== null && named !== trouble) {
      trouble = named;
      log.error({ why: failure.why, nextAttemptMs: after }, NAMES[named]);
      options.onTrouble(named, NAMES[named]);
    } else
      log.warn({ failure: failure.kind, why: failure.why, failures, nextAttemptMs: after }, 'Telegram poll failed');
    return after;
  };

  const introduce = async (signal: AbortSignal): Promise<void> => {
    const me = await api.getMe(asSignal(signal));
    await api.deleteWebhook({}, asSignal(signal));
    mustIntroduce = false;
    if (self !== null) return;
    self = me;
    log.info({ bot: me.username, id: me.id }, 'Telegram bot is up');
    options.onReady(me);
  };

  const handleOne = async (update: unknown, signal: AbortSignal): Promise<void> => {
    const done = new AbortController();
    await Promise.race([options.handle(update), clock.sleep(MAX_EFFECT_WAIT, AbortSignal.any([signal, done.signal]))]);
    done.abort();
  };

  const pollOnce = async (signal: AbortSignal): Promise<void> => {
    if (mustIntroduce) await introduce(signal);
    const updates = await api.getUpdates(
      { offset, timeout: options.timeoutSeconds, allowed_updates: ALLOWED_UPDATES },
      asSignal(signal),
    );
    succeed();
    for (const update of updates) {
      if (signal.aborted) return;
      await handleOne(update, signal);
      if (Number.isSafeInteger(update.update_id)) offset = update.update_id + 1;
    }
  };

  /** Tells Telegram what has been handled, so that a restart does not see it again. */
  const confirmOffset = async (): Promise<void> => {
    if (offset === 0 || failures > 0) return;
    try {
      await api.getUpdates({ offset, limit: 1, timeout: 0 }, asSignal(AbortSignal.timeout(2 * SECOND_MS)));
    } catch (error) {
      log.debug(
        { why: classifyFailure(error, redact).why },
        'last updates not acknowledged; they are recognised when they come again',
      );
    }
  };

  return {
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          await pollOnce(signal);
        } catch (error) {
          if (signal.aborted) break;
          await clock.sleep(fail(classifyFailure(error, redact)), signal);
        }
      }
      await confirmOffset();
    },
    unreachableSince: () => unreachable,
    hasPolled: () => polled,
    self: () => self,
  };
};
