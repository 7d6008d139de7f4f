import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backupFile } from '../../src/adapters/sqlite/copies.ts';
import { openDatabase } from '../../src/adapters/sqlite/database.ts';
import { NOON, timer } from '../../src/adapters/sqlite/effects.test-helper.ts';
import { spoilJournalPage } from '../../src/adapters/sqlite/sqlite.test-helper.ts';
import { runGuardian } from './running-bot.ts';

/**
 * The commands at databases that are not there, not theirs or not sound: one line that says which, and the documented
 * exit code.
 */
let home: string;
const inside = (name: string): string => join(home, name);

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'guardian-databases-'));
  const make = (name: string, mode: string, entries: number): void => {
    const database = openDatabase({ path: inside(name), mode, account: mode });
    for (let index = 0; index < entries; index += 1) database.journal.commit([timer(NOON + index)], () => []);
    database.close();
  };
  make('fresh.db', 'demo', 0);
  make('other.db', 'paper', 3);
  make('spoiled.db', 'demo', 400);
  spoilJournalPage(inside('spoiled.db'));
  make('older.db', 'demo', 3);
  const older = new Sqlite(inside('older.db'));
  older.pragma('user_version = 1');
  older.close();
  make('held.db', 'demo', 3);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const run = async (
  database: string,
  ...words: readonly string[]
): Promise<{ readonly code: number | null; readonly output: string }> => {
  const ended = await runGuardian([...words], { DATABASE_PATH: inside(database) }, home);
  expect(ended.output).not.toMatch(/^ {4}at /m);
  return ended;
};

describe('guardian backup', () => {
  test.each([
    [
      'that is not there',
      'none.db',
      2,
      /none\.db does not exist, so there is nothing to back up: .* first start in mode demo; see MODE and DATABASE_PATH/,
    ],
    ['of another mode', 'other.db', 3, /other\.db belongs to mode paper, not demo/],
    ['that is spoiled', 'spoiled.db', 3, /spoiled\.db is corrupt, its copy is not sound \(.*\) and was not kept/],
  ])('of a database %s', async (_, name, code, words) => {
    const ended = await run(name, 'backup');
    expect(ended.output).toMatch(words);
    expect(ended.code).toBe(code);
  });

  test('of one that another program holds', async () => {
    const holder = new Sqlite(inside('held.db'));
    holder.pragma('journal_mode = DELETE');
    holder.exec('BEGIN EXCLUSIVE');
    const ended = await run('held.db', 'backup');
    holder.close();
    expect(ended.output).toMatch(/held\.db is held by another program \(SQLITE_BUSY\).* try again/);
    expect(ended.code).toBe(1);
  });
});

describe('the others', () => {
  test.each([
    ['restore of a backup that is not there', 'fresh.db', ['restore', 'none.db'], 2, /none\.db does not exist/],
    ['replay of a database that is not there', 'none.db', ['replay', '--verify'], 2, /none\.db does not exist/],
    [
      'a backup elsewhere with a number to be kept there',
      'fresh.db',
      ['backup', '--to', 'x.db', '--keep', '3'],
      2,
      /--keep 3 is for the backups beside the database/,
    ],
    [
      'a proof of nothing',
      'fresh.db',
      ['replay', '--verify'],
      1,
      /fresh\.db has no journal entry yet, so nothing was proved/,
    ],
    [
      'a comparison with a database that is not there',
      'fresh.db',
      ['backtest', '--compare', 'none.db'],
      2,
      /none\.db does not exist/,
    ],
  ])('%s', async (_, name, words, code, message) => {
    const ended = await run(name, ...words);
    expect(ended.output).toMatch(message);
    expect(ended.code).toBe(code);
  });

  test.each([
    ['backup', ['backup'], /none\.db does not exist, so there is nothing to back up/],
    ['replay', ['replay', '--verify'], /none\.db does not exist/],
    ['ctl', ['ctl', 'status'], /no bot runs on this database/],
    ['drill', ['drill', 'restart'], /no bot runs on this database/],
    ['restore', ['restore', 'lost.db'], /lost\.db does not exist/],
  ])('%s needs no key, which only the service may have, as a credential', async (_, words, message) => {
    const ended = await runGuardian(words, { MODE: 'live', DATABASE_PATH: inside('none.db') }, home);
    expect(ended.output).toMatch(message);
    expect(ended.output).not.toContain('EXCHANGE_API_KEY');
  });

  test('a doctor before the first start of a new version has nothing to fix about the database', async () => {
    expect((await run('older.db', 'doctor')).output).toMatch(
      /^ok +database +\S+older\.db is sound; the next start brings it to this version's schema$/m,
    );
  });
});

