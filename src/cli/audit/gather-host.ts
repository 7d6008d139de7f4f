import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { verifyFile } from '../../adapters/sqlite/copies.ts';
import type { Config } from '../../adapters/system/config-schema.ts';
import type { FileFacts, HostFacts } from '../../audit/evidence.ts';
import { backupDirectory, BACKUP_NAME } from '../backup-paths.ts';

const fileFacts = (path: string): FileFacts | null => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : { path, mode: stat.mode & 0o777 };
};

const newestBackup = (config: Config): HostFacts['backup'] => {
  const directory = backupDirectory(config);
  if (!existsSync(directory)) return null;
  const files = readdirSync(directory)
    .filter((name) => BACKUP_NAME.test(name))
    .map((name) => ({ path: join(directory, name), at: statSync(join(directory, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  const [newest] = files;
  if (newest === undefined) return null;
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
  const { bavail, bsize } = statfsSync(existsSync(directory) ? directory : '.');
  const { uid, username } = userInfo();
  return {
    uid,
    user: username,
    envFile: fileFacts('.env'),
    databases: files.flatMap((path) => fileFacts(path) ?? []),
    freeBytes: bavail * bsize,
    backup: newestBackup(config),
  };
};
