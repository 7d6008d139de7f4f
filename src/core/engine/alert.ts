import type { EpochMs, SymbolName } from '../units.ts';

/** Kinds an operator may set to on, silent or off, one by one; locks can never be off. */
export type AlertKind =
  | 'lock'
  | 'unlock'
  | 'fill'
  | 'stop'
  | 'drawdown'
  | 'data'
  | 'order-failure'
  | 'reconciliation'
  | 'deposit'
  | 'lifecycle'
  | 'model'
  | 'report'
  | 'security';

/** A message for operators: a row of the outbox, committed with its cause. */
export interface Alert {
  readonly kind: AlertKind;
  /** Same key = same alert: never delivered twice. Unique per cause. */
  readonly key: string;
  /** First line: what happened, short enough for a phone's lock screen. */
  readonly title: string;
  /** Further lines, plain text; the notifier renders them. */
  readonly lines: readonly string[];
  /** Commands worth offering, e.g. `/pnl`, `/unlock`. */
  readonly commands: readonly string[];
  readonly symbol: SymbolName | null;
  /** Market time of the cause. */
  readonly at: EpochMs;
}
