import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Input } from '../core/engine/input.ts';
import { DAY_MS, utcDayStart, type EpochMs } from '../core/units.ts';
import type { PrunableJournal } from '../ports/journal-archive.ts';
import type { DatabaseIdentity, JournalEntry, Snapshot } from '../ports/store.ts';
import { describeDifference, recover, type JournalReader } from './replay.ts';

/**
 * The retention of the journal. A UTC day that is old enough is written to a
 * compressed file of its own, with the snapshot it begins from, so that it
 * replays alone; the file is read back and replayed, and only then the day
 * leaves the database.
 */

const FORMAT = 'guardian-journal/1';

interface Header {
  readonly format: string;
  readonly identity: DatabaseIdentity;
  /** UTC day as YYYY-MM-DD. */
  readonly day: string;
  readonly after: number;
  readonly through: number;
  /** State before the first entry; null = the beginning. */
  readonly snapshot: Snapshot | null;
}

export interface ArchivedDay extends JournalReader {
  readonly header: Header;
}

/** Every line is one JSON value; the last one ends, too. */
const read = (path: string): readonly unknown[] => {
  try {
    return gunzipSync(readFileSync(path)).toString('utf8').split('\n').slice(0, -1).map((line): unknown => JSON.parse(line));
  } catch (error) {
    throw new Error(`${path} cannot be read as an archived day (${error instanceof Error ? error.message : String(error)})`, { cause: error });
  }
};

/** @throws Error naming the file when it is no archived day, or not whole */
export const openArchivedDay = (path: string): ArchivedDay => {
  const [first, ...lines] = read(path);
  const header = first as Header | null;
  if (header?.format !== FORMAT) throw new Error(`${path} is not an archived day of this program`);
  const entries = lines as readonly JournalEntry[];
  if (entries.length !== header.through - header.after) throw new Error(`${path} is not whole: ${entries.length} of ${header.through - header.after} entries`);
  return {
    header,
    latestSnapshot: () => header.snapshot,
    lastSequence: () => header.through,
    entriesAfter: (sequence) => entries.filter((entry) => entry.sequence > sequence).values(),
  };
};

const write = (path: string, header: Header, entries: Iterable<{ readonly sequence: number; readonly input: Input; readonly effects: string }>): void => {
  const lines = [JSON.stringify(header)];
  for (const { sequence, input, effects } of entries) lines.push(JSON.stringify({ sequence, input, effects }));
  const partial = `${path}.partial`;
  writeFileSync(partial, gzipSync(`${lines.join('\n')}\n`), { mode: 0o600 });
  const handle = openSync(partial, 'r');
  fsyncSync(handle);
  closeSync(handle);
  renameSync(partial, path);
};

/** @throws Error when the file does not replay: then the day stays where it is */
const prove = (path: string, header: Header): void => {
  const day = openArchivedDay(path);
  if (day.header.after !== header.after || day.header.through !== header.through || day.header.identity.instanceId !== header.identity.instanceId) {
    throw new Error(`${path} holds something else (entries ${day.header.after + 1} to ${day.header.through} of ${day.header.identity.instanceId}): move it away`);
  }
  const { difference, snapshotFault } = recover(day);
  if (snapshotFault !== null) throw new Error(`${path}: ${snapshotFault}`);
  // Another engine version may decide otherwise and is no damage; what matters is that every entry is there and steps.
  if (difference !== null && difference.inputType === 'missing') throw new Error(`${path}: ${describeDifference(difference)}`);
};

export interface ArchiveOptions {
  readonly journal: PrunableJournal;
  readonly identity: DatabaseIdentity;
  readonly directory: string;
  /** Whole UTC days that stay in the database, at least 1. */
  readonly keepDays: number;
  /** Market time. */
  readonly now: EpochMs;
  /** Days put away at most, so that a caller with other work can come back for more; all when absent. */
  readonly most?: number;
}

const dayName = (at: EpochMs): string => new Date(at).toISOString().slice(0, 10);

/**
 * Puts away every day that is old enough, oldest first; returns the files. A day whose file cannot be proved
 * stays in the database.
 * @throws Error when a day cannot be written or proved
 */
export const archiveDays = (options: ArchiveOptions): readonly string[] => {
  const { journal, identity, directory, keepDays, now, most = Number.POSITIVE_INFINITY } = options;
  const limit = utcDayStart(now) - Math.max(1, Math.trunc(keepDays)) * DAY_MS;
  const files: string[] = [];
  for (const mark of journal.marks()) {
    const first = journal.firstSequence();
    // A mark ends the day of its last entry.
    if (files.length >= most) break;
    if (first === 0 || utcDayStart(mark.at) >= limit || mark.sequence < first) continue;
    const after = first - 1;
    const header: Header = { format: FORMAT, identity, day: dayName(mark.at), after, through: mark.sequence, snapshot: after === 0 ? null : journal.snapshotAt(after) };
    if (after !== 0 && header.snapshot === null) throw new Error(`the journal begins at entry ${first} without a snapshot before it: it cannot be put away`);
    mkdirSync(directory, { recursive: true, mode: 0o750 });
    const path = join(directory, `${identity.mode}-${identity.instanceId}-${header.day}.journal.gz`);
    if (!existsSync(path)) write(path, header, journal.entries(after, mark.sequence));
    prove(path, header);
    journal.prune(mark.sequence);
    files.push(path);
  }
  return files;
};
