import { formatDecimal } from '../../core/decimal.ts';
import type { OrderType } from '../../core/market/instrument.ts';
import { isFinalStatus, type OrderDraft, type OrderSnapshot } from '../../core/orders/order.ts';
import type { Milliseconds, SymbolName } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  CancelOutcome,
  LookUp,
  OrderReference,
  OwnTrade,
  Read,
  SendOutcome,
  Venue,
  VenueError,
} from '../../ports/venue.ts';
import {
  accountAnswer,
  checkAnswer,
  malformed,
  myTradesAnswer,
  openOrdersAnswer,
  orderAnswer,
  orderCountsAnswer,
  type Failed,
  type TradeAnswer,
} from './answers.ts';
import type { Client } from './client.ts';
import type { Parameters } from './endpoints.ts';
import { ORDERS_WINDOW } from './error-map.ts';
import { exchangeId } from './instruments.ts';
import { guardFault, type EntryCeiling } from './order-guard.ts';
import {
  TRADES_PAGE,
  completeSnapshot,
  distinctInOrder,
  endedWith,
  nextId,
  toOwnTrade,
  tradesFrom,
} from './snapshots.ts';

export interface VenueOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly entryCeiling: EntryCeiling;
  readonly receiveWindow: Milliseconds;
}

/** An order and its trades are two reads; when they disagree they are read again, this often, with this pause. */
const CONSISTENT_READS = 4;
const CONSISTENCY_PAUSE: Milliseconds = 150;

/** Orders that wait for a trigger, whoever placed them. Source: Binance spot API, filters, MAX_NUM_ALGO_ORDERS. */
const ALGO_TYPES: ReadonlySet<string> = new Set(['STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT']);

const TYPES: Readonly<Record<OrderType, string>> = {
  limit: 'LIMIT',
  market: 'MARKET',
  'stop-loss': 'STOP_LOSS',
  'stop-loss-limit': 'STOP_LOSS_LIMIT',
};

/** Exact text to the exchange: no amount passes through a double. */
const orderParameters = (draft: OrderDraft): Parameters => ({
  symbol: exchangeId(draft.symbol),
  side: draft.side === 'buy' ? 'BUY' : 'SELL',
  type: TYPES[draft.type],
  newClientOrderId: draft.clientOrderId,
  newOrderRespType: 'FULL',
  quantity: formatDecimal(draft.quantity),
  ...(draft.limitPrice === null
    ? {}
    : { price: formatDecimal(draft.limitPrice), timeInForce: draft.timeInForce ?? 'GTC' }),
  ...(draft.stopPrice === null ? {} : { stopPrice: formatDecimal(draft.stopPrice) }),
});

const failedSend = (error: VenueError): SendOutcome => {
  switch (error.kind) {
    case 'refused':
    case 'unlisted':
    case 'authentication':
      return { kind: 'rejected', error };
    case 'rate-limited':
    case 'unreachable':
    case 'clock-skew':
      return { kind: 'not-sent', error };
    case 'unknown':
    case 'malformed':
      return { kind: 'unknown', error };
  }
};

/**
 * Why no order would be taken now. Where the last one was refused for their number, the exchange says what it counts;
 * where that cannot be read, the pause that it wanted is over, and an order is worth its try.
 */
const ordersFull = async (client: Client): Promise<VenueError | null> => {
  if (!client.budget.ordersRefused) return null;
  const counts = checkAnswer('order counts', orderCountsAnswer, await client.call('orderCounts', {}));
  const full = counts.ok
    ? counts.value.find(({ rateLimitType, limit, count }) => rateLimitType === 'ORDERS' && count >= limit)
    : undefined;
  if (full === undefined) return null;
  const message = `the exchange counts ${full.count} orders of the account, its limit is ${full.limit} per ${full.intervalNum} ${full.interval}, and would not take another`;
  return { kind: 'rate-limited', code: '-1015', message, retryAfter: ORDERS_WINDOW, ordersOnly: true };
};

/** The matching engine's "Unknown order sent." comes under -1010 as well. */
const isNotOpen = ({ code, message }: VenueError): boolean =>
  code === '-2011' || code === '-2013' || (code === '-1010' && /unknown order/i.test(message));

