import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../../src/adapters/sqlite/database.ts';
import { putInPlace } from '../../../src/adapters/sqlite/files.ts';
import { archiveDay, openArchivedDay } from '../../../src/app/backup-archive.ts';
import { FIXTURE_START, runFixture } from '../../../src/app/replay.test-helper.ts';
import { recover } from '../../../src/app/replay.ts';
import { encodeState } from '../../../src/core/engine/codec.ts';
import { createEngineState } from '../../../src/core/engine/state.ts';
import { DAY_MS } from '../../../src/core/units.ts';
import { run } from './process.ts';

let directory: string;
let database: Database;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-archive-'));
  database = openDatabase({ path: join(directory, 'paper.db'), mode: 'paper', account: 'paper' });
});
afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true, force: true });
});

const DAYS = 5;

/** Days of trading with a snapshot at each day's end, as the host takes them. Returns the state at the end. */
const trade = (): string => {
  const { journal } = database;
  const state = createEngineState();
  for (let day = 0; day < DAYS; day += 1) {
    runFixture(journal, state, day + 1, 6, FIXTURE_START + day * DAY_MS);
    journal.writeSnapshot({ sequence: journal.lastSequence(), at: state.at, state: encodeState(state) });
  }
  return encodeState(state);
};
const NOW = FIXTURE_START + DAYS * DAY_MS;
/** Puts away every day that is due, as the bot does on a thread. */
const put = (keepDays: number, write = putInPlace): readonly string[] => {
  const files: string[] = [];
  for (;;) {
    const day = archiveDay({
      journal: database.archive,
      identity: database.identity,
      directory: join(directory, 'archive'),
      keepDays,
      now: NOW,
      put: write,
    });
    if (day === null) return files;
    database.archive.prune(day.through);
    files.push(day.path);
  }
};

