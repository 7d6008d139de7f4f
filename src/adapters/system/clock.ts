import { setTimeout as delay } from 'node:timers/promises';

import type { Clock } from '../../ports/clock.ts';

/** A timer longer than this fires at once (its delay is a 32-bit integer), so long sleeps are cut in pieces. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The real clock: market time is wall time. For the modes on a real exchange. */
export const createSystemClock = (): Clock => ({
  marketNow: () => Date.now(),
  wallNow: () => Date.now(),
  monotonicNow: () => performance.now(),
  sleep: async (span, signal) => {
    if (!(span >= 0)) throw new RangeError(`cannot sleep for ${span} ms`);
    const end = performance.now() + span;
    const aborted = (): boolean => signal?.aborted === true;
    for (let rest = span; rest > 0; rest = end - performance.now()) {
      if (aborted()) return;
      try {
        await delay(Math.min(rest, LONGEST_TIMER_MS), undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        if (aborted()) return;
        throw error;
      }
    }
  },
});
