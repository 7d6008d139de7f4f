import { existsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { verifyFile } from '../../adapters/sqlite/copies.ts';
import type { Config } from '../../adapters/system/config-schema.ts';
import { freeBytes } from '../../adapters/system/disk-space.ts';
import type { FileFacts, HostFacts } from '../../audit/evidence.ts';
import { backupDirectory, newestBackup } from '../backups.ts';

/**
 * Null for what is not there, or not to be seen by this user: why the phase that it is of can't be read is said there.
 */
const fileFacts = (path: string): FileFacts | null => {
  try {
    return { path, mode: statSync(path).mode & 0o777 };
  } catch {
    return null;
  }
};

const lookAtBackup = (config: Config): HostFacts['backup'] => {
  const newest = newestBackup(backupDirectory(config), config.mode);
  if (newest === null) return null;
  try {
    verifyFile(newest.path);
    return { ...newest, fault: null };
  } catch (error) {
    return { ...newest, fault: error instanceof Error ? error.message : String(error) };
  }
};

/** What this host shows: files and who may read them, the user, room on the disk, the newest backup. */
export const gatherHost = (config: Config): HostFacts => {
  const paths = [config.databasePath, config.paperDatabasePath, config.testnetDatabasePath];
  const files = [...new Set(paths)].flatMap((path) => [path, `${path}-wal`, `${path}-shm`]);
  const directory = dirname(config.databasePath);
  const { uid, username } = userInfo();
  return {
    uid,
    user: username,
    envFile: fileFacts('.env'),
    anyCertificate: process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0',
    databases: files.flatMap((path) => fileFacts(path) ?? []),
    freeBytes: freeBytes(existsSync(directory) ? directory : '.'),
    backup: lookAtBackup(config),
  };
};