/** Root is kept out by no permission: then it is somebody else who tries, if he may read the program. */
const NOBODY = 65_534;
const SOMEBODY = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
const asSomebody = (
  database: string,
  ...words: readonly string[]
): { readonly code: number | null; readonly output: string } => {
  const ended = spawnSync(
    process.execPath,
    [new URL('../../src/cli/guardian.ts', import.meta.url).pathname, ...words],
    { ...SOMEBODY, cwd: home, env: { PATH: process.env['PATH'], DATABASE_PATH: database }, encoding: 'utf8' },
  );
  return { code: ended.status, output: `${ended.stdout}${ended.stderr}` };
};

describe.skipIf(
  spawnSync(process.execPath, [new URL('../../src/cli/guardian.ts', import.meta.url).pathname, '--version'], SOMEBODY)
    .status !== 0,
)('what is closed to the user waits for a person (code 3): a service would try again for ever', () => {
  const make = (name: string): string => {
    const folder = inside(name);
    chmodSync(home, 0o755);
    openDatabase({ path: join(folder, 'demo.db'), mode: 'demo', account: 'demo: generated seed 1' }).close();
    for (const path of [folder, ...readdirSync(folder).map((file) => join(folder, file))]) {
      chmodSync(path, 0o777);
      if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY);
    }
    return folder;
  };

  test.each([
    ['a file that cannot be written', 'unwritable', 0o444, 'SQLITE_READONLY'],
    ['a file that cannot be read', 'unreadable', 0o000, 'SQLITE_CANTOPEN'],
  ])('%s', (_, name, mode, code) => {
    const path = join(make(name), 'demo.db');
    chmodSync(path, mode);
    const ended = asSomebody(path, 'start');
    expect(ended.output).toBe(
      `${path} is closed to this user or cannot be written (${code}): file and directory have to be this user's; run this as the bot's user or with sudo, or see to their permissions\n`,
    );
    expect(ended.code).toBe(3);
  });

  test('a folder that cannot be written, for those that only look', () => {
    const folder = make('closed');
    chmodSync(folder, 0o555);
    const ended = asSomebody(join(folder, 'demo.db'), 'replay', '--verify');
    chmodSync(folder, 0o777);
    expect(ended.output).toMatch(/demo\.db is closed to this user or cannot be written \(SQLITE_READONLY_DIRECTORY\)/);
    expect(ended.code).toBe(3);
  });
});

/** Kills the process as it is about to give a file another name for the n-th time. */
const KILL_AT_RENAME = (n: number): string =>
  `data:text/javascript,import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'; const { renameSync } = fs; let left = ${n}; fs.renameSync = (...names) => { left -= 1; if (left === 0) process.kill(process.pid, 'SIGKILL'); renameSync(...names); }; syncBuiltinESMExports();`;

describe('a restore that is killed', () => {
  const GUARDIAN = new URL('../../src/cli/guardian.ts', import.meta.url).pathname;
  const killed = async (
    n: number,
    name = `killed-${n}`,
  ): Promise<{ readonly database: string; readonly backup: string }> => {
    const [database, backup] = [`${name}.db`, inside(`backup-of-${name}.db`)];
    const made = openDatabase({ path: inside(database), mode: 'demo', account: 'demo' });
    for (let index = 0; index < 3; index += 1) made.journal.commit([timer(NOON + index)], () => []);
    made.close();
    await backupFile(inside(database), backup, NOON, 'demo');
    const ended = spawnSync(process.execPath, ['--import', KILL_AT_RENAME(n), GUARDIAN, 'restore', backup], {
      cwd: home,
      env: { PATH: process.env['PATH'], DATABASE_PATH: inside(database) },
    });
    expect(ended.signal).toBe('SIGKILL');
    return { database, backup };
  };

  test('before it has touched the database: that is as it was', async () => {
    const { database } = await killed(1);
    expect((await run(database, 'restore', '--verify', inside(database))).output).toMatch(
      /killed-1\.db: sound, mode demo, account demo, \d+ bytes, up to journal entry 3/,
    );
  });

  test('between the two names: nothing is started anew in its place, and the same restore goes on', async () => {
    const { database, backup } = await killed(2);
    for (const words of [['start'], ['replay', '--verify']]) {
      const ended = await run(database, ...words);
      expect(ended.output).toMatch(
        /killed-2\.db is missing but \S+\.restoring is there: a restore was broken off; run guardian restore again\. What was there is beside it, as \S+\.before-restore-<time>$/m,
      );
      expect(ended.code).toBe(3);
    }
    expect((await run(database, 'doctor')).output).toMatch(/^FIX +database +\S+killed-2\.db is missing but/m);
    expect(readdirSync(home).filter((name) => name.startsWith(`${database}.before-restore-`))).toHaveLength(1);
    // The half-made file is no backup to restore from: it would be emptied.
    const given = await run(database, 'restore', inside(`${database}.restoring`));
    expect([given.code, given.output]).toEqual([
      2,
      expect.stringMatching(/\.restoring is what an earlier restore was making, .*: give the backup itself/),
    ]);
    expect((await run(database, 'restore', '--verify', inside(`${database}.restoring`))).output).toMatch(
      /sound, .*, up to journal entry 3/,
    );
    // One that finds no room leaves things as they are.
    const full = spawnSync(
      'sh',
      ['-c', 'ulimit -f 64; exec "$0" "$@"', process.execPath, GUARDIAN, 'restore', backup],
      { cwd: home, env: { PATH: process.env['PATH'], DATABASE_PATH: inside(database) }, encoding: 'utf8' },
    );
    expect(full.stderr).toMatch(/could not be restored \(EFBIG\)/);
    expect((await run(database, 'start')).output).toMatch(/a restore was broken off/);
    expect((await run(database, 'restore', backup)).code).toBe(0);
    expect((await run(database, 'restore', '--verify', inside(database))).output).toMatch(
      /killed-2\.db: sound, .*, up to journal entry 3/,
    );
  });

  test('of a database behind a link: the same, and the link stays', async () => {
    mkdirSync(inside('elsewhere'));
    symlinkSync(join('elsewhere', 'linked.db'), inside('linked.db'));
    const { database, backup } = await killed(2, 'linked');
    for (const words of [['start'], ['doctor']])
      expect((await run(database, ...words)).output).toMatch(
        /is missing but \S+\/elsewhere\/linked\.db\.restoring is there/,
      );
    expect((await run(database, 'restore', backup)).code).toBe(0);
    expect(lstatSync(inside(database)).isSymbolicLink()).toBe(true);
    expect((await run(database, 'restore', '--verify', inside(database))).output).toMatch(
      /sound, .*, up to journal entry 3/,
    );
  });
});

