import { SECOND_MS, type Milliseconds } from '../core/units.ts';

/** First wait, and its ceiling, for calls that may be made again; the wait doubles from one to the next. */
export const FIRST_WAIT: Milliseconds = 250;
export const LONGEST_WAIT: Milliseconds = 30 * SECOND_MS;
/** Sends of one entry, and of one stop or exit, that certainly did not arrive. */
export const MAX_ENTRY_SENDS = 3;
export const MAX_REDUCE_SENDS = 10;
/** Tries of one cancellation before the engine is told that it did not work out. */
export const MAX_CANCELS = 10;
/**
 * Looks at an accepted order that should be final at once (market, immediate-or-cancel) before it is left to the watch.
 */
export const MAX_FINAL_LOOKS = 5;
/** Wait when the exchange says "slow down" without saying for how long. */
export const DEFAULT_RATE_WAIT: Milliseconds = 60 * SECOND_MS;
/** Added to the receive window before the second look: the exchange's own delay. */
export const SETTLING: Milliseconds = SECOND_MS;

/**
 * Exponential back-off with jitter: between half and all of min(longest, first x 2^attempt), in milliseconds.
 * `attempt` counts from 0, `random` is in [0, 1). Source: the "equal jitter" variant of Brooker, Exponential
 * Backoff and Jitter (AWS Architecture Blog, 2015).
 */
export const backoff = (attempt: number, random: () => number): Milliseconds => {
  const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
};
