import type { EpochMs, Milliseconds } from '../core/units.ts';

/**
 * Two times that must never be mixed. Market time rules candles, days,
 * horizons and the journal; wall and monotonic time rule signatures, retries,
 * unknown outcomes, confirmations and the watchdog.
 */
export interface Clock {
  /** Market time: the real time, or the simulated market's. */
  marketNow(): EpochMs;
  /** Wall time: what a person's watch says. */
  wallNow(): EpochMs;
  /** Monotonic milliseconds from an arbitrary origin: for measuring spans. */
  monotonicNow(): Milliseconds;
  /** Resolves after a span of wall time, early (without error) when the signal aborts. */
  sleep(span: Milliseconds, signal?: AbortSignal): Promise<void>;
}
