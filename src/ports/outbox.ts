import type { Alert } from '../core/engine/alert.ts';
import type { EpochMs, Milliseconds } from '../core/units.ts';

/** An alert waiting for delivery to one chat. */
export interface OutboxRow {
  readonly id: number;
  readonly alert: Alert;
  /** Wall time of the commit. */
  readonly createdAt: EpochMs;
  readonly attempts: number;
}

/**
 * The durable outbox. Rows are inserted by the journal's commit, in the transaction of their cause; this port reads and
 * marks them.
 */
export interface OutboxStore {
  /** Oldest undelivered rows for a chat, in order. */
  pending(chatId: number, limit: number): readonly OutboxRow[];
  pendingCount(): number;
  /**
   * Delivered to this chat: never again. All of the ids or, when it throws, none: a long backlog is one write, which
   * holds the loop up once.
   */
  markDelivered(chatId: number, ids: readonly number[], at: EpochMs): void;
  /** Can never succeed there (text refused): kept, with why, and skipped. */
  park(chatId: number, ids: readonly number[], why: string, at: EpochMs): void;
  /** The chat is closed to the bot: everything that waits for it is parked in one go. */
  parkAll(chatId: number, why: string, at: EpochMs): void;
  /**
   * The chat may be open again: what was parked for it and is no older than `notBefore` (wall) waits again, in its
   * place.
   */
  reopen(chatId: number, notBefore: EpochMs): void;
  /**
   * The chat is listed again after runs in which it was not: as one that is new, it hears what has been said since this
   * start, and what none of the others has heard. The rest is parked with `why`, and never waits again.
   */
  rejoin(chatId: number, why: string, at: EpochMs): void;
  recordAttempt(chatId: number, ids: readonly number[]): void;
  /** Rows that do not come from the engine: lifecycle and security alerts of the process itself. */
  add(alert: Alert, createdAt: EpochMs): void;
}

/** How one delivery ended. */
export type Delivery =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly after: Milliseconds; readonly why: string }
  /** This message can never be delivered there. */
  | { readonly kind: 'impossible'; readonly why: string }
  /** No message can be, for now: the person never started the bot or blocked it, or it was thrown out of the group. */
  | { readonly kind: 'closed'; readonly why: string };

/** Carries alerts to people. */
export interface Notifier {
  deliver(chatId: number, alert: Alert, silent: boolean): Promise<Delivery>;
}
