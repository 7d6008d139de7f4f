import { existsSync, renameSync, statSync } from 'node:fs';

const identityOf = (path: string): string | null => {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
};

/**
 * The files of an open database, by what the file system numbers them: a name can come to mean another file, or none.
 */
export interface OpenFiles {
  /** The first that its name no longer leads to; null = all are where they were. */
  misplaced(): string | null;
  /** To be called when the database has been closed. */
  closed(): void;
}

export const rememberFiles = (path: string): OpenFiles => {
  const log = `${path}-wal`;
  const known = new Map([path, log].map((name) => [name, identityOf(name)]));
  const isElsewhere = (name: string): boolean => identityOf(name) !== known.get(name);
  return {
    misplaced: () => [...known.keys()].find(isElsewhere) ?? null,
    // SQLite leaves the log of a file that is gone. Beside a file that was put in its place it would be written over
    // that.
    closed: () => {
      if (existsSync(path) && isElsewhere(path) && existsSync(log) && !isElsewhere(log))
        renameSync(log, `${log}.of-the-file-before`);
    },
  };
};
