import type { Limits } from '../risk/limits.ts';
import {
  HOUR_MS,
  MINUTE_MS,
  SECOND_MS,
  type MarketMs,
  type Milliseconds,
  type SymbolName,
  type WallMs,
} from '../units.ts';
import { counted } from '../words.ts';
import type { Look } from './change.ts';
import { lift, impose } from './lock-changes.ts';
import { isHeld, type GuardianState } from './state.ts';
import { CALM_CANDLES, type Volatility } from './volatility.ts';

/**
 * The locks of one symbol's data: stale data and volatility.
 *
 * Invariant: missing data are stale, and what is not known holds.
 */

/** Fresh polls in a row that clear the stale-data lock. */
export const FRESH_POLLS = 2;

/** What the Guardian needs to know of one symbol's data. */
export interface DataFreshness {
  readonly symbol: SymbolName;
  /** Id of the symbol's stale-data lock. */
  readonly staleLockId: string;
  /** Market and wall time of the newest price; null = never had one. */
  readonly priceAt: MarketMs | null;
  readonly priceWall: WallMs | null;
  readonly newestCandleOpen: MarketMs | null;
  /** Fresh polls in a row; back to zero whenever the data are seen stale. */
  freshPolls: number;
}

export interface FreshnessRule {
  readonly maxAge: Milliseconds;
  /** Younger than this in wall time is fresh, whatever the market clock says (demo). */
  readonly wallGrace: Milliseconds;
}

/** Whether a price of that age is young enough: by market time or, where there is such a grace, by wall time. */
export const isYoung = (age: Milliseconds, wallAge: Milliseconds, rule: FreshnessRule): boolean =>
  age <= rule.maxAge || (rule.wallGrace > 0 && wallAge <= rule.wallGrace);

/** Whether a symbol's data may not be used. Missing data is stale. */
export const isStale = (data: DataFreshness, at: MarketMs, wall: WallMs, rule: FreshnessRule): boolean =>
  data.priceAt === null ||
  data.priceWall === null ||
  !isYoung(at - data.priceAt, wall - data.priceWall, rule) ||
  data.newestCandleOpen === null ||
  at > data.newestCandleOpen + 2 * HOUR_MS + rule.maxAge;

/** Why a symbol's data is stale, or null. */
export const staleness = (data: DataFreshness, at: MarketMs, wall: WallMs, rule: FreshnessRule): string | null => {
  if (!isStale(data, at, wall, rule)) return null;
  if (data.priceAt === null || data.priceWall === null) return 'no price yet';
  const age = at - data.priceAt;
  if (!isYoung(at - data.priceAt, wall - data.priceWall, rule)) {
    return `price is ${Math.round(age / SECOND_MS)} s old (limit ${Math.round(rule.maxAge / SECOND_MS)} s)`;
  }
  if (data.newestCandleOpen === null) return 'no closed candle yet';
  return `newest candle closed ${Math.round((at - data.newestCandleOpen - HOUR_MS) / MINUTE_MS)} min ago`;
};

/**
 * Stale data: trips on age, clears after two fresh polls. `startedWall`: the
 * first start is given one limit's time to get its first price before it is
 * called stale; entries are refused meanwhile, because there is no price.
 */
export const evaluateFreshness = (
  state: GuardianState,
  data: DataFreshness,
  { at, wall, changes }: Look,
  rule: FreshnessRule,
  startedWall: WallMs,
): void => {
  const id = data.staleLockId;
  const held = isHeld(state, id);
  if (!isStale(data, at, wall, rule)) {
    if (held && data.freshPolls >= FRESH_POLLS) lift(state, changes, id, 'rule: fresh data on two polls');
    return;
  }
  data.freshPolls = 0;
  if (held || (data.priceAt === null && wall - startedWall <= rule.maxAge)) return;
  const age = data.priceAt === null ? null : (at - data.priceAt) / SECOND_MS;
  impose(state, changes, {
    kind: 'stale-data',
    symbol: data.symbol,
    since: at,
    reason: `${data.symbol}: ${staleness(data, at, wall, rule) ?? 'stale'}`,
    limit: rule.maxAge / SECOND_MS,
    value: age,
  });
};

/** What the Guardian needs to know of how lively one symbol is. */
export interface DataVolatility {
  readonly symbol: SymbolName;
  /** Id of the symbol's volatility lock. */
  readonly volatilityLockId: string;
  readonly volatility: Volatility;
}

/** Volatility: the status is kept by updateVolatility; this turns it into a lock. */
export const evaluateVolatility = (
  state: GuardianState,
  { symbol, volatilityLockId: id, volatility }: DataVolatility,
  { at, changes }: Look,
  limits: Limits,
): void => {
  const held = isHeld(state, id);
  if (volatility.status === 'calm') {
    if (held) lift(state, changes, id, 'rule: volatility is back to normal');
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
  impose(state, changes, { kind: 'volatility', symbol, since: at, reason, limit: threshold, value: ratio });
};
