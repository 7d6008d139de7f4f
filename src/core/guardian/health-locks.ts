import { HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds, type SymbolName } from '../units.ts';
import type { Limits } from '../risk/limits.ts';
import type { Change } from './change.ts';
import { lockId, type Lock, type LockKind } from './lock.ts';
import { removeLock, setLock, type GuardianState } from './state.ts';
import type { Volatility } from './volatility.ts';

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
  /** Market and wall time of the newest price; null = never had one. */
  readonly priceAt: EpochMs | null;
  readonly priceWall: EpochMs | null;
  readonly newestCandleOpen: EpochMs | null;
  readonly freshPolls: number;
}

export interface FreshnessRule {
  readonly maxAge: Milliseconds;
  /** Younger than this in wall time is fresh, whatever the market clock says (demo). */
  readonly wallGrace: Milliseconds;
}

/** Why a symbol's data is stale, or null. Missing data is stale. */
export const staleness = (data: DataFreshness, at: EpochMs, wall: EpochMs, rule: FreshnessRule): string | null => {
  if (data.priceAt === null || data.priceWall === null) return 'no price yet';
  const age = at - data.priceAt;
  if (age > rule.maxAge && wall - data.priceWall > rule.wallGrace) {
    return `price is ${Math.round(age / SECOND_MS)} s old (limit ${Math.round(rule.maxAge / SECOND_MS)} s)`;
  }
  if (data.newestCandleOpen === null) return 'no closed candle yet';
  const late = at - (data.newestCandleOpen + 2 * HOUR_MS + rule.maxAge);
  if (late > 0) {
    return `newest candle closed ${Math.round((at - data.newestCandleOpen - HOUR_MS) / MINUTE_MS)} min ago`;
  }
  return null;
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
  const lock: Lock | null = removeLock(state, id);
  if (lock !== null) changes.push({ type: 'lock-cleared', lock, by });
};

/** Stale data: trips on age, clears after two fresh polls. `startedAt`: a start is given one limit's time to get its first data. */
export const evaluateFreshness = (
  state: GuardianState,
  data: DataFreshness,
  at: EpochMs,
  wall: EpochMs,
  rule: FreshnessRule,
  startedWall: EpochMs,
  changes: Change[],
): void => {
  const why = staleness(data, at, wall, rule);
  const id = lockId('stale-data', data.symbol);
  if (why !== null) {
    if (wall - startedWall > rule.maxAge || data.priceAt !== null) {
      const never = data.priceAt === null;
      put(state, changes, 'stale-data', data.symbol, at, `${data.symbol}: ${why}`, rule.maxAge / SECOND_MS, never ? null : (at - (data.priceAt ?? at)) / SECOND_MS);
    }
  } else if (state.locks[id] !== undefined && data.freshPolls >= FRESH_POLLS) {
    drop(state, changes, id, 'rule: fresh data on two polls');
  }
};

/** Volatility: the status is kept by updateVolatility; this turns it into a lock. */
export const evaluateVolatility = (
  state: GuardianState,
  symbol: SymbolName,
  volatility: Volatility,
  at: EpochMs,
  limits: Limits,
  changes: Change[],
): void => {
  const id = lockId('volatility', symbol);
  if (volatility.status === 'calm') {
    if (state.locks[id] !== undefined) drop(state, changes, id, 'rule: volatility is back to normal');
    return;
  }
  if (state.locks[id] !== undefined) return;
  const reason =
    volatility.status === 'unknown'
      ? `${symbol}: fewer than 90 days of volatility are known (${Math.floor(volatility.window.size / 24)} days)`
      : `${symbol}: ATR/close ${((volatility.ratio ?? 0) * 100).toFixed(2)} % is above the ${(limits.maxAtrPercentile * 100).toFixed(0)}th percentile of the year, ${((volatility.threshold ?? 0) * 100).toFixed(2)} %`;
  put(state, changes, 'volatility', symbol, at, reason, volatility.threshold, volatility.ratio);
};

