import type { Fraction, Mark, MarketMs, SymbolName, WallMs } from '../units.ts';
import { lockId, LOCKS, type Lock, type LockKind, type LockPolicy, type LockState, type NewLock } from './lock.ts';

/** A losing trade of the running streak. */
export interface Loss {
  readonly symbol: SymbolName;
  readonly pnlFraction: Fraction;
  readonly closedAt: MarketMs;
}

/** A gate that failed at start. `clears` says what it takes: see StartedInput. */
export interface Gate {
  readonly code: string;
  readonly text: string;
  readonly clears: 'unlock' | 'reconcile' | 'restart';
}

/** Everything the Guardian remembers; part of every snapshot. */
export interface GuardianState {
  locks: Record<string, Lock>;
  lossStreak: Loss[];
  /** UTC day (its start) of `dayBaseline`; null before the first. */
  day: MarketMs | null;
  /** Quote currency; null = not known yet for `day`, which refuses entries. */
  dayBaseline: Mark | null;
  /** The last equity known before `day` began, net of deposits since; null = there was none. */
  priorEquity: Mark | null;
  /** The last equity that was known, with its market time. */
  lastEquity: { value: Mark; at: MarketMs } | null;
  highWaterMark: Mark | null;
  /** Highest drawdown step announced: index into DRAWDOWN_STEPS, plus one; 0 = none. */
  announced: { daily: number; total: number };
  /** UTC day in which /unlock last rebased the daily drawdown. */
  unlockDay: MarketMs | null;
  /** Market times of the entries of the last hour. */
  entries: MarketMs[];
  orderFailures: number;
  /** Wall time of the last order failure or unresolved outcome. */
  lastTroubleWall: WallMs | null;
  /** Exchange minus local wall time; null = could not be measured, or (skewTried false) this run has not tried yet. */
  skew: number | null;
  skewTried: boolean;
  /** Wall time of the last measurement that worked. */
  skewWall: WallMs | null;
  modelFault: string | null;
  /** Drift of the prediction (population stability index) beside its limit; null while it is not known. */
  drift: { readonly value: number; readonly limit: number } | null;
  /** The drift that an operator has accepted by /unlock, or null. */
  acceptedDrift: number | null;
  /** Gates that failed at this start. */
  gates: readonly Gate[];
  /** Market time of the last reading of the account that an operator asked for by /reconcile. */
  reconciledAt: MarketMs | null;
  /** Wall times of the newest starts. */
  starts: WallMs[];
}

/** No locks: one for all, so that a look at a calm Guardian is a comparison. */
export const NO_LOCKS: Record<string, Lock> = Object.freeze({});

export const createGuardian = (): GuardianState => ({
  locks: NO_LOCKS,
  lossStreak: [],
  day: null,
  dayBaseline: null,
  priorEquity: null,
  lastEquity: null,
  highWaterMark: null,
  announced: { daily: 0, total: 0 },
  unlockDay: null,
  entries: [],
  orderFailures: 0,
  lastTroubleWall: null,
  skew: null,
  skewTried: false,
  skewWall: null,
  modelFault: null,
  drift: null,
  acceptedDrift: null,
  gates: [],
  reconciledAt: null,
  starts: [],
});

/** Sets a lock. Null when it is held already: the first cause stays on record. */
export const setLock = (state: GuardianState, { kind, symbol, since, reason, limit, value }: NewLock): Lock | null => {
  const id = lockId(kind, symbol);
  if (isHeld(state, id)) return null;
  const lock: Lock = { id, kind, symbol, since, reason, limit, value };
  state.locks = { ...state.locks, [id]: lock };
  return lock;
};

/**
 * Renews a lock that is held, for a new cause: an /unlock that was shown before does not clear it. Returns it as it is
 * now.
 */
export const renewLock = (state: GuardianState, lock: Lock, at: MarketMs): Lock => {
  const renewed = { ...lock, renewed: at };
  state.locks = { ...state.locks, [lock.id]: renewed };
  return renewed;
};

/** Market time at which the lock was set, or last renewed. */
export const newestWish = (lock: Pick<Lock, 'since' | 'renewed'>): MarketMs => lock.renewed ?? lock.since;

/** Whether any lock is in force. */
export const anyHeld = ({ locks }: GuardianState): boolean => locks !== NO_LOCKS;

/** Whether the lock is in force. */
export const isHeld = ({ locks }: GuardianState, id: string): boolean => locks !== NO_LOCKS && locks[id] !== undefined;

/** Removes a lock and returns it, or null when it was not held. */
export const removeLock = (state: GuardianState, id: string): Lock | null => {
  const lock = state.locks[id];
  if (lock === undefined) return null;
  // Made anew, not deleted from: locks are looked up at every step, and an object that keys were deleted from is slow
  // for ever.
  const { [id]: _gone, ...left } = state.locks;
  state.locks = Object.keys(left).length === 0 ? NO_LOCKS : left;
  return lock;
};

/** The strictest state of all locks that apply to `symbol` (null: to the whole bot). */
export const tradingState = (state: GuardianState, symbol: SymbolName | null): 'active' | LockState => {
  if (state.locks === NO_LOCKS) return 'active';
  let strictest: 'active' | LockState = 'active';
  for (const id in state.locks) {
    const lock = state.locks[id];
    if (lock === undefined || (lock.symbol !== null && lock.symbol !== symbol)) continue;
    if (LOCKS[lock.kind].state === 'halted') return 'halted';
    strictest = 'reducing';
  }
  return strictest;
};

/** The lock that decides the state, for people: a halting one first, then the oldest. */
export const strictestLock = (state: GuardianState, symbol: SymbolName | null): Lock | null => {
  let found: Lock | null = null;
  for (const lock of Object.values(state.locks)) {
    if (lock.symbol !== null && lock.symbol !== symbol) continue;
    if (found === null || (LOCKS[lock.kind].state === 'halted' && LOCKS[found.kind].state !== 'halted')) found = lock;
  }
  return found;
};

/** Policies that configuration has tightened from hold to flatten; nothing here can loosen one. */
export type LockPolicies = Readonly<Partial<Record<LockKind, LockPolicy>>>;

/** The part of an engine's configuration that comes of a list of kinds; a list of none leaves it out. */
export const policiesFor = (flattenOn: readonly LockKind[]): { readonly lockPolicies?: LockPolicies } =>
  flattenOn.length === 0 ? {} : { lockPolicies: Object.fromEntries(flattenOn.map((kind) => [kind, 'flatten'])) };

/** What a lock of this kind does with positions. */
export const policyOf = (kind: LockKind, policies: LockPolicies | undefined): LockPolicy =>
  LOCKS[kind].policy === 'flatten' || policies?.[kind] === 'flatten' ? 'flatten' : 'hold';

/** The lock in force that closes the positions of `symbol`, or null. */
export const mustFlatten = (
  state: GuardianState,
  symbol: SymbolName,
  policies: LockPolicies | undefined,
): Lock | null => {
  if (state.locks === NO_LOCKS) return null;
  for (const id in state.locks) {
    const lock = state.locks[id];
    if (lock === undefined || (lock.symbol !== null && lock.symbol !== symbol)) continue;
    if (policyOf(lock.kind, policies) === 'flatten') return lock;
  }
  return null;
};
