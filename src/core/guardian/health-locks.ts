import { HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds, type SymbolName } from '../units.ts';
import type { Limits } from '../risk/limits.ts';
import { counted } from '../words.ts';
import type { Change } from './change.ts';
import type { Lock, LockKind } from './lock.ts';
import { isHeld, removeLock, renewLock, setLock, type GuardianState } from './state.ts';
import { CALM_CANDLES, type Volatility } from './volatility.ts';

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
/** Fresh polls in a row that clear the stale-data lock. */
export const FRESH_POLLS = 2;
/** Starts within CRASH_LOOP_SPAN (wall time) that set the crash-loop lock. */
export const CRASH_LOOP_STARTS = 5;
export const CRASH_LOOP_SPAN: Milliseconds = 10 * MINUTE_MS;
/** Losing trades of the streak that are kept for the message. */
const STREAK_SHOWN = 10;

/** What the Guardian needs to know of one symbol's data. */
export interface DataFreshness {
  readonly symbol: SymbolName;
  /** Id of the symbol's stale-data lock. */
  readonly staleLockId: string;
  /** Market and wall time of the newest price; null = never had one. */
  readonly priceAt: EpochMs | null;
  readonly priceWall: EpochMs | null;
  readonly newestCandleOpen: EpochMs | null;
  /** Fresh polls in a row; back to zero whenever the data are seen stale. */
  freshPolls: number;
}

export interface FreshnessRule {
  readonly maxAge: Milliseconds;
  /** Younger than this in wall time is fresh, whatever the market clock says (demo). */
  readonly wallGrace: Milliseconds;
}

/** Whether a price is young enough: by market time or, where there is such a grace, by wall time. */
export const isYoung = (
  priceAt: EpochMs,
  priceWall: EpochMs,
  at: EpochMs,
  wall: EpochMs,
  rule: FreshnessRule,
): boolean => at - priceAt <= rule.maxAge || (rule.wallGrace > 0 && wall - priceWall <= rule.wallGrace);

/** Whether a symbol's data may not be used. Missing data is stale. */
export const isStale = (data: DataFreshness, at: EpochMs, wall: EpochMs, rule: FreshnessRule): boolean =>
  data.priceAt === null ||
  data.priceWall === null ||
  !isYoung(data.priceAt, data.priceWall, at, wall, rule) ||
  data.newestCandleOpen === null ||
  at > data.newestCandleOpen + 2 * HOUR_MS + rule.maxAge;

/** Why a symbol's data is stale, or null. */
export const staleness = (data: DataFreshness, at: EpochMs, wall: EpochMs, rule: FreshnessRule): string | null => {
  if (!isStale(data, at, wall, rule)) return null;
  if (data.priceAt === null || data.priceWall === null) return 'no price yet';
  const age = at - data.priceAt;
  if (!isYoung(data.priceAt, data.priceWall, at, wall, rule)) {
    return `price is ${Math.round(age / SECOND_MS)} s old (limit ${Math.round(rule.maxAge / SECOND_MS)} s)`;
  }
  if (data.newestCandleOpen === null) return 'no closed candle yet';
  return `newest candle closed ${Math.round((at - data.newestCandleOpen - HOUR_MS) / MINUTE_MS)} min ago`;
};

const put = (
  state: GuardianState,
  changes: Change[],
  kind: LockKind,
  symbol: SymbolName | null,
  at: EpochMs,
  reason: string,
  limit: number | null,
  value: number | null,
): void => {
  const lock = setLock(state, kind, symbol, at, reason, limit, value);
  if (lock !== null) changes.push({ type: 'lock-set', lock });
};

const drop = (state: GuardianState, changes: Change[], id: string, by: string): void => {
  if (!isHeld(state, id)) return;
  const lock: Lock | null = removeLock(state, id);
  if (lock !== null) changes.push({ type: 'lock-cleared', lock, by });
};

/**
 * Stale data: trips on age, clears after two fresh polls. `startedWall`: the
 * first start is given one limit's time to get its first price before it is
 * called stale; entries are refused meanwhile, because there is no price.
 */
export const evaluateFreshness = (
  state: GuardianState,
  data: DataFreshness,
  at: EpochMs,
  wall: EpochMs,
  rule: FreshnessRule,
  startedWall: EpochMs,
  changes: Change[],
): void => {
  const id = data.staleLockId;
  const held = isHeld(state, id);
  if (!isStale(data, at, wall, rule)) {
    if (held && data.freshPolls >= FRESH_POLLS) drop(state, changes, id, 'rule: fresh data on two polls');
    return;
  }
  data.freshPolls = 0;
  if (held || (data.priceAt === null && wall - startedWall <= rule.maxAge)) return;
  const age = data.priceAt === null ? null : (at - data.priceAt) / SECOND_MS;
  put(
    state,
    changes,
    'stale-data',
    data.symbol,
    at,
    `${data.symbol}: ${staleness(data, at, wall, rule) ?? 'stale'}`,
    rule.maxAge / SECOND_MS,
    age,
  );
};

