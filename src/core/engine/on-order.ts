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
import { bookFill, closeTrade, type Booking } from '../ledger/ledger.ts';
import type { Fill, OrderSnapshot } from '../orders/order.ts';
import { shiftBaselines } from '../guardian/equity-locks.ts';
import { imposeAnew, recordFailure } from '../guardian/health-locks.ts';
import { applySnapshot, endCancelling, isFinal, isSettledTrade, type OrderRecord } from '../orders/record.ts';
import { HOUR_MS, hourStart } from '../units.ts';
import { counted, money, price } from '../words.ts';
import { noteChargedFee } from './charged-fee.ts';
import type { CancelFailedInput, OrderOutcome, OrderReportInput } from './input.ts';
import { manage, REST_AFTER_STOP, setBarriers } from './lifecycle.ts';
import { idsInUse } from './lost-history.ts';
import { freshFeeCoinPrice } from './marking.ts';
import { noteCancelFailure, reportOrder } from './orders-out.ts';
import { isStopNews, noteRefusal } from './refusals.ts';
import { indexOrders, isDust, recountOrders, syncNumbers, type SymbolState } from './state.ts';
import { alert, emit, type Turn } from './turn.ts';

/** Ended orders that are kept in memory for late answers; older ones are in the database. */
const ENDED_ORDERS_KEPT = 200;
/** Forgotten in one go, so that looking for them is rare. */
const FORGET_AT_ONCE = 50;

/** Every result of a send comes back here; nothing is swallowed into a log. */
export const onOrderReport = (turn: Turn, input: OrderReportInput): void => {
  const { state } = turn;
  const record = state.orders[input.clientOrderId];
  if (record === undefined) {
    reportUnknown(turn, input);
    return;
  }
  const before = { status: record.status, fills: record.tradeIds.length };
  const ended = isFinal(record);
  apply(turn, record, input.outcome);
  // Counted by what was booked: of an order that was settled by hand the fills until then are in the books already.
  if (ended) reportRepair(turn, record, turn.effects.filter(({ type }) => type === 'fill').length);
  else if (record.status === 'cancelled' && !record.cancelRequested && record.draft.purpose !== 'entry')
    reportWithdrawn(turn, record);
  reportOrder(turn, record, before);
  if (state.ordersKept > ENDED_ORDERS_KEPT + FORGET_AT_ONCE) forgetOld(turn);
  if (ended && !isFinal(record)) indexOrders(state);
  else recountOrders(state);
};

/** An order with our prefix that these books never had: reconciliation took it off the exchange. */
const reportUnknown = (turn: Turn, { symbol, clientOrderId, outcome }: OrderReportInput): void => {
  const state = outcome.kind === 'known' ? outcome.order.status : outcome.kind;
  const sold =
    outcome.kind === 'known' && outcome.order.fills.length > 0
      ? [`It had ${outcome.order.fills.length} fills, which are not in the books: send /reconcile.`]
      : [];
  alert(
    turn,
    'reconciliation',
    `unknown-order:${clientOrderId}:${state}`,
    `${symbol}: an order of ours is not in the books, now ${state}`,
    [clientOrderId, ...sold],
    ['/orders'],
    symbol,
  );
};

/** An order that was believed ended turns out to have done more, or to be open: the exchange's word is taken over. */
const reportRepair = (turn: Turn, record: OrderRecord, fresh: number): void => {
  const { clientOrderId, symbol, purpose } = record.draft;
  const found =
    fresh > 0 ? `${counted(fresh, 'missing fill')} booked` : isFinal(record) ? null : 'the order has not ended';
  if (found === null) return;
  alert(
    turn,
    'reconciliation',
    `repaired:${clientOrderId}:${record.tradeIds.length}:${record.status}`,
    `${symbol}: books repaired, ${found}`,
    [`${purpose} ${clientOrderId}, now ${record.status}`],
    ['/orders', '/positions'],
    symbol,
  );
};

/** A stop or an exit is gone, and no rule has asked for it. What a position needs is put back by the step. */
const reportWithdrawn = (turn: Turn, { draft }: OrderRecord): void => {
  const lines = [
    'By hand, by the exchange, or by reconciliation because nothing needed it. What a position needs is placed again.',
    draft.clientOrderId,
  ];
  alert(
    turn,
    'reconciliation',
    `withdrawn:${draft.clientOrderId}`,
    `${draft.symbol}: ${draft.purpose} order cancelled outside the rules`,
    lines,
    ['/positions', '/orders'],
    draft.symbol,
  );
};

