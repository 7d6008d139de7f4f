import { copyFileSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { backupFile } from '../adapters/sqlite/copies.ts';
import { openDatabase } from '../adapters/sqlite/database.ts';
import { openForTest, temporaryDirectory } from '../adapters/sqlite/sqlite.test-helper.ts';
import { DAY_MS } from '../core/units.ts';
import { backupDirectory, backupPath, newestBackup, oneAtATime, rotateBackups } from './backups.ts';

const FIRST = Date.UTC(2026, 0, 1, 3);
let databasePath: string;
let directory: string;

/** A backup of day `day`, of the mode's database beside the others. */
const copy = async (day: number, mode: 'paper' | 'testnet' = 'paper'): Promise<string> => {
  const target = backupPath({ databasePath, mode }, FIRST + day * DAY_MS);
  await backupFile(join(databasePath, '..', `${mode}.db`), target, FIRST + day * DAY_MS);
  return target;
};
const named = (name: string): string => join(directory, name);
const left = (): readonly string[] => readdirSync(directory).toSorted();

beforeEach(() => {
  const home = temporaryDirectory();
  databasePath = join(home, 'paper.db');
  directory = backupDirectory({ databasePath });
  openForTest(databasePath);
  openDatabase({ path: join(home, 'testnet.db'), mode: 'testnet', account: 'a' }).close();
});

describe('the rotation of backups', () => {
  test('goes by the time that a copy states, whatever its name', async () => {
    const [first, second, third] = [await copy(0), await copy(1), await copy(2)];
    // The oldest is given the newest name.
    renameSync(first, named('paper-2026-06-01T030000.db'));
    expect(rotateBackups(third, 2, FIRST + 2 * DAY_MS)).toBe(1);
    expect(left()).toEqual([second, third].map((path) => path.slice(directory.length + 1)));
  });

  test('leaves alone what is no copy of this database: other modes, files of somebody else, and names of their own', async () => {
    const old = await copy(0);
    copyFileSync(old, named('before the upgrade.db'));
    const other = await copy(0, 'testnet');
    renameSync(other, named('paper-2025-12-01T030000.db'));
    writeFileSync(named('paper-2025-12-02T030000.db'), 'somebody else');
    const newest = await copy(1);
    expect(rotateBackups(newest, 1, FIRST + DAY_MS)).toBe(1);
    expect(left()).toEqual([
      'before the upgrade.db',
      'paper-2025-12-01T030000.db',
      'paper-2025-12-02T030000.db',
      'paper-2026-01-02T030000.db',
    ]);
  });

  test('two of one second have a name each, and both are rotated', async () => {
    await copy(0);
    await copy(0);
    expect(left()).toEqual(['paper-2026-01-01T030000-2.db', 'paper-2026-01-01T030000.db']);
    expect(rotateBackups(await copy(1), 1, FIRST + DAY_MS)).toBe(2);
  });

  test('keeps the copy just made, though an earlier clock was ahead', async () => {
    await copy(40);
    const newest = await copy(1);
    expect(rotateBackups(newest, 1, FIRST + DAY_MS)).toBe(1);
    expect(left()).toEqual(['paper-2026-01-02T030000.db']);
  });

  test('clears away what a copy that was broken off has left, and not one that is being made', async () => {
    const newest = await copy(3);
    writeFileSync(named('paper-2026-01-01T030000.db.partial'), 'half');
    writeFileSync(named('paper-2026-01-02T030000.db.0a1b2c3d.partial'), 'half');
    utimesSync(named('paper-2026-01-02T030000.db.0a1b2c3d.partial'), new Date(FIRST), new Date(FIRST));
    writeFileSync(named('paper-2026-01-04T030000.db.partial'), 'being made');
    utimesSync(named('paper-2026-01-01T030000.db.partial'), new Date(FIRST), new Date(FIRST));
    utimesSync(named('paper-2026-01-04T030000.db.partial'), new Date(FIRST + 3 * DAY_MS), new Date(FIRST + 3 * DAY_MS));
    rotateBackups(newest, 14, FIRST + 3 * DAY_MS);
    expect(left()).toEqual(['paper-2026-01-04T030000.db', 'paper-2026-01-04T030000.db.partial']);
  });
});

describe('the newest backup', () => {
  test('is of the mode that is asked for, by the time that it states', async () => {
    const paper = await copy(1);
    renameSync(paper, named('before the upgrade.db'));
    await copy(0);
    await copy(5, 'testnet');
    expect(newestBackup(directory, 'paper')).toEqual({ path: named('before the upgrade.db'), at: FIRST + DAY_MS });
    expect(newestBackup(directory, 'live')).toBeNull();
    expect(newestBackup(join(directory, 'none'), 'paper')).toBeNull();
  });

  test('may be one that cannot be read: then it counts by its name', async () => {
    await copy(0);
    writeFileSync(named('paper-2026-01-09T030000.db'), 'spoiled');
    expect(newestBackup(directory, 'paper')).toEqual({
      path: named('paper-2026-01-09T030000.db'),
      at: Date.UTC(2026, 0, 9, 3),
    });
  });
});

test('a second wish for a backup that is being made gets the same one; a later one gets its own', async () => {
  let made = 0;
  const done = Promise.withResolvers<void>();
  const backup = oneAtATime(async () => {
    made += 1;
    await done.promise;
    return made;
  });
  const both = [backup(), backup()];
  done.resolve();
  expect(await Promise.all(both)).toEqual([1, 1]);
  expect(await backup()).toBe(2);
});
