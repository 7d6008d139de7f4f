import { periodStart } from '../../core/ledger/metrics.ts';
import type { EpochMs } from '../../core/units.ts';
import type { PeriodKind, PeriodView } from '../../ports/operator-tools.ts';
import type { Records } from '../../ports/store.ts';
import { depositsSince, equityAt } from './equity-at.ts';

interface Moment {
  readonly at: EpochMs;
  readonly equity: number | null;
}

/**
 * Results by UTC day, week or month, newest first, the running one included. `equity`: now, null while it is not known.
 */
export const periodViews = (
  records: Records,
  kind: PeriodKind,
  count: number,
  now: EpochMs,
  equity: number | null,
): readonly PeriodView[] => {
  const views: PeriodView[] = [];
  let to: EpochMs = now + 1;
  let from = periodStart(now, kind);
  let end: Moment = { at: now, equity };
  while (views.length < count) {
    const start = equityAt(records, from) ?? records.equityBetween(from, to)[0] ?? null;
    if (start === null && views.length > 0) break;
    const pnl =
      start === null || end.equity === null ? null : end.equity - start.equity - depositsSince(records, start, end.at);
    views.push({
      from,
      to: to > now ? now : to,
      trades: records.tradesBetween(from, to).length,
      pnl,
      pnlFraction: pnl === null || start === null || start.equity === 0 ? null : pnl / start.equity,
      fees: records.feesBetween(from, to),
    });
    // Nothing before it: this is the period in which the books begin.
    if (records.equityBefore(from) === null) break;
    end = start ?? { at: from, equity: null };
    to = from;
    from = periodStart(from - 1, kind);
  }
  return views;
};
