import type { EpochMs, Fraction, SymbolName } from '../core/units.ts';

/**
 * What people may see and do, whichever way they come: Telegram, the control
 * socket or the page. One service implements it; every call is audited there.
 * Money in views is a double in quote currency, for display only.
 */
export type Role = 'viewer' | 'operator';

export interface Caller {
  /** Numeric Telegram user id, or 0 for the control socket. */
  readonly userId: number;
  readonly name: string;
  readonly role: Role;
  readonly via: 'telegram' | 'control-socket';
}

export type TradingState = 'active' | 'reducing' | 'halted';

export interface LockView {
  /** Stable id, e.g. `kill-switch` or `volatility:BTC/USDT`. */
  readonly id: string;
  /** Another one whenever the lock is set or wished again, within a millisecond as well. Good for this process. */
  readonly serial: number;
  readonly kind: string;
  readonly symbol: SymbolName | null;
  readonly state: 'reducing' | 'halted';
  readonly policy: 'hold' | 'flatten';
  /** Market time. */
  readonly since: EpochMs;
  /** Market time at which somebody asked for it again while it held; absent when nobody did. */
  readonly renewed?: EpochMs;
  /** One sentence with limit and value: "3 losses in a row (BTC -0.97 %, ...)". */
  readonly reason: string;
  /** How it clears, in words: "/unlock", "next UTC day or /unlock", "by itself: fresh data on two polls". */
  readonly clearing: string;
  readonly clearedByUnlock: boolean;
}

export interface PositionView {
  readonly symbol: SymbolName;
  readonly quantity: number;
  readonly entryPrice: number;
  readonly lastPrice: number | null;
  /** Quote currency, after fees paid so far; null while the price is unknown. */
  readonly unrealised: number | null;
  readonly unrealisedFraction: Fraction | null;
  readonly stopPrice: number | null;
  /** Whether the stop is known to rest on the exchange. */
  readonly stopWorking: boolean;
  readonly targetPrice: number;
  /**
   * Why it is being closed at this moment, or null while it is held: "flatten by operator Ada (7)", "daily drawdown",
   * "horizon".
   */
  readonly closing: string | null;
  /** Why the exchange would not take its sale now, so that its stop stays in place. Absent otherwise. */
  readonly unsellable?: string;
  readonly openedAt: EpochMs;
  readonly horizonAt: EpochMs;
}

export interface SymbolStatus {
  readonly symbol: SymbolName;
  readonly lastPrice: number | null;
  /** Age of the newest price in market time; null = never had one. */
  readonly priceAgeMs: number | null;
  /** Close time of the newest closed candle held; null = none. */
  readonly newestCandleClose: EpochMs | null;
  /**
   * The last decision, of the close of its candle, in one line: "no edge: 0.31 (EV -0.12 %)", "denied: exposure-cap
   * ...".
   */
  readonly lastDecision: { readonly at: EpochMs; readonly text: string } | null;
}

/** What would refuse an entry now, were there a signal, and in which symbols. */
export interface EntryBarView {
  /** The code of the refusal, e.g. `symbol-locked` or `equity-unknown`. */
  readonly code: string;
  /** In a few words: the title of a lock, or "Equity is not known". */
  readonly why: string;
  readonly symbols: readonly SymbolName[];
}

export interface StatusView {
  readonly mode: string;
  readonly state: TradingState;
  /** Why: the strictest lock of the whole bot, or null when active. */
  readonly why: Pick<LockView, 'reason' | 'clearing'> | null;
  /** By cause, as the check before an order sees it; empty when an entry could be made in every symbol. */
  readonly entryBars: readonly EntryBarView[];
  /** Whether there is a symbol in which an entry could be made. */
  readonly mayEnter: boolean;
  /** null = unknown, with the reason in `equityUnknown`. */
  readonly equity: number | null;
  readonly equityUnknown: string | null;
  readonly dayBaseline: number | null;
  /** Against `dayBaseline`: after /unlock has rebased the day, the result since then, not the day's. */
  readonly dayPnl: number | null;
  readonly dayPnlFraction: Fraction | null;
  readonly dayRebased?: boolean;
  readonly maxDailyDrawdown: Fraction;
  readonly drawdownFraction: Fraction | null;
  readonly maxTotalDrawdown: Fraction;
  readonly lossStreak: number;
  readonly maxConsecutiveLosses: number;
  readonly positions: readonly PositionView[];
  readonly locks: readonly LockView[];
  readonly symbols: readonly SymbolStatus[];
  /** Market time of this view and of the next scheduled decision. */
  readonly marketNow: EpochMs;
  readonly nextDecisionAt: EpochMs;
  readonly wallNow: EpochMs;
  readonly startedAt: EpochMs;
}

export interface TradeView {
  readonly id: number;
  readonly symbol: SymbolName;
  readonly quantity: number;
  readonly entryPrice: number;
  readonly exitPrice: number;
  readonly fees: number;
  /** Net of all fees. */
  readonly pnl: number;
  /** pnl / entry cost. */
  readonly pnlFraction: Fraction;
  readonly openedAt: EpochMs;
  readonly closedAt: EpochMs;
  readonly exitReason: string;
}

export type PnlRange = 'today' | '7d' | '30d' | 'all';

