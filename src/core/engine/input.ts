import type { Candle } from '../market/candle.ts';
import type { Instrument } from '../market/instrument.ts';
import type { Quote } from '../market/quote.ts';
import type { OrderSnapshot } from '../orders/order.ts';
import type { EpochMs, MarketMs, Milliseconds, SymbolName, WallMs } from '../units.ts';
import type { EngineConfig } from './config.ts';

/** Times of an input: the engine knows no other clock. */
export interface InputTimes {
  /** Market time at which the input was taken. */
  readonly at: MarketMs;
  /** Wall time at which the input was taken. */
  readonly wall: WallMs;
}

/** Instruments travel as JSON: exact decimals as text. */
export type InstrumentText = {
  readonly [K in keyof Instrument]: Instrument[K] extends bigint ? string : Instrument[K];
};

/** The process has started (again): configuration, versions and instruments of this run. */
export interface StartedInput extends InputTimes {
  readonly type: 'started';
  readonly engineVersion: string;
  readonly config: EngineConfig;
  readonly instruments: readonly InstrumentText[];
  /**
   * Reasons for which this start must be halted until an operator acts; empty as a rule. `clears`: what it takes
   * beside /unlock: nothing more, a /reconcile first (the default: a restored or fresh database), or another
   * start at which the gate does not fail (the live gate).
   */
  readonly halts: readonly {
    readonly code: string;
    readonly text: string;
    readonly clears?: 'unlock' | 'reconcile' | 'restart';
  }[];
}

/** What the exchange states of markets has changed since the start; only those that have. */
export interface InstrumentsInput extends InputTimes {
  readonly type: 'instruments';
  readonly instruments: readonly InstrumentText[];
}

/** Closed candles of the past, oldest first, that warm the limits up. No decision follows from them. */
export interface HistoryInput extends InputTimes {
  readonly type: 'history';
  readonly symbol: SymbolName;
  /** [openTime, open, high, low, close] */
  readonly candles: readonly (readonly [number, number, number, number, number])[];
}

/** The newest candle has closed. */
export interface CandleInput extends InputTimes {
  readonly type: 'candle';
  readonly symbol: SymbolName;
  readonly candle: Candle;
}

/** Newest prices, one poll of all symbols that answered. */
export interface QuotesInput extends InputTimes {
  readonly type: 'quotes';
  readonly quotes: readonly Quote[];
}

/** The model's answer for a closed candle, or why there is none. */
export interface PredictionInput extends InputTimes {
  readonly type: 'prediction';
  readonly symbol: SymbolName;
  /** Open time of the candle behind the features. */
  readonly openTime: EpochMs;
  /** Probability that the target is hit before the stop, in [0, 1]; null when there is no answer. */
  readonly probability: number | null;
  /** Why there is no answer, or null. */
  readonly failure: string | null;
  /** The feature vector in catalogue order, for explanations; null = value not known. */
  readonly features: readonly (number | null)[];
}

/** What became of an order that the engine placed. */
export type OrderOutcome =
  /** The exchange knows the order; the snapshot holds every fill. */
  | { readonly kind: 'known'; readonly order: OrderSnapshot }
  /** The exchange refused it for good. */
  | { readonly kind: 'rejected'; readonly code: string; readonly message: string }
  /** Never reached the exchange and will not be sent any more (expired, given up before the call). */
  | { readonly kind: 'not-sent'; readonly code: string; readonly message: string }
  /**
   * It may have happened, or, of an order that rested, the exchange no longer lists it as open and does not say what
   * became of it; the executor goes on asking.
   */
  | { readonly kind: 'unknown'; readonly code: string; readonly message: string }
  /** Two look-ups, the second after the receive window, found nothing: it never existed. */
  | { readonly kind: 'not-found' };

export interface OrderReportInput extends InputTimes {
  readonly type: 'order-report';
  readonly symbol: SymbolName;
  readonly clientOrderId: string;
  readonly outcome: OrderOutcome;
}

/** A cancellation that did not work out; a successful one comes as an order report with a final snapshot. */
export interface CancelFailedInput extends InputTimes {
  readonly type: 'cancel-failed';
  readonly symbol: SymbolName;
  readonly clientOrderId: string;
  readonly code: string;
  readonly message: string;
}

/** The account as the exchange states it, taken while no order of ours was in flight; or why it could not be read. */
export interface AccountInput extends InputTimes {
  readonly type: 'account';
  readonly balances: readonly { readonly asset: string; readonly free: string; readonly locked: string }[] | null;
  readonly failure: string | null;
  /**
   * Client ids of the orders for which alone it could not be compared: they cannot be looked up, and the books hold
   * them for ended or not for theirs. Absent where there are none.
   */
  readonly hindrances?: readonly string[];
  /** Orders and trades of others, for the report. */
  readonly foreignOrders: readonly string[];
  /** How many there are of them, where the list is cut short. */
  readonly foreignCount?: number;
  /**
   * Open orders of this bot that this database does not know and that may not be touched before an operator has looked,
   * each "symbol id".
   */
  readonly orphanOrders?: readonly string[];
  /** Open orders that wait for a trigger and are none of the books', by symbol; absent where there are none. */
  readonly algoOrders?: Readonly<Record<SymbolName, number>>;
  /** Symbols that are traded or held and that the exchange no longer lists; absent where there are none. */
  readonly unlisted?: readonly SymbolName[];
  /** Booked trades that the exchange's history no longer holds: the account was reset. */
  readonly historyLost?: readonly string[];
}

