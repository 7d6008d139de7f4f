import type { OrderRecord } from '../orders/record.ts';
import { HOUR_MS, type EpochMs, type Milliseconds } from '../units.ts';
import type { ManagedPosition } from './state.ts';
import type { Turn } from './turn.ts';

/** Stops and exits of one position that have failed, and what people have been told of it. Absent until the first. */
export interface Refusals {
  readonly count: number;
  /** How many when they were told last, and the wall time of it. */
  readonly toldCount: number;
  readonly toldWall: EpochMs;
  /** Whether the last word was that the stop is in place. */
  readonly stopTold: boolean;
}

/** Failures of one position that are each told; of later ones one an hour. */
const EACH_TOLD = 6;
const THEN_EVERY: Milliseconds = HOUR_MS;

const NONE: Refusals = { count: 0, toldCount: 0, toldWall: 0, stopTold: false };
const THEN_HOURLY = 'It is tried again, at least once a minute; from now on that it fails is told once an hour.';

const managedOf = ({ state }: Turn, { draft }: OrderRecord): ManagedPosition | null => state.symbols[draft.symbol]?.managed ?? null;

/**
 * Notes a failure. A market that takes no order for a day (halted, the key's rights gone) refuses ten thousand of them: told
 * one by one they would hide everything else. @returns what the alert of it says besides the reason, or null: it is not told.
 */
export const noteRefusal = (turn: Turn, record: OrderRecord): readonly string[] | null => {
  const managed = managedOf(turn, record);
  // Entries are limited by the throttle and the execution lock.
  if (managed === null || record.draft.purpose === 'entry') return [];
  const before = managed.refusals ?? NONE;
  const count = before.count + 1;
  // That it was in place was the last word, and it is so no longer.
  const undone = record.draft.purpose === 'stop' && before.stopTold;
  const due = turn.wall - before.toldWall >= THEN_EVERY;
  if (count > EACH_TOLD && !undone && !due) {
    managed.refusals = { ...before, count };
    return null;
  }
  managed.refusals = { count, toldCount: count, toldWall: turn.wall, stopTold: record.draft.purpose === 'stop' ? false : before.stopTold };
  if (count < EACH_TOLD) return [];
  return count === EACH_TOLD ? [THEN_HOURLY] : [`${count - before.toldCount} more orders of this position have failed since this was told last, ${count} in all.`];
};

/** Whether it is news that the stop is in place: each time, but for one that goes back after every one of many exits that failed. */
export const isStopNews = (turn: Turn, record: OrderRecord): boolean => {
  const managed = managedOf(turn, record);
  if (managed?.refusals === undefined) return true;
  const { refusals } = managed;
  const news = refusals.count <= EACH_TOLD || !refusals.stopTold;
  managed.refusals = { ...refusals, stopTold: true };
  return news;
};
