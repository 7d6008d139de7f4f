import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { statedCopy } from '../adapters/sqlite/copies.ts';
import { removeUnfinished } from '../adapters/sqlite/files.ts';
import type { Config } from '../adapters/system/config-schema.ts';
import { DAY_MS, type EpochMs } from '../core/units.ts';

/**
 * `live-2026-11-21T044500.db`: mode and UTC time, and a number where there is one of that second already. Rotation
 * removes no file of another name.
 */
const BACKUP_NAME = /^(demo|paper|testnet|live)-(\d{4}-\d{2}-\d{2}T\d{2})(\d{2})(\d{2})(?:-\d+)?\.db$/;
/** As earlier versions named what a broken-off copy leaves; of today's, those who copy clear up themselves. */
const UNFINISHED = /(?:\.[0-9a-f]{8})?\.partial$/;

/** Beside the database. */
export const backupDirectory = ({ databasePath }: Pick<Config, 'databasePath'>): string =>
  join(dirname(databasePath), 'backups');

/** A free name for a backup: one that is asked for again within the second must not be refused for it. */
export const backupPath = (config: Pick<Config, 'databasePath' | 'mode'>, at: EpochMs): string => {
  const name = join(
    backupDirectory(config),
    `${config.mode}-${new Date(at).toISOString().replaceAll(':', '').slice(0, 17)}`,
  );
  let path = `${name}.db`;
  for (let number = 2; existsSync(path); number += 1) path = `${name}-${number}.db`;
  return path;
};

/** Mode and time by a backup's name, for a file that cannot be read. */
const ofName = (name: string): { readonly mode: string; readonly at: EpochMs } | null => {
  const [, mode, hour, minute, second] = BACKUP_NAME.exec(name) ?? [];
  return mode === undefined ? null : { mode, at: Date.parse(`${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`) };
};

/**
 * The newest backup of a mode, by the time that it states inside, whatever its name; null = there is none. A file that
 * is named like a backup but cannot be read counts by its name: a person would reach for it, too.
 */
export const newestBackup = (
  directory: string,
  mode: string,
): { readonly path: string; readonly at: EpochMs } | null => {
  if (!existsSync(directory)) return null;
  const found = readdirSync(directory)
    .filter((name) => name.endsWith('.db'))
    .flatMap((name) => {
      const path = join(directory, name);
      const said = statedCopy(path) ?? ofName(name);
      return said?.mode === mode ? [{ path, at: said.at }] : [];
    });
  return found.toSorted((a, b) => b.at - a.at)[0] ?? null;
};

/**
 * Removes all but the `keep` newest backups of the database that `newest` is a copy of. Their age is the time that each
 * states inside, not the one in its name. A file that is no copy of this database is somebody's own and stays. What a
 * broken-off backup has left behind is removed after a day.
 * @returns the number of backups removed
 */
export const rotateBackups = (newest: string, keep: number, now: EpochMs): number => {
  const directory = dirname(newest);
  const own = statedCopy(newest);
  if (own === null) return 0;
  const names = readdirSync(directory);
  const others = names
    .filter((name) => BACKUP_NAME.test(name) && name !== basename(newest))
    .flatMap((name) => {
      const path = join(directory, name);
      const said = statedCopy(path);
      return said !== null && said.mode === own.mode && said.account === own.account ? [{ path, at: said.at }] : [];
    })
    .toSorted((a, b) => b.at - a.at);
  // The one just made stays even where the clock that named the others was ahead.
  const old = others.slice(keep - 1);
  for (const { path } of old) rmSync(path);
  for (const name of names)
    if (UNFINISHED.test(name) && BACKUP_NAME.test(name.replace(UNFINISHED, '')) && isOld(join(directory, name), now))
      removeUnfinished(join(directory, name));
  return old.length;
};

/**
 * Runs `deed` once at a time: whoever asks while it is under way gets the same result. A button is easily pressed
 * twice.
 */
export const oneAtATime = <T>(deed: () => Promise<T>): (() => Promise<T>) => {
  let underWay: Promise<T> | null = null;
  return () =>
    (underWay ??= deed().finally(() => {
      underWay = null;
    }));
};

const isOld = (path: string, now: EpochMs): boolean =>
  now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > DAY_MS;
