import { workerData } from 'node:worker_threads';
import { backupFile } from '../../adapters/sqlite/copies.ts';
import type { EpochMs } from '../../core/units.ts';
import { answer } from './answer.ts';

export interface BackupWork {
  readonly path: string;
  readonly target: string;
  readonly now: EpochMs;
}

const { path, target, now } = workerData as BackupWork;
await answer(() => backupFile(path, target, now));
