import {
  add,
  decimal,
  decimalFromNumber,
  divDown,
  formatDecimal,
  sub,
  sum,
  toNumber,
  ZERO,
  type Decimal,
} from '../decimal.ts';
import { shiftBaselines } from '../guardian/equity-locks.ts';
import { imposeAnew } from '../guardian/lock-changes.ts';
import { bookFill, closeTrade, type Booking } from '../ledger/ledger.ts';
import type { Fill } from '../orders/order.ts';
import { isSettledTrade, type OrderRecord } from '../orders/record.ts';
import { HOUR_MS, hourStart } from '../units.ts';
import { money, price } from '../words.ts';
import { noteChargedFee } from './charged-fee.ts';
import { manage } from './lifecycle.ts';
import { REST_AFTER_STOP } from './round-trip-end.ts';
import { setBarriers } from './position-prices.ts';
import { freshFeeCoinPrice } from './marking.ts';
import { isDust, syncNumbers, type SymbolState } from './state.ts';
import { alert, emit, type Turn } from './turn.ts';
import { tellDust } from './unsellable.ts';

/**
 * Fills: into the ledger, into the last reading of the account, and what people are told of them.
 *
 * Invariant: a fill is booked once. The record of its order knows it already, and gives only new ones here.
 */

/** Books fills that are in the record already, and has the position of a late one looked after. */
export const takeFills = (turn: Turn, record: OrderRecord, fresh: readonly Fill[]): void => {
  const { draft } = record;
  const symbol = turn.state.symbols[draft.symbol];
  if (symbol === undefined)
    throw new RangeError(`an order of ${draft.symbol}, of which the engine knows no instrument`);
  for (const fill of fresh) book(turn, symbol, record, fill);
  if (fresh.length > 0) noteChargedFee(turn, symbol, record, fresh);
  if (draft.purpose === 'stop' && fresh.length > 0) {
    noteStopOut(turn, symbol, record);
    stopFilled(turn, record, fresh);
  }
  if (draft.purpose !== 'entry' || fresh.length === 0) return;
  entryFilled(turn, record, fresh);
  const { managed } = symbol;
  if (managed === null) {
    // A scrap that came late stays dust: no round trip is under way with it.
    if (isDust(turn.state, symbol)) {
      closeTrade(turn.state.ledger, symbol.symbol);
      tellDust(turn, symbol, draft.clientOrderId);
    } else
      symbol.managed = manage(
        draft.clientOrderId,
        hourStart(record.createdAt),
        record.createdAt + turn.config.limits.horizonHours * HOUR_MS,
      );
  } else if (managed.phase !== 'entering') setBarriers(turn, symbol, managed);
};

/**
 * Its symbol rests, whatever the sale of the position is called: at the end of the round trip under way, and from now
 * on where the stop was of an earlier one.
 */
const noteStopOut = ({ state, at }: Turn, symbol: SymbolState, { createdAt }: OrderRecord): void => {
  const { managed } = symbol;
  if (managed !== null && createdAt >= (state.orders[managed.entryOrderId]?.createdAt ?? createdAt))
    managed.stoppedOut = true;
  else symbol.restUntil = at + REST_AFTER_STOP;
};

/**
 * Fees in a coin that the books do not hold: equity does not fall by them, the results do, at the full rate. Told once.
 */
const reportFeeAsset = (turn: Turn, asset: string): void => {
  const traded = turn.state.symbolList.find(({ instrument }) => instrument.base === asset)?.symbol;
  const lines =
    traded === undefined
      ? [
          `It is none of the bot's: it is valued at the full taker fee, and what the account holds of it is not counted.`,
          `FEE_ASSET=${asset} counts it; or switch off paying fees in ${asset} at the exchange.`,
        ]
      : [
          `${traded} is traded, so that a position in it pays the fees of the others: books and account will differ, and a difference halts trading.`,
          `Switch off paying fees in ${asset} at the exchange, or take ${traded} out of SYMBOLS.`,
        ];
  alert(
    turn,
    'reconciliation',
    `fee-asset:${asset}`,
    `Fees are paid in ${asset}, which FEE_ASSET does not name`,
    lines,
    ['/balance'],
  );
};

/** Coins of others were sold: a fault to lock on, and what they fetched is no profit. */
const soldTooMuch = (turn: Turn, reason: string, { excess, outside }: Booking): void => {
  const { guardian } = turn.state;
  imposeAnew(guardian, turn.changes, {
    kind: 'reconciliation',
    since: turn.at,
    reason,
    limit: 0,
    value: toNumber(excess),
  });
  shiftBaselines(guardian, toNumber(outside), turn.changes);
  emit(turn, { type: 'deposit', amount: outside, at: turn.at });
};

