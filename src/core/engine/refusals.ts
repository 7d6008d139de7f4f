import type { OrderRecord } from '../orders/record.ts';
import { HOUR_MS, type Milliseconds } from '../units.ts';
import type { ManagedPosition, Refusals } from './state.ts';
import type { Turn } from './turn.ts';

/** This many failures of one position are told one by one; after that, one an hour. */
const EACH_TOLD = 6;
const THEN_EVERY: Milliseconds = HOUR_MS;

const NONE: Refusals = { count: 0, toldCount: 0, toldWall: 0, stopTold: false };
const THEN_HOURLY = 'It is tried again, at least once a minute; from now on that it fails is told once an hour.';

const managedOf = ({ state }: Turn, { draft }: OrderRecord): ManagedPosition | null =>
  state.symbols[draft.symbol]?.managed ?? null;

/**
 * Counts a failed stop or exit of a position and decides whether people are told. A market that takes no order for a
 * day (halted, the key's rights gone) refuses ten thousand of them, and told one by one they would hide everything
 * else. Failures of entries are always told: the throttle and the execution lock limit those.
 * @returns lines for the alert besides the reason; null when this failure is not told
 */
export const noteRefusal = (turn: Turn, record: OrderRecord): readonly string[] | null => {
  const managed = managedOf(turn, record);
  if (managed === null || record.draft.purpose === 'entry') return [];
  const before = managed.refusals ?? NONE;
  const count = before.count + 1;
  // People were last told that the stop is in place, and it no longer is.
  const undone = record.draft.purpose === 'stop' && before.stopTold;
  const due = turn.wall - before.toldWall >= THEN_EVERY;
  if (count > EACH_TOLD && !undone && !due) {
    managed.refusals = { ...before, count };
    return null;
  }
  managed.refusals = {
    count,
    toldCount: count,
    toldWall: turn.wall,
    stopTold: record.draft.purpose === 'stop' ? false : before.stopTold,
  };
  if (count < EACH_TOLD) return [];
  return count === EACH_TOLD
    ? [THEN_HOURLY]
    : [
        `${count - before.toldCount} more orders of this position have failed since this was told last, ${count} in all.`,
      ];
};

/**
 * Whether people are to be told that the stop is in place; notes that they are. While exits fail again and again the
 * stop goes back after each of them, and is told of once.
 */
export const isStopNews = (turn: Turn, record: OrderRecord): boolean => {
  const managed = managedOf(turn, record);
  if (managed?.refusals === undefined) return true;
  const { refusals } = managed;
  const news = refusals.count <= EACH_TOLD || !refusals.stopTold;
  managed.refusals = { ...refusals, stopTold: true };
  return news;
};
