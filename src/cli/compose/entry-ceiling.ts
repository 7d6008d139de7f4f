import type { EntryCeiling } from '../../adapters/exchange/order-guard.ts';
import { decimalFromNumber } from '../../core/decimal.ts';
import { markEquity } from '../../core/engine/marking.ts';
import type { EngineState } from '../../core/engine/state.ts';
import type { Clock } from '../../ports/clock.ts';

/**
 * The exchange adapter's own look at an entry: its notional may never pass the ceiling on known equity.
 * `state` gives null until the database is open; then nothing passes.
 */
export const entryCeiling =
  (state: () => EngineState | null, clock: Clock): EntryCeiling =>
  () => {
    const known = state();
    const limits = known?.config?.limits;
    if (known === null || limits === undefined) return null;
    const { value } = markEquity(known, clock.marketNow(), clock.wallNow());
    return value === null
      ? null
      : decimalFromNumber(value * Math.min(limits.maxSymbolExposure, limits.maxGrossExposure, limits.maxLeverage));
  };
