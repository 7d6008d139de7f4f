import { add, decimal, formatDecimal, ZERO, type Decimal } from '../decimal.ts';
import type { EpochMs } from '../units.ts';
import type { Fill, OrderDraft, OrderSnapshot } from './order.ts';

/**
 * Where the engine believes an order stands.
 *
 *   intent ──► working ──► filled | cancelled | expired
 *     │  └───► unknown ──► any of them | never-existed
 *     └──────► rejected | never-sent
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
  | 'never-existed';

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
  readonly createdAt: EpochMs;
  readonly createdWall: EpochMs;
  /** Wall time since which the outcome is not known, or null. */
  unknownSince: EpochMs | null;
  /** Whether a cancellation has been asked for and not failed. */
  cancelling: boolean;
  detail: string | null;
}

export const openRecord = (draft: OrderDraft, at: EpochMs, wall: EpochMs): OrderRecord => ({
  draft,
  status: 'intent',
  exchangeOrderId: null,
  executed: ZERO,
  tradeIds: [],
  createdAt: at,
  createdWall: wall,
  unknownSince: null,
  cancelling: false,
  detail: null,
});

export const isFinal = (record: OrderRecord): boolean =>
  record.status !== 'intent' && record.status !== 'unknown' && record.status !== 'working';

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

/** Ends that the exchange itself has stated; the others (rejected, never sent, never existed) are our belief and yield to its word. */
const endedByVenue = (status: OrderStatus): boolean => status === 'filled' || status === 'cancelled' || status === 'expired';

/**
 * Takes over the exchange's word. An order that the exchange has ended never
 * becomes open again (late and reordered answers), but late fills are always
 * taken: the caller books those that this returns.
 */
export const applySnapshot = (record: OrderRecord, snapshot: OrderSnapshot): readonly Fill[] => {
  const fresh = snapshot.fills.filter((fill) => !record.tradeIds.includes(fill.tradeId));
  for (const fill of fresh) {
    record.tradeIds.push(fill.tradeId);
    record.executed = add(record.executed, decimal(fill.quantity));
  }
  record.exchangeOrderId = snapshot.exchangeOrderId;
  if (!endedByVenue(record.status)) {
    record.status = STATUS_OF_VENUE[snapshot.status];
    record.unknownSince = null;
  }
  if (isFinal(record)) record.cancelling = false;
  return fresh;
};

export const describe = (draft: OrderDraft): string => {
  const price = draft.limitPrice ?? draft.stopPrice;
  return `${draft.side} ${formatDecimal(draft.quantity)} ${draft.symbol} ${draft.type}${price === null ? '' : ` @ ${formatDecimal(price)}`}`;
};
