import type { EpochMs, SymbolName } from '../units.ts';

/** The newest prices of a symbol, in quote currency per base unit. */
export interface Quote {
  readonly symbol: SymbolName;
  /** Price of the last trade. */
  readonly last: number;
  /** Best bid. */
  readonly bid: number;
  /** Best ask. */
  readonly ask: number;
  /** Market time at which these prices held, as far as the source states it. */
  readonly at: EpochMs;
}
