import { sizeText } from '../../adapters/system/disk-space.ts';
import { LEAST_FREE } from '../../audit/checks/deployment-security.ts';
import { MINUTE_MS, type Milliseconds } from '../../core/units.ts';
import type { OutboxStore } from '../../ports/outbox.ts';
import type { Base, Surroundings } from './base.ts';

const LOOK: Milliseconds = MINUTE_MS;
/** Told again each time that so much of what was left is gone, too. */
const TOLD_AGAIN = 0.5;
/** So much more than the least is room again: a log that comes and goes is not told each time. */
const ROOM_AGAIN = 1.25;

type Tools = Pick<Base, 'log' | 'wall' | 'resources'>;
type Watched = Pick<Surroundings, 'clock'> & { readonly database: { readonly outbox: Pick<OutboxStore, 'add'> } };

/**
 * A disk fills in weeks (backups, the journal's older days, the logs of others) and ends the bot in a moment: its
 * alerts are rows on the same disk, so that nobody would be told then. Told while there is room.
 * @param free bytes left beside the database
 */
export const startDiskWatch = ({ log, wall, resources }: Tools, { database, clock }: Watched, free: () => number): void => {
  const ending = new AbortController();
  resources.defer(() => ending.abort());
  /** What was free when people were told last; null while there is room. */
  let told: number | null = null;

  const tell = (title: string, lines: readonly string[]): void => {
    const now = wall.wallNow();
    database.outbox.add({ kind: 'lifecycle', key: `disk:${now}`, title, lines, commands: ['/health'], symbol: null, at: clock.marketNow() }, now);
  };
  const look = (): void => {
    const left = free();
    if (told !== null && left >= LEAST_FREE * ROOM_AGAIN) {
      tell(`There is room on the disk again: ${sizeText(left)} free`, []);
      told = null;
    } else if (left < (told === null ? LEAST_FREE : told * TOLD_AGAIN)) {
      log.warn({ freeBytes: left }, 'the disk is nearly full');
      tell(`⚠️ The disk is nearly full: ${sizeText(left)} free (least ${sizeText(LEAST_FREE)})`, ['Full, it ends the bot: stops stay on the exchange, nothing else is done, and nobody is told of it.', 'Make room on the server: old backups and data/archive first.']);
      told = left;
    }
  };
  const watch = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        look();
      } catch (error) {
        // What could not be told now is told at a later look.
        log.warn({ why: error instanceof Error ? error.message : String(error) }, 'the room on the disk could not be looked at or told');
      }
      await wall.sleep(LOOK, ending.signal);
    }
  };
  void watch();
};
