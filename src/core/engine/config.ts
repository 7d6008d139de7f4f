import type { LockPolicies } from '../guardian/state.ts';
import type { Limits } from '../risk/limits.ts';
import type { Fraction, Milliseconds, SymbolName } from '../units.ts';

export type Mode = 'demo' | 'paper' | 'testnet' | 'live' | 'backtest';

/** What the model's metadata fixes for the policy. */
export interface ModelTerms {
  readonly name: string;
  readonly hash: string;
  readonly schemaHash: string;
  readonly stop: Fraction;
  readonly target: Fraction;
  readonly horizonHours: number;
  /** Least expected value after costs, as a fraction of notional. Always above zero. */
  readonly margin: Fraction;
}

/** Everything the engine needs to know at start; journaled, so a replay starts from the same values. */
export interface EngineConfig {
  readonly mode: Mode;
  readonly symbols: readonly SymbolName[];
  readonly quoteAsset: string;
  /** A third coin in which the exchange may charge fees, or null. */
  readonly feeAsset: string | null;
  readonly limits: Limits;
  /** Taker fee of the account, as a fraction of notional. */
  readonly takerFee: Fraction;
  /** First characters of every client order id of ours. */
  readonly orderPrefix: string;
  /** Identity of this database; a restore gets a new one. */
  readonly instanceId: string;
  /**
   * A price older than the market limit still counts as fresh while it is younger than this in wall time (demo, where
   * an hour passes in seconds); 0 elsewhere.
   */
  readonly staleWallGrace: Milliseconds;
  readonly model: ModelTerms | null;
  /** Locks that close positions beyond those that always do; a value can tighten hold to flatten, never loosen. */
  readonly lockPolicies?: LockPolicies;
}
