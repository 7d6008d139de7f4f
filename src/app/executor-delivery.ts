import type { OrderOutcome } from '../core/engine/input.ts';
import type { ApprovedOrder } from '../core/guardian/approved-order.ts';
import { MAX_UNKNOWN } from '../core/guardian/health-locks.ts';
import { isFinalStatus, type OrderSnapshot } from '../core/orders/order.ts';
import { DAY_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { CancelOutcome, LookUp, OrderReference, SendOutcome, Venue, VenueError } from '../ports/venue.ts';
import type { RequestGate } from './request-gate.ts';
import { backoff, MAX_CANCELS, MAX_ENTRY_SENDS, MAX_FINAL_LOOKS, MAX_REDUCE_SENDS, SETTLING } from './retry-policy.ts';

export interface DeliveryTools {
  readonly venue: Venue;
  readonly clock: Clock;
  readonly gate: RequestGate;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly report: (reference: OrderReference, outcome: OrderOutcome) => void;
  readonly cancelFailed: (reference: OrderReference, error: VenueError) => void;
  /** Wall time at which an order was placed; null for one that the books do not have. */
  readonly placedAt: (clientOrderId: string) => EpochMs | null;
  /** Whether it is the stop of a position: it is taken away only to be followed by a sale or another stop. */
  readonly protects: (clientOrderId: string) => boolean;
  /** Whether look-ups of the order have failed for so long that nobody should wait for it. */
  readonly stuck: (reference: OrderReference, is: boolean) => void;
  /** Whether the bot is stopping: entries are not sent any more. */
  readonly closed: () => boolean;
}

/**
 * What is left to do for an order: nothing; find out what became of it; look
 * until it is final, which it should be at once.
 */
type Next = 'done' | 'ask' | 'follow';

/**
 * The way of one order to the exchange and back. All requests for one order
 * are made one after the other: a cancellation never overtakes the send that
 * it is meant for, and an order that is withdrawn before it was sent is never sent.
 */
export class Delivery {
  readonly reference: OrderReference;
  readonly #tools: DeliveryTools;
  /** Null: only the outcome is wanted. */
  readonly #order: ApprovedOrder | null;
  #cancelWanted = false;
  /** Whether the engine was told last that the outcome is not known. */
  #unresolved: boolean;
  /**
   * Set once the exchange has said that the order is not open: a look that fails leaves its outcome unknown, which the
   * engine is told once.
   */
  #missing: 'noticed' | 'told' | null = null;
  /** Monotonic time of the first of the looks in a row that failed. */
  #failingSince: Milliseconds | null = null;
  /** Aborted once an operator has settled the order: nobody waits for an answer any more. */
  readonly #end = new AbortController();
  #nap = new AbortController();

  constructor(tools: DeliveryTools, reference: OrderReference, task: ApprovedOrder | 'look-up' | 'cancel') {
    this.#tools = tools;
    this.reference = reference;
    this.#order = typeof task === 'string' ? null : task;
    this.#cancelWanted = task === 'cancel';
    this.#unresolved = task === 'look-up';
  }

  /** From now on the order is to be cancelled, or not sent at all. */
  cancel(): void {
    this.#cancelWanted = true;
    this.wake();
  }

  /** Ends after the request under way: what that one says still counts. */
  forget(): void {
    this.#end.abort('forgotten');
    this.wake();
  }

  /** It is not among the open orders: while looks fail, nobody knows what became of it, and the engine is told so. */
  missing(): void {
    this.#missing ??= 'noticed';
  }

  /** Ends a wait early, to look at what has changed. */
  wake(): void {
    this.#nap.abort('woken');
  }

  async run(): Promise<void> {
    let next: Next = this.#order !== null ? await this.#send(this.#order) : this.#unresolved ? 'ask' : 'done';
    for (;;) {
      if (this.#end.signal.aborted) return;
      if (this.#cancelWanted) {
        this.#cancelWanted = false;
        next = await this.#cancel();
      } else if (next === 'ask') next = await this.#lookUp(true);
      else if (next === 'follow') next = await this.#followUp();
      else return;
    }
  }

  #report(outcome: OrderOutcome): void {
    this.#unresolved = outcome.kind === 'unknown';
    this.#tools.report(this.reference, outcome);
  }

  #known(order: OrderSnapshot): Next {
    this.#missing = null;
    this.#report({ kind: 'known', order });
    if (!isFinalStatus(order.status))
      return this.#order === null || this.#order.draft.purpose === 'stop' ? 'done' : 'follow';
    // Whoever wanted it cancelled has what was wanted.
    this.#cancelWanted = false;
    return 'done';
  }

  #ended(outcome: OrderOutcome): Next {
    this.#report(outcome);
    this.#cancelWanted = false;
    return 'done';
  }

  async #send(order: ApprovedOrder): Promise<Next> {
    const { venue, gate, clock } = this.#tools;
    const { draft } = order;
    const most = draft.purpose === 'entry' ? MAX_ENTRY_SENDS : MAX_REDUCE_SENDS;
    let attempt = 0;
    for (;;) {
      await gate.turn(draft.purpose, this.#fresh(), draft.expiresAtWall);
      if (this.#cancelWanted)
        return this.#ended({ kind: 'not-sent', code: 'withdrawn', message: 'withdrawn before it was sent' });
      if (draft.expiresAtWall !== null && clock.wallNow() >= draft.expiresAtWall) {
        return this.#ended({ kind: 'not-sent', code: 'expired', message: 'the signal was too old to send' });
      }
      if (this.#tools.closed() && draft.purpose === 'entry')
        return this.#ended({ kind: 'not-sent', code: 'stopping', message: 'the bot is stopping' });
      if (gate.left(draft.purpose) > 0) continue;
      const outcome = await certain<SendOutcome>(() => venue.send(order));
      switch (outcome.kind) {
        case 'accepted':
          return this.#known(outcome.order);
        case 'rejected':
          return this.#ended({ kind: 'rejected', code: outcome.error.code, message: outcome.error.message });
        case 'unknown':
          this.#report({ kind: 'unknown', code: outcome.error.code, message: outcome.error.message });
          return 'ask';
        case 'not-sent':
          gate.note(outcome.error);
          attempt += 1;
          if (attempt >= most)
            return this.#ended({ kind: 'not-sent', code: outcome.error.code, message: outcome.error.message });
          await this.#pause(attempt - 1);
      }
    }
  }

  /** A market or IOC order that was accepted but is not final yet; after some looks it is left to the watch. */
  async #followUp(): Promise<Next> {
    for (let look = 0; look < MAX_FINAL_LOOKS; look += 1) {
      await this.#pause(look);
      if (this.#cancelWanted) return 'done';
      const found = await this.#look();
      if (found.kind === 'found' && this.#known(found.order) === 'done') return 'done';
    }
    return 'done';
  }

  /**
   * Asks until the outcome is known, however long it takes; after a minute of looks that fail nobody waits for it any
   * more. That the exchange does not know the order counts only when it says so twice, the second time after the
   * receive window: until then
   * the request may still be on its way.
   */
  async #lookUp(interruptible: boolean): Promise<Next> {
    const { venue, clock, random } = this.#tools;
    let missedAt: Milliseconds | null = null;
    for (let attempt = 0; ; attempt += 1) {
      if (this.#end.signal.aborted || (interruptible && this.#cancelWanted)) return 'ask';
      const signal = interruptible ? this.#fresh() : this.#end.signal;
      const found = await this.#look();
      if (found.kind === 'found') return this.#known(found.order);
      if (found.kind === 'unknown') {
        // The market has left the exchange: no further question is answered. Reconciliation asks again should it come
        // back.
        if (this.#left) return 'done';
        await clock.sleep(backoff(attempt, random), signal);
        continue;
      }
      const wait = venue.receiveWindow + SETTLING;
      missedAt ??= clock.monotonicNow();
      const left = missedAt + wait - clock.monotonicNow();
      if (left <= 0 && attempt > 0) return this.#ended({ kind: 'not-found' });
      await clock.sleep(Math.max(left, 1), signal);
    }
  }

  async #cancel(): Promise<Next> {
    const { venue, gate, protects } = this.#tools;
    for (let attempt = 0; ; attempt += 1) {
      // Asked for again meanwhile: this is it.
      this.#cancelWanted = false;
      const makesRoom = protects(this.reference.clientOrderId);
      await gate.turn(makesRoom ? 'make-room' : 'cancel', NEVER, null);
      const outcome = await certain<CancelOutcome>(() =>
        venue.cancel(makesRoom ? { ...this.reference, makesRoom } : this.reference),
      );
      switch (outcome.kind) {
        case 'cancelled':
          return this.#known(outcome.order);
        case 'not-open': {
          this.missing();
          // It has ended, or never existed; where it turns out to be open after all, it is cancelled again.
          if ((await this.#lookUp(false)) === 'done' && !this.#open && !this.#left) return 'done';
          break;
        }
        case 'unknown': {
          const found = await this.#look();
          if (found.kind === 'found' && isFinalStatus(found.order.status)) return this.#known(found.order);
          break;
        }
        case 'not-sent':
          gate.note(outcome.error);
      }
      if (this.#end.signal.aborted) return 'done';
      const unlisted = this.#left || outcome.error.kind === 'unlisted';
      // Nothing is lost by the wait for room: the stop protects. But the engine has to know of it.
      if (attempt + 1 >= MAX_CANCELS || unlisted || outcome.error.ordersOnly === true) {
        this.#tools.cancelFailed(this.reference, outcome.error);
        return this.#unresolved && !unlisted ? 'ask' : 'done';
      }
      await this.#pause(attempt);
    }
  }

  /** Whether the order stood open at the last look, and whether its market had left the exchange. */
  #open = false;
  #left = false;

  async #look(): Promise<LookUp> {
    const { venue, gate } = this.#tools;
    await gate.turn('look', NEVER, null);
    const answer = await certain<LookUp>(() => venue.lookUp(this.reference));
    const found = answer.kind === 'not-found' && answer.archived === true && this.#isYoung() ? TOO_YOUNG : answer;
    this.#left = found.kind === 'unknown' && found.error.kind === 'unlisted';
    if (found.kind === 'unknown') {
      gate.note(found.error);
      this.#noteFailedLook(found.error);
      return found;
    }
    this.#open = found.kind === 'found' && !isFinalStatus(found.order.status);
    if (this.#failingSince !== null) this.#tools.stuck(this.reference, false);
    this.#failingSince = null;
    return found;
  }

  /** Whether it was placed too short a time ago to have ended before the exchange's archive begins. */
  #isYoung(): boolean {
    const { clock, placedAt } = this.#tools;
    const placed = this.#order === null ? placedAt(this.reference.clientOrderId) : clock.wallNow();
    return placed !== null && clock.wallNow() - placed < ARCHIVED_AFTER;
  }

  #noteFailedLook({ code, message }: VenueError): void {
    const { clock, stuck } = this.#tools;
    const now = clock.monotonicNow();
    this.#failingSince ??= now;
    if (this.#missing === 'noticed') {
      this.#missing = 'told';
      this.#report({ kind: 'unknown', code, message });
    }
    if (now - this.#failingSince >= MAX_UNKNOWN) stuck(this.reference, true);
  }

  /** Waits before another try; a cancellation ends the wait. */
  #pause(attempt: number): Promise<void> {
    const { clock, random } = this.#tools;
    return clock.sleep(backoff(attempt, random), this.#fresh());
  }

  #fresh(): AbortSignal {
    this.#nap = new AbortController();
    if (this.#cancelWanted) this.#nap.abort('woken');
    return this.#nap.signal;
  }
}

/** The exchange archives orders that ended this long ago with nothing executed. */
const ARCHIVED_AFTER: Milliseconds = 90 * DAY_MS;

/**
 * The exchange has said so of orders that were just placed, and were in its books: it proves nothing. Source: Binance
 * spot API, change log, on -2026.
 */
const TOO_YOUNG: Extract<LookUp, { kind: 'unknown' }> = {
  kind: 'unknown',
  error: {
    kind: 'malformed',
    code: '-2026',
    message: 'the exchange says that it ended 90 days ago, and it was placed since',
    retryAfter: null,
  },
};

const NEVER = new AbortController().signal;

/** A venue never throws; if one does all the same, nothing is known of what it did. */
const certain = async <T extends { readonly kind: string }>(
  call: () => Promise<T | { readonly kind: 'unknown'; readonly error: VenueError }>,
): Promise<T | { readonly kind: 'unknown'; readonly error: VenueError }> => {
  try {
    return await call();
  } catch (error) {
    return {
      kind: 'unknown',
      error: {
        kind: 'unknown',
        code: 'venue-failed',
        message: error instanceof Error ? error.message : String(error),
        retryAfter: null,
      },
    };
  }
};