export interface PnlView {
  readonly range: PnlRange;
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly equity: number | null;
  readonly startEquity: number | null;
  readonly realised: number;
  readonly unrealised: number | null;
  readonly fees: number;
  readonly deposits: number;
  readonly trades: number;
  readonly wins: number;
  readonly losses: number;
  /** null = n/a: fewer trades than the stated sample size. */
  readonly winRate: Fraction | null;
  readonly profitFactor: number | null;
  readonly expectancy: number | null;
  readonly maxDrawdown: Fraction | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly bySymbol: readonly { readonly symbol: SymbolName; readonly trades: number; readonly pnl: number }[];
  /** Equity points (market time, equity), oldest first, thinned to at most 500. */
  /** Hourly, thinned; the drawdown is that from the highest equity so far, which money from outside moves. */
  readonly curve: readonly { readonly at: EpochMs; readonly equity: number; readonly drawdown: Fraction }[];
}

export interface BalanceView {
  readonly quoteAsset: string;
  readonly cash: number | null;
  readonly positions: readonly { readonly asset: string; readonly quantity: number; readonly value: number | null }[];
  readonly feeAsset: { readonly asset: string; readonly quantity: number; readonly value: number | null } | null;
  /** Holdings of the account that are not the bot's: shown, never counted, never sold. */
  readonly external: readonly { readonly asset: string; readonly quantity: number }[];
  readonly equity: number | null;
  /** Market time of the exchange balance behind `external`; null = never read. */
  readonly asOf: EpochMs | null;
}

export interface RiskView {
  readonly riskPerTrade: Fraction;
  readonly stopLoss: Fraction;
  readonly takeProfit: Fraction;
  readonly horizonHours: number;
  readonly maxLeverage: number;
  /** Each limit beside its present value; null = unknown. */
  readonly limits: readonly {
    readonly name: string;
    readonly limit: number;
    readonly value: number | null;
    readonly unit: 'fraction' | 'quote' | 'count' | 'seconds';
  }[];
}

export interface VersionView {
  readonly version: string;
  readonly engineVersion: string;
  readonly mode: string;
  readonly model: { readonly name: string; readonly hash: string; readonly purpose: string } | null;
  readonly node: string;
}

/** How a command ended. `text` is one short sentence for the person. */
export interface CommandOutcome {
  readonly ok: boolean;
  readonly code: string;
  readonly text: string;
}

/** What an operator saw when asked whether to unlock: what has come since is not cleared with it. */
export interface UnlockShown {
  /** Market time at which these locks were shown; one of the same name that is set later stays. */
  readonly shownAt: EpochMs;
  /** Serial of each lock shown, by its id: one of the same name and the same moment stays as well. */
  readonly serials: Readonly<Record<string, number>>;
  /** Equity at the last prices; absent while it is not known. */
  readonly shownEquity?: number;
  /** Value to which baselines would move: that equity without price rises that nothing has confirmed yet. */
  readonly shownBaseline?: number;
  /** Market time at which the newest loss of the streak closed; null while there is none. */
  readonly shownLossAt?: EpochMs | null;
  /** How many losses the streak had. */
  readonly shownLosses?: number;
  /** Drift of the prediction; null while it is not known. */
  readonly shownDrift?: number | null;
}

/** What `/unlock` would do, shown before it is confirmed. */
export interface UnlockPreview {
  readonly shown: UnlockShown;
  /** Exactly these locks would be cleared; one that arrives meanwhile stays. */
  readonly locks: readonly LockView[];
  /** Locks that hold but that /unlock cannot clear. */
  readonly staying: readonly LockView[];
  /** Baselines that would move, in words with both values: "day baseline 1012.40 -> 991.10". */
  readonly baselines: readonly string[];
  /**
   * Set when a daily-drawdown lock is among them: the operator must type the amount of new loss permitted (quote
   * currency).
   */
  readonly newLossPermitted: number | null;
  /**
   * Why none of the locks that wait for /unlock can be cleared now, one line for each: its id, what it would take, and
   * its cause with limit and value. Empty where one can be, or none waits.
   */
  readonly refusals: readonly string[];
}

/** What was shown comes from the preview. */
export interface UnlockRequest extends UnlockShown {
  readonly lockIds: readonly string[];
  readonly reason: string;
  /** The amount typed by the operator, for a daily-drawdown lock; else null. */
  readonly newLossPermitted: number | null;
}

export interface OperatorService {
  status(): StatusView;
  pnl(range: PnlRange): PnlView;
  positions(): readonly PositionView[];
  trades(limit: number, offset: number): { readonly total: number; readonly trades: readonly TradeView[] };
  balance(): BalanceView;
  risk(): RiskView;
  locks(): readonly LockView[];
  version(): VersionView;

  /** Stops entries; exits and stops go on. Idempotent; never resumes. */
  pause(caller: Caller, reason: string): Promise<CommandOutcome>;
  /** Clears the operator's pause, nothing else. Confirmed before it gets here. */
  resume(caller: Caller): Promise<CommandOutcome>;
  unlockPreview(): UnlockPreview;
  unlock(caller: Caller, request: UnlockRequest): Promise<CommandOutcome>;

  /** One row of the audit table per command and refused attempt, outcome included. */
  audit(entry: AuditEntry): void;
}

export interface AuditEntry {
  /** Wall time. */
  readonly at: EpochMs;
  readonly caller:
    | Caller
    | { readonly userId: number; readonly name: string; readonly role: 'stranger'; readonly via: 'telegram' };
  readonly chatId: number | null;
  readonly command: string;
  readonly arguments: string;
  readonly outcome: string;
}
