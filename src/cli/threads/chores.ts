import type { BackupResult } from '../../adapters/sqlite/backup.ts';
import type { ArchivedFile } from '../../app/backup-archive.ts';
import type { ArchiveWork } from './archive.worker.ts';
import type { BackupWork } from './backup.worker.ts';
import { runThread } from './run-thread.ts';

/** A checked copy of a database that this process trades with; see backupFile. */
export const backupOnThread = (work: BackupWork, signal?: AbortSignal): Promise<BackupResult> =>
  runThread(new URL('backup.worker.ts', import.meta.url), work, signal);

/** The oldest day of the journal that is due, written and proved; see archiveDay. */
export const archiveOnThread = (work: ArchiveWork, signal?: AbortSignal): Promise<ArchivedFile | null> =>
  runThread(new URL('archive.worker.ts', import.meta.url), work, signal);
