import type { Database } from '../../adapters/sqlite/database.ts';
import type { Config } from '../../adapters/system/config-schema.ts';
import type { HostFacts } from '../../audit/evidence.ts';
import type { LogTail } from '../../app/operator/log-tail.ts';
import type { StartedInput } from '../../core/engine/input.ts';
import type { EngineState } from '../../core/engine/state.ts';
import type { Fraction, Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MarketData } from '../../ports/market-data.ts';
import type { Pacer } from '../../ports/pacer.ts';
import type { JournalStore } from '../../ports/store.ts';
import type { Venue } from '../../ports/venue.ts';

/** First characters of our client order ids. */
export const ORDER_PREFIX = 'gb';
/** Taker fee of the exchange's standard tier, as a fraction of notional; an account that pays more says so. */
export const TAKER_FEE: Fraction = 0.001;

/** What every mode starts from. */
export interface Base {
  readonly config: Config;
  /** Why live must not start, from the way the configuration is kept. */
  readonly liveRefusals: readonly string[];
  readonly log: LogTail;
  readonly wall: Clock;
  /** Another clock and pace for the real-clock modes: a simulated market's, in tests. */
  readonly time: { readonly clock: Clock; readonly pacer: Pacer } | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reasons to start halted that the configuration itself gave. */
  readonly configHalts: readonly StartHalt[];
  /** Facts of the host for the readiness audit; of this one when absent. */
  readonly host?: (config: Config) => HostFacts;
  /** Resolves, with the reason, when the process is told to end. */
  readonly stop: Promise<string>;
  readonly resources: AsyncDisposableStack;
}

/** A reason to start halted: what the engine is told. */
export type StartHalt = StartedInput['halts'][number];

/** The mode's database with the state recovered from it. */
export interface Books {
  readonly database: Database;
  readonly state: EngineState;
}

/** All that differs between modes: the bot, the people's side and the shutdown are the same for each. */
export interface Surroundings extends Books {
  readonly clock: Clock;
  readonly pacer: Pacer;
  /** The database's journal, or one that tells the paper broker what was journaled. */
  readonly journal: JournalStore;
  readonly venue: Venue;
  readonly marketData: MarketData;
  readonly takerFee: Fraction;
  /** See EngineConfig. */
  readonly staleWallGrace: Milliseconds;
  /** See MarketFeedOptions. */
  readonly closingMargin: Milliseconds;
  readonly halts: readonly StartHalt[];
  /**
   * The simulated market: its control endpoint, for the page, and its end by a fault of its own. Absent where the
   * market is real.
   */
  readonly market?: { readonly controlUrl: string; readonly stepsPerHour: number; readonly failed: Promise<Error> };
}
