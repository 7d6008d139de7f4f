import { HOUR_MS, type EpochMs } from '../../core/units.ts';
import type { EquityPoint, Records } from '../../ports/store.ts';

/**
 * The recorded equity nearest to a moment; null when nothing was recorded before it or within the hour after.
 * Points come hourly: the one taken at midnight itself belongs to midnight, not to an hour later.
 */
export const equityAt = (
  records: Pick<Records, 'equityBefore' | 'equityBetween'>,
  moment: EpochMs,
): EquityPoint | null => {
  const before = records.equityBefore(moment);
  const after = records.equityBetween(moment, moment + HOUR_MS)[0] ?? null;
  if (before === null || after === null) return before ?? after;
  return after.at - moment <= moment - before.at ? after : before;
};

/**
 * Money that came from outside after the equity point `start`, up to and including `end`: what has to be taken off when
 * the two equities are compared. Counted from the point itself, not from the beginning of the span that was asked for:
 * the point lies up to an hour off, and its equity holds whatever came before it.
 */
export const depositsSince = (records: Pick<Records, 'depositsBetween'>, start: EquityPoint, end: EpochMs): number =>
  records.depositsBetween(start.at + 1, end + 1);
