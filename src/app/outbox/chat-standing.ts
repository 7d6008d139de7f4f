import { MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';

/** What is known of one chat by what became of the deliveries to it: the only place where that is kept. */
export interface ChatStanding {
  delivered(): void;
  /** One alert can never be delivered; the chat itself is open. */
  refused(): void;
  /** @returns whether this is news: the chat was not known to be closed to the bot */
  closed(): boolean;
  /** Not delivered for now. @returns how often in a row, and how long to wait */
  failed(after: Milliseconds): { readonly failures: number; readonly wait: Milliseconds };
  /** Something did not get through. @returns whether the other chats have not heard of it yet */
  mayTell(): boolean;
  /** They have now: once per episode. */
  told(): void;
  /** Wall time since which nothing has got through; null = it does, or nothing was tried. */
  deafSince(): EpochMs | null;
  /** Whether the chat is known to be closed to the bot. */
  isClosed(): boolean;
  /** Whether a closed chat is to be left alone for now. */
  rests(): boolean;
  /** Somebody was heard there. @returns whether it was known to be closed */
  heard(): boolean;
  lastDelivered(): EpochMs | null;
}

const MIN_BACKOFF: Milliseconds = SECOND_MS;
const MAX_BACKOFF: Milliseconds = MINUTE_MS;
/** Between two tries of a chat that is closed to the bot. */
const PROBE_MS: Milliseconds = MINUTE_MS;

export const createChatStanding = (clock: Clock): ChatStanding => {
  let failures = 0;
  let deaf: EpochMs | null = null;
  /** Whether the others have heard of it: not by the deafness, which begins with an outage that all see. */
  let isTold = false;
  let lastDelivered: EpochMs | null = null;
  /** Monotonic time of the next try of a closed chat; null = the chat is not known to be closed. */
  let probeAt: Milliseconds | null = null;
  return {
    delivered: () => {
      failures = 0;
      deaf = null;
      isTold = false;
      probeAt = null;
      lastDelivered = clock.wallNow();
    },
    refused: () => {
      failures = 0;
    },
    closed: () => {
      const isNews = probeAt === null;
      failures = 0;
      probeAt = clock.monotonicNow() + PROBE_MS;
      return isNews;
    },
    failed: (after) => {
      failures += 1;
      deaf ??= clock.wallNow();
      const backoff = Math.min(MAX_BACKOFF, MIN_BACKOFF * 2 ** Math.min(failures - 1, 10));
      return { failures, wait: Math.max(after, backoff) };
    },
    mayTell: () => {
      deaf ??= clock.wallNow();
      return !isTold;
    },
    told: () => {
      isTold = true;
    },
    deafSince: () => deaf,
    isClosed: () => probeAt !== null,
    rests: () => probeAt !== null && clock.monotonicNow() < probeAt,
    heard: () => {
      const wasClosed = probeAt !== null;
      probeAt = null;
      return wasClosed;
    },
    lastDelivered: () => lastDelivered,
  };
};
