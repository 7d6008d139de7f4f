import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase, openReadOnly } from './database.ts';
import { DatabaseRefused } from './errors.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { alertEffect, NOON, timer } from './effects.test-helper.ts';
import { openForTest, spoilJournalPage, temporaryDirectory, thrownBy } from './sqlite.test-helper.ts';

/** Makes a database with `entries` journal entries and closes it. */
const makeDatabase = (path: string, entries = 3): void => {
  const db = openDatabase({ path, mode: 'paper', account: 'paper' });
  for (let index = 0; index < entries; index += 1)
    db.journal.commit([timer(NOON + index)], () => [alertEffect(`alert ${index}`)]);
  db.close();
};

const refusal = (path: string, options: { mode?: string; account?: string } = {}): DatabaseRefused => {
  const error = thrownBy(() => openDatabase({ path, mode: 'paper', account: 'paper', ...options }).close());
  expect(error).toBeInstanceOf(DatabaseRefused);
  const refused = error as DatabaseRefused;
  expect(refused.message).not.toContain('\n');
  return refused;
};

/** The refusal, with proof that the file is as it was and the lock is free again. */
const refusalLeavingAlone = (path: string, options: { mode?: string; account?: string } = {}): DatabaseRefused => {
  const before = readFileSync(path);
  const refused = refusal(path, options);
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(refusal(path, options).code).toBe(refused.code);
  return refused;
};

describe('opening', () => {
  test('makes the directory and the database, with an instance id of its own', () => {
    const path = join(temporaryDirectory(), 'deep', 'er', 'paper.db');
    const db = openForTest(path);
    expect(db.identity).toMatchObject({ mode: 'paper', account: 'paper' });
    expect(db.identity.instanceId).toMatch(/^[0-9a-z]{8}$/);
    expect(db.origin).toBe('created');
    expect(db.sizeBytes()).toBeGreaterThan(4096);
    expect(openForTest(join(temporaryDirectory(), 'other.db')).identity.instanceId).not.toBe(db.identity.instanceId);
  });

  test('again: the same identity and everything that was in it; "created" until something is journaled', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const first = openDatabase({ path, mode: 'paper', account: 'paper' });
    first.close();
    const second = openDatabase({ path, mode: 'paper', account: 'paper' });
    expect(second.identity).toEqual(first.identity);
    expect(second.origin).toBe('created');
    second.journal.commit([timer()], () => []);
    second.close();
    const third = openForTest(path);
    expect(third.origin).toBe('existing');
    expect(third.journal.lastSequence()).toBe(1);
  });

  test('uses the write-ahead log with full synchronisation, foreign keys and our application id', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    openForTest(path);
    const raw = new Sqlite(path, { readonly: true });
    onTestFinished(() => void raw.close());
    expect(raw.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(raw.pragma('application_id', { simple: true })).toBe(0x47_42_4f_54);
    expect(raw.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    const tables = raw
      .prepare<[], { name: string; strict: number }>(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
      )
      .all();
    expect(tables.length).toBeGreaterThan(15);
    expect(tables.filter((table) => table.strict !== 1)).toEqual([]);
    for (const view of raw.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'view'").pluck().all())
      raw.prepare(`SELECT * FROM ${view}`).all();
  });

  test('a crash while it is being made leaves nothing in the way', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    writeFileSync(`${path}.creating`, 'half of a database');
    expect(openForTest(path).origin).toBe('created');
    expect(existsSync(`${path}.creating`)).toBe(false);
  });
});

/** Lock files: they stay where a database was opened, and nothing leaves one beside what is somebody else's. */
const locksIn = (directory: string): readonly string[] =>
  readdirSync(directory).filter((name) => name.endsWith('.lock'));

