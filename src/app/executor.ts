import type { CancelEffect } from '../core/engine/effect.ts';
import type { OrderOutcome } from '../core/engine/input.ts';
import type { ApprovedOrder } from '../core/guardian/approved-order.ts';
import type { OrderRecord } from '../core/orders/record.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OrderReference, Venue, VenueError } from '../ports/venue.ts';
import { Delivery, type DeliveryTools } from './executor-delivery.ts';
import { createRequestGate } from './request-gate.ts';

/**
 * Delivers approved orders and reports what became of them.
 *
 * Invariants: an intent is committed before it gets here; an order is sent
 * again only when it certainly did not arrive; an unknown outcome is looked up
 * by client id, and "not found" counts only when a second look-up after the
 * receive window says so, too; the requests for one order never overtake each
 * other. Every result goes back to the engine.
 */
export interface Executor {
  place(order: ApprovedOrder): void;
  /** Takes an order away: from the exchange, or, while it certainly has not been sent, from the queue. */
  cancel(effect: CancelEffect): void;
  /**
   * Finds out where an order stands, whatever it takes. `missing`: it should be open and the exchange says that it is
   * not.
   */
  resolve(reference: OrderReference, missing?: boolean): void;
  /** Asks no more for an order that an operator has settled by hand. */
  forget(clientOrderId: string): void;
  /** Whether nothing is under way but orders that are stuck. */
  readonly idle: boolean;
  /**
   * Client ids of orders whose look-ups have failed for a minute: they go on being asked for, and nobody waits for
   * them.
   */
  readonly stuck: readonly string[];
  /** Resolves when nothing is under way (true), or when the span of wall time is over (whether it is then). */
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
  /** Wall time at which an order was placed; null for one that the books do not have. */
  readonly placedAt: (clientOrderId: string) => EpochMs | null;
  /** Whether it is the stop of a position: it is taken away only to be followed by a sale or another stop. */
  readonly protects: (clientOrderId: string) => boolean;
}

export const createExecutor = (options: ExecutorOptions): Executor => {
  const { venue, clock, log, random, report, cancelFailed, placedAt, protects } = options;
  const gate = createRequestGate(clock, log);
  /** By client order id: at most one delivery an order. */
  const active = new Map<string, Delivery>();
  let listeners: (() => void)[] = [];
  let closed = false;
  const stuck = new Set<string>();

  const isIdle = (): boolean => active.size === stuck.size;
  const tell = (): void => {
    if (!isIdle()) return;
    const ready = listeners;
    listeners = [];
    for (const listener of ready) listener();
  };
  const finish = (id: string): void => {
    active.delete(id);
    stuck.delete(id);
    tell();
  };
  const markStuck = ({ symbol, clientOrderId }: OrderReference, is: boolean): void => {
    if (stuck.has(clientOrderId) === is) return;
    log.warn(
      { symbol, clientOrderId },
      is
        ? 'an order cannot be looked up; it goes on being asked for, and nothing waits for it'
        : 'an order can be looked up again',
    );
    if (is) stuck.add(clientOrderId);
    else stuck.delete(clientOrderId);
    tell();
  };
  const tools: DeliveryTools = {
    venue,
    clock,
    gate,
    random,
    report,
    cancelFailed,
    placedAt,
    protects,
    stuck: markStuck,
    closed: () => closed,
  };

  const run = async (delivery: Delivery): Promise<void> => {
    const id = delivery.reference.clientOrderId;
    try {
      await delivery.run();
    } catch (error) {
      // Only the engine's own failure gets here, and that ends the process.
      log.error({ clientOrderId: id, error: String(error) }, 'the outcome of an order could not be reported');
    } finally {
      finish(id);
    }
  };

  const begin = (reference: OrderReference, task: ApprovedOrder | 'look-up' | 'cancel'): void => {
    const delivery = new Delivery(tools, reference, task);
    active.set(reference.clientOrderId, delivery);
    void run(delivery);
  };

  return {
    place: (order) => {
      const { symbol, clientOrderId } = order.draft;
      // An id is used once: whoever places it twice must not send it twice.
      if (active.has(clientOrderId)) log.error({ clientOrderId }, 'an order was placed twice; the second is ignored');
      else begin({ symbol, clientOrderId }, order);
    },
    cancel: ({ symbol, clientOrderId }) => {
      const delivery = active.get(clientOrderId);
      if (delivery === undefined) begin({ symbol, clientOrderId }, 'cancel');
      else delivery.cancel();
    },
    resolve: ({ symbol, clientOrderId }, missing = false) => {
      if (!active.has(clientOrderId)) begin({ symbol, clientOrderId }, 'look-up');
      if (missing) active.get(clientOrderId)?.missing();
    },
    forget: (clientOrderId) => active.get(clientOrderId)?.forget(),
    get idle() {
      return isIdle();
    },
    get stuck() {
      return [...stuck];
    },
    settled: async (limit) => {
      if (isIdle()) return true;
      const over = new AbortController();
      const done = new Promise<boolean>((resolve) => listeners.push(() => resolve(true)));
      const late = clock.sleep(limit, over.signal).then(isIdle);
      const result = await Promise.race([done, late]);
      over.abort('settled');
      return result;
    },
    close: () => {
      closed = true;
      for (const delivery of active.values()) delivery.wake();
    },
  };
};

/** Orders whose end the engine does not know. */
export const unsettled = (orders: Readonly<Record<string, OrderRecord>>): readonly OrderRecord[] =>
  Object.values(orders).filter(
    (record) => record.status === 'intent' || record.status === 'unknown' || record.status === 'working',
  );
