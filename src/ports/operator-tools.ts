import type { AlertKind } from '../core/engine/alert.ts';
import type { EpochMs, Fraction, Milliseconds, SymbolName } from '../core/units.ts';
import type { Caller, CommandOutcome } from './operator.ts';

/**
 * The rest of what people may see and do, beside `OperatorService`: orders,
 * the model, charts, exports, and the rarer deeds. Money in views is a double
 * in quote currency, for display only; null = unknown.
 */
export interface OrderView {
  /** Client order id. */
  readonly id: string;
  readonly symbol: SymbolName;
  readonly side: 'buy' | 'sell';
  readonly purpose: 'entry' | 'stop' | 'exit';
  /** In words: `working`, `sending`, `unknown outcome`, ... */
  readonly state: string;
  readonly quantity: number;
  readonly filled: number;
  readonly limitPrice: number | null;
  readonly triggerPrice: number | null;
  readonly createdAt: EpochMs;
}

export interface HealthCheckView {
  readonly name: string;
  /** null = unknown, which is never shown as good. */
  readonly ok: boolean | null;
  readonly detail: string;
}

export interface ModelStatusView {
  readonly name: string;
  readonly hash: string;
  readonly purpose: string;
  readonly trainedThrough: EpochMs | null;
  /** Whether an edge was demonstrated after costs, in the card's own words. */
  readonly edge: string;
  readonly stopLoss: Fraction;
  readonly takeProfit: Fraction;
  readonly horizonHours: number;
  readonly predictions: readonly { readonly symbol: SymbolName; readonly probability: number; readonly at: EpochMs }[];
  /** Population stability index, live against training; null = too few hours. */
  readonly drift: {
    readonly hours: number;
    readonly prediction: number | null;
    /** The unknown first, then the largest; null = the training knew this feature, and no live row does. */
    readonly features: readonly { readonly name: string; readonly index: number | null }[];
  } | null;
}

export interface ChartView {
  readonly symbol: SymbolName;
  readonly candles: readonly {
    readonly openTime: EpochMs;
    readonly open: number;
    readonly high: number;
    readonly low: number;
    readonly close: number;
  }[];
  readonly marks: readonly { readonly at: EpochMs; readonly price: number; readonly side: 'entry' | 'exit' }[];
  readonly entryPrice: number | null;
  readonly stopPrice: number | null;
  readonly targetPrice: number | null;
}

export type PeriodKind = 'day' | 'week' | 'month';

export interface PeriodView {
  /** UTC bounds of the period. */
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly trades: number;
  /** Change of equity, unrealised included, deposits taken out. */
  readonly pnl: number | null;
  readonly pnlFraction: Fraction | null;
  readonly fees: number;
}

export interface LogLineView {
  /** Wall time. */
  readonly at: EpochMs;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Redacted already. */
  readonly text: string;
}

export interface ReadinessView {
  /** Wall time. */
  readonly at: EpochMs;
  /** Out of 100. */
  readonly score: number;
  readonly checks: readonly {
    readonly domain: string;
    readonly name: string;
    readonly verdict: 'PASS' | 'WARN' | 'FAIL';
    readonly evidence: string;
  }[];
}

/** A position as it was shown: one that is opened later in its symbol is another. */
export interface ShownPosition {
  readonly symbol: SymbolName;
  /** Client order id of the entry that has opened it. */
  readonly openedBy: string;
}

export interface FlattenPreview {
  readonly positions: readonly (ShownPosition & {
    readonly quantity: number;
    readonly lastPrice: number | null;
    readonly estimatedProceeds: number | null;
    /** The exchange has halted the market: sold when it trades it again. */
    readonly halted?: true;
  })[];
  /** Refusal that is known now already, or null; without positions that is no refusal, nothing is to be done. */
  readonly refusal: string | null;
}

export interface CancelPreview {
  readonly order: OrderView | null;
  /** No such order, or a protective stop: those are never cancelled by hand. */
  readonly refusal: string | null;
}

/** What an operator says of an order of which the exchange does not say what became. */
export interface SettleRequest {
  readonly orderId: string;
  /** `filled`: it has bought or sold. `gone`: it has done nothing more and is not open. */
  readonly claim: 'filled' | 'gone';
  /** Average price with fees taken in, as exact text; null = as the balances show. */
  readonly price: string | null;
}

export interface SettlePreview {
  /** One line each: the order, what the exchange shows, what would be booked. */
  readonly what: readonly string[];
  /** Refusal that is known now already, or null. */
  readonly refusal: string | null;
  /** What the exchange showed: where it shows something else by the time of the confirmation, nothing is done. */
  readonly shown: string;
}

export type AlertMode = 'on' | 'silent' | 'off';

export interface AlertSettingsView {
  /** Wall time until which alerts come without sound (locks always ring); null = not muted. */
  readonly mutedUntil: EpochMs | null;
  readonly modes: Readonly<Record<AlertKind, AlertMode>>;
}

export interface OperatorTools {
  orders(): readonly OrderView[];
  health(): readonly HealthCheckView[];
  /** null = no model is loaded. */
  model(): ModelStatusView | null;
  symbols(): readonly SymbolName[];
  /** The newest closed candles, at most `hours`, with the trades among them. */
  chart(symbol: SymbolName, hours: number): ChartView;
  /** The newest periods, the running one included, newest first. */
  periods(kind: PeriodKind, count: number): readonly PeriodView[];
  /** The newest lines of the log, oldest first. */
  logs(count: number): readonly LogLineView[];
  /** The newest readiness audit; null = never run. */
  readiness(): ReadinessView | null;
  /** The whole equity curve as recorded, oldest first. */
  equityHistory(): readonly { readonly at: EpochMs; readonly equity: number }[];

  /** Cancels working entries and refuses new ones; exits and stops go on. Idempotent. */
  halt(caller: Caller, reason: string): Promise<CommandOutcome>;
  /** `symbol` null = all. */
  flattenPreview(symbol: SymbolName | null): FlattenPreview;
  /** Sells exactly these positions, the stop first out of the way; not one that was opened since. */
  flatten(caller: Caller, shown: readonly ShownPosition[]): Promise<CommandOutcome>;
  cancelPreview(orderId: string): CancelPreview;
  cancel(caller: Caller, orderId: string): Promise<CommandOutcome>;
  /** Orders whose outcome is not known, each in one line with what is known of it. */
  unsettled(): readonly string[];
  /** Holds a claim against what the exchange shows. */
  settlePreview(request: SettleRequest): Promise<SettlePreview>;
  /** Settles it, if the exchange still shows what was `shown`; then books and account are compared. */
  settle(caller: Caller, request: SettleRequest, shown: string): Promise<CommandOutcome>;
  reconcile(caller: Caller): Promise<CommandOutcome>;
  backup(caller: Caller): Promise<CommandOutcome>;

  alertSettings(): AlertSettingsView;
  /** A span of zero ends it. */
  mute(caller: Caller, span: Milliseconds): Promise<CommandOutcome>;
  setAlertMode(caller: Caller, kind: AlertKind, mode: AlertMode): Promise<CommandOutcome>;
}
