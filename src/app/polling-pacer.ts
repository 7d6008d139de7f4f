import { SECOND_MS, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Pacer } from '../ports/pacer.ts';

/** Wall time between two looks at prices in the modes on real clocks. */
export const LOOK_EVERY: Milliseconds = 5 * SECOND_MS;

/** The pace of the real-clock modes: a steady look at prices, woken early by the schedule when an hour closes. */
export const createPollingPacer = (clock: Clock, interval: Milliseconds): Pacer & { wake(): void } => {
  let current = new AbortController();
  return {
    wake: () => current.abort(),
    next: async (signal) => {
      current = new AbortController();
      await clock.sleep(interval, AbortSignal.any([signal, current.signal]));
      return 'wake';
    },
  };
};
