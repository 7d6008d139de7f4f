import type { CancelEffect } from '../core/engine/effect.ts';
import type { OrderOutcome } from '../core/engine/input.ts';
import type { ApprovedOrder } from '../core/guardian/approved-order.ts';
import { isFinalStatus, type OrderPurpose } from '../core/orders/order.ts';
import type { OrderRecord } from '../core/orders/record.ts';
import type { EpochMs, Milliseconds, SymbolName } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OrderReference, Venue, VenueError } from '../ports/venue.ts';
import { backoff, DEFAULT_RATE_WAIT, MAX_ENTRY_SENDS, MAX_REDUCE_SENDS } from './retry-policy.ts';

/**
 * Delivers approved orders and reports what became of them.
 *
 * Invariants: an intent is committed before it gets here; an order is sent
 * again only when it certainly did not arrive; an unknown outcome is looked up
 * by client id, and "not found" counts only when a second look-up after the
 * receive window says so, too. Every result goes back to the engine.
 */
export interface Executor {
  place(order: ApprovedOrder): void;
  cancel(effect: CancelEffect): void;
  /** Finds out where an order stands, whatever it takes. */
  resolve(reference: OrderReference): void;
  /** Whether nothing is under way. */
  readonly idle: boolean;
  /** Resolves when nothing is under way, or when the span of wall time is over. */
  settled(limit: Milliseconds): Promise<boolean>;
  /** Takes no more entries; work under way goes on. */
  close(): void;
}

export interface ExecutorOptions {
  readonly venue: Venue;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly report: (reference: OrderReference, outcome: OrderOutcome) => void;
  readonly cancelFailed: (reference: OrderReference, error: VenueError) => void;
}

/** Stops and exits go first. */
const PRIORITY: Readonly<Record<OrderPurpose | 'cancel', number>> = { cancel: 0, exit: 1, stop: 1, entry: 2 };
/** Looks at an accepted order that should be final at once (market, IOC) before it is left to the watch. */
const FINAL_LOOKS = 5;

interface Job {
  readonly key: string;
  readonly priority: number;
  readonly run: () => Promise<void>;
}