/** Clock skew: unknown tightens, only a small measured difference clears. */
export const evaluateSkew = (state: GuardianState, at: EpochMs, changes: Change[]): void => {
  if (state.skew === undefined) return;
  if (state.skew === null) {
    put(state, changes, 'clock-skew', null, at, 'the difference to the exchange clock could not be measured', MAX_SKEW, null);
  } else if (Math.abs(state.skew) > MAX_SKEW) {
    put(state, changes, 'clock-skew', null, at, `clocks differ by ${Math.round(state.skew)} ms (limit ${MAX_SKEW} ms)`, MAX_SKEW, state.skew);
  } else if (Math.abs(state.skew) < CLEAR_SKEW) drop(state, changes, 'clock-skew', 'rule: clocks agree again');
};

/** Execution: failures in a row or an outcome unknown for too long. `unknownSince`: wall time of the oldest unknown outcome. */
export const evaluateExecution = (
  state: GuardianState,
  at: EpochMs,
  wall: EpochMs,
  unknownSince: EpochMs | null,
  changes: Change[],
): void => {
  if (unknownSince !== null && wall - unknownSince > MAX_UNKNOWN) {
    state.lastTroubleWall = wall;
    const seconds = Math.round((wall - unknownSince) / SECOND_MS);
    put(state, changes, 'execution', null, at, `the outcome of an order is unknown for ${seconds} s (limit ${MAX_UNKNOWN / SECOND_MS} s)`, MAX_UNKNOWN / SECOND_MS, seconds);
    return;
  }
  if (state.orderFailures >= MAX_ORDER_FAILURES) {
    put(state, changes, 'execution', null, at, `${state.orderFailures} order failures in a row (limit ${MAX_ORDER_FAILURES})`, MAX_ORDER_FAILURES, state.orderFailures);
  }
  if (
    state.locks['execution'] !== undefined &&
    unknownSince === null &&
    state.lastTroubleWall !== null &&
    wall - state.lastTroubleWall > QUIET_AFTER_TROUBLE
  ) {
    state.orderFailures = 0;
    drop(state, changes, 'execution', 'rule: resolved and quiet');
  }
};

export const evaluateModel = (state: GuardianState, at: EpochMs, changes: Change[]): void => {
  if (state.modelFault !== null) put(state, changes, 'model', null, at, state.modelFault, null, null);
  else drop(state, changes, 'model', 'rule: a valid model');
};

/** A start of the process; five within ten minutes lock. */
export const recordStart = (state: GuardianState, at: EpochMs, wall: EpochMs, changes: Change[]): void => {
  state.starts = [...state.starts.filter((start) => wall - start < CRASH_LOOP_SPAN), wall];
  if (state.starts.length >= CRASH_LOOP_STARTS) {
    put(state, changes, 'crash-loop', null, at, `${state.starts.length} starts within ten minutes`, CRASH_LOOP_STARTS, state.starts.length);
  }
};

/** A closed trade, net of fees: a loss lengthens the streak, anything else ends it. */
export const recordTrade = (
  state: GuardianState,
  trade: { readonly symbol: SymbolName; readonly pnlFraction: number; readonly lost: boolean; readonly closedAt: EpochMs },
  limits: Limits,
  changes: Change[],
): void => {
  if (!trade.lost) {
    state.lossStreak = [];
    return;
  }
  const { symbol, pnlFraction, closedAt } = trade;
  state.lossStreak = [...state.lossStreak, { symbol, pnlFraction, closedAt }].slice(-STREAK_SHOWN);
  if (state.lossStreak.length >= limits.maxConsecutiveLosses) {
    const shown = state.lossStreak
      .slice(-limits.maxConsecutiveLosses)
      .map((loss) => `${loss.symbol.split('/')[0] ?? loss.symbol} ${(loss.pnlFraction * 100).toFixed(2)} %`)
      .join(', ');
    const span = closedAt - (state.lossStreak.at(-limits.maxConsecutiveLosses)?.closedAt ?? closedAt);
    put(
      state,
      changes,
      'kill-switch',
      null,
      closedAt,
      `${state.lossStreak.length} losses in a row (${shown}, over ${spanInWords(span)})`,
      limits.maxConsecutiveLosses,
      state.lossStreak.length,
    );
  }
};

const spanInWords = (span: Milliseconds): string => {
  const hours = Math.round(span / HOUR_MS);
  if (hours < 48) return hours === 1 ? 'one hour' : `${hours} hours`;
  return `${Math.round(hours / 24)} days`;
};

/** Sets a lock from outside the evaluation: operator, reconciliation, start gate. */
export const impose = put;
/** Clears a lock by name; nothing happens when it is not held. */
export const lift = drop;
