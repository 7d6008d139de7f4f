import type { Milliseconds } from '../../core/units.ts';

export type RateVerdict = 'go' | 'warn' | 'drop';

/**
 * A token bucket per sender: `burst` at once, then `perSecond`. Who is over it
 * is told once, then ignored until the bucket has something again.
 */
export const createRateLimit = (
  burst: number,
  perSecond: number,
  monotonicNow: () => Milliseconds,
): ((senderId: number) => RateVerdict) => {
  // Only listed senders come this far, so the map is as small as the lists.
  const buckets = new Map<number, { tokens: number; at: Milliseconds; warned: boolean }>();
  return (senderId) => {
    const now = monotonicNow();
    const bucket = buckets.get(senderId) ?? { tokens: burst, at: now, warned: false };
    buckets.set(senderId, bucket);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      bucket.warned = false;
      return 'go';
    }
    if (bucket.warned) return 'drop';
    bucket.warned = true;
    return 'warn';
  };
};