describe('the retention of the journal', () => {
  test('old days leave the database for files that replay alone; the bot starts as before', () => {
    const end = trade();
    const before = database.journal.lastSequence();
    const files = put(2);
    expect(files).toHaveLength(3);
    for (const file of files) {
      const day = openArchivedDay(file);
      const { difference, replayed } = recover(day);
      expect(difference).toBeNull();
      expect(replayed).toBe(day.header.through - day.header.after);
      expect(statSync(file).mode & 0o077).toBe(0);
    }
    expect(database.journal.lastSequence()).toBe(before);
    const first = database.archive.firstSequence();
    expect(first).toBe(openArchivedDay(files[2] ?? '').header.through + 1);
    expect(encodeState(recover(database.journal).state)).toBe(end);
    // What is left replays from the snapshot that stands before it.
    const rest = recover({ ...database.journal, latestSnapshot: () => database.archive.snapshotAt(first - 1) });
    expect(rest.difference).toBeNull();
    expect(encodeState(rest.state)).toBe(end);
    expect(put(2)).toEqual([]);
  });

  test('a newest snapshot that is spoilt costs the way from the one before: the days before that are not in the database any more', () => {
    const end = trade();
    put(2);
    const spoil = (count: number): void => {
      const other = new Sqlite(database.path);
      other
        .prepare(
          "UPDATE snapshots SET state = '{' || state WHERE sequence IN (SELECT sequence FROM snapshots ORDER BY sequence DESC LIMIT ?)",
        )
        .run(count);
      other.close();
    };
    spoil(1);
    const one = recover(database.journal);
    expect([encodeState(one.state) === end, one.difference, one.snapshotFault]).toEqual([
      true,
      null,
      expect.stringMatching(/^snapshot \d+: /),
    ]);
    expect(one.snapshotSequence).toBe(database.archive.marks().at(-2)?.sequence);
    spoil(9);
    expect(() => recover(database.journal)).toThrow('journal entry 1 is missing');
  });

  test('a day whose file cannot be kept stays in the database', () => {
    trade();
    const first = database.archive.firstSequence();
    expect(() => put(2, () => expect.unreachable('the disk is full'))).toThrow('the disk is full');
    expect(database.archive.firstSequence()).toBe(first);
  });

  test('guardian replay proves what is left, and each day that was put away', async () => {
    trade();
    const [file = ''] = put(2);
    const first = database.archive.firstSequence();
    database.close();
    const rest = await run(['replay', '--verify', '--database', join(directory, 'paper.db')], {}, directory);
    expect(rest.output).toMatch(/entries \d+ to \d+ replay bit for bit from the snapshot before them/);
    expect(rest.code).toBe(0);
    expect(rest.output).toContain(
      'engine version differs: the journal was written by fixture-engine, this program is ',
    );
    expect((await run(['replay', '--verify', '--database', file], {}, directory)).output).toContain(
      'engine version differs',
    );
    const part = await run(
      ['replay', '--until', String(first + 9), '--database', join(directory, 'paper.db')],
      {},
      directory,
    );
    expect(part.output).toContain(`entries ${first} to ${first + 9} replay bit for bit`);
    const early = await run(['replay', '--until', '1', '--database', join(directory, 'paper.db')], {}, directory);
    expect(early.output).toContain(`--until 1 is before the first entry that is here, ${first}`);
    expect(early.code).toBe(2);
    const told = await run(['replay', '--explain', 'gbfixture1-1', '--until', '9', '--database', file], {}, directory);
    expect(told.output).toContain('--until ends a proof');
    expect(told.code).toBe(2);
    const lines = gunzipSync(readFileSync(file)).toString().split('\n');
    expect((await run(['replay', '--verify', '--database', file], {}, directory)).code).toBe(0);
    const edited = lines.map((line) => line.replace('"effects":"[{', '"effects":"[{\\"edited\\":1},{'));
    writeFileSync(file, gzipSync(edited.join('\n')));
    const broken = await run(['replay', '--verify', '--database', file], {}, directory);
    expect(broken.output).toContain('first difference');
    expect(broken.code).toBe(1);
    database = openDatabase({ path: join(directory, 'paper.db'), mode: 'paper', account: 'paper' });
  });

  test('an edit without an effect of its own is found in what is left, too', async () => {
    trade();
    put(2);
    database.close();
    const path = join(directory, 'paper.db');
    const raw = new Sqlite(path);
    // The newest snapshot holds the ask of the last look before it.
    const sequence =
      raw
        .prepare<[], number>("SELECT max(sequence) FROM journal WHERE json_extract(input, '$.type') = 'quotes'")
        .pluck()
        .get() ?? 0;
    raw
      .prepare(
        "UPDATE journal SET input = json_set(input, '$.quotes[0].ask', json_extract(input, '$.quotes[0].ask') + 0.01) WHERE sequence = ?",
      )
      .run(sequence);
    raw.close();
    const { output, code } = await run(['replay', '--verify', '--database', path], {}, directory);
    expect(output).toMatch(/first difference: entry \d+ \(snapshot, .*state\.symbols\.BTC\/USDT\.ask/);
    expect(code).toBe(1);
    database = openDatabase({ path, mode: 'paper', account: 'paper' });
  });

  test('a question about one order does not stand in for the proof that was asked for with it', async () => {
    runFixture(database.journal, createEngineState(), 7, 36);
    database.close();
    const path = join(directory, 'paper.db');
    const raw = new Sqlite(path);
    const order =
      raw.prepare<[], string>('SELECT client_order_id FROM orders ORDER BY sequence LIMIT 1').pluck().get() ?? '';
    raw.prepare("UPDATE journal SET effects = '[]' WHERE sequence = 1").run();
    raw.close();
    const { output, code } = await run(['replay', '--verify', '--explain', order, '--database', path], {}, directory);
    expect(output).toContain(`Order ${order}, entry: buy`);
    expect(output).toContain('first difference: entry 1 (started');
    expect(code).toBe(1);
    database = openDatabase({ path, mode: 'paper', account: 'paper' });
  });

  test('each archived day begins with the state in which the one before it ended', () => {
    trade();
    const [first = '', second = ''] = put(2);
    expect(openArchivedDay(second).header.snapshot?.state).toBe(encodeState(recover(openArchivedDay(first)).state));
  });

  test('a file that is damaged or something else keeps its day in the database', () => {
    trade();
    const [file = ''] = put(4);
    const whole = readFileSync(file);
    const day = openArchivedDay(file).header.day;
    const second = `${file.slice(0, file.indexOf(day))}2024-08-02.journal.gz`;
    writeFileSync(second, whole);
    const left = database.archive.firstSequence();
    expect(() => put(2)).toThrow('holds something else');
    expect(database.archive.firstSequence()).toBe(left);

    writeFileSync(second, whole.subarray(0, whole.length / 2));
    expect(() => put(2)).toThrow('cannot be read as an archived day');
    const lines = gunzipSync(whole).toString().split('\n');
    writeFileSync(file, gzipSync([...lines.slice(0, 5), ''].join('\n')));
    expect(() => openArchivedDay(file)).toThrow('is not whole');
    // Half a megabyte that would unpack to as much memory as a small server has.
    writeFileSync(file, Buffer.concat(Array.from({ length: 45 }, () => gzipSync(Buffer.alloc(10_000_000)))));
    expect(() => openArchivedDay(file)).toThrow('unpacks to more than 400 MB');
  });

  test('nothing is deleted without a snapshot to go on from', () => {
    trade();
    const marks = database.archive.marks();
    expect(() => database.archive.prune((marks[0]?.sequence ?? 0) - 1)).toThrow('no snapshot');
    expect(readdirSync(directory).includes('archive')).toBe(false);
  });
});
