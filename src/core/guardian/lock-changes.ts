import type { Change } from './change.ts';
import type { Lock, NewLock } from './lock.ts';
import { isHeld, removeLock, renewLock, setLock, type GuardianState } from './state.ts';

/**
 * Sets and clears locks, with a record of each change for whoever has to be told.
 *
 * Invariant: a lock that is held keeps its first cause, but for one that /unlock clears by accepting it: a new cause
 * renews that.
 */

/** Sets a lock, unless it is held: then its first cause stays. */
export const impose = (state: GuardianState, changes: Change[], wanted: NewLock): void => {
  const lock = setLock(state, wanted);
  if (lock !== null) changes.push({ type: 'lock-set', lock });
};

/** Clears a lock by its id; nothing happens when it is not held. */
export const lift = (state: GuardianState, changes: Change[], id: string, by: string): void => {
  if (!isHeld(state, id)) return;
  const lock: Lock | null = removeLock(state, id);
  if (lock !== null) changes.push({ type: 'lock-cleared', lock, by });
};

/** Separates the causes within one lock's reason. */
export const CAUSES = '; ';

/**
 * Sets a lock that /unlock clears by accepting its cause: a shortage, a failed gate. A cause that is new to a lock
 * which is held already renews that lock: it is alerted like the first, an /unlock that was shown before does not clear
 * it, and a comparison that it waits for has to come after it.
 */
export const imposeAnew = (state: GuardianState, changes: Change[], wanted: Omit<NewLock, 'symbol'>): void => {
  const { kind, since, reason, limit, value } = wanted;
  const held = state.locks[kind];
  if (held === undefined) return impose(state, changes, { ...wanted, symbol: null });
  const told = held.reason.split(CAUSES);
  if (reason.split(CAUSES).every((cause) => told.includes(cause))) return;
  // Set in this very step: one word of it, the last, which says all. Two would share one alert, and the second be lost.
  const before = changes.findIndex((change) => change.type === 'lock-set' && change.lock.id === held.id);
  changes.splice(before < 0 ? changes.length : before, 1, {
    type: 'lock-set',
    lock: renewLock(state, { ...held, reason, limit, value }, since),
  });
};

/** Every gate that has not been answered, in one sentence. */
export const gatesReason = ({ gates }: GuardianState): string => gates.map(({ text }) => text).join(CAUSES);
