import type { EpochMs } from '../../core/units.ts';
import type { Fixed } from './fixed.ts';

export type SimSide = 'BUY' | 'SELL';
export type SimOrderType =
  | 'LIMIT'
  | 'LIMIT_MAKER'
  | 'MARKET'
  | 'STOP_LOSS'
  | 'STOP_LOSS_LIMIT'
  | 'TAKE_PROFIT'
  | 'TAKE_PROFIT_LIMIT';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK';
export type SimOrderStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED';

/** A validated request for an order. Absent prices and quantities are zero. */
export interface NewOrder {
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly side: SimSide;
  readonly type: SimOrderType;
  readonly timeInForce: TimeInForce;
  readonly quantity: Fixed;
  /** Size in quote currency (market orders only). */
  readonly quoteQuantity: Fixed;
  readonly price: Fixed;
  readonly stopPrice: Fixed;
  readonly icebergQuantity: Fixed;
  readonly selfTradePrevention: string;
}

/** An order in the books. Times are market time. */
export interface SimOrder extends Omit<NewOrder, 'quantity'> {
  /** Unique within its symbol only, as on the exchange. */
  readonly orderId: number;
  /** Fixed at acceptance; set by the execution when the order is sized in quote currency. */
  quantity: Fixed;
  executed: Fixed;
  executedQuote: Fixed;
  status: SimOrderStatus;
  readonly time: EpochMs;
  updateTime: EpochMs;
  /** When it came on the book; -1 while it waits for its trigger. */
  workingTime: EpochMs;
  /** What it still holds back: quote currency for a buy, base for a sell. */
  locked: Fixed;
}

/** One execution. Times are market time. */
export interface SimTrade {
  readonly symbol: string;
  /** Unique within its symbol only. */
  readonly id: number;
  readonly orderId: number;
  readonly price: Fixed;
  readonly quantity: Fixed;
  readonly quote: Fixed;
  readonly commission: Fixed;
  readonly commissionAsset: string;
  readonly time: EpochMs;
  readonly isBuyer: boolean;
  readonly isMaker: boolean;
  /** Position among all trades of the account, whatever their symbol. */
  readonly sequence: number;
}

export const isOpen = (order: SimOrder): boolean => order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';
export const isWorking = (order: SimOrder): boolean => order.workingTime >= 0;
export const remaining = (order: SimOrder): Fixed => order.quantity - order.executed;

/** Why the matching engine will not take an order or a cancel. */
export type RejectionReason =
  | 'market-closed'
  | 'duplicate-client-id'
  | 'insufficient-balance'
  | 'would-trigger-immediately'
  | 'would-match-immediately'
  | 'no-liquidity'
  | 'unknown-order';

export class Rejection extends Error {
  readonly reason: RejectionReason;
  constructor(reason: RejectionReason) {
    super(`order refused: ${reason}`);
    this.name = 'Rejection';
    this.reason = reason;
  }
}