/**
 * An order that rested is not open any more, and the exchange does not say what became of it: neither protection nor a
 * sale.
 */
const reportMissing = (turn: Turn, { draft, detail }: OrderRecord): void => {
  const lines = [
    `${draft.clientOrderId} is not among the open orders, and asking for it fails: ${detail ?? ''}`,
    'The exchange goes on being asked; nothing of it is sold before it has answered. After 60 s entries stop, and /settle can end it by hand.',
  ];
  alert(
    turn,
    'reconciliation',
    `missing:${draft.clientOrderId}:${turn.at}`,
    `${draft.symbol}: nobody can say what became of the ${draft.purpose} order`,
    lines,
    ['/orders', '/positions'],
    draft.symbol,
  );
};

/** Whoever was told that it is missing is told that it is not, whatever has become of it. */
const reportFound = (turn: Turn, record: OrderRecord): void => {
  const { draft, status } = record;
  record.missing = false;
  alert(
    turn,
    'reconciliation',
    `found:${draft.clientOrderId}:${turn.at}`,
    `${draft.symbol}: the ${draft.purpose} order is found again, now ${status}`,
    [draft.clientOrderId],
    ['/orders', '/positions'],
    draft.symbol,
  );
};

const apply = (turn: Turn, record: OrderRecord, outcome: OrderOutcome): void => {
  const { guardian } = turn.state;
  switch (outcome.kind) {
    case 'known':
      return known(turn, record, outcome.order);
    case 'rejected':
    case 'not-sent':
      // A belief never overrides what the exchange has stated.
      if (isFinal(record) || record.status === 'working') return;
      record.status = outcome.kind === 'rejected' ? 'rejected' : 'never-sent';
      record.detail = `${outcome.code} ${outcome.message}`;
      record.unknownSince = null;
      // One that was withdrawn under a lock has not failed.
      if (outcome.kind === 'rejected' || !record.cancelling) failed(turn, record, record.detail);
      return endCancelling(record);
    case 'unknown':
      if (isFinal(record)) return;
      record.detail = `${outcome.code} ${outcome.message}`;
      if (record.status === 'working') {
        record.missing = true;
        reportMissing(turn, record);
      }
      record.status = 'unknown';
      record.unknownSince ??= turn.wall;
      guardian.lastTroubleWall = turn.wall;
      return;
    case 'not-found':
      if (isFinal(record)) return;
      record.status = 'never-existed';
      record.unknownSince = null;
      // Should it turn up after all, its cancellation is asked for again.
      endCancelling(record);
      return failed(turn, record, 'the exchange does not know the order');
  }
};

/** The exchange's word: books what is new. */
const known = (turn: Turn, record: OrderRecord, snapshot: OrderSnapshot): void => {
  const { guardian } = turn.state;
  const before = record.status;
  const fresh = applySnapshot(record, snapshot, turn.wall);
  const { draft } = record;
  if (record.missing && record.status !== 'unknown') reportFound(turn, record);
  if (record.status === 'unknown') guardian.lastTroubleWall = turn.wall;
  if (record.status === 'rejected' && before !== 'rejected') failed(turn, record, 'rejected by the exchange');
  // Only an order that has just arrived ends a row of failures; another look at an old one proves nothing.
  if (
    (before === 'intent' || before === 'unknown') &&
    (record.status === 'working' || (isFinal(record) && record.status !== 'rejected'))
  )
    guardian.orderFailures = 0;
  if (draft.purpose === 'stop' && record.status === 'working' && before !== 'working') stopPlaced(turn, record);
  if (draft.purpose === 'exit' && record.status === 'expired' && before !== 'expired')
    noteUnsold(turn, record, snapshot);
  takeFills(turn, record, fresh);
};

/**
 * A sale that the exchange took and ended with most of it unsold (its limits on prices, no buyers, another order of the
 * account's own) has failed like one that it refused: it is tried again, and told.
 */
