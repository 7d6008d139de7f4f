import { periodStart } from '../../core/ledger/metrics.ts';
import type { EpochMs } from '../../core/units.ts';
import type { PeriodKind, PeriodView } from '../../ports/operator-tools.ts';
import type { Records } from '../../ports/store.ts';
import { equityAt } from './equity-at.ts';

/** Results by UTC day, week or month, newest first, the running one included. `equity`: now, null while it is not known. */
export const periodViews = (records: Records, kind: PeriodKind, count: number, now: EpochMs, equity: number | null): readonly PeriodView[] => {
  const views: PeriodView[] = [];
  let to: EpochMs = now + 1;
  let from = periodStart(now, kind);
  let end = equity;
  while (views.length < count) {
    const first = equityAt(records, from)?.equity ?? records.equityBetween(from, to)[0]?.equity ?? null;
    if (first === null && views.length > 0) break;
    const pnl = first === null || end === null ? null : end - first - records.depositsBetween(from, to);
    views.push({
      from,
      to: to > now ? now : to,
      trades: records.tradesBetween(from, to).length,
      pnl,
      pnlFraction: pnl === null || first === null || first === 0 ? null : pnl / first,
      fees: records.feesBetween(from, to),
    });
    // Nothing before it: this is the period in which the books begin.
    if (records.equityBefore(from) === null) break;
    end = first;
    to = from;
    from = periodStart(from - 1, kind);
  }
  return views;
};
