import type { OrderSnapshot } from '../orders/order.ts';
import { isBooked, isFinal, type OrderRecord } from '../orders/record.ts';
import type { EpochMs, SymbolName } from '../units.ts';

/**
 * What has to be done to bring the books and the exchange together again.
 *
 * Pure: what was read goes in, typed steps come out, and somebody else carries
 * them out. A reading that failed proves nothing: it never means that nothing
 * is there, and no step follows from it but to read again.
 */
export type RepairStep =
  /** Ask for the order's own state and book what is new. */
  | {
      readonly kind: 'look-up';
      readonly symbol: SymbolName;
      readonly clientOrderId: string;
      readonly cause: LookUpCause;
    }
  /** One of ours that no position needs: take it off the exchange and book what it did. */
  | {
      readonly kind: 'cancel';
      readonly symbol: SymbolName;
      readonly clientOrderId: string;
      readonly cause: 'orphan' | 'surplus';
    }
  /**
   * Of this bot, and these books do not know it: it may protect what an earlier database or a bot elsewhere holds, so
   * it is left alone.
   */
  | { readonly kind: 'report-orphan'; readonly symbol: SymbolName; readonly clientOrderId: string }
  /** Of others: told to the operator and left alone. */
  | {
      readonly kind: 'report-foreign';
      readonly symbol: SymbolName;
      readonly what: 'order' | 'trade';
      readonly id: string;
    }
  /** The exchange's history no longer holds a trade that the books have: an account that was reset. */
  | { readonly kind: 'history-lost'; readonly symbol: SymbolName; readonly tradeId: string }
  /** A query failed: nothing follows from it. */
  | { readonly kind: 'read-again'; readonly symbol: SymbolName; readonly what: 'open-orders' | 'trades' };

export type LookUpCause =
  /** Its outcome is open: being sent, or unknown. */
  | 'unsettled'
  /** It should be open and is not. */
  | 'not-open'
  /** It has more or fewer fills than are booked. */
  | 'moved'
  /** A trade of it is not booked. */
  | 'missing-fill'
  /** It was believed ended and is open. */
  | 'open-after-all';

/** What the bot believes. */
export interface Books {
  readonly orders: Readonly<Record<string, OrderRecord>>;
  /** The same, oldest first. */
  readonly orderList: readonly OrderRecord[];
  /** Client order ids that positions rely on: entries, stops and exits under way. */
  readonly inUse: ReadonlySet<string>;
  /**
   * First characters of every client order id of this bot, whichever database made it, and of those that this database
   * makes.
   */
  readonly orderPrefix: string;
  readonly ownPrefix: string;
  /** False until an operator has looked at a restored or fresh database. */
  readonly mayCancelOrphans: boolean;
  /** Client order ids of other instances that an operator has seen and let go. */
  readonly acceptedOrphans: ReadonlySet<string>;
}

export interface TradeReading {
  readonly tradeId: string;
  readonly exchangeOrderId: string;
  /** By the exchange's clock. */
  readonly at: EpochMs;
}

/** What the exchange says of one symbol. Null: the query failed. Undefined: it was not asked. */
export interface SymbolReading {
  readonly symbol: SymbolName;
  readonly open: readonly OrderSnapshot[] | null;
  /** Own trades from the newest booked one on, that one included; without one, from some time on. */
  readonly trades?: readonly TradeReading[] | null;
}

/**
 * Ids of the newest booked trades; a symbol without one that can be compared is left out. Ids are numbers that grow
 * within a symbol.
 */
export const newestTrades = (orders: readonly OrderRecord[]): ReadonlyMap<SymbolName, string> => {
  const found = new Map<SymbolName, string>();
  for (const [symbol, own] of ordersBySymbol(orders)) {
    const newest = newestOf(own);
    if (newest !== null) found.set(symbol, newest);
  }
  return found;
};

const newestOf = (own: readonly OrderRecord[]): string | null => {
  let newest: string | null = null;
  // The newest order as a rule has the newest trade: from the end, hardly anything has to be looked at twice.
  for (let at = own.length - 1; at >= 0; at -= 1) {
    const { tradeIds } = own[at] as OrderRecord;
    for (let index = tradeIds.length - 1; index >= 0; index -= 1) {
      const id = tradeIds[index] ?? '';
      if ((newest === null || isGreater(id, newest)) && /^\d+$/.test(id)) newest = id;
    }
  }
  return newest;
};

/** Of two numbers in plain digits; they may have more than a double holds. */
const isGreater = (a: string, b: string): boolean => (a.length === b.length ? a > b : a.length > b.length);

/** The steps for all symbols that were read, in the order in which they have to be carried out. */
export const planRepair = (books: Books, readings: readonly SymbolReading[]): readonly RepairStep[] => {
  const steps: RepairStep[] = [];
  // All of them where trades are compared, else those that positions rely on.
  const all = readings.some(({ trades }) => trades !== undefined) ? ordersBySymbol(books.orderList) : null;
  for (const reading of readings) {
    const { symbol, trades } = reading;
    steps.push(
      ...planSymbol(books, reading, trades === undefined ? ordersInUse(books, symbol) : (all?.get(symbol) ?? [])),
    );
  }
  return steps;
};

