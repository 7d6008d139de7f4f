import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backupFile, verifyFile } from './copies.ts';
import { openDatabase, openReadOnly } from './database.ts';
import { alertEffect, NOON, order, place, timer } from './effects.test-helper.ts';
import { openForTest, spoilJournalPage, temporaryDirectory } from './sqlite.test-helper.ts';

const write = (db: ReturnType<typeof openForTest>, index: number): void =>
  void db.journal.commit([timer(NOON + index), timer(NOON + index)], (input) => {
    const id = `gb-${db.journal.lastSequence()}-${Math.random().toString(36).slice(2, 12)}`;
    return [place(id), order(id), alertEffect(`${id}:${input.at}`)];
  });

test('a copy made under load is sound, whole and one file', async () => {
  const directory = temporaryDirectory();
  const db = openForTest(join(directory, 'paper.db'));
  for (let index = 0; index < 300; index += 1) write(db, index);
  const target = join(directory, 'backups', 'paper-1.db');
  let copying = true;
  const backup = backupFile(db.path, target, NOON).finally(() => {
    copying = false;
  });
  let during = 0;
  while (copying) {
    write(db, during);
    during += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const result = await backup;
  expect(during).toBeGreaterThan(0);
  expect(readdirSync(join(directory, 'backups'))).toEqual(['paper-1.db']);
  const copy = openReadOnly(target, 'full');
  expect(copy.journal.lastSequence()).toBe(result.sequence);
  expect(result.sequence).toBeGreaterThanOrEqual(600);
  // Whole transactions of two entries, and the same entries as in the original.
  expect(result.sequence % 2).toBe(0);
  const original = [...db.journal.entriesAfter(0)].slice(0, result.sequence);
  expect([...copy.journal.entriesAfter(0)]).toEqual(original);
  copy.close();
  // Reading it does not leave anything beside it either.
  expect(readdirSync(join(directory, 'backups'))).toEqual(['paper-1.db']);
});

test('a copy that is not sound is not kept', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'paper.db');
  const first = openDatabase({ path, mode: 'paper', account: 'paper' });
  for (let index = 0; index < 300; index += 1) write(first, index);
  first.close();
  const db = openForTest(path);
  // The disk spoils a page while the bot runs.
  spoilJournalPage(path);
  await expect(backupFile(db.path, join(directory, 'backups', 'copy.db'), NOON)).rejects.toMatchObject({
    name: 'DatabaseRefused',
    code: 'corrupt',
    message: expect.stringContaining(`${path} is corrupt`) as string,
  });
  expect(readdirSync(join(directory, 'backups'))).toEqual([]);
});

test('opened as a database of its own it is a restored one, with a new instance id, until something is journaled', async () => {
  const directory = temporaryDirectory();
  const db = openForTest(join(directory, 'paper.db'));
  write(db, 1);
  const target = join(directory, 'copy.db');
  await backupFile(db.path, target, NOON);
  const ids = new Set([db.identity.instanceId]);
  const first = openDatabase({ path: target, mode: 'paper', account: 'paper' });
  expect(first.origin).toBe('restored');
  expect(ids.has(first.identity.instanceId)).toBe(false);
  first.close();
  // The process died before its first entry: it is still a restored one, and keeps its id.
  const second = openDatabase({ path: target, mode: 'paper', account: 'paper' });
  expect(second.origin).toBe('restored');
  expect(second.identity).toEqual(first.identity);
  write(second, 2);
  second.close();
  const third = openForTest(target);
  expect(third.origin).toBe('existing');
  expect(third.identity).toEqual(first.identity);
});

test('a copy never overwrites an existing file', async () => {
  const directory = temporaryDirectory();
  const db = openForTest(join(directory, 'paper.db'));
  const target = join(directory, 'precious.db');
  writeFileSync(target, 'precious');
  await expect(backupFile(db.path, target, NOON)).rejects.toMatchObject({ name: 'DatabaseRefused', code: 'exists' });
  expect(readFileSync(target, 'utf8')).toBe('precious');
});

test('two copies for one place at the same time: one is made and sound, the other refused, and neither writes into the other', async () => {
  const directory = temporaryDirectory();
  const db = openForTest(join(directory, 'paper.db'));
  for (let index = 0; index < 600; index += 1) write(db, index);
  const target = join(directory, 'backups', 'copy.db');
  const both = await Promise.allSettled([backupFile(db.path, target, NOON), backupFile(db.path, target, NOON)]);
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(both).toContainEqual({ status: 'rejected', reason: expect.objectContaining({ code: 'exists' }) as unknown });
  expect(verifyFile(target).sequence).toBe(1_200);
  expect(readdirSync(join(directory, 'backups'))).toEqual(['copy.db']);
});

test('a copy that cannot be made leaves nothing', async () => {
  const directory = temporaryDirectory();
  const db = openForTest(join(directory, 'paper.db'));
  writeFileSync(join(directory, 'file'), '');
  await expect(backupFile(db.path, join(directory, 'file', 'copy.db'), NOON)).rejects.toMatchObject({
    code: 'directory-not-writable',
  });
  expect(readdirSync(directory).filter((name) => name.includes('partial'))).toEqual([]);
});

test('a copy of a database that another process keeps writing to comes to an end', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'paper.db');
  const db = openForTest(path);
  for (let index = 0; index < 600; index += 1) write(db, index);
  let copying = true;
  const backup = backupFile(path, join(directory, 'copy.db'), NOON).finally(() => {
    copying = false;
  });
  // Each write of another connection makes SQLite begin anew, unless the copy is of one moment.
  let during = 0;
  for (; copying && during < 300; during += 1) {
    write(db, during);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(copying).toBe(false);
  expect(during).toBeGreaterThan(1);
  expect((await backup).sequence).toBeGreaterThanOrEqual(1_200);
});