describe('refusals leave the file as it was', () => {
  test('another mode, another account', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    makeDatabase(path);
    expect(refusalLeavingAlone(path, { mode: 'live' })).toMatchObject({
      code: 'other-mode',
      message: `${path} belongs to mode paper, not live: every mode has its own database; set another path`,
    });
    expect(refusalLeavingAlone(path, { account: 'ab12' }).code).toBe('other-account');
    const copy = join(temporaryDirectory(), 'copy.db');
    copyFileSync(path, copy);
    expect(refusalLeavingAlone(copy, { mode: 'live' }).code).toBe('other-mode');
    expect(locksIn(dirname(copy))).toEqual([]);
    openForTest(path);
  });

  test('not a database, an empty file, a directory', () => {
    const directory = temporaryDirectory();
    const text = join(directory, 'notes.txt');
    writeFileSync(text, 'Dear diary, this is certainly not a database.\n'.repeat(100));
    expect(refusalLeavingAlone(text).code).toBe('not-a-database');
    const empty = join(directory, 'empty.db');
    writeFileSync(empty, '');
    expect(refusalLeavingAlone(empty).code).toBe('not-a-database');
    const folder = join(directory, 'folder.db');
    mkdirSync(folder);
    expect(refusal(folder).code).toBe('not-a-database');
    expect(locksIn(directory)).toEqual([]);
  });

  test('a database of another program', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'other.db');
    const other = new Sqlite(path);
    other.exec('CREATE TABLE recipes (name TEXT)');
    other.close();
    expect(refusalLeavingAlone(path)).toMatchObject({ code: 'foreign' });
    expect(locksIn(directory)).toEqual([]);
  });

  test('a newer schema', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    makeDatabase(path);
    const raw = new Sqlite(path);
    raw.pragma(`user_version = ${MIGRATIONS.length + 1}`);
    raw.pragma('journal_mode = DELETE');
    raw.close();
    expect(refusalLeavingAlone(path)).toMatchObject({
      code: 'newer-schema',
      message: expect.stringContaining(
        `schema version ${MIGRATIONS.length + 1}, this program knows up to ${MIGRATIONS.length}`,
      ) as string,
    });
  });

  test('one spoiled page, which nothing but the check reads at the start', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    makeDatabase(path, 400);
    spoilJournalPage(path);
    expect(refusalLeavingAlone(path).code).toBe('corrupt');
    expect(thrownBy(() => openReadOnly(path))).toMatchObject({ code: 'corrupt' });
  });

  test('corrupt in the middle, or cut short', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'paper.db');
    makeDatabase(path, 400);
    const whole = readFileSync(path);
    const damaged = join(directory, 'damaged.db');
    const bytes = Buffer.from(whole);
    bytes.fill(0x5a, 4096 * 3, bytes.length - 4096);
    writeFileSync(damaged, bytes);
    expect(refusalLeavingAlone(damaged).code).toBe('corrupt');
    const short = join(directory, 'short.db');
    copyFileSync(path, short);
    truncateSync(short, Math.floor(whole.length / 2 / 4096) * 4096);
    expect(refusalLeavingAlone(short).code).toBe('corrupt');
    const stub = join(directory, 'stub.db');
    copyFileSync(path, stub);
    truncateSync(stub, 50);
    expect(refusalLeavingAlone(stub).code).toBe('not-a-database');
  });

  test('a write-ahead log without its database: nothing is made in its place', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    writeFileSync(`${path}-wal`, 'entries of a database that was moved away');
    expect(refusal(path).code).toBe('missing-main-file');
    expect(existsSync(path)).toBe(false);
    expect(readFileSync(`${path}-wal`, 'utf8')).toContain('moved away');
  });

  test('a directory that cannot be made or written', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'file'), '');
    expect(refusal(join(directory, 'file', 'paper.db')).code).toBe('directory-not-writable');
  });

  test.runIf(process.platform === 'linux')(
    'a directory in a file system that takes none: refused, where a recursive mkdir never returns',
    async () => {
      const script = `import { openDatabase } from '${new URL('database.ts', import.meta.url).href}';
      try { openDatabase({ path: '/proc/guardian/deep/paper.db', mode: 'paper', account: 'paper' }); } catch (error) { console.log(error.code + ': ' + error.message); }`;
      // In a process of its own: one that hangs in the system call takes no time limit of this one.
      const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 20_000,
        killSignal: 'SIGKILL',
      });
      let said = '';
      child.stdout.on('data', (data: Buffer) => (said += data.toString()));
      await once(child, 'close');
      expect(said).toBe(
        'directory-not-writable: the directory /proc/guardian/deep cannot be made (ENOENT): make it, or give another path\n',
      );
    },
  );

  // Only root can become someone else for a moment; for others the mode bits are enough.
  test('a directory of another user', () => {
    const parent = temporaryDirectory();
    const directory = join(parent, 'closed');
    mkdirSync(directory, { mode: 0o555 });
    chmodSync(parent, 0o755);
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    try {
      expect(refusal(join(directory, 'paper.db')).code).toBe('directory-not-writable');
      expect(readdirSync(directory)).toEqual([]);
    } finally {
      if (root) process.seteuid?.(0);
    }
  });
});