export const createExecutor = (options: ExecutorOptions): Executor => {
  const { venue, clock, log, random, report } = options;
  const waiting: Job[] = [];
  const active = new Map<string, SymbolName>();
  let listeners: (() => void)[] = [];
  let sending = false;
  let slowUntil: EpochMs = 0;
  let closed = false;

  const announceIdle = (): void => {
    if (active.size > 0 || waiting.length > 0) return;
    const ready = listeners;
    listeners = [];
    for (const listener of ready) listener();
  };

  const start = (key: string, symbol: SymbolName, priority: number, run: () => Promise<void>): void => {
    if (active.has(key)) return;
    active.set(key, symbol);
    waiting.push({ key, priority, run });
    waiting.sort((a, b) => a.priority - b.priority);
    void pump();
  };

  /** Jobs start in the order of their urgency, after a client-wide slow-down; one that waits for an outcome holds no other up. */
  const pump = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    try {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        const { key, run } = job;
        const pause = slowUntil - clock.wallNow();
        if (pause > 0) await clock.sleep(pause);
        void run()
          .catch((error: unknown) => log.error({ key, error: String(error) }, 'executor job failed'))
          .finally(() => {
            active.delete(key);
            announceIdle();
          });
        await Promise.resolve();
      }
    } finally {
      sending = false;
    }
  };

  const slowDown = (error: VenueError): void => {
    if (error.kind !== 'rate-limited') return;
    slowUntil = Math.max(slowUntil, clock.wallNow() + (error.retryAfter ?? DEFAULT_RATE_WAIT));
    log.warn({ code: error.code, until: slowUntil }, 'the exchange asks to slow down');
  };

  /** Waits before another try: the client-wide slow-down or the back-off, whichever is longer. */
  const pause = (attempt: number): Promise<void> =>
    clock.sleep(Math.max(backoff(attempt, random), slowUntil - clock.wallNow()));

  const send = async (order: ApprovedOrder): Promise<void> => {
    const { draft } = order;
    const reference = { symbol: draft.symbol, clientOrderId: draft.clientOrderId };
    const most = draft.purpose === 'entry' ? MAX_ENTRY_SENDS : MAX_REDUCE_SENDS;
    for (let attempt = 0; ; attempt += 1) {
      if (draft.expiresAtWall !== null && clock.wallNow() > draft.expiresAtWall) {
        return report(reference, { kind: 'not-sent', code: 'expired', message: 'the signal was too old to send' });
      }
      if (closed && draft.purpose === 'entry') {
        return report(reference, { kind: 'not-sent', code: 'stopping', message: 'the bot is stopping' });
      }
      const outcome = await venue.send(order);
      switch (outcome.kind) {
        case 'accepted':
          report(reference, { kind: 'known', order: outcome.order });
          if (draft.purpose !== 'stop' && !isFinalStatus(outcome.order.status)) await followUp(reference);
          return;
        case 'rejected':
          return report(reference, { kind: 'rejected', code: outcome.error.code, message: outcome.error.message });
        case 'unknown':
          report(reference, { kind: 'unknown', code: outcome.error.code, message: outcome.error.message });
          return lookUpUntilKnown(reference);
        case 'not-sent':
          slowDown(outcome.error);
          if (attempt + 1 >= most) {
            return report(reference, { kind: 'not-sent', code: outcome.error.code, message: outcome.error.message });
          }
          await pause(attempt);
      }
    }
  };

  /** A market or IOC order that was accepted but not final yet. */
  const followUp = async (reference: OrderReference): Promise<void> => {
    for (let look = 0; look < FINAL_LOOKS; look += 1) {
      await pause(look);
      const found = await venue.lookUp(reference);
      if (found.kind !== 'found') continue;
      report(reference, { kind: 'known', order: found.order });
      if (isFinalStatus(found.order.status)) return;
    }
  };

  const lookUpUntilKnown = async (reference: OrderReference): Promise<void> => {
    let firstMiss = false;
    for (let attempt = 0; ; attempt += 1) {
      const found = await venue.lookUp(reference);
      if (found.kind === 'found') return report(reference, { kind: 'known', order: found.order });
      if (found.kind === 'not-found') {
        if (firstMiss) return report(reference, { kind: 'not-found' });
        // The request may still be on its way: the exchange may act on it until the receive window is over.
        firstMiss = true;
        await clock.sleep(venue.receiveWindow + SETTLING);
        continue;
      }
      slowDown(found.error);
      await pause(attempt);
    }
  };

  const cancelOrder = async (effect: CancelEffect): Promise<void> => {
    const reference = { symbol: effect.symbol, clientOrderId: effect.clientOrderId };
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await venue.cancel(reference);
      switch (outcome.kind) {
        case 'cancelled':
          return report(reference, { kind: 'known', order: outcome.order });
        case 'not-open':
          return lookUpUntilKnown(reference);
        case 'unknown': {
          const found = await venue.lookUp(reference);
          if (found.kind === 'found' && isFinalStatus(found.order.status)) return report(reference, { kind: 'known', order: found.order });
          break;
        }
        case 'not-sent':
          slowDown(outcome.error);
      }
      if (attempt + 1 >= MAX_REDUCE_SENDS) return options.cancelFailed(reference, outcome.error);
      await pause(attempt);
    }
  };

  return {
    place: (order) => start(`send:${order.draft.clientOrderId}`, order.draft.symbol, PRIORITY[order.draft.purpose], () => send(order)),
    cancel: (effect) => start(`cancel:${effect.clientOrderId}`, effect.symbol, PRIORITY.cancel, () => cancelOrder(effect)),
    resolve: (reference) => {
      if (active.has(`send:${reference.clientOrderId}`) || active.has(`cancel:${reference.clientOrderId}`)) return;
      start(`look:${reference.clientOrderId}`, reference.symbol, PRIORITY.stop, () => lookUpUntilKnown(reference));
    },
    get idle() {
      return active.size === 0;
    },
    settled: async (limit) => {
      if (active.size === 0) return true;
      const controller = new AbortController();
      const done = new Promise<boolean>((resolve) => listeners.push(() => resolve(true)));
      const late = clock.sleep(limit, controller.signal).then(() => active.size === 0);
      const result = await Promise.race([done, late]);
      controller.abort();
      return result;
    },
    close: () => {
      closed = true;
    },
  };
};

/** Wall time added to the receive window before the second look: the exchange's own delay. */
const SETTLING: Milliseconds = 1_000;

/** References of orders whose end the engine does not know. */
export const unsettled = (orders: Readonly<Record<string, OrderRecord>>): readonly OrderRecord[] =>
  Object.values(orders).filter((record) => record.status === 'intent' || record.status === 'unknown' || record.status === 'working');
