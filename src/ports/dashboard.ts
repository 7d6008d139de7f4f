import type { EpochMs, Fraction, SymbolName } from '../core/units.ts';
import type { RiskView, StatusView, TradeView, VersionView } from './operator.ts';
import type { HealthCheckView, ModelStatusView, ReadinessView } from './operator-tools.ts';

/**
 * What the page shows: one live board, rows that only ever grow (decisions,
 * fills, trades, orders, alerts, locks, equity, candles), and a few things that
 * are asked for. All of it is read; nothing here can change the bot. Money is a
 * double in quote currency, for display only; null = unknown or n/a.
 */
export interface DecisionLine {
  readonly id: number;
  readonly symbol: SymbolName;
  /** Open time of the candle behind it: with the symbol its name. */
  readonly openTime: EpochMs;
  readonly at: EpochMs;
  readonly probability: Fraction | null;
  /** After costs, as a fraction of notional. */
  readonly expectedValue: Fraction | null;
  readonly margin: Fraction;
  readonly outcome: string;
  readonly text: string;
  readonly clientOrderId: string | null;
}

export interface FillLine {
  readonly id: number;
  readonly clientOrderId: string;
  readonly symbol: SymbolName;
  readonly side: 'buy' | 'sell';
  readonly purpose: string;
  readonly price: number;
  readonly quantity: number;
  readonly quoteQuantity: number;
  readonly fee: number;
  readonly feeAsset: string;
  readonly realised: number;
  readonly at: EpochMs;
}

export interface OrderLine {
  readonly id: string;
  readonly symbol: SymbolName;
  readonly side: 'buy' | 'sell';
  readonly type: string;
  readonly purpose: string;
  readonly quantity: number;
  readonly executed: number;
  readonly limitPrice: number | null;
  readonly stopPrice: number | null;
  readonly status: string;
  readonly reason: string;
  readonly detail: string | null;
  readonly createdAt: EpochMs;
  readonly updatedAt: EpochMs;
}

export interface AlertLine {
  readonly id: number;
  readonly kind: string;
  readonly title: string;
  readonly lines: readonly string[];
  readonly symbol: SymbolName | null;
  readonly at: EpochMs;
}

export interface LockLine {
  readonly id: number;
  readonly lockId: string;
  readonly change: 'set' | 'cleared';
  readonly by: string;
  readonly reason: string;
  readonly at: EpochMs;
}

export interface EquityLine {
  readonly at: EpochMs;
  readonly equity: number;
  readonly exposure: number;
  /** Money from outside since the point before it: no result, and no part of a drawdown. Negative = withdrawn. */
  readonly deposited: number;
}

