import { copyFileSync, existsSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backupFile, verifyFile } from './copies.ts';
import { openDatabase, openReadOnly } from './database.ts';
import { NOON, timer } from './effects.test-helper.ts';
import { openForTest, temporaryDirectory } from './sqlite.test-helper.ts';

const opened = () => {
  const path = join(temporaryDirectory(), 'paper.db');
  const db = openForTest(path);
  const write = (count: number): void => {
    for (let index = 0; index < count; index += 1) db.journal.commit([timer(NOON + index)], () => []);
  };
  write(10);
  return { path, db, write };
};

test('a database whose files are where they were is not misplaced, whoever reads it', async () => {
  const { path, db, write } = opened();
  openReadOnly(path).close();
  await backupFile(path, `${path}.copy`, NOON);
  write(10);
  expect(db.misplacedFile()).toBeNull();
  expect(openForTest().misplacedFile()).toBeNull();
});

test.each(['', '-wal'])(
  'a deleted file is noticed, and all that the handle holds can be saved: "%s"',
  async (suffix) => {
    const { path, db, write } = opened();
    rmSync(`${path}${suffix}`);
    write(5);
    expect(db.misplacedFile()).toBe(`${path}${suffix}`);
    const rescued = `${path}.rescued`;
    expect(await db.rescue(rescued, NOON)).toMatchObject({ sequence: 15 });
    expect(verifyFile(rescued).sequence).toBe(15);
  },
);

test('a file that is put in the place of an open one is noticed, and keeps what it holds: the log of the other one is not written over it', async () => {
  const { path, db, write } = opened();
  const backup = `${path}.backup`;
  await backupFile(path, backup, NOON);
  copyFileSync(backup, `${path}.new`);
  renameSync(`${path}.new`, path);
  write(5);
  expect(db.misplacedFile()).toBe(path);
  db.close();
  expect([existsSync(`${path}-wal`), existsSync(`${path}-wal.of-the-file-before`)]).toEqual([false, true]);
  const next = openDatabase({ path, mode: 'paper', account: 'paper', now: () => NOON });
  expect([next.journal.lastSequence(), next.origin]).toEqual([10, 'restored']);
  next.close();
});

test('a link to a database is that database: one process has it, and its log is looked after where it lies', () => {
  const { path, db } = opened();
  const link = join(temporaryDirectory(), 'paper.db');
  symlinkSync(path, link);
  expect(() => openForTest(link)).toThrow(/in use/);
  db.close();
  const linked = openDatabase({ path: link, mode: 'paper', account: 'paper', now: () => NOON });
  expect(linked.misplacedFile()).toBeNull();
  rmSync(`${path}-wal`);
  expect(linked.misplacedFile()).toBe(`${path}-wal`);
  linked.close();
});