/** A file system of its own, as small as a full disk needs it. */
const UNSHARE = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
const mounts = spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

test.skipIf(!mounts)('a disk that has less than a gibibyte left is told by the bot that runs on it', () => {
  const disk = inside('small');
  mkdirSync(disk);
  const script = `mount -t tmpfs -o size=200m none ${disk} && mkfifo ${disk}/log && { "$0" src/cli/guardian.ts start >${disk}/log & timeout 20 sed '/nearly full/q' ${disk}/log; kill $!; wait; }`;
  const ended = spawnSync('unshare', [...UNSHARE, 'sh', '-c', script, process.execPath], {
    cwd: new URL('../..', import.meta.url).pathname,
    env: { PATH: process.env['PATH'], DATABASE_PATH: join(disk, 'demo.db'), DASHBOARD_PORT: '0' },
    encoding: 'utf8',
  });
  expect(`${ended.stdout}${ended.stderr}`).toContain('the disk is nearly full');
});

test.skipIf(!mounts)(
  'a start on a full disk is a failure that the service tries again, not a refusal that waits for a person',
  () => {
    const disk = inside('disk');
    mkdirSync(disk);
    openDatabase({ path: inside('demo.db'), mode: 'demo', account: 'demo' }).close();
    const script = `mount -t tmpfs -o size=1m none ${disk} && cp ${inside('demo.db')} ${inside('demo.db.lock')} ${disk}/ && { cat /dev/zero >${disk}/fill; "$0" src/cli/guardian.ts start; }`;
    const ended = spawnSync('unshare', [...UNSHARE, 'sh', '-c', script, process.execPath], {
      cwd: new URL('../..', import.meta.url).pathname,
      env: { PATH: process.env['PATH'], DATABASE_PATH: join(disk, 'demo.db'), DASHBOARD_PORT: '0' },
      encoding: 'utf8',
    });
    expect(`${ended.stdout}${ended.stderr}`).toMatch(/demo\.db\S* cannot be written.*the disk is full.*make room/);
    expect(ended.status).toBe(1);
  },
);

test.skipIf(!mounts)('a backup on a full disk says that it is full, and leaves nothing that looks like one', () => {
  const disk = inside('full');
  mkdirSync(disk);
  openDatabase({ path: inside('whole.db'), mode: 'demo', account: 'demo' }).close();
  const script = `mount -t tmpfs -o size=1m none ${disk} && cp ${inside('whole.db')} ${disk}/demo.db && { cat /dev/zero >${disk}/fill; "$0" src/cli/guardian.ts backup; echo "code $?"; find ${disk} -name '*.db' -o -name '*.partial*'; }`;
  const { stdout, stderr } = spawnSync('unshare', [...UNSHARE, 'sh', '-c', script, process.execPath], {
    cwd: new URL('../..', import.meta.url).pathname,
    env: { PATH: process.env['PATH'], DATABASE_PATH: join(disk, 'demo.db') },
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/demo\.db cannot be opened, the disk is full \(SQLITE_IOERR_SHMSIZE.*make room\n$/);
  expect(stdout).toBe(`code 1\n${disk}/demo.db\n`);
});
