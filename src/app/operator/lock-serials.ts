import type { Lock } from '../../core/guardian/lock.ts';

/**
 * The Guardian makes a lock anew whenever it is set or wished again, and never changes one in place: so each wish has a
 * number of its own. Times cannot tell two of them apart where they fall into one millisecond, or where market time
 * stands still between two steps of a simulated market. Good for one process, as every confirmation is.
 */
const serials = new WeakMap<Lock, number>();
let newest = 0;

export const serialOf = (lock: Lock): number => {
  const known = serials.get(lock);
  if (known !== undefined) return known;
  newest += 1;
  serials.set(lock, newest);
  return newest;
};
