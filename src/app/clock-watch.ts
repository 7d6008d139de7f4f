import { MAX_SKEW } from '../core/guardian/health-locks.ts';
import { MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Venue } from '../ports/venue.ts';
import type { EngineHost } from './engine-host.ts';

/** Wall time between two measurements of the clock difference, and after one that failed. */
export const SKEW_CADENCE: Milliseconds = 10 * MINUTE_MS;
export const SKEW_RETRY: Milliseconds = 15 * SECOND_MS;
/** Looks at the exchange's clock for one measurement, while answers are slow. */
const SKEW_LOOKS = 3;
/** A difference, or a doubt, worth watching more closely (the lock clears below 500 ms). */
const SKEW_TROUBLE: Milliseconds = 400;

interface Sample {
  readonly skew: Milliseconds;
  readonly doubt: Milliseconds;
}

/**
 * Measures by how much our clock and the exchange's differ, when it is due, and tells the engine; at once where the
 * clock was set.
 */
export const createClockWatch = (options: {
  readonly host: EngineHost;
  readonly venue: Pick<Venue, 'serverTime'>;
  readonly clock: Clock;
  readonly log: Log;
}): (() => Promise<void>) => {
  const { host, venue, clock, log } = options;
  let skewDueAt = Number.NEGATIVE_INFINITY;
  /** Our clocks at the newest look at the exchange's; null before the first. */
  let looked: { readonly wall: EpochMs; readonly monotonic: Milliseconds } | null = null;
  /** Whether the engine knows that the clock was set back behind its own time. */
  let setBack = false;

  /**
   * The best of some looks at the exchange's clock: its difference, give or take half of the way there and back. Null
   * when it does not answer.
   */
  const sampleClock = async (): Promise<Sample | null> => {
    let best: Sample | null = null;
    for (let look = 0; look < SKEW_LOOKS; look += 1) {
      const before = clock.wallNow();
      const begun = clock.monotonicNow();
      const read = await venue.serverTime();
      const doubt = (clock.monotonicNow() - begun) / 2;
      if (!read.ok) {
        log.warn({ code: read.error.code, why: read.error.message }, 'the exchange clock could not be read');
        return best;
      }
      if (best === null || doubt < best.doubt) best = { skew: read.value - before - doubt, doubt };
      if (best.doubt <= SKEW_TROUBLE / 2) return best;
    }
    return best;
  };

  /**
   * Where wall and monotonic time have parted since, the clock was set, or the machine has slept: what was measured is
   * no more.
   */
  const wasSet = (): boolean =>
    looked !== null &&
    Math.abs(clock.wallNow() - looked.wall - (clock.monotonicNow() - looked.monotonic)) > SKEW_TROUBLE;

  const skew = async (): Promise<void> => {
    looked = { wall: clock.wallNow(), monotonic: clock.monotonicNow() };
    const sample = await sampleClock();
    const trouble = sample === null || Math.abs(sample.skew) + sample.doubt > SKEW_TROUBLE;
    skewDueAt = clock.monotonicNow() + (trouble ? SKEW_RETRY : SKEW_CADENCE);
    if (sample === null) host.apply({ type: 'clock-skew', skew: null });
    // A slow answer says only that much: what it leaves in doubt is not a measurement, and the last one grows old.
    else if (sample.doubt <= SKEW_TROUBLE) host.apply({ type: 'clock-skew', skew: sample.skew });
    else if (Math.abs(sample.skew) - sample.doubt > MAX_SKEW) host.apply({ type: 'clock-skew', skew: sample.skew });
  };

  /**
   * Whether the clock was set back, of which the engine is told: its time stands still until it has caught up, and
   * nothing grows old in it.
   */
  const noteSetBack = (): boolean => {
    const ahead = host.state.at - clock.marketNow();
    if (ahead <= MAX_SKEW) {
      setBack = false;
      return false;
    }
    if (!setBack) {
      log.warn({ aheadMs: ahead }, 'the clock is behind what is journaled: no entries until it has caught up');
      host.apply({ type: 'clock-skew', skew: -ahead });
    }
    setBack = true;
    skewDueAt = Number.NEGATIVE_INFINITY;
    return true;
  };

  return () => (noteSetBack() || (clock.monotonicNow() < skewDueAt && !wasSet()) ? NOTHING : skew());
};

/** What a look has that is not due yet. */
const NOTHING = Promise.resolve();