const failedCancel = (error: VenueError): CancelOutcome => {
  switch (error.kind) {
    case 'refused':
      return isNotOpen(error) ? { kind: 'not-open', error } : { kind: 'not-sent', error };
    case 'unlisted':
    case 'authentication':
    case 'rate-limited':
    case 'unreachable':
    case 'clock-skew':
      return { kind: 'not-sent', error };
    case 'unknown':
    case 'malformed':
      return { kind: 'unknown', error };
  }
};

/** What a cancellation that the exchange took came to. */
const afterCancel = (found: LookUp): CancelOutcome => {
  if (found.kind === 'unknown') return { kind: 'unknown', error: found.error };
  if (found.kind === 'not-found')
    return { kind: 'unknown', error: malformed('the cancelled order is not found').error };
  const { order } = found;
  if (order.status === 'cancelled') return { kind: 'cancelled', order };
  const { error } = malformed(`order ${order.clientOrderId} is ${order.status} after its cancellation`);
  return isFinalStatus(order.status) ? { kind: 'not-open', error } : { kind: 'unknown', error };
};

/** The exchange as a venue: every method returns an outcome and none throws for what the network does. */
export const createVenue = (options: VenueOptions): Venue => {
  const { client, clock } = options;
  const history: TradeHistory = new Map();
  const queryOrder = (reference: OrderReference): Promise<LookUp> => lookUp(client, clock, reference);
  return {
    receiveWindow: options.receiveWindow,
    send: async (order) => {
      const fault = guardFault(order, options.entryCeiling, clock.wallNow());
      if (fault !== null)
        return {
          kind: 'rejected',
          error: { kind: 'refused', code: 'adapter-guard', message: fault, retryAfter: null },
        };
      const { draft } = order;
      const answer = await client.call('createOrder', orderParameters(draft));
      if (!answer.ok) return failedSend(answer.error);
      const parsed = checkAnswer('order', orderAnswer, answer);
      if (!parsed.ok) return failedSend(parsed.error);
      if (parsed.value.clientOrderId !== draft.clientOrderId) {
        return failedSend(
          malformed(
            `order ${parsed.value.orderId} has client id ${parsed.value.clientOrderId}, not ${draft.clientOrderId}`,
          ).error,
        );
      }
      const complete = await completeSnapshot(client, draft.symbol, draft.clientOrderId, parsed.value);
      // The order is in the book; what is not known is what became of it.
      return complete.ok ? { kind: 'accepted', order: complete.value } : { kind: 'unknown', error: complete.error };
    },
    cancel: async (reference) => {
      const full = reference.makesRoom === true ? await ordersFull(client) : null;
      if (full !== null) return { kind: 'not-sent', error: full };
      const answer = await client.call('cancelOrder', {
        symbol: exchangeId(reference.symbol),
        origClientOrderId: reference.clientOrderId,
      });
      if (!answer.ok) return failedCancel(answer.error);
      // The answer may know nothing of a fill that came while it was under way: the order's own state decides.
      return afterCancel(await queryOrder(reference));
    },
    lookUp: queryOrder,
    openOrders: (symbol) => openOrders(client, clock, symbol),
    balances: async () => {
      // With those of zero: an account that was emptied states them, and an answer without any is known to be none.
      const account = checkAnswer('account', accountAnswer, await client.call('account', {}));
      if (!account.ok) return account;
      if (account.value.balances.length === 0)
        return malformed('account: the answer states no balance of any asset, not even zero');
      return { ok: true, value: account.value.balances.filter(({ free, locked }) => free !== '0' || locked !== '0') };
    },
    tradesAfter: async (symbol, afterTradeId, since) => {
      const trades =
        afterTradeId === null
          ? await tradesSince(client, history, symbol, since)
          : await tradesFrom(client, symbol, { fromId: nextId(afterTradeId) });
      return trades.ok
        ? { ok: true, value: trades.value.map((trade) => toOwnTrade(symbol, trade)) satisfies readonly OwnTrade[] }
        : trades;
    },
    serverTime: () => client.serverTime(),
  };
};

