import type { Effect } from '../core/engine/effect.ts';
import type { Input } from '../core/engine/input.ts';
import type { EpochMs, Fraction, SymbolName } from '../core/units.ts';
import type { AuditEntry, TradeView } from './operator.ts';

/** One journaled input with the effects it had. */
export interface JournalEntry {
  readonly sequence: number;
  readonly input: Input;
  /** Text of the effects (core/engine/codec.ts encodeEffects). */
  readonly effects: string;
}

export interface Snapshot {
  /** The snapshot holds everything up to and including this entry. */
  readonly sequence: number;
  /** Market time. */
  readonly at: EpochMs;
  /** Text of the state (core/engine/codec.ts encodeState). */
  readonly state: string;
}

/** The journal, with everything that is derived from it in the same transactions. */
export interface JournalStore {
  /**
   * One transaction: journals each input, lets `apply` step the engine, records the effects and
   * every table derived from them (orders, fills, trades, locks, outbox ...). Durable when it returns.
   * @throws when the write fails or `apply` throws: nothing of it is kept, and the engine's state must not be used
   * again.
   */
  commit(inputs: readonly Input[], apply: (input: Input) => readonly Effect[]): readonly (readonly Effect[])[];
  /** The newest one; with `before`, the newest of an earlier entry than that. */
  latestSnapshot(before?: number): Snapshot | null;
  writeSnapshot(snapshot: Snapshot): void;
  /** Entries after `sequence`, oldest first. */
  entriesAfter(sequence: number): IterableIterator<JournalEntry>;
  lastSequence(): number;
}

export interface EquityPoint {
  readonly at: EpochMs;
  readonly equity: number;
}

/** Queries for people; reads only. */
export interface Records {
  /** Newest first. */
  trades(limit: number, offset: number): { readonly total: number; readonly trades: readonly TradeView[] };
  /** Closed within [from, to), oldest first. */
  tradesBetween(from: EpochMs, to: EpochMs): readonly TradeView[];
  /** Within [from, to), oldest first. */
  equityBetween(from: EpochMs, to: EpochMs): readonly EquityPoint[];
  /** The last point before `at`, or null. */
  equityBefore(at: EpochMs): EquityPoint | null;
  /** Sum of deposits less withdrawals within [from, to), without the opening balance. */
  depositsBetween(from: EpochMs, to: EpochMs): number;
  /** Deposits and withdrawals (negative) within [from, to), without the opening balance, oldest first. */
  flowsBetween(from: EpochMs, to: EpochMs): readonly { readonly at: EpochMs; readonly amount: number }[];
  feesBetween(from: EpochMs, to: EpochMs): number;
  /** Newest first. */
  decisions(limit: number, symbol: SymbolName | null): readonly DecisionRow[];
  fills(limit: number): readonly FillRow[];
}

export interface DecisionRow {
  readonly symbol: SymbolName;
  readonly openTime: EpochMs;
  readonly probability: number | null;
  readonly expectedValue: Fraction | null;
  readonly outcome: string;
  readonly text: string;
}

export interface FillRow {
  readonly symbol: SymbolName;
  readonly side: 'buy' | 'sell';
  readonly purpose: string;
  readonly price: number;
  readonly quantity: number;
  readonly fee: number;
  readonly feeAsset: string;
  readonly at: EpochMs;
}

/** What a database says of itself. */
export interface DatabaseIdentity {
  readonly mode: string;
  /** Identifies the exchange account (a hash, never the key); "paper" and "demo" where there is none. */
  readonly account: string;
  /** New for every database file and every restore; part of every client order id. */
  readonly instanceId: string;
}

export interface AuditStore {
  addAudit(entry: AuditEntry): void;
  audits(limit: number): readonly AuditEntry[];
  /** Telegram updates that have been acted upon; true when this one is new. */
  claimUpdate(updateId: number): boolean;
}