const noteUnsold = (turn: Turn, record: OrderRecord, { expiryReason }: OrderSnapshot): void => {
  const { executed, draft } = record;
  if (executed + executed >= draft.quantity) return;
  record.detail = `ended by the exchange with ${formatDecimal(executed)} of ${formatDecimal(draft.quantity)} sold${expiryReason === undefined ? '' : `: ${expiryReason}`}`;
  failed(turn, record, record.detail);
};

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
    if (isDust(turn.state, symbol)) closeTrade(turn.state.ledger, symbol.symbol);
    else
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

const failed = (turn: Turn, record: OrderRecord, detail: string): void => {
  recordFailure(turn.state.guardian, turn.wall);
  const { draft } = record;
  const more = noteRefusal(turn, record);
  if (more === null) return;
  alert(
    turn,
    'order-failure',
    `${draft.clientOrderId}:${record.status}`,
    `${draft.symbol}: ${draft.purpose} ${record.status}`,
    [detail, ...more],
    ['/orders'],
    draft.symbol,
  );
};

/**
 * Fees in a coin that the books do not hold: equity does not fall by them, the results do, at the full rate. Told once.
 */
const reportFeeAsset = (turn: Turn, asset: string): void => {
  const lines = [
    `It is none of the bot's: it is valued at the full taker fee, and what the account holds of it is not counted.`,
    `FEE_ASSET=${asset} counts it; or switch off paying fees in ${asset} at the exchange.`,
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
  imposeAnew(guardian, turn.changes, 'reconciliation', turn.at, reason, 0, toNumber(excess));
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

const stopPlaced = (turn: Turn, record: OrderRecord): void => {
  const { draft } = record;
  if (!isStopNews(turn, record)) return;
  const base = draft.symbol.split('/')[0] ?? draft.symbol;
  const trigger = draft.stopPrice === null ? '' : ` @ ${price(draft.stopPrice)}`;
  alert(
    turn,
    'stop',
    `${draft.clientOrderId}:placed`,
    `${base} stop placed${trigger}`,
    [`${formatDecimal(draft.quantity)} ${base}`],
    [],
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

/**
 * A cancellation has failed: it is tried again after a pause, and the quiet time that clears the execution lock begins
 * anew.
 */
export const onCancelFailed = (turn: Turn, input: CancelFailedInput): void => {
  const record = turn.state.orders[input.clientOrderId];
  if (record === undefined || isFinal(record)) return;
  noteCancelFailure(record, turn.wall, `cancel: ${input.code} ${input.message}`);
  reportNotCancelled(turn, record, `${input.code} ${input.message}`);
  turn.state.guardian.lastTroubleWall = turn.wall;
};

/** Once an order, however often it fails: the lock says when it lasts. What waits for its end is not sold before. */
const reportNotCancelled = (turn: Turn, { draft, cancelFailures }: OrderRecord, why: string): void => {
  if (cancelFailures > 1) return;
  const then =
    draft.purpose === 'stop'
      ? 'It goes on resting, and its position is not sold before it has ended. It is tried again; after 60 s entries stop.'
      : 'It is tried again; after 60 s entries stop.';
  alert(
    turn,
    'order-failure',
    `${draft.clientOrderId}:not-cancelled`,
    `${draft.symbol}: the ${draft.purpose} order could not be cancelled`,
    [`${draft.clientOrderId}: ${why}`, then],
    ['/orders', '/positions'],
    draft.symbol,
  );
};

/**
 * Forgets what ended long ago, but nothing that was settled by hand, and of each symbol not the newest order with
 * trades: from there on its trades are compared.
 */
const forgetOld = (turn: Turn): void => {
  const { orders, orderList } = turn.state;
  let surplus = orderList.length - ENDED_ORDERS_KEPT;
  if (surplus <= 0) return;
  const inUse = idsInUse(turn.state);
  const traded = new Map<string, string>();
  for (const record of orderList) {
    const { clientOrderId, symbol } = record.draft;
    // What was settled by hand has no numbers to compare from, and explains the trades that the exchange lists of it.
    if (record.settledAt !== undefined) inUse.add(clientOrderId);
    else if (record.tradeIds.length > 0) traded.set(symbol, clientOrderId);
  }
  for (const id of traded.values()) inUse.add(id);
  turn.state.orderList = orderList.filter((record) => {
    const { clientOrderId } = record.draft;
    if (surplus <= 0 || !isFinal(record) || inUse.has(clientOrderId)) return true;
    delete orders[clientOrderId];
    surplus -= 1;
    return false;
  });
  turn.state.ordersKept = turn.state.orderList.length;
};
