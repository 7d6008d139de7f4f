import type { EpochMs, SymbolName } from '../units.ts';

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
 * operator.
 */
export type LockClearing = 'self' | 'unlock' | 'day-or-unlock' | 'resume';

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

const define = (
  title: string,
  state: LockState,
  policy: LockPolicy,
  clearing: LockClearing,
  trips: string,
  clears: string,
  perSymbol = false,
): LockDefinition => ({ title, state, policy, clearing, trips, clears, perSymbol });

/** PRODUCT section 4, one row a lock. None can be switched off. */
export const LOCKS: Readonly<Record<LockKind, LockDefinition>> = {
  'kill-switch': define(
    'Kill-switch',
    'halted',
    'hold',
    'unlock',
    'consecutive losing closed trades, net of fees, reach the limit',
    '/unlock: the streak starts at zero',
  ),
  'daily-drawdown': define(
    'Daily drawdown',
    'halted',
    'flatten',
    'day-or-unlock',
    "equity, unrealised included, falls below the UTC day's baseline by the limit",
    'next UTC day, or /unlock at most once a day with the new loss permitted: the day is rebased',
  ),
  'total-drawdown': define(
    'Total drawdown',
    'halted',
    'flatten',
    'unlock',
    'equity falls below its high-water mark by the limit',
    '/unlock: the mark is rebased to current equity',
  ),
  'minimum-balance': define(
    'Minimum balance',
    'halted',
    'hold',
    'unlock',
    'equity is below the minimum',
    'balance restored and /unlock',
  ),
  volatility: define(
    'Volatility',
    'reducing',
    'hold',
    'self',
    'ATR(14)/close is above its percentile of the trailing year, or fewer than 90 days of it are known',
    'by itself: below the 95th percentile for 6 candles',
    true,
  ),
  'stale-data': define(
    'Stale data',
    'reducing',
    'hold',
    'self',
    'the newest price or closed candle is too old',
    'by itself: fresh data on two polls',
    true,
  ),
  reconciliation: define(
    'Reconciliation',
    'halted',
    'hold',
    'unlock',
    'ledger and exchange disagree and no missing fill explains it, or another instance of this bot has orders on the account',
    '/reconcile, then /unlock',
  ),
  'clock-skew': define(
    'Clock skew',
    'reducing',
    'hold',
    'self',
    'local and exchange time differ by more than 1 s, or the difference is not known',
    'by itself: back under 500 ms',
  ),
  execution: define(
    'Execution',
    'reducing',
    'hold',
    'self',
    '3 order failures in a row, or an outcome unknown for longer than 60 s, that of a cancellation included',
    'by itself: resolved and 5 quiet minutes',
  ),
  model: define(
    'Model',
    'reducing',
    'hold',
    'self',
    'the model is missing, invalid or was trained on other features',
    'by itself: a valid model',
  ),
  'model-drift': define(
    'Model drift',
    'reducing',
    'hold',
    'unlock',
    'the prediction has drifted from training beyond its limit',
    '/unlock: the drift seen is accepted until it has grown by half of the limit',
  ),
  'crash-loop': define('Crash loop', 'reducing', 'hold', 'unlock', 'five starts in ten minutes', '/unlock'),
  'operators-unreachable': define(
    'Nobody reachable',
    'reducing',
    'hold',
    'self',
    'no alert has reached an operator for longer than TELEGRAM_SILENCE_SECONDS, where STOP_ENTRIES_WHEN_SILENT is set',
    'by itself: alerts get through again',
  ),
  unlisted: define(
    'Not listed',
    'halted',
    'hold',
    'self',
    'the exchange no longer lists a symbol that is held: it can neither be sold nor protected there',
    'by itself: listed again, or nothing of it is held any more',
  ),
  'start-gate': define(
    'Start gate',
    'halted',
    'hold',
    'unlock',
    'a gate failed at start',
    'what the gate names, then /unlock',
  ),
  'operator-pause': define('Paused by operator', 'reducing', 'hold', 'resume', '/pause', '/resume'),
  'operator-halt': define('Halted by operator', 'halted', 'hold', 'unlock', '/halt', '/unlock'),
};

/** A lock in force. */
export interface Lock {
  /** `kind`, or `kind:symbol`. */
  readonly id: string;
  readonly kind: LockKind;
  readonly symbol: SymbolName | null;
  /** Market time of the trip. */
  readonly since: EpochMs;
  /**
   * Market time at which a person last asked for a lock that held already, or another cause of it turned up; absent
   * when neither did.
   */
  readonly renewed?: EpochMs;
  /** One sentence with limit and value. */
  readonly reason: string;
  readonly limit: number | null;
  readonly value: number | null;
}

/** Id of a lock: its kind, with the symbol behind a colon where each symbol has its own. */
export const lockId = (kind: LockKind, symbol: SymbolName | null): string =>
  symbol === null ? kind : asKey(`${kind}:${symbol}`);

/** The same letters as an object's own key: a lookup by a string put together costs several times one by a key. */
const asKey = (text: string): string => Object.keys({ [text]: true })[0] ?? text;
