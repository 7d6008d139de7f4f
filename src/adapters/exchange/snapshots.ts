import { decimal, formatDecimal, mulDown, sum, type Decimal } from '../../core/decimal.ts';
import { isFinalStatus, type Fill, type OrderSnapshot, type VenueStatus } from '../../core/orders/order.ts';
import type { SymbolName } from '../../core/units.ts';
import type { LookUp, OwnTrade, Read } from '../../ports/venue.ts';
import { checkAnswer, malformed, myTradesAnswer, type OrderAnswer, type TradeAnswer } from './answers.ts';
import type { Client } from './client.ts';
import { exchangeId } from './instruments.ts';

export const TRADES_PAGE = 1_000;
/** An order of ours is a few fills; this many pages would be a runaway answer. */
const MOST_PAGES = 50;

const STATUSES: Readonly<Record<OrderAnswer['status'], VenueStatus | 'open'>> = {
  NEW: 'open',
  PENDING_NEW: 'open',
  PARTIALLY_FILLED: 'open',
  PENDING_CANCEL: 'open',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  REJECTED: 'rejected',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
};

const toFill = (trade: TradeAnswer): Fill => ({
  tradeId: trade.id,
  price: trade.price,
  quantity: trade.qty,
  quoteQuantity: trade.quoteQty,
  fee: trade.commission,
  feeAsset: trade.commissionAsset,
  at: trade.time,
});

export const toOwnTrade = (symbol: SymbolName, trade: TradeAnswer): OwnTrade => ({
  ...toFill(trade),
  symbol,
  exchangeOrderId: trade.orderId,
  side: trade.isBuyer ? 'buy' : 'sell',
});

/**
 * Fills of a FULL answer. It states neither their quote quantity nor their time: price x quantity stands in where it
 * comes to the order's own total (a balance has eight decimals, the product may have more), and the transaction's time.
 */
const answeredFills = (answer: OrderAnswer): readonly Fill[] | null => {
  const { transactTime: at, cummulativeQuoteQty: total } = answer;
  if (answer.fills === undefined || at === undefined) return null;
  const fills = answer.fills.map((fill) => ({
    tradeId: fill.tradeId,
    price: fill.price,
    quantity: fill.qty,
    quoteQuantity: formatDecimal(mulDown(decimal(fill.price), decimal(fill.qty))),
    fee: fill.commission,
    feeAsset: fill.commissionAsset,
    at,
  }));
  const quote = sum(fills.map((fill) => decimal(fill.quoteQuantity)));
  return total === undefined || decimal(total) === quote ? fills : null;
};

const totalQuantity = (fills: readonly Fill[]): Decimal => sum(fills.map((fill) => decimal(fill.quantity)));

const statusOf = (answer: OrderAnswer): VenueStatus => {
  const status = STATUSES[answer.status];
  if (status !== 'open') return status;
  return decimal(answer.executedQty) > 0n ? 'partially-filled' : 'new';
};

const snapshot = (
  symbol: SymbolName,
  clientOrderId: string,
  answer: OrderAnswer,
  fills: readonly Fill[],
): OrderSnapshot => ({
  clientOrderId,
  exchangeOrderId: answer.orderId,
  symbol,
  side: answer.side === 'BUY' ? 'buy' : 'sell',
  status: statusOf(answer),
  quantity: answer.origQty,
  executedQuantity: answer.executedQty,
  fills,
  ...expiryOf(answer),
});

/** Of an order that the exchange ended itself, as far as it says. */
const expiryOf = ({ status, expiryReason }: OrderAnswer): Pick<OrderSnapshot, 'expiryReason'> => {
  if (STATUSES[status] !== 'expired') return {};
  if (expiryReason !== undefined && expiryReason !== 'NONE') return { expiryReason };
  return status === 'EXPIRED_IN_MATCH'
    ? { expiryReason: 'it met another order of the account (self-trade prevention)' }
    : {};
};

