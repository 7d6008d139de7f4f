import type { EpochMs, Milliseconds } from '../../core/units.ts';

/** What a request is for: orders and what protects a position go on where reads already wait. */
export type Urgency = 'order' | 'read';

export interface RequestBudget {
  /** null = go ahead; else how long to wait, because the exchange asked for it or the minute's weight is nearly used. */
  wait(urgency: Urgency): Milliseconds | null;
  /** The exchange's count of this minute's weight, from its answer. */
  noteUsed(weight: number): void;
  /** The exchange asked to slow down (429) or banned us for a while (418): everything waits. The firewall before it refused (403): reads wait. */
  noteLimited(status: number, retryAfter: Milliseconds | null): void;
  /** The exchange's limit a minute, from its own information. */
  setLimit(weight: number): void;
  readonly usedWeight: number;
  readonly limit: number;
}

const MINUTE: Milliseconds = 60_000;
/** Reads stop here, so that orders always find room. */
const READ_SHARE = 0.7;
const ORDER_SHARE = 0.95;
/** Used when the exchange does not say how long. */
const DEFAULT_PAUSE_429: Milliseconds = 5_000;
const DEFAULT_PAUSE_418: Milliseconds = 120_000;
const DEFAULT_PAUSE_403: Milliseconds = 60_000;
/** Spot's documented limit until the exchange states its own. */
const STANDARD_LIMIT = 6_000;

/**
 * One budget for the whole client. Going on after a 429 earns a ban (418) that would
 * also stop exits, so while it lasts every call is refused here and costs nothing.
 */
export const createRequestBudget = (now: { readonly wall: () => EpochMs; readonly monotonic: () => Milliseconds }): RequestBudget => {
  let limit = STANDARD_LIMIT;
  let used = 0;
  let minute = 0;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let readsPausedUntil = Number.NEGATIVE_INFINITY;
  const currentMinute = (): number => Math.floor(now.wall() / MINUTE);
  const usedNow = (): number => (currentMinute() === minute ? used : 0);
  return {
    wait: (urgency) => {
      const pause = (urgency === 'read' ? Math.max(pausedUntil, readsPausedUntil) : pausedUntil) - now.monotonic();
      if (pause > 0) return pause;
      const share = urgency === 'order' ? ORDER_SHARE : READ_SHARE;
      return usedNow() >= limit * share ? MINUTE - (now.wall() % MINUTE) : null;
    },
    noteUsed: (weight) => {
      if (!Number.isFinite(weight) || weight < 0) return;
      minute = currentMinute();
      used = weight;
    },
    noteLimited: (status, retryAfter) => {
      // Whoever goes on reading is banned in the end; an exit that gets through is worth its try.
      if (status === 403) {
        readsPausedUntil = Math.max(readsPausedUntil, now.monotonic() + (retryAfter ?? DEFAULT_PAUSE_403));
        return;
      }
      const pause = retryAfter ?? (status === 418 ? DEFAULT_PAUSE_418 : DEFAULT_PAUSE_429);
      pausedUntil = Math.max(pausedUntil, now.monotonic() + pause);
    },
    setLimit: (weight) => {
      if (Number.isFinite(weight) && weight > 0) limit = weight;
    },
    get usedWeight() {
      return usedNow();
    },
    get limit() {
      return limit;
    },
  };
};
