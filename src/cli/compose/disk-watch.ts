import { dirname } from 'node:path';
import { freeBytes } from '../../adapters/system/disk-space.ts';
import { watchDisk } from '../../app/disk-watch.ts';
import { LEAST_FREE } from '../../audit/checks/deployment-security.ts';
import type { Base, Surroundings } from './base.ts';

/**
 * Follows the room beside the database until the end of the run; dated by the market's time, looked at by the wall's.
 */
export const startDiskWatch = ({ config, log, wall, resources }: Base, { database, clock }: Surroundings): void => {
  const ending = new AbortController();
  resources.defer(() => ending.abort());
  void watchDisk(
    {
      free: () => freeBytes(dirname(config.databasePath)),
      least: LEAST_FREE,
      outbox: database.outbox,
      clock: { ...wall, marketNow: () => clock.marketNow() },
      log,
    },
    ending.signal,
  );
};
