import { add, decimal, decimalFromNumber, divDown, formatDecimal, sub, sum, toNumber, ZERO } from '../decimal.ts';
import { bookFill } from '../ledger/ledger.ts';
import type { Fill } from '../orders/order.ts';
import { applySnapshot, isFinal, type OrderRecord } from '../orders/record.ts';
import type { CancelFailedInput, OrderOutcome, OrderReportInput } from './input.ts';
import { price } from './lifecycle.ts';
import { symbolOf, syncNumbers, type SymbolState } from './state.ts';
import { alert, type Turn } from './turn.ts';

/** Ended orders that are kept in memory for late answers; older ones are in the database. */
const ENDED_ORDERS_KEPT = 200;

/** Every result of a send comes back here; nothing is swallowed into a log. */
export const onOrderReport = (turn: Turn, input: OrderReportInput): void => {
  const { state } = turn;
  const record = state.orders[input.clientOrderId];
  if (record === undefined) {
    alert(turn, 'reconciliation', `unknown-order:${input.clientOrderId}`, `${input.symbol}: report for an order the bot does not know`, [input.clientOrderId], ['/orders'], input.symbol);
    return;
  }
  const before = { status: record.status, fills: record.tradeIds.length };
  apply(turn, record, input.outcome);
  if (record.status !== before.status || record.tradeIds.length !== before.fills) {
    const { clientOrderId, symbol } = record.draft;
    const { status, exchangeOrderId, executed, detail } = record;
    turn.effects.push({ type: 'order', clientOrderId, symbol, status, exchangeOrderId, executed, detail });
  }
  forgetOld(turn);
};

const apply = (turn: Turn, record: OrderRecord, outcome: OrderOutcome): void => {
  const { guardian } = turn.state;
  switch (outcome.kind) {
    case 'known': {
      guardian.orderFailures = 0;
      const symbol = symbolOf(turn.state, record.draft.symbol);
      const wasWorking = record.status === 'working';
      const fresh = applySnapshot(record, outcome.order);
      for (const fill of fresh) book(turn, symbol, record, fill);
      if (record.draft.purpose === 'entry' && fresh.length > 0) entryFilled(turn, record, fresh);
      if (record.draft.purpose === 'stop' && record.status === 'working' && !wasWorking) stopPlaced(turn, record);
      return;
    }
    case 'rejected':
    case 'not-sent':
      // A belief never overrides what the exchange has stated.
      if (isFinal(record) || record.status === 'working') return;
      record.status = outcome.kind === 'rejected' ? 'rejected' : 'never-sent';
      record.detail = `${outcome.code} ${outcome.message}`;
      record.unknownSince = null;
      return failed(turn, record, record.detail);
    case 'unknown':
      if (isFinal(record) || record.status === 'working') return;
      record.status = 'unknown';
      record.detail = `${outcome.code} ${outcome.message}`;
      record.unknownSince ??= turn.wall;
      guardian.lastTroubleWall = turn.wall;
      return;
    case 'not-found':
      if (isFinal(record)) return;
      record.status = 'never-existed';
      record.unknownSince = null;
      guardian.lastTroubleWall = turn.wall;
      return;
  }
};

const failed = (turn: Turn, record: OrderRecord, detail: string): void => {
  const { guardian } = turn.state;
  guardian.orderFailures += 1;
  guardian.lastTroubleWall = turn.wall;
  const { draft } = record;
  alert(turn, 'order-failure', `${draft.clientOrderId}:${record.status}`, `${draft.symbol}: ${draft.purpose} ${record.status}`, [detail], ['/orders'], draft.symbol);
};

const book = (turn: Turn, symbol: SymbolState, record: OrderRecord, fill: Fill): void => {
  const { state, config } = turn;
  const { base, quote } = symbol.instrument;
  const { draft } = record;
  const booking = bookFill(state.ledger, fill, {
    symbol: symbol.symbol,
    base,
    quote,
    side: draft.side,
    clientOrderId: draft.clientOrderId,
    feeCoinPrice: state.feeCoinPrice === null ? null : decimalFromNumber(state.feeCoinPrice),
    takerFee: decimalFromNumber(config.takerFee),
  });
  const quantity = decimal(fill.quantity);
  const baseFee = fill.feeAsset === base ? decimal(fill.fee) : ZERO;
  if (symbol.atExchange !== null) {
    symbol.atExchange = sub(draft.side === 'buy' ? add(symbol.atExchange, quantity) : sub(symbol.atExchange, quantity), baseFee);
  }
  syncNumbers(state);
  state.suspicion = null;
  turn.effects.push({
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

/** One alert for all fills that came together. */
const entryFilled = (turn: Turn, record: OrderRecord, fills: readonly Fill[]): void => {
  const { draft } = record;
  const [base = draft.symbol, quoteAsset = ''] = draft.symbol.split('/');
  const quantity = sum(fills.map((fill) => decimal(fill.quantity)));
  const quote = sum(fills.map((fill) => decimal(fill.quoteQuantity)));
  const fees = [...new Set(fills.map((fill) => fill.feeAsset))].map(
    (asset) => `${formatDecimal(sum(fills.filter((fill) => fill.feeAsset === asset).map((fill) => decimal(fill.fee))))} ${asset}`,
  );
  alert(
    turn,
    'fill',
    `entry:${draft.clientOrderId}:${record.tradeIds.length}`,
    `${base} bought ${formatDecimal(quantity)} @ ${price(divDown(quote, quantity))}`,
    [`${toNumber(quote).toFixed(2)} ${quoteAsset}, fee ${fees.join(', ')}`, draft.reason],
    ['/positions'],
    draft.symbol,
  );
};

const stopPlaced = (turn: Turn, record: OrderRecord): void => {
  const { draft } = record;
  const base = draft.symbol.split('/')[0] ?? draft.symbol;
  const trigger = draft.stopPrice === null ? '' : ` @ ${price(draft.stopPrice)}`;
  alert(turn, 'stop', `${draft.clientOrderId}:placed`, `${base} stop placed${trigger}`, [`${formatDecimal(draft.quantity)} ${base}`], [], draft.symbol);
};

export const onCancelFailed = (turn: Turn, input: CancelFailedInput): void => {
  const record = turn.state.orders[input.clientOrderId];
  if (record === undefined || isFinal(record)) return;
  record.cancelling = false;
  record.detail = `cancel: ${input.code} ${input.message}`;
  turn.state.guardian.lastTroubleWall = turn.wall;
};

const forgetOld = (turn: Turn): void => {
  const { orders } = turn.state;
  const ids = Object.keys(orders);
  let surplus = ids.length - ENDED_ORDERS_KEPT;
  if (surplus <= 0) return;
  const inUse = new Set<string | null>();
  for (const symbol of Object.values(turn.state.symbols)) {
    if (symbol.managed === null) continue;
    inUse.add(symbol.managed.entryOrderId).add(symbol.managed.stopOrderId).add(symbol.managed.exitOrderId);
  }
  for (const id of ids) {
    const record = orders[id];
    if (surplus <= 0 || record === undefined) break;
    if (!isFinal(record) || inUse.has(id)) continue;
    delete orders[id];
    surplus -= 1;
  }
};
