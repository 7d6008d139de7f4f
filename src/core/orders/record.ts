import { add, decimal, formatDecimal, max, sum, ZERO, type Decimal } from '../decimal.ts';
import type { MarketMs, WallMs } from '../units.ts';
import type { Fill, OrderDraft, OrderSnapshot } from './order.ts';

/**
 * Where the engine believes an order stands.
 *
 *   intent ──► working ──► filled | cancelled | expired
 *     │  └───► unknown ──► any of them | never-existed
 *     └──────► rejected | never-sent
 *
 * An operator may end an unknown one by hand (settled), borne out by the balances.
 * A working order that is not among the exchange's open ones and cannot be looked up is unknown again.
 */
export type OrderStatus =
  | 'intent'
  | 'unknown'
  | 'working'
  | 'filled'
  | 'cancelled'
  | 'expired'
  | 'rejected'
  | 'never-sent'
  | 'never-existed'
  | 'settled';

/** An order in the engine's books. */
export interface OrderRecord {
  readonly draft: OrderDraft;
  status: OrderStatus;
  exchangeOrderId: string | null;
  /** Base units executed, by the fills that were booked. */
  executed: Decimal;
  /** Ids of the booked fills. */
  tradeIds: string[];
  /** Market and wall time of the approval. */
  readonly createdAt: MarketMs;
  readonly createdWall: WallMs;
  /** Wall time since which the outcome is not known, or null. */
  unknownSince: WallMs | null;
  /** Whether a cancellation has been asked for and not failed. */
  cancelling: boolean;
  /** Whether we have ever asked for its cancellation. */
  cancelRequested: boolean;
  /** Cancellations that failed in a row, and the wall time before which none is asked for again. */
  cancelFailures: number;
  cancelRetryAt: WallMs | null;
  /** Wall time since which this run has wanted it cancelled; null while it does not, or once it has ended. */
  cancelSince: WallMs | null;
  /** Whether it was reported as missing among the open orders, and nobody has said since what became of it. */
  missing: boolean;
  detail: string | null;
  /**
   * Time of the balances by which an operator has settled it, by the exchange's clock: what it did until then is in the
   * books. Absent as a rule.
   */
  settledAt?: MarketMs;
}

/** The record of an order that has been approved and not yet sent. `at` is market time, `wall` wall time. */
export const openRecord = (draft: OrderDraft, at: MarketMs, wall: WallMs): OrderRecord => ({
  draft,
  status: 'intent',
  exchangeOrderId: null,
  executed: ZERO,
  tradeIds: [],
  createdAt: at,
  createdWall: wall,
  unknownSince: null,
  cancelling: false,
  cancelRequested: false,
  cancelFailures: 0,
  cancelRetryAt: null,
  cancelSince: null,
  missing: false,
  detail: null,
});

/** Whether nothing more is expected of the order. */
export const isFinal = (record: Pick<OrderRecord, 'status'>): boolean =>
  record.status !== 'intent' && record.status !== 'unknown' && record.status !== 'working';

/** Trade id of what was settled by the balances. It has no fee of its own: every fee is in its price. */
export const settledTradeId = ({ draft, tradeIds }: OrderRecord): string =>
  `${SETTLED}${draft.clientOrderId}${tradeIds.length === 0 ? '' : `:${tradeIds.length}`}`;
export const isSettledTrade = (tradeId: string): boolean => tradeId.startsWith(SETTLED);
const SETTLED = 'settled:';

/** Whether a trade of this order is in the books: by its id, or with what an operator has settled by the balances. */
export const isBooked = (
  { tradeIds, settledAt }: OrderRecord,
  { tradeId, at }: Pick<Fill, 'tradeId' | 'at'>,
): boolean => tradeIds.includes(tradeId) || (settledAt !== undefined && at <= settledAt);

/** What may still be bought or sold by this order, in base units. */
export const outstanding = (record: OrderRecord): Decimal =>
  isFinal(record) ? ZERO : ((record.draft.quantity - record.executed) as Decimal);

const STATUS_OF_VENUE: Readonly<Record<OrderSnapshot['status'], OrderStatus>> = {
  new: 'working',
  'partially-filled': 'working',
  filled: 'filled',
  cancelled: 'cancelled',
  expired: 'expired',
  rejected: 'rejected',
};

/**
 * Ends that the exchange itself has stated; the others (rejected, never sent, never existed, settled) are our belief
 * and yield to its word.
 */
const endedByVenue = (status: OrderStatus): boolean =>
  status === 'filled' || status === 'cancelled' || status === 'expired';

/** Base units that the snapshot says were executed, whether or not it shows the fills. */
const statedExecution = (snapshot: OrderSnapshot): Decimal =>
  snapshot.status === 'filled'
    ? max(decimal(snapshot.quantity), decimal(snapshot.executedQuantity))
    : decimal(snapshot.executedQuantity);

/**
 * Takes over the exchange's word. An order that the exchange has ended never
 * becomes open again (late and reordered answers), but late fills are always
 * taken: the caller books those that this returns. A final snapshot that shows
 * fewer fills than it states leaves the outcome unknown: what is missing may
 * be a position.
 */
export const applySnapshot = (record: OrderRecord, snapshot: OrderSnapshot, wall: WallMs): readonly Fill[] => {
  const fresh: Fill[] = [];
  for (const fill of snapshot.fills) {
    if (record.tradeIds.includes(fill.tradeId)) continue;
    const booked = isBooked(record, fill);
    record.tradeIds.push(fill.tradeId);
    if (booked) continue;
    record.executed = add(record.executed, decimal(fill.quantity));
    fresh.push(fill);
  }
  record.exchangeOrderId = snapshot.exchangeOrderId;
  if (!endedByVenue(record.status)) {
    const next = STATUS_OF_VENUE[snapshot.status];
    const shown =
      record.settledAt === undefined ? record.executed : sum(snapshot.fills.map((fill) => decimal(fill.quantity)));
    if (endedByVenue(next) && shown < statedExecution(snapshot)) {
      record.status = 'unknown';
      record.unknownSince ??= wall;
      record.detail = `fills missing: ${formatDecimal(shown)} of ${formatDecimal(statedExecution(snapshot))} shown`;
    } else {
      record.status = next;
      record.unknownSince = null;
    }
  }
  if (isFinal(record)) endCancelling(record);
  return fresh;
};

/** Takes back the wish to cancel the order: it has ended, or it is to stay. */
export const endCancelling = (record: OrderRecord): void => {
  record.cancelling = false;
  record.cancelSince = null;
};

export const describe = (draft: OrderDraft): string => {
  const price = draft.limitPrice ?? draft.stopPrice;
  return `${draft.side} ${formatDecimal(draft.quantity)} ${draft.symbol} ${draft.type}${price === null ? '' : ` @ ${formatDecimal(price)}`}`;
};
