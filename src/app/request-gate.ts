import type { OrderPurpose } from '../core/orders/order.ts';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { VenueError } from '../ports/venue.ts';
import { DEFAULT_RATE_WAIT } from './retry-policy.ts';

/**
 * What the executor asks of an exchange: to take an order, to take one away, also to make room for another, or what
 * became of one.
 */
export type Errand = OrderPurpose | 'cancel' | 'make-room' | 'look';

/** Stops and exits go before entries, and what takes an order away before what makes one. */
const PRIORITY: Readonly<Record<Errand, number>> = { cancel: 0, 'make-room': 0, look: 1, exit: 1, stop: 1, entry: 2 };

/** Longest single sleep: a clock that was set back must not keep the gate shut. */
const LOOK: Milliseconds = 30 * SECOND_MS;

/**
 * Where every request of the executor waits while the exchange wants us to be
 * slow. One refusal slows all of them, or orders and what makes room for them, or entries alone, where it says that the
 * others may go; when the wait is over they go on in the order of their urgency, whoever came first.
 */
export interface RequestGate {
  /**
   * Resolves when a request may go: in the same moment as a rule. Early when the signal aborts or `until` (wall time)
   * is over: look again.
   */
  turn(errand: Errand, signal: AbortSignal, until: EpochMs | null): Promise<void>;
  /** Takes note of a refusal; those that do not ask for slowness change nothing. */
  note(error: VenueError): void;
  /** What is left of the slow-down for such requests. */
  left(errand: Errand): Milliseconds;
}

interface Waiter {
  readonly errand: Errand;
  readonly go: () => void;
}

export const createRequestGate = (clock: Clock, log: Log): RequestGate => {
  /** Monotonic time from which requests may go again; orders and what makes room for them; entries. */
  let openAt = Number.NEGATIVE_INFINITY;
  let ordersOpenAt = Number.NEGATIVE_INFINITY;
  let entriesOpenAt = Number.NEGATIVE_INFINITY;
  const waiting: Waiter[] = [];
  let watching = false;
  let nap = new AbortController();

  const left = (errand: Errand): Milliseconds => {
    // A stop is taken away so that its position can be sold: while no sale is taken, it goes on protecting.
    const orders = errand === 'look' || errand === 'cancel' ? openAt : ordersOpenAt;
    return Math.max(0, Math.max(openAt, orders, errand === 'entry' ? entriesOpenAt : openAt) - clock.monotonicNow());
  };

  const release = async (): Promise<void> => {
    if (watching) return;
    watching = true;
    // Those that come in the same moment are put in order first.
    await Promise.resolve();
    while (waiting.length > 0) {
      const next = waiting.findIndex(({ errand }) => left(errand) <= 0);
      if (next < 0) {
        nap = new AbortController();
        await clock.sleep(Math.min(LOOK, ...waiting.map(({ errand }) => left(errand))), nap.signal);
      } else waiting.splice(next, 1)[0]?.go();
    }
    watching = false;
  };

  const enqueue = (waiter: Waiter): void => {
    const index = waiting.findIndex((other) => PRIORITY[other.errand] > PRIORITY[waiter.errand]);
    waiting.splice(index < 0 ? waiting.length : index, 0, waiter);
    // Its wait may be shorter than that of those that were here, or none.
    nap.abort('another has come');
  };

  const turn = async (errand: Errand, signal: AbortSignal, until: EpochMs | null): Promise<void> => {
    if (signal.aborted) return;
    const gone = new AbortController();
    const passed = new Promise<void>((resolve) => {
      const waiter: Waiter = { errand, go: resolve };
      enqueue(waiter);
      const leave = (): void => {
        const index = waiting.indexOf(waiter);
        if (index >= 0) waiting.splice(index, 1);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true, signal: gone.signal });
      if (until !== null && left(errand) > 0)
        void clock.sleep(Math.max(0, until - clock.wallNow()) + 1, gone.signal).then(leave);
    });
    void release();
    await passed;
    // With a reason: without one an exception is made each time, which costs more than the wait.
    gone.abort('passed');
  };

  return {
    turn,
    note: (error) => {
      if (error.kind !== 'rate-limited') return;
      const wait = error.retryAfter ?? DEFAULT_RATE_WAIT;
      const until = clock.monotonicNow() + wait;
      if (error.urgentMayGo === true) entriesOpenAt = Math.max(entriesOpenAt, until);
      else if (error.ordersOnly === true) ordersOpenAt = Math.max(ordersOpenAt, until);
      else openAt = Math.max(openAt, until);
      log.warn(
        {
          code: error.code,
          waitMs: wait,
          entriesOnly: error.urgentMayGo === true,
          ordersOnly: error.ordersOnly === true,
        },
        'the exchange asks to slow down',
      );
    },
    left,
  };
};
