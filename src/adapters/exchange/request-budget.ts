import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { VenueError } from '../../ports/venue.ts';
import type { RequestKind } from './endpoints.ts';
import { isOrdersLimit } from './error-map.ts';

export interface RequestBudget {
  /**
   * null = go ahead; else how long to wait, because the exchange asked for it or the minute's weight is nearly used.
   */
  wait(kind: RequestKind): Milliseconds | null;
  /**
   * The exchange's count of the minute's weight, from its answer to a request that left at `sentAt` (the exchange's
   * wall clock).
   */
  noteUsed(weight: number, sentAt: EpochMs): void;
  /**
   * The exchange asked to slow down (429) or banned us for a while (418): everything waits. It counts too many orders
   * (-1015): orders wait, and nothing else. The firewall before it refused (403): all but what is urgent waits.
   * @returns for how long, also where the exchange did not say
   */
  noteLimited(status: number, code: string | null, retryAfter: Milliseconds | null): Milliseconds;
  /** The exchange has taken an order. */
  noteOrderTaken(): void;
  /**
   * Whether it counted too many orders (-1015), and has taken none since: the next may be refused as well, when the
   * pause is over.
   */
  readonly ordersRefused: boolean;
  /** The exchange's limit a minute, from its own information. */
  setLimit(weight: number): void;
  readonly usedWeight: number;
  readonly limit: number;
}

const MINUTE: Milliseconds = 60_000;
/**
 * Share of the minute's weight at which reads and entries stop: the rest is kept for stops, exits and cancellations,
 * which go until the exchange's own limit.
 */
const ORDINARY_SHARE = 0.7;
/** Used when the exchange does not say how long. */
const DEFAULT_PAUSE_429: Milliseconds = 5_000;
const DEFAULT_PAUSE_418: Milliseconds = 120_000;
const DEFAULT_PAUSE_403: Milliseconds = 60_000;
/** Spot's documented limit until the exchange states its own. */
const STANDARD_LIMIT = 6_000;

/**
 * What a request that has to wait comes to. What others would meet now is told along, and for how long those have to
 * wait that are not told to go: a purchase may have to wait for longer, and must not keep a stop or a look-up waiting
 * with it.
 */
export const heldBack = (wait: Milliseconds, budget: RequestBudget): VenueError => {
  const sale = budget.wait({ urgent: true, order: true });
  const look = budget.wait({ urgent: true, order: false });
  return {
    kind: 'rate-limited',
    code: 'local-budget',
    message: `waiting ${Math.ceil(wait)} ms for the exchange's limit`,
    ...(sale === null
      ? { retryAfter: wait, urgentMayGo: true }
      : look === null
        ? { retryAfter: Math.min(wait, sale), ordersOnly: true }
        : { retryAfter: Math.min(wait, look) }),
  };
};

/**
 * One budget for the whole client. Going on after a 429 earns a ban (418) that would
 * also stop exits, so while it lasts every call is refused here and costs nothing.
 * `wall`: the exchange's wall clock, by whose minutes it counts.
 */
export const createRequestBudget = (now: {
  readonly wall: () => EpochMs;
  readonly monotonic: () => Milliseconds;
}): RequestBudget => {
  let limit = STANDARD_LIMIT;
  let used = 0;
  let minute = 0;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let ordinaryPausedUntil = Number.NEGATIVE_INFINITY;
  let ordersPausedUntil = Number.NEGATIVE_INFINITY;
  let ordersRefused = false;
  const minuteOf = (at: EpochMs): number => Math.floor(at / MINUTE);
  const usedNow = (): number => (minuteOf(now.wall()) === minute ? used : 0);
  return {
    wait: ({ urgent, order }) => {
      const pause =
        Math.max(pausedUntil, urgent ? pausedUntil : ordinaryPausedUntil, order ? ordersPausedUntil : pausedUntil) -
        now.monotonic();
      if (pause > 0) return pause;
      return usedNow() >= limit * (urgent ? 1 : ORDINARY_SHARE) ? MINUTE - (now.wall() % MINUTE) : null;
    },
    noteUsed: (weight, sentAt) => {
      if (!Number.isFinite(weight) || weight < 0) return;
      // An answer that comes after the turn of the minute states the count of the one before, which would hold back the
      // whole next one.
      minute = minuteOf(sentAt);
      used = weight;
    },
    noteLimited: (status, code, retryAfter) => {
      const pause =
        retryAfter ?? (status === 418 ? DEFAULT_PAUSE_418 : status === 403 ? DEFAULT_PAUSE_403 : DEFAULT_PAUSE_429);
      const until = now.monotonic() + pause;
      if (isOrdersLimit(status, code)) {
        ordersPausedUntil = Math.max(ordersPausedUntil, until);
        ordersRefused = true;
      }
      // Whoever goes on reading is banned in the end; an exit that gets through is worth its try.
      else if (status === 403) ordinaryPausedUntil = Math.max(ordinaryPausedUntil, until);
      else pausedUntil = Math.max(pausedUntil, until);
      return pause;
    },
    noteOrderTaken: () => {
      ordersRefused = false;
    },
    get ordersRefused() {
      return ordersRefused;
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