const book = (turn: Turn, symbol: SymbolState, record: OrderRecord, fill: Fill): void => {
  const { state, config } = turn;
  const { base, quote } = symbol.instrument;
  const { draft } = record;
  const cashBefore = state.ledger.cash ?? ZERO;
  const coinPrice =
    fill.feeAsset === config.feeAsset ? freshFeeCoinPrice(state, turn.at, turn.wall, state.freshness) : null;
  if (![base, quote, config.feeAsset].includes(fill.feeAsset) && decimal(fill.fee) > ZERO)
    reportFeeAsset(turn, fill.feeAsset);
  const booking = bookFill(state.ledger, fill, {
    symbol: symbol.symbol,
    base,
    quote,
    side: draft.side,
    clientOrderId: draft.clientOrderId,
    feeCoinPrice: coinPrice === null ? null : decimalFromNumber(coinPrice),
    feeCoin: config.feeAsset,
    takerFee: decimalFromNumber(config.takerFee),
  });
  if (booking.excess > ZERO)
    soldTooMuch(
      turn,
      `${base}: ${formatDecimal(booking.excess)} more were sold than the bot held (order ${draft.clientOrderId})`,
      booking,
    );
  // The last reading of the account moves with the fills, so that it can be compared at any time.
  if (state.cashAtExchange !== null)
    state.cashAtExchange = add(state.cashAtExchange, sub(state.ledger.cash ?? ZERO, cashBefore));
  const quantity = decimal(fill.quantity);
  const baseFee = fill.feeAsset === base ? decimal(fill.fee) : ZERO;
  if (symbol.atExchange !== null) {
    symbol.atExchange = sub(
      draft.side === 'buy' ? add(symbol.atExchange, quantity) : sub(symbol.atExchange, quantity),
      baseFee,
    );
  }
  syncNumbers(state);
  state.suspicion = null;
  emit(turn, {
    type: 'fill',
    symbol: symbol.symbol,
    tradeId: fill.tradeId,
    clientOrderId: draft.clientOrderId,
    purpose: draft.purpose,
    side: draft.side,
    price: decimal(fill.price),
    quantity,
    quoteQuantity: decimal(fill.quoteQuantity),
    fee: decimal(fill.fee),
    feeAsset: fill.feeAsset,
    realised: booking.realised,
    at: fill.at,
  });
};

/**
 * A fill of nothing, should an exchange ever state one, must not end the process: its journal would end every later
 * one.
 */
const averageText = (quote: Decimal, quantity: Decimal): string =>
  quantity > ZERO ? price(divDown(quote, quantity)) : 'no price';

/** One alert for all fills that came together. */
const entryFilled = (turn: Turn, record: OrderRecord, fills: readonly Fill[]): void => {
  const { draft } = record;
  const [base = draft.symbol, quoteAsset = ''] = draft.symbol.split('/');
  const quantity = sum(fills.map((fill) => decimal(fill.quantity)));
  const quote = sum(fills.map((fill) => decimal(fill.quoteQuantity)));
  const fees = [...new Set(fills.map((fill) => fill.feeAsset))].map((asset) => {
    const fee = sum(fills.filter((fill) => fill.feeAsset === asset).map((fill) => decimal(fill.fee)));
    return `${asset === quoteAsset ? money(toNumber(fee)) : formatDecimal(fee)} ${asset}`;
  });
  const paid = fills.every(({ tradeId }) => isSettledTrade(tradeId)) ? 'in it' : fees.join(', ');
  alert(
    turn,
    'fill',
    `entry:${draft.clientOrderId}:${record.tradeIds.length}`,
    `${base} bought ${formatDecimal(quantity)} @ ${averageText(quote, quantity)}`,
    [`${money(toNumber(quote))} ${quoteAsset}, fee ${paid}`, draft.reason],
    ['/positions'],
    draft.symbol,
  );
};

/** One alert for all fills of a stop that came together. */
const stopFilled = (turn: Turn, record: OrderRecord, fills: readonly Fill[]): void => {
  const { draft } = record;
  const base = draft.symbol.split('/')[0] ?? draft.symbol;
  const quantity = sum(fills.map((fill) => decimal(fill.quantity)));
  const quote = sum(fills.map((fill) => decimal(fill.quoteQuantity)));
  alert(
    turn,
    'stop',
    `${draft.clientOrderId}:filled:${record.tradeIds.length}`,
    `${base} stop triggered: sold ${formatDecimal(quantity)} @ ${averageText(quote, quantity)}`,
    [],
    ['/trades'],
    draft.symbol,
  );
};
