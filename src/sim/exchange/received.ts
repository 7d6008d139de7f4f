import type { EpochMs } from '../../core/units.ts';

/**
 * Everything that ever asked for an order, refused or lost ones included: an
 * audit proves from this that nothing reached the exchange unapproved.
 */
export interface ReceivedOrder {
  /** Order of arrival, from 1. */
  readonly sequence: number;
  readonly wallTime: EpochMs;
  readonly marketTime: EpochMs;
  readonly symbol: string;
  readonly side: string;
  readonly type: string;
  readonly clientOrderId: string;
  readonly quantity: string;
  readonly price: string;
  readonly stopPrice: string;
  readonly timeInForce: string;
  /** The exchange's order id, or null when no order came of it. */
  readonly orderId: number | null;
  /** The exchange's error code, or null. */
  readonly code: number | null;
  readonly message: string | null;
  /** The fault that took part, or null. */
  readonly fault: string | null;
}
