import { formatDecimal, toNumber, ZERO } from '../decimal.ts';
import { recordTrade } from '../guardian/streak-lock.ts';
import { closeTrade, quantityOf } from '../ledger/ledger.ts';
import { outcomeOf } from '../ledger/outcome.ts';
import { floorToLot, smallestQuantity } from '../market/instrument.ts';
import { HOUR_MS, type Milliseconds } from '../units.ts';
import { money, price, signedMoney, signedPercent } from '../words.ts';
import { hasSettled } from './orders-out.ts';
import { STOP_NOT_FILLED, tradeOf } from './position-prices.ts';
import type { ManagedPosition, SymbolState } from './state.ts';
import { alert, emit, type Turn } from './turn.ts';
import { tellDust } from './unsellable.ts';

/**
 * The end of a round trip: books it, counts it for the kill-switch, tells of it, and lets the symbol rest after a
 * stop-out.
 *
 * Invariant: a round trip ends once, and one of which nothing was sold is neither a win nor a loss.
 */

/** Rest of a symbol after a stop-out, in market time. */
export const REST_AFTER_STOP: Milliseconds = 4 * HOUR_MS;
export const STOPPED = 'stop';

/** Whether what is left is told: all but what a sale has left of a lot, as nearly every sale does. */
const isLeftBehind = ({ state }: Turn, { symbol, instrument }: SymbolState, sold: boolean): boolean => {
  const left = quantityOf(state.ledger, symbol);
  return left > ZERO && (!sold || floorToLot(instrument, left, 'market') >= smallestQuantity(instrument, 'market'));
};

/** The round trip is over: books it, counts it, rests after a stop-out. */
export const finish = (turn: Turn, symbol: SymbolState, managed: ManagedPosition, why: string): void => {
  symbol.managed = null;
  const exitReason = managed.stoppedOut && why !== STOP_NOT_FILLED ? STOPPED : why;
  if (managed.stoppedOut) symbol.restUntil = turn.at + REST_AFTER_STOP;
  const sold = (tradeOf(turn, symbol)?.soldQuantity ?? ZERO) > ZERO;
  const trade = closeTrade(turn.state.ledger, symbol.symbol);
  if (trade !== null && isLeftBehind(turn, symbol, sold)) tellDust(turn, symbol, managed.entryOrderId);
  // Nothing was sold: a scrap of an entry that is too small to sell is dust, neither a win nor a loss.
  if (trade === null || !sold) return;
  turn.state.tradesClosed += 1;
  emit(turn, { type: 'trade', symbol: symbol.symbol, closedAt: turn.at, exitReason, ...trade });
  const { pnlFraction } = trade;
  const lost = outcomeOf(trade.pnl) === 'loss';
  const base = symbol.symbol.split('/')[0] ?? symbol.symbol;
  alert(
    turn,
    'fill',
    `trade:${managed.entryOrderId}:${turn.state.tradesClosed}`,
    `${base} closed ${signedMoney(toNumber(trade.pnl))} ${turn.config.quoteAsset} (${signedPercent(pnlFraction)}), ${exitReason}`,
    [
      `${formatDecimal(trade.quantity)} ${base}: ${price(trade.entryPrice)} -> ${price(trade.exitPrice)}`,
      `fees ${money(toNumber(trade.fees))} ${turn.config.quoteAsset}${hasSettled(turn, managed) ? ', and those in the price of what was settled' : ''}`,
    ],
    ['/pnl', '/trades'],
    symbol.symbol,
  );
  recordTrade(
    turn.state.guardian,
    { symbol: symbol.symbol, pnlFraction, lost, closedAt: turn.at },
    turn.config.limits,
    turn.changes,
  );
};
