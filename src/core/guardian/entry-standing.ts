import type { Decimal } from '../decimal.ts';
import type { Quote } from '../market/quote.ts';
import { DAY_MS, HOUR_MS, type EpochMs } from '../units.ts';
import type { EntryContext, Examination, Exposure } from './examination.ts';
import { MAX_SKEW } from './health-locks.ts';
import { strictestLock, tradingState, type GuardianState } from './state.ts';

/**
 * What stands in the way of an entry whatever its size: locks, clock, baseline, position, signal, throttle, and what is
 * not known.
 *
 * Invariant: unknown refuses.
 */

/** Entries within an hour of market time. */
export const MAX_ENTRIES_PER_HOUR = 10;

/** Equity, exposure and fresh prices, or null: what is not known refuses. */
export const checkKnown = (
  { equity, exposure, quote, limits }: EntryContext,
  exam: Examination,
): { readonly equity: Decimal; readonly exposure: Exposure; readonly quote: Quote } | null => {
  if (!exam.require(equity !== null && exposure !== null, 'equity-unknown', null, null)) return null;
  if (!exam.require(quote !== null, 'price-unknown', limits.maxDataAgeSeconds, null)) return null;
  return equity === null || exposure === null || quote === null ? null : { equity, exposure, quote };
};

/** Locks, the clock, the day's baseline and the exchange: what stands in the way of every signal. */
export const checkStanding = (context: EntryContext, exam: Examination): boolean => {
  const { guardian, instrument, at } = context;
  const overall = tradingState(guardian, null);
  // A lock of this symbol, though older, is not what holds all symbols back.
  const lock = strictestLock(guardian, null);
  const held = tradingState(guardian, instrument.symbol);
  const baseline = guardian.day !== null && at < guardian.day + DAY_MS ? guardian.dayBaseline : null;
  return (
    exam.require(
      overall !== 'halted',
      'state-halted',
      'active',
      overall === 'halted' ? (lock?.id ?? overall) : overall,
    ) &&
    exam.require(
      overall === 'active',
      'state-reducing',
      'active',
      overall === 'reducing' ? (lock?.id ?? overall) : overall,
    ) &&
    exam.require(
      held === 'active',
      'symbol-locked',
      'active',
      held === 'active' ? held : (strictestLock(guardian, instrument.symbol)?.id ?? held),
    ) &&
    exam.require(context.clockKnown, 'clock-unknown', MAX_SKEW, guardian.skew) &&
    exam.require(baseline !== null, 'baseline-unknown', null, baseline) &&
    exam.require(instrument.trading, 'instrument-not-trading', null, instrument.symbol)
  );
};

export const checkState = (context: EntryContext, exam: Examination): boolean => {
  const { guardian, at } = context;
  forgetEntries(guardian, at);
  return (
    checkStanding(context, exam) &&
    exam.require(!context.hasPosition, 'position-exists', 1, context.hasPosition ? 1 : 0) &&
    exam.require(!context.orderInFlight, 'order-in-flight', 0, context.orderInFlight ? 1 : 0) &&
    exam.require(context.restUntil === null || at >= context.restUntil, 'resting-after-stop', context.restUntil, at) &&
    exam.require(
      context.signal === context.newestCandleOpen,
      'signal-expired',
      context.newestCandleOpen,
      context.signal,
    ) &&
    exam.require(
      context.lastTradedSignal === null || context.signal > context.lastTradedSignal,
      'entry-repeated',
      context.lastTradedSignal,
      context.signal,
    ) &&
    exam.require(
      guardian.entries.length < MAX_ENTRIES_PER_HOUR,
      'entry-throttle',
      MAX_ENTRIES_PER_HOUR,
      guardian.entries.length,
    )
  );
};

/** Entries older than an hour no longer count. They are in order of time. */
const forgetEntries = (guardian: GuardianState, at: EpochMs): void => {
  const { entries } = guardian;
  while (entries.length > 0 && at - (entries[0] ?? at) >= HOUR_MS) entries.shift();
};