describe('one process a database', () => {
  test('the second handle is refused with the first one named, also within a process', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const first = openForTest(path);
    expect(refusal(path)).toMatchObject({
      code: 'in-use',
      message: expect.stringContaining(`(pid ${process.pid} since 2024-08-05T12:00:00.000Z)`) as string,
    });
    first.journal.commit([timer()], () => []);
    expect(first.journal.lastSequence()).toBe(1);
  });

  test('closing frees it', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    makeDatabase(path);
    expect(openForTest(path).origin).toBe('existing');
  });

  test('another process is named, and its lock dies with it and not before, however it ends', async () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const child = spawn(
      process.execPath,
      ['--expose-gc', join(import.meta.dirname, 'crash-writer.test-helper.ts'), path, 'hold'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    expect(refusal(path)).toMatchObject({
      code: 'in-use',
      message: expect.stringContaining(`pid ${child.pid} since`) as string,
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    openForTest(path);
  });
});

describe('reading only', () => {
  test('works beside the process that writes, and sees what is committed', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const writer = openForTest(path);
    const reader = openReadOnly(path);
    onTestFinished(() => reader.close());
    expect(reader.identity).toEqual(writer.identity);
    expect(reader.journal.lastSequence()).toBe(0);
    writer.journal.commit([timer()], () => []);
    expect(reader.journal.lastSequence()).toBe(1);
    expect([...reader.journal.entriesAfter(0)].map((entry) => entry.input)).toEqual([timer()]);
    expect(reader.audit.audits(5)).toEqual([]);
    expect(reader.records.trades(5, 0)).toEqual({ total: 0, trades: [] });
  });

  test('refuses what is missing or foreign, and makes nothing', () => {
    const directory = temporaryDirectory();
    expect(thrownBy(() => openReadOnly(join(directory, 'nothing.db')))).toMatchObject({ code: 'missing' });
    expect(readdirSync(directory)).toEqual([]);
    writeFileSync(join(directory, 'text.db'), 'text, more text, and even more text'.repeat(30));
    expect(thrownBy(() => openReadOnly(join(directory, 'text.db')))).toMatchObject({ code: 'not-a-database' });
  });

  test('an older schema is not touched', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    makeDatabase(path);
    const raw = new Sqlite(path);
    raw.pragma('user_version = 0');
    raw.close();
    expect(thrownBy(() => openReadOnly(path))).toMatchObject({ code: 'older-schema' });
  });
});

describe('migrations', () => {
  const further = { name: '0002-test', sql: "CREATE TABLE extra (a TEXT) STRICT; INSERT INTO extra VALUES ('x');" };

  test('go forward, each once, and are on record', () => {
    const db = new Sqlite(':memory:');
    migrate(db, NOON);
    migrate(db, NOON, [...MIGRATIONS, further]);
    migrate(db, NOON, [...MIGRATIONS, further]);
    expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length + 1);
    expect(db.prepare('SELECT count(*) FROM extra').pluck().get()).toBe(1);
    expect(db.prepare('SELECT name FROM schema_migrations ORDER BY version').pluck().all()).toEqual([
      ...MIGRATIONS.map(({ name }) => name),
      '0002-test',
    ]);
    db.close();
  });

  test('a step that fails leaves the version before it', () => {
    const db = new Sqlite(':memory:');
    migrate(db, NOON);
    expect(() =>
      migrate(db, NOON, [
        ...MIGRATIONS,
        { name: '0002-broken', sql: 'CREATE TABLE extra (a TEXT) STRICT; INSERT INTO nowhere VALUES (1);' },
      ]),
    ).toThrow('nowhere');
    expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    expect(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'").pluck().get()).toBe(0);
    db.close();
  });
});

test('a lock file that is not one is named', () => {
  const path = join(temporaryDirectory(), 'paper.db');
  writeFileSync(`${path}.lock`, 'not a lock file, but somebody put it there'.repeat(30));
  expect(refusal(path)).toMatchObject({
    code: 'foreign',
    message: expect.stringContaining(`${path}.lock is not a lock file`) as string,
  });
  rmSync(`${path}.lock`);
  openForTest(path);
});
