import { MINUTE_MS, type Milliseconds } from '../core/units.ts';
import { sizeText } from '../core/words.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OutboxStore } from '../ports/outbox.ts';

const LOOK: Milliseconds = MINUTE_MS;
/** Told again each time that so much of what was left is gone, too. */
const TOLD_AGAIN = 0.5;
/** So much more than the least is room again: a log that comes and goes is not told each time. */
const ROOM_AGAIN = 1.25;

export interface DiskWatchOptions {
  /** Bytes left beside the database. */
  readonly free: () => number;
  /** Fewer are told. */
  readonly least: number;
  readonly outbox: Pick<OutboxStore, 'add'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A disk fills in weeks (backups, the journal's older days, the logs of others) and ends the bot in a moment. Its
 * alerts are rows on the same disk: it is told while there is room. Runs until the signal aborts.
 */
export const watchDisk = async (
  { free, least, outbox, clock, log }: DiskWatchOptions,
  signal: AbortSignal,
): Promise<void> => {
  /** What was free when people were told last; null while there is room. */
  let told: number | null = null;

  const tell = (title: string, lines: readonly string[]): void => {
    const now = clock.wallNow();
    outbox.add(
      {
        kind: 'lifecycle',
        key: `disk:${now}`,
        title,
        lines,
        commands: ['/health'],
        symbol: null,
        at: clock.marketNow(),
      },
      now,
    );
  };
  const look = (): void => {
    const left = free();
    if (told !== null && left >= least * ROOM_AGAIN) {
      tell(`There is room on the disk again: ${sizeText(left)} free`, []);
      told = null;
    } else if (left < (told === null ? least : told * TOLD_AGAIN)) {
      log.warn({ freeBytes: left }, 'the disk is nearly full');
      tell(`⚠️ The disk is nearly full: ${sizeText(left)} free (least ${sizeText(least)})`, [
        'Full, it ends the bot: stops stay on the exchange, and nothing else is done until there is room.',
        'Make room on the server: old backups and data/archive first.',
      ]);
      told = left;
    }
  };
  while (!signal.aborted) {
    try {
      look();
    } catch (error) {
      // What could not be told now is told at a later look.
      log.warn(
        { why: error instanceof Error ? error.message : String(error) },
        'the room on the disk could not be looked at or told',
      );
    }
    await clock.sleep(LOOK, signal);
  }
};
