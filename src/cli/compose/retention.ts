import { dirname, join } from 'node:path';
import { createSchedule } from '../../adapters/system/schedule.ts';
import type { Milliseconds } from '../../core/units.ts';
import { isDayDue } from '../../app/backup-archive.ts';
import { archiveOnThread } from '../threads/chores.ts';
import type { Base, Surroundings } from './base.ts';

/** Whole UTC days of market time that stay in the database; about 20 MB each. */
const KEEP_DAYS = 30;
/** Wall time between two days that are put away, for everything else to go on in. */
const PAUSE: Milliseconds = 100;
/** Second of the hour at which old days are looked for: not when candles close. */
const SECOND = 40;

/** Puts old days of the journal away, beside the database, an hour after an hour. A day that cannot be proved stays. */
export const startRetention = ({ config, log, wall, resources }: Base, { database, clock }: Surroundings): void => {
  const directory = join(dirname(config.databasePath), 'archive');
  const ended = new AbortController();
  const putAway = async (): Promise<void> => {
    // A thread is made only for a day that is there.
    while (!ended.signal.aborted && isDayDue(database.archive, KEEP_DAYS, clock.marketNow())) {
      const day = await archiveOnThread(
        { path: config.databasePath, directory, keepDays: KEEP_DAYS, now: clock.marketNow() },
        ended.signal,
      );
      if (day === null) return;
      database.archive.prune(day.through);
      log.info({ file: day.path }, 'a day of the journal was put away');
      await wall.sleep(PAUSE, ended.signal);
    }
  };
  const schedule = createSchedule({
    timeZone: 'UTC',
    onError: (job, error) => {
      if (!ended.signal.aborted) log.error({ job, error }, 'old days of the journal stay in the database');
    },
    // The next hour does what this one missed.
    onMissed: () => undefined,
  });
  schedule.hourly('archive', SECOND, putAway);
  resources.defer(async () => {
    ended.abort();
    await schedule.stop();
  });
};
