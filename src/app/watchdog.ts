import { MINUTE_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

/** Without a sign of progress for this long (wall time) the bot counts as stalled, whatever its event loop does. */
export const STALL_LIMIT: Milliseconds = 2 * MINUTE_MS;
/** Wall time between two looks. */
const LOOK: Milliseconds = 5_000;

/** What has to move for the bot to be alive: looks at the market, and inputs through engine and Guardian. */
export interface Progress {
  readonly rounds: number;
  readonly inputs: number;
}

export interface Watchdog {
  /** Whether both counters have moved within the limit. */
  healthy(): boolean;
  /** Wall time of the last progress of both. */
  lastProgress(): EpochMs;
  run(signal: AbortSignal): Promise<void>;
}

/** Feeds the service watchdog and the heartbeat only while engine and Guardian make progress. */
export const createWatchdog = (options: {
  readonly clock: Clock;
  readonly log: Log;
  readonly progress: () => Progress;
  /** Called at each look while healthy. */
  readonly feed: () => Promise<void>;
  /** Called each minute while healthy; null = no heartbeat. */
  readonly beat: (() => Promise<void>) | null;
}): Watchdog => {
  const { clock, log } = options;
  let seen: Progress = { rounds: -1, inputs: -1 };
  let roundsAt = clock.monotonicNow();
  let inputsAt = clock.monotonicNow();
  let progressWall = clock.wallNow();
  let beatAt = Number.NEGATIVE_INFINITY;
  let stalled = false;

  const look = (): void => {
    const now = options.progress();
    const at = clock.monotonicNow();
    if (now.rounds !== seen.rounds) roundsAt = at;
    if (now.inputs !== seen.inputs) inputsAt = at;
    if (now.rounds !== seen.rounds && now.inputs !== seen.inputs) progressWall = clock.wallNow();
    seen = { ...now };
  };
  const healthy = (): boolean => {
    look();
    const at = clock.monotonicNow();
    return at - roundsAt < STALL_LIMIT && at - inputsAt < STALL_LIMIT;
  };
  const tryTo = async (what: string, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      log.warn({ why: error instanceof Error ? error.message : String(error) }, `${what} failed`);
    }
  };

  return {
    healthy,
    lastProgress: () => progressWall,
    run: async (signal) => {
      while (!signal.aborted) {
        if (healthy()) {
          stalled = false;
          await tryTo('watchdog', options.feed);
          if (options.beat !== null && clock.monotonicNow() - beatAt >= MINUTE_MS) {
            beatAt = clock.monotonicNow();
            await tryTo('heartbeat', options.beat);
          }
        } else if (!stalled) {
          stalled = true;
          log.error({ rounds: seen.rounds, inputs: seen.inputs }, 'no progress: the watchdog is not fed');
        }
        await clock.sleep(LOOK, signal);
      }
    },
  };
};