/**
 * No such order, and one that ended more than 90 days ago without having executed anything, which the exchange has
 * archived: either way nothing came of it. Source: Binance spot API, error codes.
 */
const GONE: ReadonlyMap<string, LookUp> = new Map<string, LookUp>([
  ['-2013', { kind: 'not-found' }],
  ['-2026', { kind: 'not-found', archived: true }],
]);

/** Order and trades read until they tell the same story; `malformed` and unknown otherwise. */
const lookUp = async (client: Client, clock: Clock, { symbol, clientOrderId }: OrderReference): Promise<LookUp> => {
  let error: VenueError | null = null;
  let says: ReturnType<typeof endedWith> = {};
  for (let attempt = 0; attempt < CONSISTENT_READS; attempt += 1) {
    if (attempt > 0) await clock.sleep(CONSISTENCY_PAUSE);
    const answer = checkAnswer(
      'order',
      orderAnswer,
      await client.call('queryOrder', { symbol: exchangeId(symbol), origClientOrderId: clientOrderId }),
    );
    if (!answer.ok) return GONE.get(answer.error.code) ?? { kind: 'unknown', error: answer.error };
    const complete = await completeSnapshot(client, symbol, clientOrderId, answer.value);
    if (complete.ok) return { kind: 'found', order: complete.value };
    error = complete.error;
    says = endedWith(symbol, answer.value);
    if (error.kind !== 'malformed') break;
  }
  return { kind: 'unknown', error: error ?? malformed('no answer').error, ...says };
};

const openOrders = async (
  client: Client,
  clock: Clock,
  symbol: SymbolName,
): Promise<Read<readonly OrderSnapshot[]>> => {
  let failure: Failed = malformed('no answer');
  for (let attempt = 0; attempt < CONSISTENT_READS; attempt += 1) {
    if (attempt > 0) await clock.sleep(CONSISTENCY_PAUSE);
    const answer = checkAnswer(
      `open orders of ${symbol}`,
      openOrdersAnswer,
      await client.call('openOrders', { symbol: exchangeId(symbol) }),
    );
    if (!answer.ok) return answer;
    const orders: OrderSnapshot[] = [];
    let spoilt: Failed | null = null;
    for (const order of answer.value) {
      const complete = await completeSnapshot(client, symbol, order.clientOrderId, order);
      if (complete.ok)
        orders.push(ALGO_TYPES.has(order.type ?? '') ? { ...complete.value, algo: true } : complete.value);
      else spoilt = complete;
    }
    if (spoilt === null) return { ok: true, value: orders };
    failure = spoilt;
    if (failure.error.kind !== 'malformed') break;
  }
  return failure;
};

/** By symbol, the newest trade that was read on the way to a time and lies before it. */
type TradeHistory = Map<SymbolName, { readonly id: string; readonly time: number }>;

/**
 * Complete since a time without trusting how the exchange combines times and limits: the newest page
 * settles it when it is not full or reaches back far enough; else everything from the first trade on.
 * A history longer than one read may take is read on from where the last one came to.
 */
const tradesSince = async (
  client: Client,
  history: TradeHistory,
  symbol: SymbolName,
  since: number,
): ReturnType<typeof tradesFrom> => {
  const newest = checkAnswer(
    `trades of ${symbol}`,
    myTradesAnswer,
    await client.call('myTrades', { symbol: exchangeId(symbol), limit: TRADES_PAGE }),
  );
  if (!newest.ok) return newest;
  const enough = newest.value.length < TRADES_PAGE || newest.value.some((trade) => trade.time < since);
  const note = (page: readonly TradeAnswer[]): void => {
    for (const { id, time } of page)
      if (time < since && BigInt(id) >= BigInt(history.get(symbol)?.id ?? 0)) history.set(symbol, { id, time });
  };
  const known = history.get(symbol);
  if (known !== undefined && known.time >= since) history.delete(symbol);
  const trades = enough
    ? distinctInOrder(symbol, newest.value)
    : await tradesFrom(client, symbol, { fromId: history.get(symbol)?.id ?? 0 }, note);
  return trades.ok ? { ok: true, value: trades.value.filter((trade) => trade.time >= since) } : trades;
};
