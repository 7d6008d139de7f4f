import { workerData } from 'node:worker_threads';
import { openReadOnly } from '../../adapters/sqlite/database.ts';
import { putInPlace } from '../../adapters/sqlite/files.ts';
import { archiveDay, type ArchivedFile } from '../../app/backup-archive.ts';
import type { EpochMs } from '../../core/units.ts';
import { answer } from './answer.ts';

export interface ArchiveWork {
  readonly path: string;
  readonly directory: string;
  readonly keepDays: number;
  /** Market time. */
  readonly now: EpochMs;
}

const { path, ...work } = workerData as ArchiveWork;
await answer((): ArchivedFile | null => {
  // The bot's own connection has looked through the whole file at its start.
  const database = openReadOnly(path, 'none');
  try {
    return archiveDay({ journal: database.archive, identity: database.identity, put: putInPlace, ...work });
  } finally {
    database.close();
  }
});
