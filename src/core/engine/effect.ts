import type { Decimal } from '../decimal.ts';
import type { ApprovedOrder } from '../guardian/approved-order.ts';
import type { Check } from '../guardian/denial.ts';
import type { Lock } from '../guardian/lock.ts';
import type { OrderStatus } from '../orders/record.ts';
import type { OrderPurpose, Side } from '../orders/order.ts';
import type { EpochMs, Fraction, SymbolName } from '../units.ts';
import type { Alert } from './alert.ts';

/** Send this order. Its intent is committed with the effect, before the executor sees it. */
export interface PlaceEffect {
  readonly type: 'place';
  readonly order: ApprovedOrder;
}

export interface CancelEffect {
  readonly type: 'cancel';
  readonly symbol: SymbolName;
  readonly clientOrderId: string;
  readonly reason: string;
}

/** An order's state has changed. */
export interface OrderEffect {
  readonly type: 'order';
  readonly clientOrderId: string;
  readonly symbol: SymbolName;
  readonly status: OrderStatus;
  readonly exchangeOrderId: string | null;
  readonly executed: Decimal;
  readonly detail: string | null;
}

/** A fill has been booked. */
export interface FillEffect {
  readonly type: 'fill';
  readonly symbol: SymbolName;
  readonly tradeId: string;
  readonly clientOrderId: string;
  readonly purpose: OrderPurpose;
  readonly side: Side;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly quoteQuantity: Decimal;
  readonly fee: Decimal;
  readonly feeAsset: string;
  /** Realised profit or loss of this fill, net of its fees; zero for buys. */
  readonly realised: Decimal;
  readonly at: EpochMs;
}

/** A round trip is complete. */
export interface TradeEffect {
  readonly type: 'trade';
  readonly symbol: SymbolName;
  readonly quantity: Decimal;
  readonly entryPrice: Decimal;
  readonly exitPrice: Decimal;
  readonly fees: Decimal;
  readonly pnl: Decimal;
  readonly pnlFraction: Fraction;
  readonly openedAt: EpochMs;
  readonly closedAt: EpochMs;
  readonly exitReason: string;
  readonly entryOrderId: string;
}

export interface LockEffect {
  readonly type: 'lock';
  readonly change: 'set' | 'cleared';
  readonly lock: Lock;
  /** Who or what: "operator telegram 1", "rule". */
  readonly by: string;
}

/** A baseline has moved: day baseline or high-water mark, in quote currency; null = was not known. */
export interface BaselineEffect {
  readonly type: 'baseline';
  readonly name: 'day' | 'high-water-mark';
  readonly before: number | null;
  readonly after: number;
  readonly cause: string;
}

/** How an entry was sized. Quote currency and base units as exact decimals. */
export interface Sizing {
  readonly equity: number;
  readonly riskAmount: Decimal;
  readonly lossPerUnit: Decimal;
  readonly limitPrice: Decimal;
  /** Base units after each cut, in the order in which they were made. */
  readonly steps: readonly { readonly rule: string; readonly quantity: Decimal }[];
}

/** One decision of the policy and what the Guardian made of it. */
export interface DecisionEffect {
  readonly type: 'decision';
  readonly symbol: SymbolName;
  readonly openTime: EpochMs;
  readonly probability: number | null;
  /** Expected value after costs, as a fraction of notional; null without a probability. */
  readonly expectedValue: Fraction | null;
  readonly margin: Fraction;
  readonly outcome: 'entered' | 'denied' | 'no-edge' | 'no-prediction' | 'holding' | 'exit';
  /** One line for people. */
  readonly text: string;
  readonly sizing: Sizing | null;
  readonly checks: readonly Check[];
  readonly clientOrderId: string | null;
}

/** Equity at a closed hour. */
export interface EquityEffect {
  readonly type: 'equity';
  readonly at: EpochMs;
  readonly equity: number;
  readonly cash: number;
  readonly exposure: number;
}

export interface DepositEffect {
  readonly type: 'deposit';
  /** Quote currency; negative for a withdrawal that an operator acknowledged. */
  readonly amount: Decimal;
  readonly at: EpochMs;
}

export interface AlertEffect {
  readonly type: 'alert';
  readonly alert: Alert;
}

export interface CommandResultEffect {
  readonly type: 'command-result';
  readonly commandId: string;
  readonly ok: boolean;
  readonly code: string;
  readonly text: string;
}

/** Everything the engine can want or report. Recorded with the input that caused it. */
export type Effect =
  | PlaceEffect
  | CancelEffect
  | OrderEffect
  | FillEffect
  | TradeEffect
  | LockEffect
  | BaselineEffect
  | DecisionEffect
  | EquityEffect
  | DepositEffect
  | AlertEffect
  | CommandResultEffect;