/** What contradicts itself in an order, or null. */
const orderFault = (symbol: SymbolName, answer: OrderAnswer): string | null => {
  if (answer.symbol !== exchangeId(symbol)) return `order ${answer.orderId} is of ${answer.symbol}, not of ${symbol}`;
  const executed = decimal(answer.executedQty);
  const quantity = decimal(answer.origQty);
  if (executed > quantity) return `order ${answer.orderId} executed ${answer.executedQty} of ${answer.origQty}`;
  if (answer.status === 'FILLED' && executed !== quantity)
    return `order ${answer.orderId} is filled with ${answer.executedQty} of ${answer.origQty}`;
  return null;
};

/**
 * What an order that has ended states to have executed and paid or got; nothing where it has not ended or contradicts
 * itself.
 */
export const endedWith = (
  symbol: SymbolName,
  answer: OrderAnswer,
): Pick<Extract<LookUp, { kind: 'unknown' }>, 'stated' | 'statedQuote'> => {
  if (orderFault(symbol, answer) !== null || !isFinalStatus(statusOf(answer))) return {};
  const { executedQty: stated, cummulativeQuoteQty: quote } = answer;
  return { stated, ...(quote === undefined || quote.startsWith('-') ? {} : { statedQuote: quote }) };
};

/** Every own trade of a symbol from an id on, oldest first, page by page; `seen` is given each page. */
export const tradesFrom = async (
  client: Client,
  symbol: SymbolName,
  from: Readonly<Record<string, string | number>>,
  seen: (page: readonly TradeAnswer[]) => void = () => undefined,
): Promise<Read<readonly TradeAnswer[]>> => {
  const trades: TradeAnswer[] = [];
  let query = from;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = checkAnswer(
      `trades of ${symbol}`,
      myTradesAnswer,
      await client.call('myTrades', { symbol: exchangeId(symbol), limit: TRADES_PAGE, ...query }),
    );
    if (!answer.ok) return answer;
    trades.push(...answer.value);
    seen(answer.value);
    const last = [...answer.value].sort(byId).at(-1);
    if (last === undefined || answer.value.length < TRADES_PAGE) return distinctInOrder(symbol, trades);
    query = { ...from, fromId: nextId(last.id) };
  }
  return malformed(`more than ${MOST_PAGES * TRADES_PAGE} trades of ${symbol} in one read`);
};

/**
 * Each trade once, oldest first. An id is given once by the exchange: the same twice is a repetition, two different
 * ones are a contradiction.
 */
export const distinctInOrder = (symbol: SymbolName, trades: readonly TradeAnswer[]): Read<readonly TradeAnswer[]> => {
  const known = new Map<string, TradeAnswer>();
  for (const trade of trades) {
    const earlier = known.get(trade.id);
    if (earlier !== undefined && JSON.stringify(earlier) !== JSON.stringify(trade))
      return malformed(`trade ${trade.id} of ${symbol} came twice, with different contents`);
    known.set(trade.id, trade);
  }
  return { ok: true, value: [...known.values()].sort(byId) };
};

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => {
  const difference = BigInt(a.id) - BigInt(b.id);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

export const nextId = (id: string): string => (BigInt(id) + 1n).toString();

/**
 * The order with every fill behind its executed quantity, or a failure: never a part of the truth.
 * Fills that trail the order's state are `malformed` here, and the caller asks again.
 */
export const completeSnapshot = async (
  client: Client,
  symbol: SymbolName,
  clientOrderId: string,
  answer: OrderAnswer,
): Promise<Read<OrderSnapshot>> => {
  const fault = orderFault(symbol, answer);
  if (fault !== null) return malformed(fault);
  const executed = decimal(answer.executedQty);
  if (executed === 0n) return { ok: true, value: snapshot(symbol, clientOrderId, answer, []) };
  const given = answeredFills(answer);
  if (given !== null && totalQuantity(given) === executed)
    return { ok: true, value: snapshot(symbol, clientOrderId, answer, given) };
  const trades = await tradesFrom(client, symbol, { orderId: answer.orderId });
  if (!trades.ok) return trades;
  const fills = trades.value.filter((trade) => trade.orderId === answer.orderId).map(toFill);
  if (totalQuantity(fills) !== executed) {
    return malformed(
      `order ${answer.orderId} executed ${answer.executedQty}, its trades say ${formatDecimal(totalQuantity(fills))}`,
    );
  }
  return { ok: true, value: snapshot(symbol, clientOrderId, answer, fills) };
};
