import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../../src/adapters/sqlite/database.ts';
import { archiveDays, openArchivedDay } from '../../../src/app/backup-archive.ts';
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
const put = (keepDays: number): readonly string[] =>
  archiveDays({ journal: database.archive, identity: database.identity, directory: join(directory, 'archive'), keepDays, now: FIXTURE_START + DAYS * DAY_MS });

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

  test('guardian replay proves what is left, and each day that was put away', async () => {
    trade();
    const [file = ''] = put(2);
    database.close();
    const rest = await run(['replay', '--verify', '--database', join(directory, 'paper.db')], {}, directory);
    expect(rest.output).toMatch(/entries \d+ to \d+ replay bit for bit from the snapshot before them/);
    expect(rest.code).toBe(0);
    const lines = gunzipSync(readFileSync(file)).toString().split('\n');
    expect((await run(['replay', '--verify', '--database', file], {}, directory)).code).toBe(0);
    const edited = lines.map((line) => line.replace('"effects":"[{', '"effects":"[{\\"edited\\":1},{'));
    writeFileSync(file, gzipSync(edited.join('\n')));
    const broken = await run(['replay', '--verify', '--database', file], {}, directory);
    expect(broken.output).toContain('first difference');
    expect(broken.code).toBe(1);
    database = openDatabase({ path: join(directory, 'paper.db'), mode: 'paper', account: 'paper' });
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
  });

  test('nothing is deleted without a snapshot to go on from', () => {
    trade();
    const marks = database.archive.marks();
    expect(() => database.archive.prune((marks[0]?.sequence ?? 0) - 1)).toThrow('no snapshot');
    expect(readdirSync(directory).includes('archive')).toBe(false);
  });
});
