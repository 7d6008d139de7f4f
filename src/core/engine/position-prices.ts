import { toNumber, ZERO, type Decimal } from '../decimal.ts';
import { averageOf, type OpenTrade } from '../ledger/ledger.ts';
import type { OrderRecord } from '../orders/record.ts';
import { stopTrigger } from '../risk/sizing.ts';
import { SECOND_MS, type Milliseconds } from '../units.ts';
import type { ManagedPosition, SymbolState } from './state.ts';
import type { Turn } from './turn.ts';

/**
 * The prices of a position: average entry, stop and target, and what the newest price says of the resting stop.
 *
 * Invariant: a price that was read before this start says nothing of now.
 */

/** A stop that the price has gone through may stay unfilled this long, in wall time. */
export const MAX_TRIGGERED: Milliseconds = 5 * SECOND_MS;
export const STOP_NOT_FILLED = 'stop not filled';

export const tradeOf = (turn: Turn, symbol: SymbolState): OpenTrade | null =>
  turn.state.ledger.positions[symbol.symbol]?.trade ?? null;

/** Sets the average entry, and the stop and target prices that follow from it; nothing before the first fill. */
export const setBarriers = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): void => {
  const trade = tradeOf(turn, symbol);
  if (trade === null || trade.boughtQuantity <= ZERO) return;
  const average = averageOf(trade);
  managed.averageEntry = average;
  managed.stopPrice = stopTrigger(symbol.instrument, average, turn.config.limits.stopLoss);
  managed.targetPrice = toNumber(average) * (1 + turn.config.limits.takeProfit);
};

/** Whether the newest price was read since this start: an older one says nothing of now. */
const ofThisRun = (turn: Turn, symbol: SymbolState): boolean =>
  symbol.priceWall !== null && symbol.priceWall >= turn.state.startedWall;

export const isThrough = (turn: Turn, symbol: SymbolState, trigger: Decimal | null): boolean =>
  trigger !== null && ofThisRun(turn, symbol) && symbol.last > 0 && symbol.last <= toNumber(trigger);

/** A stop that the price has gone through and that does not fill is cancelled and sold at market. */
export const watchTrigger = (turn: Turn, symbol: SymbolState, managed: ManagedPosition, stop: OrderRecord): void => {
  // The clock of an unfilled stop begins with a price that this run has seen.
  if (!ofThisRun(turn, symbol)) return;
  if (!isThrough(turn, symbol, stop.draft.stopPrice)) {
    managed.triggeredSince = null;
    return;
  }
  managed.triggeredSince ??= turn.wall;
  if (turn.wall - managed.triggeredSince < MAX_TRIGGERED) return;
  // After a failed sale the next try waits because the stop protects. This one no longer does: try once at once. A stop
  // that was put back since has that try behind it, and the waits hold again.
  if (stop.createdWall <= managed.triggeredSince) managed.retryAt = null;
  managed.stoppedOut = true;
  managed.exitReason ??= STOP_NOT_FILLED;
};