/** Time has passed: a deadline is due. */
export interface TimerInput extends InputTimes {
  readonly type: 'timer';
}

/** The process is about to end in good order. */
export interface StoppingInput extends InputTimes {
  readonly type: 'stopping';
  readonly reason: string;
}

/** Exchange's wall clock minus ours, measured; null when it could not be measured. */
export interface ClockSkewInput extends InputTimes {
  readonly type: 'clock-skew';
  readonly skew: Milliseconds | null;
}

export interface ModelStatusInput extends InputTimes {
  readonly type: 'model-status';
  readonly valid: boolean;
  readonly detail: string;
  /**
   * Drift of the prediction, live against training (population stability index), beside its limit; null or absent while
   * it is not known.
   */
  readonly drift?: { readonly value: number; readonly limit: number } | null;
}

/** Whether operators can be reached; reported where entries stop while they can't. */
export interface ReachInput extends InputTimes {
  readonly type: 'reach';
  /** Why nobody can be reached, or null. */
  readonly unreachable: string | null;
}

/** What the exchange shows beside an order that it does not answer for, read while nothing else was under way. */
export interface SettlementEvidence {
  /** Whether the order is among the open ones of its symbol. */
  readonly listed: boolean;
  /** Free and locked together, as exact text, of every asset with a balance. */
  readonly totals: readonly { readonly asset: string; readonly total: string }[];
  /**
   * What the ended order itself states that it has executed, base units; present where the bot settles it by that,
   * without an operator.
   */
  readonly stated?: string;
  /** And what it has paid or got for that, quote currency without fees, where it states it. */
  readonly statedQuote?: string;
}

export type OperatorCommand =
  | { readonly name: 'pause'; readonly reason: string }
  | { readonly name: 'resume' }
  | { readonly name: 'halt'; readonly reason: string }
  | {
      readonly name: 'unlock';
      readonly reason: string;
      readonly lockIds: readonly string[];
      readonly newLossPermitted: number | null;
      /** Market time at which the operator was shown the locks; one of the same name that was set later stays. */
      readonly shownAt?: EpochMs;
      /** Equity that the operator was shown beside them, where it was known: no mark moves far below it. */
      readonly shownEquity?: number;
      /**
       * Value to which baselines were said to move, where it was known: equity without price rises that no second price
       * had confirmed. None moves far below it.
       */
      readonly shownBaseline?: number;
      /**
       * When the newest loss of the streak that was shown closed, null while there was none: one that came since is not
       * forgiven with it.
       */
      readonly shownLossAt?: EpochMs | null;
      /** How many losses that streak had: two can close at the same market time. */
      readonly shownLosses?: number;
      /** Drift of the prediction that was shown, null while it was not known: no more is accepted. */
      readonly shownDrift?: number | null;
    }
  /** The operator has asked for a comparison with the exchange; the next reading of the account counts as it. */
  | { readonly name: 'reconcile' }
  | { readonly name: 'flatten'; readonly symbol: SymbolName | null }
  /**
   * The operator says what became of an order of which the exchange does not say it. Held against what the exchange
   * shows otherwise.
   */
  | {
      readonly name: 'settle';
      readonly clientOrderId: string;
      /** `filled`: it has bought or sold. `gone`: it has done nothing more, and is not open. */
      readonly claim: 'filled' | 'gone';
      /** Average price in quote currency, fees taken in, as exact text; null = as the balances show. */
      readonly price: string | null;
      readonly evidence: SettlementEvidence;
    }
  /** A drill: an entry of the smallest size, through every check that a signal passes. Never in live. */
  | { readonly name: 'round-trip'; readonly symbol: SymbolName };

export interface CommandInput extends InputTimes {
  readonly type: 'command';
  /** Unique; the result effect carries it. */
  readonly commandId: string;
  /** Who, for the record: "telegram 123 (Ada)". */
  readonly by: string;
  readonly command: OperatorCommand;
}

/** Everything that can happen to the engine. Plain JSON: what is journaled is what is applied. */
export type Input =
  | StartedInput
  | InstrumentsInput
  | HistoryInput
  | CandleInput
  | QuotesInput
  | PredictionInput
  | OrderReportInput
  | CancelFailedInput
  | AccountInput
  | TimerInput
  | StoppingInput
  | ClockSkewInput
  | ModelStatusInput
  | ReachInput
  | CommandInput;
