import { min, ZERO, type Decimal } from '../decimal.ts';
import type { Denial } from '../guardian/denial.ts';
import { denialText } from '../guardian/denial-text.ts';
import { reduceDenial, stopType } from '../guardian/pre-trade.ts';
import { quantityOf, sellable } from '../ledger/ledger.ts';
import { ceilToTick, floorToLot, type OrderType } from '../market/instrument.ts';
import { isFinal, outstanding, type OrderRecord } from '../orders/record.ts';
import { stopLimit } from '../risk/sizing.ts';
import { nextOrderId, placeReduce, reduceContext } from './orders-out.ts';
import type { EngineState, ManagedPosition, SymbolState } from './state.ts';
import type { Turn } from './turn.ts';

/**
 * The orders that take a position away: its protective stop and its sale.
 *
 * Invariant: none is for more than is held and is at the exchange, and a stop never covers more than one market order
 * could sell in its place. All of them go through the Guardian's check.
 */

/**
 * Whether the stop has to be replaced because a late fill, or the exchange's lot, has changed the quantity that it must
 * cover.
 */
export const needsResize = (turn: Turn, symbol: SymbolState, stop: OrderRecord): boolean => {
  if (stop.status !== 'working' || stop.cancelling) return false;
  const covered = outstanding(stop);
  const held = quantityOf(turn.state.ledger, symbol.symbol);
  // What is left over is less than a lot and the stop is whole: the usual case, seen without arithmetic.
  if (covered <= held && held - covered < symbol.instrument.stepSize && stop.executed === ZERO) return false;
  if (held < covered) return true;
  const other =
    stopQuantity(turn, symbol, stop.draft.type) > covered ||
    floorToLot(symbol.instrument, held, stop.draft.type) < covered;
  // A stop that could be followed by no order at all stays: better than none.
  return other && saleDenial(turn.state, symbol) === null;
};

/**
 * Why what is held cannot be sold now, in any part, or null: the check that its sale would have to pass. The exchange
 * may have raised its least notional or its lot since the entry, or the price may have fallen.
 */
export const saleDenial = (state: EngineState, symbol: SymbolState): Denial | null =>
  reduceDenial(reduceContext(state, symbol), {
    side: 'sell',
    type: 'market',
    quantity: quantityToSell(state, symbol, 'market'),
    limitPrice: null,
    stopPrice: null,
  });

/** Why the stop of a position would stay if it were to be sold now; null where the sale could go, or none rests. */
export const whyUnsellable = (state: EngineState, symbol: SymbolState): string | null => {
  const { managed, instrument, unlisted } = symbol;
  const stop = managed === null || managed.stopOrderId === null ? undefined : state.orders[managed.stopOrderId];
  if (stop === undefined || isFinal(stop) || unlisted || !instrument.trading) return null;
  const denial = saleDenial(state, symbol);
  return denial === null ? null : denialText(denial);
};

const quantityToSell = (state: EngineState, symbol: SymbolState, type: OrderType): Decimal =>
  floorToLot(symbol.instrument, sellable(quantityOf(state.ledger, symbol.symbol), symbol.atExchange), type);

/** What a stop covers: never more than one market order could sell in its place. */
const stopQuantity = (turn: Turn, symbol: SymbolState, type: OrderType): Decimal =>
  min(quantityToSell(turn.state, symbol, type), quantityToSell(turn.state, symbol, 'market'));

/** Wants the stop in place. Null when the order may not go, or when there is no price for it yet. */
export const placeStop = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): string | null => {
  if (managed.stopPrice === null) return null;
  const type = stopType(symbol.instrument) ?? 'stop-loss-limit';
  // The exchange may have made its ticks coarser since the entry.
  const trigger = ceilToTick(symbol.instrument, managed.stopPrice);
  managed.stopPrice = trigger;
  const plain = type === 'stop-loss';
  return placeReduce(
    turn,
    symbol,
    {
      clientOrderId: nextOrderId(turn),
      symbol: symbol.symbol,
      side: 'sell',
      type,
      purpose: 'stop',
      quantity: stopQuantity(turn, symbol, type),
      limitPrice: plain ? null : stopLimit(symbol.instrument, trigger),
      stopPrice: trigger,
      timeInForce: plain ? null : 'GTC',
      expiresAtWall: null,
      reason: 'protective stop',
    },
    managed.entryOrderId,
  );
};

/** Wants all that can be sold in one order sold at market. Null when the order may not go. */
export const placeSale = (turn: Turn, symbol: SymbolState, managed: ManagedPosition): string | null =>
  placeReduce(
    turn,
    symbol,
    {
      clientOrderId: nextOrderId(turn),
      symbol: symbol.symbol,
      side: 'sell',
      type: 'market',
      purpose: 'exit',
      quantity: quantityToSell(turn.state, symbol, 'market'),
      limitPrice: null,
      stopPrice: null,
      timeInForce: null,
      expiresAtWall: null,
      reason: managed.exitReason ?? 'exit',
    },
    managed.entryOrderId,
  );
