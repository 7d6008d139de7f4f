import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backupFile, restoreFile, verifyFile } from './copies.ts';
import { openReadOnly } from './database.ts';
import { NOON, timer } from './effects.test-helper.ts';
import { openForTest, temporaryDirectory, thrownBy } from './sqlite.test-helper.ts';

test('what a lost database left beside itself is moved away with it: its write-ahead log would be written over the backup', async () => {
  const directory = temporaryDirectory();
  const live = join(directory, 'live', 'paper.db');
  const db = openForTest(live);
  const write = (count: number): void => {
    for (let index = 0; index < count; index += 1) db.journal.commit([timer(NOON + index)], () => []);
  };
  write(40);
  const backup = join(directory, 'backup.db');
  await backupFile(live, backup, NOON);
  write(40);
  // The file is lost, as a crash or a slip of the hand leaves it: without its log.
  const lost = join(directory, 'lost', 'paper.db');
  const target = openForTest(lost);
  const { instanceId } = target.identity;
  target.close();
  rmSync(lost);
  copyFileSync(`${live}-wal`, `${lost}-wal`);
  const { movedTo } = restoreFile(backup, lost, 'paper', NOON);
  expect(verifyFile(lost).sequence).toBe(40);
  const restored = openReadOnly(lost, 'full');
  expect(restored.journal.lastSequence()).toBe(40);
  expect(restored.identity.instanceId).not.toBe(instanceId);
  restored.close();
  expect(readdirSync(join(directory, 'lost')).map((name) => join(directory, 'lost', name))).toContain(movedTo);
});

test('a database under another name is in use all the same: the lock and what is put in its place are those of the file itself', async () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'disk', 'paper.db');
  const db = openForTest(file);
  db.journal.commit([timer(NOON)], () => []);
  const backup = join(directory, 'backup.db');
  await backupFile(file, backup, NOON);
  const link = join(directory, 'paper.db');
  symlinkSync(file, link);
  expect(thrownBy(() => restoreFile(backup, link, 'paper', NOON))).toMatchObject({ code: 'in-use' });
  db.close();
  const { movedTo } = restoreFile(backup, link, 'paper', NOON);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(movedTo).toContain(join('disk', 'paper.db.before-restore-'));
  expect(openForTest(link).origin).toBe('restored');
});

test('a database that was left by a crash is restored with the log beside it: the newest entries are in that alone', () => {
  const directory = temporaryDirectory();
  const live = join(directory, 'live', 'paper.db');
  const db = openForTest(live);
  for (let index = 0; index < 40; index += 1) db.journal.commit([timer(NOON + index)], () => []);
  // Another machine's disk, as its end has left it.
  const left = join(directory, 'left', 'paper.db');
  mkdirSync(join(directory, 'left'));
  for (const suffix of ['', '-wal']) copyFileSync(`${live}${suffix}`, `${left}${suffix}`);
  const target = join(directory, 'new', 'paper.db');
  expect(restoreFile(left, target, 'paper', NOON).sequence).toBe(40);
  expect(existsSync(`${target}-wal`)).toBe(false);
  expect(openForTest(target).journal.lastSequence()).toBe(40);
});

/** As somebody else, whom mode bits keep out: only root can become one for a moment, for others the bits are enough. */
const keptOut = async (look: () => Promise<void>): Promise<void> => {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    await look();
  } finally {
    if (root) process.seteuid?.(0);
  }
};

test('a database that this user may not read, or whose directory is closed to him, is refused in words', async () => {
  const parent = temporaryDirectory();
  const closed = join(parent, 'closed');
  mkdirSync(closed);
  for (const path of [join(parent, 'paper.db'), join(closed, 'paper.db')]) openForTest(path).close();
  chmodSync(join(parent, 'paper.db'), 0);
  chmodSync(parent, 0o755);
  chmodSync(closed, 0);
  try {
    await keptOut(async () => {
      await expect(backupFile(join(parent, 'paper.db'), join(parent, 'copy.db'), NOON)).rejects.toMatchObject({
        name: 'DatabaseRefused',
        code: 'not-writable',
      });
      const refusal = {
        name: 'DatabaseRefused',
        code: 'directory-not-writable',
        message: expect.stringMatching(/closed\/paper\.db cannot be looked at \(EACCES\)/) as string,
      };
      await expect(backupFile(join(closed, 'paper.db'), join(parent, 'copy.db'), NOON)).rejects.toMatchObject(refusal);
      for (const look of [verifyFile, openReadOnly])
        await expect((async () => look(join(closed, 'paper.db')))()).rejects.toMatchObject(refusal);
    });
  } finally {
    chmodSync(closed, 0o700);
  }
  expect(() => verifyFile(join(parent, `${'x'.repeat(300)}.db`))).toThrow(
    expect.objectContaining({ name: 'DatabaseRefused', code: 'missing' }),
  );
});
