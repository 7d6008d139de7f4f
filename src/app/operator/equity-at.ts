import { HOUR_MS, type EpochMs } from '../../core/units.ts';
import type { EquityPoint, Records } from '../../ports/store.ts';

/**
 * The recorded equity nearest to a moment; null when nothing was recorded before it or within the hour after.
 * Points come hourly: the one taken at midnight itself belongs to midnight, not to an hour later.
 */
export const equityAt = (records: Pick<Records, 'equityBefore' | 'equityBetween'>, moment: EpochMs): EquityPoint | null => {
  const before = records.equityBefore(moment);
  const after = records.equityBetween(moment, moment + HOUR_MS)[0] ?? null;
  if (before === null || after === null) return before ?? after;
  return after.at - moment <= moment - before.at ? after : before;
};

/**
 * Money from outside after the point `start`, up to and with `end`: what is not a result when the equities of the two
 * are compared. Not from the beginning of the span that was asked for: the point lies up to an hour off, and holds
 * what came before it.
 */
export const depositsSince = (records: Pick<Records, 'depositsBetween'>, start: EquityPoint, end: EpochMs): number => records.depositsBetween(start.at + 1, end + 1);