const planSymbol = (books: Books, reading: SymbolReading, own: readonly OrderRecord[]): readonly RepairStep[] => {
  const { symbol } = reading;
  const lookUps = new Map<string, LookUpCause>();
  for (const record of own)
    if (record.status === 'intent' || record.status === 'unknown') lookUps.set(record.draft.clientOrderId, 'unsettled');
  const rest = planOpen(books, reading, own, lookUps);
  rest.push(...planTrades(reading, own, lookUps));
  // As a rule everything agrees.
  if (lookUps.size === 0) return rest;
  return [
    ...[...lookUps].map(([clientOrderId, cause]): RepairStep => ({ kind: 'look-up', symbol, clientOrderId, cause })),
    ...rest,
  ];
};

const ordersBySymbol = (orders: readonly OrderRecord[]): ReadonlyMap<SymbolName, OrderRecord[]> => {
  const found = new Map<SymbolName, OrderRecord[]>();
  for (const record of orders) {
    const own = found.get(record.draft.symbol);
    if (own === undefined) found.set(record.draft.symbol, [record]);
    else own.push(record);
  }
  return found;
};

const ordersInUse = ({ orders, inUse }: Books, symbol: SymbolName): OrderRecord[] => {
  const own: OrderRecord[] = [];
  for (const id of inUse) {
    const record = orders[id];
    if (record !== undefined && record.draft.symbol === symbol) own.push(record);
  }
  return own;
};

const planOpen = (
  books: Books,
  reading: SymbolReading,
  own: readonly OrderRecord[],
  lookUps: Map<string, LookUpCause>,
): RepairStep[] => {
  const { symbol, open } = reading;
  if (open === null) return [{ kind: 'read-again', symbol, what: 'open-orders' }];
  const steps: RepairStep[] = [];
  const there = new Map(open.map((order) => [order.clientOrderId, order]));
  for (const record of own) {
    const { clientOrderId } = record.draft;
    if (record.status !== 'working') continue;
    const order = there.get(clientOrderId);
    if (order === undefined) lookUps.set(clientOrderId, 'not-open');
    else if (order.fills.length !== record.tradeIds.length) lookUps.set(clientOrderId, 'moved');
  }
  for (const clientOrderId of there.keys()) {
    const record = books.orders[clientOrderId];
    if (record !== undefined) {
      // The exchange's word counts: what is needed is taken back into the books, the rest goes.
      if (books.inUse.has(clientOrderId)) {
        if (isFinal(record)) lookUps.set(clientOrderId, 'open-after-all');
      } else if (!record.cancelling && !lookUps.has(clientOrderId))
        steps.push({ kind: 'cancel', symbol, clientOrderId, cause: 'surplus' });
    } else if (!clientOrderId.startsWith(books.orderPrefix))
      steps.push({ kind: 'report-foreign', symbol, what: 'order', id: clientOrderId });
    else if (mayCancel(books, clientOrderId)) steps.push({ kind: 'cancel', symbol, clientOrderId, cause: 'orphan' });
    else steps.push({ kind: 'report-orphan', symbol, clientOrderId });
  }
  return steps;
};

/** An order of another instance is some bot's stop until an operator says that no such bot is left. */
const mayCancel = (books: Books, clientOrderId: string): boolean =>
  books.mayCancelOrphans && (clientOrderId.startsWith(books.ownPrefix) || books.acceptedOrphans.has(clientOrderId));

/**
 * Of an order that never told its id at the exchange and that an operator has settled: what it did until then is in the
 * books.
 */
const mayHaveBeenOf = ({ exchangeOrderId, createdAt, settledAt }: OrderRecord, { at }: TradeReading): boolean =>
  exchangeOrderId === null && settledAt !== undefined && at >= createdAt && at <= settledAt;

const planTrades = (
  reading: SymbolReading,
  own: readonly OrderRecord[],
  lookUps: Map<string, LookUpCause>,
): RepairStep[] => {
  const { symbol, trades } = reading;
  if (trades === undefined) return [];
  if (trades === null) return [{ kind: 'read-again', symbol, what: 'trades' }];
  const steps: RepairStep[] = [];
  const newest = newestOf(own);
  if (newest !== null && !trades.some((trade) => trade.tradeId === newest))
    steps.push({ kind: 'history-lost', symbol, tradeId: newest });
  // As a rule there is one trade, the newest: only the orders of those that were read are looked for.
  const wanted = new Set(trades.map((trade) => trade.exchangeOrderId));
  const byExchangeId = new Map<string, OrderRecord>();
  for (const record of own)
    if (record.exchangeOrderId !== null && wanted.has(record.exchangeOrderId))
      byExchangeId.set(record.exchangeOrderId, record);
  const anyUnsettled = own.some((record) => record.status === 'intent' || record.status === 'unknown');
  for (const trade of trades) {
    const record = byExchangeId.get(trade.exchangeOrderId);
    if (record !== undefined) {
      if (!isBooked(record, trade)) lookUps.set(record.draft.clientOrderId, 'missing-fill');
      continue;
    }
    // While an outcome is open, a trade of an order without a known id may be its own; so may one until it was settled
    // by hand.
    if (!anyUnsettled && !own.some((order) => mayHaveBeenOf(order, trade)))
      steps.push({
        kind: 'report-foreign',
        symbol,
        what: 'trade',
        id: `${trade.tradeId} of order ${trade.exchangeOrderId}`,
      });
  }
  return steps;
};
