import { HOUR_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';

/** Another way to reach people when Telegram is silent (ALERT_WEBHOOK_URL). */
export interface AlarmHook {
  /** Rejects when it did not get through. */
  call(text: string): Promise<void>;
}

export interface SilenceWatchOptions {
  /** Wall time since which nobody can be reached, or null. */
  readonly silentSince: () => EpochMs | null;
  /** TELEGRAM_SILENCE_SECONDS. */
  readonly limit: Milliseconds;
  /**
   * Whether entries have stood since before this start: that silence is over once `heard` says so, and a start alone
   * proves nothing.
   */
  readonly before: boolean;
  /** Whether people have been reached since the start. */
  readonly heard: () => boolean;
  readonly hook: AlarmHook | null;
  /** What people are told: what waits for them. */
  readonly summary: () => string;
  /** Told whenever the answer changes: entries stop while true. */
  readonly onChange: (silent: boolean, since: EpochMs | null) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const CHECK_MS: Milliseconds = SECOND_MS;
const REPEAT_MS: Milliseconds = HOUR_MS;
const HOOK_RETRY_MS: Milliseconds = 30 * SECOND_MS;

/** Calls a hook; whether it got through. */
export const callHook = async (hook: AlarmHook, text: string, log: Log): Promise<boolean> => {
  try {
    await hook.call(text);
    return true;
  } catch (error) {
    log.warn({ why: error instanceof Error ? error.message : String(error) }, 'the alert webhook failed');
    return false;
  }
};

/** Watches for silence, tells the engine and calls the hook: at the limit, then hourly, and when it is over. */
export const createSilenceWatch = (
  options: SilenceWatchOptions,
): { run(signal: AbortSignal): Promise<void>; isSilent(): boolean } => {
  const { clock, log, hook } = options;
  let silent = options.before;
  let inherited = options.before;
  let told = false;
  let nextCall: Milliseconds = 0;
  /** The silence that is counted, and the monotonic time at which it was first seen. */
  let counted: { readonly since: EpochMs; readonly seenAt: Milliseconds } | null = null;

  /** Long by either clock is long: one that is set back must not make people reachable. */
  const lasted = (since: EpochMs): Milliseconds => {
    const elapsed = clock.monotonicNow();
    if (counted?.since !== since) counted = { since, seenAt: elapsed };
    return Math.max(clock.wallNow() - since, elapsed - counted.seenAt);
  };

  const call = async (text: string): Promise<boolean> => hook === null || (await callHook(hook, text, log));

  const check = async (): Promise<void> => {
    const since = options.silentSince();
    const long = since !== null && lasted(since) >= options.limit;
    const isNow = long || (inherited && !options.heard());
    if (isNow !== silent) {
      silent = isNow;
      inherited = false;
      log[isNow ? 'error' : 'info'](
        { since },
        isNow ? 'Telegram is silent: nobody can be reached' : 'Telegram can be reached again',
      );
      options.onChange(isNow, since);
    }
    if (long && clock.monotonicNow() >= nextCall) {
      const reached = await call(
        `Guardian Bot: Telegram cannot be reached since ${new Date(since).toISOString()}. ${options.summary()}`,
      );
      told ||= reached;
      nextCall = clock.monotonicNow() + (reached ? REPEAT_MS : HOOK_RETRY_MS);
    } else if (!isNow && told) {
      told = !(await call('Guardian Bot: Telegram can be reached again.'));
      nextCall = 0;
    }
  };

  return {
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          await check();
        } catch (error) {
          log.error(
            { why: error instanceof Error ? error.message : String(error) },
            'the watch for silence failed; it goes on',
          );
        }
        await clock.sleep(CHECK_MS, signal);
      }
    },
    isSilent: () => silent,
  };
};