export interface CandleLine {
  readonly symbol: SymbolName;
  readonly openTime: EpochMs;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/**
 * Newest rows that a reader has, by kind: row ids; for candles the hours up to the newest of each symbol, all added up:
 * one that comes late counts, too.
 */
export interface RowCursor {
  readonly decisions: number;
  readonly fills: number;
  readonly trades: number;
  /** Of order events. */
  readonly orders: number;
  readonly alerts: number;
  readonly locks: number;
  readonly equity: number;
  readonly candles: number;
}

/** Rows of each kind, oldest first. Candles come from the market, all others from the database. */
export interface BoardRows {
  readonly decisions: readonly DecisionLine[];
  readonly fills: readonly FillLine[];
  readonly trades: readonly TradeView[];
  /** As they stand now. */
  readonly orders: readonly OrderLine[];
  readonly alerts: readonly AlertLine[];
  readonly locks: readonly LockLine[];
  readonly equity: readonly EquityLine[];
  /** With them some that the reader has already. */
  readonly candles: readonly CandleLine[];
}

/** A stretch of the equity curve. */
export interface EquityBucket {
  /** Time of its last point. */
  readonly at: EpochMs;
  /** Equity of its last point. */
  readonly equity: number;
  /**
   * Highest and lowest within, each less the deposits since the first stretch began: comparable whatever came from
   * outside.
   */
  readonly high: number;
  readonly low: number;
  /** Deposits since the first stretch began, up to its last point. */
  readonly deposited: number;
  readonly exposure: number;
}

/** A decision as it is stored, features from the journal entry that caused it. */
export interface StoredDecision extends DecisionLine {
  readonly sequence: number;
  /** JSON of core/engine/effect.ts Sizing, decimals as text; null = not sized. */
  readonly sizing: string | null;
  /** JSON of core/guardian/denial.ts Check[]. */
  readonly checks: string;
  /** In catalogue order; null = the journal entry is not at hand any more. */
  readonly features: readonly (number | null)[] | null;
}

export type StoredCursor = Omit<RowCursor, 'candles'>;
export type StoredRows = Omit<BoardRows, 'candles'>;

/** Row queries of the page; reads only. */
export interface BoardRecords {
  cursor(): StoredCursor;
  /** Rows after the cursor and up to `until`; null when one kind has more than `limit` of them. */
  between(after: StoredCursor, until: StoredCursor, limit: number): StoredRows | null;
  /** The newest `count` rows of each kind up to `until`. */
  newest(until: StoredCursor, count: number): StoredRows;
  decision(symbol: SymbolName, openTime: EpochMs): StoredDecision | null;
  /** From `from` on in at most `count` equal stretches, oldest first. */
  equity(from: EpochMs, count: number): readonly EquityBucket[];
  fillsSince(symbol: SymbolName, from: EpochMs): readonly FillLine[];
  order(id: string): OrderLine | null;
  fillsOf(orderId: string): readonly FillLine[];
  /** The round trip that this entry order began, once it is closed. */
  tradeOf(entryOrderId: string): TradeView | null;
}

/** How a feature moved the answer of one decision. */
export interface FeatureEffect {
  readonly name: string;
  readonly unit: string;
  readonly source: string;
  readonly value: number | null;
  /** Its median in training. */
  readonly typical: number;
  /** The probability less what it would be with the typical value. */
  readonly effect: number;
}

export interface DecisionDetail extends DecisionLine {
  readonly sequence: number;
  /** Probability at which the expected value is zero. */
  readonly breakEven: Fraction | null;
  readonly target: Fraction | null;
  readonly stop: Fraction | null;
  /** Round trip, as a fraction of notional. */
  readonly costs: Fraction | null;
  readonly sizing: {
    readonly equity: number;
    readonly riskAmount: number;
    readonly lossPerUnit: number;
    readonly limitPrice: number;
    readonly steps: readonly { readonly rule: string; readonly words: string; readonly quantity: number }[];
  } | null;
  readonly checks: readonly {
    readonly ok: boolean;
    readonly code: string;
    readonly words: string;
    readonly limit: string;
    readonly value: string;
  }[];
  /** Those that moved the answer most, the strongest first; null with the reason in `featuresMissing`. */
  readonly features: readonly FeatureEffect[] | null;
  readonly featuresMissing: string | null;
  readonly order: OrderLine | null;
  readonly fills: readonly FillLine[];
  readonly trade: TradeView | null;
}

export interface EquityCurve {
  readonly range: string;
  readonly points: readonly (EquityLine & { readonly drawdown: Fraction })[];
  /** Highest equity so far, moved by deposits: what the next point is measured against. */
  readonly peak: number;
  readonly maxDrawdown: Fraction | null;
  readonly maxTotalDrawdown: Fraction;
}

export interface MarketChart {
  readonly symbol: SymbolName;
  readonly candles: readonly CandleLine[];
  readonly marks: readonly {
    readonly at: EpochMs;
    readonly price: number;
    readonly side: 'buy' | 'sell';
    readonly purpose: string;
    readonly quantity: number;
    readonly realised: number;
  }[];
}

/** Whether engine and Guardian make progress, not only whether the process answers. */
export interface Health {
  readonly ok: boolean;
  readonly checks: readonly HealthCheckView[];
}

/** Everything that is shown as of now. */
export interface BoardView {
  readonly status: StatusView;
  /** Null before the engine's first start. */
  readonly risk: RiskView | null;
  readonly orders: readonly OrderLine[];
  readonly model: ModelStatusView | null;
  readonly readiness: ReadinessView | null;
  readonly version: VersionView;
  readonly health: Health;
  /** Alerts that are not delivered to everyone yet. */
  readonly outboxDepth: number;
}

/** Commands that people gave, without their arguments: those may hold one-time codes. */
export interface CommandLine {
  readonly at: EpochMs;
  readonly name: string;
  readonly role: string;
  readonly command: string;
  readonly outcome: string;
}

export type EquityRange = '24h' | '7d' | '30d' | 'all';

export interface Dashboard {
  /** Which database: a cursor of another one means nothing here. */
  readonly instanceId: string;
  board(): BoardView;
  cursor(): RowCursor;
  between(after: RowCursor, until: RowCursor): BoardRows | null;
  newest(until: RowCursor): BoardRows;
  decision(symbol: SymbolName, openTime: EpochMs): Promise<DecisionDetail | null>;
  chart(symbol: SymbolName, hours: number): MarketChart | null;
  equity(range: EquityRange): EquityCurve;
  commands(count: number): readonly CommandLine[];
}
