import { MINUTE_MS, SECOND_MS, type Milliseconds, type WallMs } from '../units.ts';
import type { Look } from './change.ts';
import { lift, impose } from './lock-changes.ts';
import { isHeld, type GuardianState } from './state.ts';

/**
 * The locks that watch the bot itself: clock, execution, model, reach, crash loop.
 *
 * Invariant: what could not be measured tightens; only what was measured clears.
 */

/** A measured difference of clocks counts this long (wall time); after that the clock is unknown. */
export const MAX_SKEW_AGE: Milliseconds = 30 * MINUTE_MS;

/** Difference of clocks that trips, and that clears. */
export const MAX_SKEW: Milliseconds = SECOND_MS;
export const CLEAR_SKEW: Milliseconds = 500;

/** Order failures in a row that trip the execution lock. */
export const MAX_ORDER_FAILURES = 3;

/** An outcome may stay unknown this long (wall time). */
export const MAX_UNKNOWN: Milliseconds = MINUTE_MS;

/** Quiet wall time after which the execution lock clears. */
export const QUIET_AFTER_TROUBLE: Milliseconds = 5 * MINUTE_MS;

/** Starts within CRASH_LOOP_SPAN (wall time) that set the crash-loop lock. */
export const CRASH_LOOP_STARTS = 5;
export const CRASH_LOOP_SPAN: Milliseconds = 10 * MINUTE_MS;

/**
 * Clock skew: unknown tightens, only a small measured difference clears. Before
 * the first try of a start there is no lock, but entries are refused (clock-unknown).
 */
export const evaluateSkew = (state: GuardianState, { at, wall, changes }: Look): void => {
  const { skew } = state;
  if (!state.skewTried) return;
  if (skew === null) {
    impose(state, changes, {
      kind: 'clock-skew',
      symbol: null,
      since: at,
      reason: 'the difference to the exchange clock could not be measured',
      limit: MAX_SKEW,
      value: null,
    });
  } else if (!(Math.abs(skew) <= MAX_SKEW)) {
    impose(state, changes, {
      kind: 'clock-skew',
      symbol: null,
      since: at,
      reason: `clocks differ by ${Math.round(skew)} ms (limit ${MAX_SKEW} ms)`,
      limit: MAX_SKEW,
      value: skew,
    });
  } else if (state.skewWall === null || wall - state.skewWall > MAX_SKEW_AGE) {
    impose(state, changes, {
      kind: 'clock-skew',
      symbol: null,
      since: at,
      reason: `the difference to the exchange clock has not been measured for ${MAX_SKEW_AGE / MINUTE_MS} minutes`,
      limit: MAX_SKEW,
      value: null,
    });
  } else if (Math.abs(skew) < CLEAR_SKEW) lift(state, changes, 'clock-skew', 'rule: clocks agree again');
};

/** Whether the clock is known well enough for an entry. */
export const clockIsKnown = (state: GuardianState, wall: WallMs): boolean =>
  state.skewTried &&
  state.skew !== null &&
  Math.abs(state.skew) <= MAX_SKEW &&
  state.skewWall !== null &&
  wall - state.skewWall <= MAX_SKEW_AGE;

/**
 * Execution: failures in a row or an outcome unknown for too long.
 * `unknownSince`: wall time of the oldest unknown outcome, orders that wait to be sent included; `what`: its order.
 */
export const evaluateExecution = (
  state: GuardianState,
  { at, wall, changes }: Look,
  unknownSince: WallMs | null,
  what = 'an order',
): void => {
  if (unknownSince !== null && wall - unknownSince > MAX_UNKNOWN) {
    state.lastTroubleWall = wall;
    if (isHeld(state, 'execution')) return;
    const seconds = Math.round((wall - unknownSince) / SECOND_MS);
    impose(state, changes, {
      kind: 'execution',
      symbol: null,
      since: at,
      reason: `the outcome of ${what} is unknown for ${seconds} s (limit ${MAX_UNKNOWN / SECOND_MS} s)`,
      limit: MAX_UNKNOWN / SECOND_MS,
      value: seconds,
    });
    return;
  }
  if (!isHeld(state, 'execution')) {
    if (state.orderFailures < MAX_ORDER_FAILURES) return;
    impose(state, changes, {
      kind: 'execution',
      symbol: null,
      since: at,
      reason: `${state.orderFailures} order failures in a row (limit ${MAX_ORDER_FAILURES})`,
      limit: MAX_ORDER_FAILURES,
      value: state.orderFailures,
    });
    return;
  }
  if (unknownSince !== null || state.lastTroubleWall === null || wall - state.lastTroubleWall < QUIET_AFTER_TROUBLE)
    return;
  state.orderFailures = 0;
  lift(state, changes, 'execution', 'rule: resolved and quiet');
};

/** An order failed: one more in a row. */
export const recordFailure = (state: GuardianState, wall: WallMs): void => {
  state.orderFailures += 1;
  state.lastTroubleWall = wall;
};

/** What an operator has accepted does not lock again until it has grown by another half of its limit. */
export const isAccepted = (drift: { readonly value: number; readonly limit: number }, accepted: number): boolean =>
  drift.value <= accepted + drift.limit / 2;

/** Model and drift: a fault holds until a valid model is there; drift holds until an operator has looked at it. */
export const evaluateModel = (state: GuardianState, { at, changes }: Look): void => {
  if (state.modelFault !== null)
    impose(state, changes, {
      kind: 'model',
      symbol: null,
      since: at,
      reason: state.modelFault,
      limit: null,
      value: null,
    });
  else lift(state, changes, 'model', 'rule: a valid model');
  const { drift } = state;
  if (drift === null || drift.value <= drift.limit) {
    state.acceptedDrift = null;
    return;
  }
  if (state.acceptedDrift !== null && isAccepted(drift, state.acceptedDrift)) return;
  impose(state, changes, {
    kind: 'model-drift',
    symbol: null,
    since: at,
    reason: `drift of the prediction ${drift.value.toFixed(2)} is above ${drift.limit.toFixed(2)}`,
    limit: drift.limit,
    value: drift.value,
  });
};

/** Whether anyone can be told of anything. `unreachable`: why not, or null. */
export const evaluateReach = (state: GuardianState, { at, changes }: Look, unreachable: string | null): void => {
  if (unreachable === null) lift(state, changes, 'operators-unreachable', 'rule: alerts get through again');
  else
    impose(state, changes, {
      kind: 'operators-unreachable',
      symbol: null,
      since: at,
      reason: unreachable,
      limit: null,
      value: null,
    });
};

/** A start of the process; five within ten minutes lock. */
export const recordStart = (state: GuardianState, { at, wall, changes }: Look): void => {
  state.starts = [...state.starts.filter((start) => wall - start < CRASH_LOOP_SPAN), wall];
  if (state.starts.length >= CRASH_LOOP_STARTS) {
    impose(state, changes, {
      kind: 'crash-loop',
      symbol: null,
      since: at,
      reason: `${state.starts.length} starts within ten minutes`,
      limit: CRASH_LOOP_STARTS,
      value: state.starts.length,
    });
  }
};