/**
 * Volatility: the status is kept by updateVolatility; this turns it into a lock. `id`: of the symbol's volatility lock.
 */
export const evaluateVolatility = (
  state: GuardianState,
  symbol: SymbolName,
  id: string,
  volatility: Volatility,
  at: EpochMs,
  limits: Limits,
  changes: Change[],
): void => {
  const held = isHeld(state, id);
  if (volatility.status === 'calm') {
    if (held) drop(state, changes, id, 'rule: volatility is back to normal');
    return;
  }
  if (held) return;
  const { status, ratio, threshold, window } = volatility;
  const percentOf = (fraction: number | null): string => `${((fraction ?? 0) * 100).toFixed(2)} %`;
  const percentile = `percentile ${+(limits.maxAtrPercentile * 100).toFixed(1)} of the year`;
  // At a start the tape may have been too lively hours ago, and calmer since: then the present figures are not above
  // the limit.
  const high =
    ratio !== null && threshold !== null && ratio <= threshold
      ? `${symbol}: ATR/close was above ${percentile} and has not been calm for ${CALM_CANDLES} candles since; now ${percentOf(ratio)}, the percentile is ${percentOf(threshold)}`
      : `${symbol}: ATR/close ${percentOf(ratio)} is above ${percentile}, ${percentOf(threshold)}`;
  const reason =
    status === 'high'
      ? high
      : `${symbol}: ${counted(Math.floor(window.size / 24), 'day of volatility is', 'days of volatility are')} known, 90 are needed and then ${CALM_CANDLES} calm candles`;
  put(state, changes, 'volatility', symbol, at, reason, threshold, ratio);
};

/**
 * Clock skew: unknown tightens, only a small measured difference clears. Before
 * the first try of a start there is no lock, but entries are refused (clock-unknown).
 */
export const evaluateSkew = (state: GuardianState, at: EpochMs, wall: EpochMs, changes: Change[]): void => {
  const { skew } = state;
  if (!state.skewTried) return;
  if (skew === null) {
    put(
      state,
      changes,
      'clock-skew',
      null,
      at,
      'the difference to the exchange clock could not be measured',
      MAX_SKEW,
      null,
    );
  } else if (!(Math.abs(skew) <= MAX_SKEW)) {
    put(
      state,
      changes,
      'clock-skew',
      null,
      at,
      `clocks differ by ${Math.round(skew)} ms (limit ${MAX_SKEW} ms)`,
      MAX_SKEW,
      skew,
    );
  } else if (state.skewWall === null || wall - state.skewWall > MAX_SKEW_AGE) {
    put(
      state,
      changes,
      'clock-skew',
      null,
      at,
      `the difference to the exchange clock has not been measured for ${MAX_SKEW_AGE / MINUTE_MS} minutes`,
      MAX_SKEW,
      null,
    );
  } else if (Math.abs(skew) < CLEAR_SKEW) drop(state, changes, 'clock-skew', 'rule: clocks agree again');
};

/** Whether the clock is known well enough for an entry. */
export const clockIsKnown = (state: GuardianState, wall: EpochMs): boolean =>
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
  at: EpochMs,
  wall: EpochMs,
  unknownSince: EpochMs | null,
  changes: Change[],
  what = 'an order',
): void => {
  if (unknownSince !== null && wall - unknownSince > MAX_UNKNOWN) {
    state.lastTroubleWall = wall;
    if (isHeld(state, 'execution')) return;
    const seconds = Math.round((wall - unknownSince) / SECOND_MS);
    put(
      state,
      changes,
      'execution',
      null,
      at,
      `the outcome of ${what} is unknown for ${seconds} s (limit ${MAX_UNKNOWN / SECOND_MS} s)`,
      MAX_UNKNOWN / SECOND_MS,
      seconds,
    );
    return;
  }
  if (!isHeld(state, 'execution')) {
    if (state.orderFailures < MAX_ORDER_FAILURES) return;
    put(
      state,
      changes,
      'execution',
      null,
      at,
      `${state.orderFailures} order failures in a row (limit ${MAX_ORDER_FAILURES})`,
      MAX_ORDER_FAILURES,
      state.orderFailures,
    );
    return;
  }
  if (unknownSince !== null || state.lastTroubleWall === null || wall - state.lastTroubleWall < QUIET_AFTER_TROUBLE)
    return;
  state.orderFailures = 0;
  drop(state, changes, 'execution', 'rule: resolved and quiet');
};

/** An order failed: one more in a row. */
export const recordFailure = (state: GuardianState, wall: EpochMs): void => {
  state.orderFailures += 1;
  state.lastTroubleWall = wall;
};

/** What an operator has accepted does not lock again until it has grown by another half of its limit. */
export const isAccepted = (drift: { readonly value: number; readonly limit: number }, accepted: number): boolean =>
  drift.value <= accepted + drift.limit / 2;

