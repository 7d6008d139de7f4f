import type { Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';

/**
 * Resolves when a request of this cost (units of weight, as the client library counts them) may go; in the order of the
 * calls.
 */
export type RequestPacer = (cost: number) => Promise<void>;

/**
 * Spreads requests evenly: a request goes when `interval` has passed for each unit of cost of those before it; 0 = no
 * wait. It waits by monotonic time. The client library's own queue waits by the wall clock: were that set back by an
 * hour while a request waits, every later request would be held up for an hour, exits and stops included.
 */
export const createRequestPacer = (
  clock: Pick<Clock, 'monotonicNow' | 'sleep'>,
  interval: Milliseconds,
): RequestPacer => {
  let freeAt = Number.NEGATIVE_INFINITY;
  return async (cost) => {
    if (interval <= 0) return;
    const now = clock.monotonicNow();
    const at = Math.max(now, freeAt);
    freeAt = at + cost * interval;
    if (at > now) await clock.sleep(at - now);
  };
};
