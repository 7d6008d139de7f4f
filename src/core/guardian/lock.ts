import type { MarketMs, SymbolName } from '../units.ts';

export type LockKind =
  | 'kill-switch'
  | 'daily-drawdown'
  | 'total-drawdown'
  | 'minimum-balance'
  | 'volatility'
  | 'stale-data'
  | 'reconciliation'
  | 'clock-skew'
  | 'execution'
  | 'model'
  | 'model-drift'
  | 'crash-loop'
  | 'operators-unreachable'
  | 'unlisted'
  | 'start-gate'
  | 'operator-pause'
  | 'operator-halt';

export type LockState = 'reducing' | 'halted';
/** `hold`: stops stay, working entries are cancelled. `flatten`: positions are closed, too. */
export type LockPolicy = 'hold' | 'flatten';
/**
 * What clears a lock. `self`: its condition, slowly. `unlock`: an operator. `day-or-unlock`: the next UTC day or an
 * operator. `self-or-unlock`: its condition, or an operator who sees that it holds and where no rule can see it end.
 */
export type LockClearing = 'self' | 'unlock' | 'day-or-unlock' | 'self-or-unlock' | 'resume';

export interface LockDefinition {
  readonly state: LockState;
  readonly policy: LockPolicy;
  readonly clearing: LockClearing;
  readonly perSymbol: boolean;
  /** For people. */
  readonly title: string;
  readonly trips: string;
  readonly clears: string;
}