/** Model and drift: a fault holds until a valid model is there; drift holds until an operator has looked at it. */
export const evaluateModel = (state: GuardianState, at: EpochMs, changes: Change[]): void => {
  if (state.modelFault !== null) put(state, changes, 'model', null, at, state.modelFault, null, null);
  else drop(state, changes, 'model', 'rule: a valid model');
  const { drift } = state;
  if (drift === null || drift.value <= drift.limit) {
    state.acceptedDrift = null;
    return;
  }
  if (state.acceptedDrift !== null && isAccepted(drift, state.acceptedDrift)) return;
  put(
    state,
    changes,
    'model-drift',
    null,
    at,
    `drift of the prediction ${drift.value.toFixed(2)} is above ${drift.limit.toFixed(2)}`,
    drift.limit,
    drift.value,
  );
};

/** Whether anyone can be told of anything. `unreachable`: why not, or null. */
export const evaluateReach = (
  state: GuardianState,
  at: EpochMs,
  unreachable: string | null,
  changes: Change[],
): void => {
  if (unreachable === null) drop(state, changes, 'operators-unreachable', 'rule: alerts get through again');
  else put(state, changes, 'operators-unreachable', null, at, unreachable, null, null);
};

/** A start of the process; five within ten minutes lock. */
export const recordStart = (state: GuardianState, at: EpochMs, wall: EpochMs, changes: Change[]): void => {
  state.starts = [...state.starts.filter((start) => wall - start < CRASH_LOOP_SPAN), wall];
  if (state.starts.length >= CRASH_LOOP_STARTS) {
    put(
      state,
      changes,
      'crash-loop',
      null,
      at,
      `${state.starts.length} starts within ten minutes`,
      CRASH_LOOP_STARTS,
      state.starts.length,
    );
  }
};

/** A closed trade, net of fees: a loss lengthens the streak, anything else ends it. */
export const recordTrade = (
  state: GuardianState,
  trade: {
    readonly symbol: SymbolName;
    readonly pnlFraction: number;
    readonly lost: boolean;
    readonly closedAt: EpochMs;
  },
  limits: Limits,
  changes: Change[],
): void => {
  if (!trade.lost) {
    state.lossStreak = [];
    return;
  }
  const { symbol, pnlFraction, closedAt } = trade;
  state.lossStreak = [...state.lossStreak, { symbol, pnlFraction, closedAt }].slice(-STREAK_SHOWN);
  evaluateStreak(state, closedAt, limits, changes);
};

/** Kill-switch: also looked at when a start has brought a tighter limit, which the streak may have reached already. */
export const evaluateStreak = (state: GuardianState, at: EpochMs, limits: Limits, changes: Change[]): void => {
  const { lossStreak } = state;
  const limit = limits.maxConsecutiveLosses;
  if (lossStreak.length < limit) return;
  const newest = lossStreak.slice(-limit);
  const shown = newest
    .map((loss) => `${loss.symbol.split('/')[0] ?? loss.symbol} ${(loss.pnlFraction * 100).toFixed(2)} %`)
    .join(', ');
  const span = (newest.at(-1)?.closedAt ?? at) - (newest[0]?.closedAt ?? at);
  put(
    state,
    changes,
    'kill-switch',
    null,
    at,
    lossStreak.length === 1
      ? `1 loss (${shown})`
      : `${lossStreak.length} losses in a row (${shown}, over ${spanInWords(span)})`,
    limit,
    lossStreak.length,
  );
};

const spanInWords = (span: Milliseconds): string => {
  const hours = Math.round(span / HOUR_MS);
  if (hours < 48) return hours === 1 ? 'one hour' : `${hours} hours`;
  return `${Math.round(hours / 24)} days`;
};

/** Sets a lock from outside the evaluation: operator, reconciliation. */
export const impose = put;
/** Separates the causes within one lock's reason. */
export const CAUSES = '; ';
/**
 * Sets a lock that /unlock clears by accepting its cause: a shortage, a failed gate. A cause that is new to a lock
 * which is held already renews that lock: it is alerted like the first, an /unlock that was shown before does not clear
 * it, and a comparison that it waits for has to come after it.
 */
export const imposeAnew = (
  state: GuardianState,
  changes: Change[],
  kind: LockKind,
  at: EpochMs,
  reason: string,
  limit: number | null,
  value: number | null,
): void => {
  const held = state.locks[kind];
  if (held === undefined) return put(state, changes, kind, null, at, reason, limit, value);
  const told = held.reason.split(CAUSES);
  if (reason.split(CAUSES).every((cause) => told.includes(cause))) return;
  // Set in this very step: one word of it, the last, which says all. Two would share one alert, and the second be lost.
  const before = changes.findIndex((change) => change.type === 'lock-set' && change.lock.id === held.id);
  changes.splice(before < 0 ? changes.length : before, 1, {
    type: 'lock-set',
    lock: renewLock(state, { ...held, reason, limit, value }, at),
  });
};
/** Every gate that has not been answered, in one sentence. */
export const gatesReason = ({ gates }: GuardianState): string => gates.map(({ text }) => text).join(CAUSES);
/** Clears a lock by name; nothing happens when it is not held. */
export const lift = drop;
