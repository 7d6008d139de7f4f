import type { OrderPurpose } from '../core/orders/order.ts';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { VenueError } from '../ports/venue.ts';
import { DEFAULT_RATE_WAIT } from './retry-policy.ts';

/** Stops and exits go before entries, and what takes an order away before what makes one. */
export const PRIORITY: Readonly<Record<OrderPurpose | 'cancel', number>> = { cancel: 0, exit: 1, stop: 1, entry: 2 };

/** Longest single sleep: a clock that was set back must not keep the gate shut. */
const LOOK: Milliseconds = 30 * SECOND_MS;

/**
 * Where every request of the executor waits while the exchange wants us to be
 * slow. One refusal slows all of them, or entries alone where it says that what is urgent
 * may go; when the wait is over they go on in the order of their urgency, whoever came first.
 */
export interface RequestGate {
  /** Resolves when a request may go: in the same moment as a rule. Early when the signal aborts or `until` (wall time) is over: look again. */
  turn(priority: number, signal: AbortSignal, until: EpochMs | null): Promise<void>;
  /** Takes note of a refusal; those that do not ask for slowness change nothing. */
  note(error: VenueError): void;
  /** What is left of the slow-down for requests of this priority. */
  left(priority: number): Milliseconds;
}

interface Waiter {
  readonly priority: number;
  readonly go: () => void;
}

export const createRequestGate = (clock: Clock, log: Log): RequestGate => {
  /** Monotonic time from which requests may go again. */
  let openAt = Number.NEGATIVE_INFINITY;
  /** The same for entries alone. */
  let entriesOpenAt = Number.NEGATIVE_INFINITY;
  const waiting: Waiter[] = [];
  let watching = false;
  let nap = new AbortController();

  const left = (priority: number): Milliseconds => Math.max(0, (priority < PRIORITY.entry ? openAt : Math.max(openAt, entriesOpenAt)) - clock.monotonicNow());

  const release = async (): Promise<void> => {
    if (watching) return;
    watching = true;
    // Those that come in the same moment are put in order first.
    await Promise.resolve();
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      const pause = left(first.priority);
      if (pause > 0) {
        nap = new AbortController();
        await clock.sleep(Math.min(pause, LOOK), nap.signal);
      } else waiting.shift()?.go();
    }
    watching = false;
  };

  const enqueue = (waiter: Waiter): void => {
    const index = waiting.findIndex((other) => other.priority > waiter.priority);
    waiting.splice(index < 0 ? waiting.length : index, 0, waiter);
    // It may go where those that were here wait.
    if (waiting[0] === waiter) nap.abort('more urgent');
  };

  const turn = async (priority: number, signal: AbortSignal, until: EpochMs | null): Promise<void> => {
    if (signal.aborted) return;
    const gone = new AbortController();
    const passed = new Promise<void>((resolve) => {
      const waiter: Waiter = { priority, go: resolve };
      enqueue(waiter);
      const leave = (): void => {
        const index = waiting.indexOf(waiter);
        if (index >= 0) waiting.splice(index, 1);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true, signal: gone.signal });
      if (until !== null && left(priority) > 0) void clock.sleep(Math.max(0, until - clock.wallNow()) + 1, gone.signal).then(leave);
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
      else openAt = Math.max(openAt, until);
      log.warn({ code: error.code, waitMs: wait, entriesOnly: error.urgentMayGo === true }, 'the exchange asks to slow down');
    },
    left,
  };
};