/** PRODUCT section 4, one row a lock. None can be switched off. */
export const LOCKS: Readonly<Record<LockKind, LockDefinition>> = {
  'kill-switch': {
    state: 'halted',
    policy: 'hold',
    clearing: 'unlock',
    perSymbol: false,
    title: 'Kill-switch',
    trips: 'consecutive losing closed trades, net of fees, reach the limit',
    clears: '/unlock: the streak starts at zero',
  },
  'daily-drawdown': {
    state: 'halted',
    policy: 'flatten',
    clearing: 'day-or-unlock',
    perSymbol: false,
    title: 'Daily drawdown',
    trips: "equity, unrealised included, falls below the UTC day's baseline by the limit",
    clears: 'next UTC day, or /unlock at most once a day with the new loss permitted: the day is rebased',
  },
  'total-drawdown': {
    state: 'halted',
    policy: 'flatten',
    clearing: 'unlock',
    perSymbol: false,
    title: 'Total drawdown',
    trips: 'equity falls below its high-water mark by the limit',
    clears: '/unlock: the mark is rebased to current equity',
  },
  'minimum-balance': {
    state: 'halted',
    policy: 'hold',
    clearing: 'unlock',
    perSymbol: false,
    title: 'Minimum balance',
    trips: 'equity is below the minimum',
    clears: 'balance restored and /unlock',
  },
  volatility: {
    state: 'reducing',
    policy: 'hold',
    clearing: 'self',
    perSymbol: true,
    title: 'Volatility',
    trips: 'ATR(14)/close is above its percentile of the trailing year, or fewer than 90 days of it are known',
    clears: 'by itself: below the 95th percentile for 6 candles',
  },
  'stale-data': {
    state: 'reducing',
    policy: 'hold',
    clearing: 'self',
    perSymbol: true,
    title: 'Stale data',
    trips: 'the newest price or closed candle is too old',
    clears: 'by itself: fresh data on two polls',
  },
  reconciliation: {
    state: 'halted',
    policy: 'hold',
    clearing: 'unlock',
    perSymbol: false,
    title: 'Reconciliation',
    trips:
      'ledger and exchange disagree and no missing fill explains it, or another instance of this bot has orders on the account',
    clears: '/reconcile, then /unlock',
  },
  'clock-skew': {
    state: 'reducing',
    policy: 'hold',
    clearing: 'self',
    perSymbol: false,
    title: 'Clock skew',
    trips: 'local and exchange time differ by more than 1 s, or the difference is not known',
    clears: 'by itself: back under 500 ms',
  },
  execution: {
    state: 'reducing',
    policy: 'hold',
    clearing: 'self',
    perSymbol: false,
    title: 'Execution',
    trips: '3 order failures in a row, or an outcome unknown for longer than 60 s, that of a cancellation included',
    clears: 'by itself: resolved and 5 quiet minutes',
  },
  model: {
    state: 'reducing',
    policy: 'hold',
    clearing: 'self',
    perSymbol: false,
    title: 'Model',
    trips: 'the model is missing, invalid or was trained on other features',
    clears: 'by itself: a valid model',
  },
  'model-drift': {
    state: 'reducing',
    policy: 'hold',
    clearing: 'unlock',
    perSymbol: false,
    title: 'Model drift',
    trips: 'the prediction has drifted from training beyond its limit',
    clears: '/unlock: the drift seen is accepted until it has grown by half of the limit',
  },
  'crash-loop': {
    state: 'reducing',
    policy: 'hold',
    clearing: 'unlock',
    perSymbol: false,
    title: 'Crash loop',
    trips: 'five starts in ten minutes',
    clears: '/unlock',
  },
  'operators-unreachable': {
    state: 'reducing',
    policy: 'hold',
    // A run without a bot token hears nothing: there an operator on the server is the only one who can.
    clearing: 'self-or-unlock',
    perSymbol: false,
    title: 'Nobody reachable',
    trips:
      'no alert has reached an operator for longer than TELEGRAM_SILENCE_SECONDS, where STOP_ENTRIES_WHEN_SILENT is set',
    clears: 'by itself: alerts get through again; or /unlock, on the server: guardian ctl unlock',
  },
  unlisted: {
    state: 'halted',
    policy: 'hold',
    clearing: 'self',
    perSymbol: false,
    title: 'Not listed',
    trips: 'the exchange no longer lists a symbol that is held: it can neither be sold nor protected there',
    clears: 'by itself: listed again, or nothing of it is held any more',
  },
  'start-gate': {
    state: 'halted',
    policy: 'hold',
    clearing: 'unlock',
    perSymbol: false,
    title: 'Start gate',
    trips: 'a gate failed at start',
    clears: 'what the gate names, then /unlock',
  },
  'operator-pause': {
    state: 'reducing',
    policy: 'hold',
    clearing: 'resume',
    perSymbol: false,
    title: 'Paused by operator',
    trips: '/pause',
    clears: '/resume',
  },
  'operator-halt': {
    state: 'halted',
    policy: 'hold',
    clearing: 'unlock',
    perSymbol: false,
    title: 'Halted by operator',
    trips: '/halt',
    clears: '/unlock',
  },
};

/** A lock in force. */
export interface Lock {
  /** `kind`, or `kind:symbol`. */
  readonly id: string;
  readonly kind: LockKind;
  readonly symbol: SymbolName | null;
  /** Market time of the trip. */
  readonly since: MarketMs;
  /**
   * Market time at which a person last asked for a lock that held already, or another cause of it turned up; absent
   * when neither did.
   */
  readonly renewed?: MarketMs;
  /** One sentence with limit and value. */
  readonly reason: string;
  readonly limit: number | null;
  readonly value: number | null;
}

/** A lock to be set: all of it but its id, which follows from kind and symbol. */
export type NewLock = Omit<Lock, 'id' | 'renewed'>;

/** Id of a lock: its kind, with the symbol behind a colon where each symbol has its own. */
export const lockId = (kind: LockKind, symbol: SymbolName | null): string =>
  symbol === null ? kind : asKey(`${kind}:${symbol}`);

/** The same letters as an object's own key: a lookup by a string put together costs several times one by a key. */
const asKey = (text: string): string => Object.keys({ [text]: true })[0] ?? text;

/** Whether /unlock clears a lock of this kind. */
export const isForUnlock = (kind: LockKind): boolean => LOCKS[kind].clearing.endsWith('unlock');
