import { randomBytes } from 'node:crypto';
import { MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import type { AskRequest, ConfirmRequest } from '../../ports/chat.ts';
import type { Caller } from '../../ports/operator.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Place } from './updates.ts';

/**
 * What waits for a person: confirmations, approvals and questions. In memory
 * only, so a restart forgets them all and an old button can do nothing.
 */
export const CONFIRM_MS: Milliseconds = 120 * SECOND_MS;
export const APPROVAL_MS: Milliseconds = 15 * MINUTE_MS;
const MAX_WAITING = 200;

export interface PendingConfirm {
  readonly request: ConfirmRequest;
  readonly command: string;
  readonly caller: Caller;
  readonly place: Place;
}

export type TakeVerdict<Value> =
  | { readonly kind: 'taken'; readonly value: Value }
  /** Expired, used, or from before a restart. */
  | { readonly kind: 'gone' }
  /** Somebody else's, or another chat's: it stays. */
  | { readonly kind: 'not-yours'; readonly value: Value };

interface Timed<Value> {
  readonly value: Value;
  readonly wallAt: EpochMs;
  readonly monotonicAt: Milliseconds;
}

/** Old by either clock is old: a wall clock set back cannot revive a button. */
const isOver = (timed: Timed<unknown>, limit: Milliseconds, clock: Clock): boolean =>
  clock.wallNow() - timed.wallAt > limit || clock.monotonicNow() - timed.monotonicAt > limit;

const createShelf = <Value>(limit: Milliseconds, clock: Clock) => {
  const shelf = new Map<string, Timed<Value>>();
  return {
    put: (key: string, value: Value): void => {
      shelf.delete(key);
      shelf.set(key, { value, wallAt: clock.wallNow(), monotonicAt: clock.monotonicNow() });
      const oldest = shelf.keys().next();
      if (shelf.size > MAX_WAITING && oldest.done !== true) shelf.delete(oldest.value);
    },
    look: (key: string): Value | null => {
      const timed = shelf.get(key);
      if (timed === undefined) return null;
      if (!isOver(timed, limit, clock)) return timed.value;
      shelf.delete(key);
      return null;
    },
    remove: (key: string): void => {
      shelf.delete(key);
    },
  };
};

const newNonce = (): string => randomBytes(16).toString('base64url');
const askKey = (senderId: number, place: Place): string => `${senderId}:${place.chatId}:${place.threadId ?? ''}`;
const samePlace = (left: Place, right: Place): boolean =>
  left.chatId === right.chatId && left.threadId === right.threadId;

export interface Requests {
  openConfirm(pending: PendingConfirm): string;
  /** For the one who asked, in the chat where it was asked; once. */
  takeConfirm(nonce: string, senderId: number, place: Place): TakeVerdict<PendingConfirm>;
  openApproval(pending: PendingConfirm): string;
  lookApproval(nonce: string): PendingConfirm | null;
  /** Once. */
  takeApproval(nonce: string): PendingConfirm | null;
  openAsk(senderId: number, place: Place, command: string, ask: AskRequest): void;
  takeAsk(senderId: number, place: Place): { readonly command: string; readonly ask: AskRequest } | null;
  dropAsk(senderId: number, place: Place): void;
}

export const createRequests = (clock: Clock): Requests => {
  const confirms = createShelf<PendingConfirm>(CONFIRM_MS, clock);
  const approvals = createShelf<PendingConfirm>(APPROVAL_MS, clock);
  const asks = createShelf<{ readonly command: string; readonly ask: AskRequest }>(CONFIRM_MS, clock);
  return {
    openConfirm: (pending) => {
      const nonce = newNonce();
      confirms.put(nonce, pending);
      return nonce;
    },
    takeConfirm: (nonce, senderId, place) => {
      const pending = confirms.look(nonce);
      if (pending === null) return { kind: 'gone' };
      if (pending.caller.userId !== senderId || !samePlace(pending.place, place))
        return { kind: 'not-yours', value: pending };
      confirms.remove(nonce);
      return { kind: 'taken', value: pending };
    },
    openApproval: (pending) => {
      const nonce = newNonce();
      approvals.put(nonce, pending);
      return nonce;
    },
    lookApproval: (nonce) => approvals.look(nonce),
    takeApproval: (nonce) => {
      const pending = approvals.look(nonce);
      approvals.remove(nonce);
      return pending;
    },
    openAsk: (senderId, place, command, ask) => asks.put(askKey(senderId, place), { command, ask }),
    takeAsk: (senderId, place) => {
      const key = askKey(senderId, place);
      const waiting = asks.look(key);
      asks.remove(key);
      return waiting;
    },
    dropAsk: (senderId, place) => asks.remove(askKey(senderId, place)),
  };
};
