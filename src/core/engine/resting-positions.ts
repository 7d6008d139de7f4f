import { toNumber, ZERO } from '../decimal.ts';
import type { OrderRecord } from '../orders/record.ts';
import { HOUR_MS, type EpochMs } from '../units.ts';
import type { EngineState, ManagedPosition, SymbolState } from './state.ts';

/**
 * The prices between which, and the time until which, nothing is done about a symbol. No limits where nothing is held.
 */
export interface Barriers {
  /** At or below it a stop is triggered. */
  readonly stop: number;
  /** At or above it the profit is taken. */
  readonly target: number;
  readonly horizonAt: EpochMs;
  readonly held: boolean;
}

const NONE: Barriers = {
  stop: Number.NEGATIVE_INFINITY,
  target: Number.POSITIVE_INFINITY,
  horizonAt: Number.POSITIVE_INFINITY,
  held: false,
};

/** @param alarm the price at or below which the exchange acts on an order of the symbol */
export const barriersOf = ({ managed }: SymbolState, alarm: number): Barriers => {
  if (managed === null) return NONE;
  const { stopPrice, targetPrice, horizonAt } = managed;
  return {
    stop: stopPrice === null ? Number.NaN : Math.max(alarm, toNumber(stopPrice)),
    target: targetPrice ?? Number.NaN,
    horizonAt,
    held: true,
  };
};

/**
 * Whether a position needs nothing but its resting stop. That the stop covers the whole position was checked by the
 * step before.
 */
export const rests = ({ phase, exitReason, triggeredSince, unprotectedSince }: ManagedPosition): boolean =>
  phase === 'protected' && exitReason === null && triggeredSince === null && unprotectedSince === null;

/** Whether the only open orders are stops of positions that have not begun to fill and are not being cancelled. */
export const onlyStopsRest = ({ openOrders, symbols }: EngineState): boolean => {
  for (const record of openOrders)
    if (!isWholeStop(record, symbols[record.draft.symbol]?.managed ?? null)) return false;
  return true;
};

const isWholeStop = (record: OrderRecord, managed: ManagedPosition | null): boolean =>
  record.draft.clientOrderId === managed?.stopOrderId &&
  record.status === 'working' &&
  !record.cancelling &&
  record.cancelSince === null &&
  record.executed === ZERO;

/**
 * Whether of the prices of an hour that are told together only the last is fresh by then, so that the count of fresh
 * polls begins with it.
 */
export const onlyTheLastIsFresh = ({ freshness }: EngineState): boolean =>
  freshness.wallGrace === 0 && freshness.maxAge < HOUR_MS / 3;
