import { counted } from '../core/words.ts';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Input } from '../core/engine/input.ts';
import { DAY_MS, utcDayStart, type EpochMs } from '../core/units.ts';
import type { JournalArchive } from '../ports/journal-archive.ts';
import type { DatabaseIdentity, JournalEntry, Snapshot } from '../ports/store.ts';
import { describeDifference, recover, type JournalReader } from './replay.ts';

/**
 * The retention of the journal. A UTC day that is old enough is written to a
 * compressed file of its own, with the snapshot it begins from, so that it
 * replays alone; the file is read back and replayed, and only then the day
 * leaves the database.
 */

const FORMAT = 'guardian-journal/1';

/** Two symbols take 20 MB a day at most; more than this is no day, and would take all memory of whoever reads it. */
const LARGEST_DAY_BYTES = 400e6;

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
    return gunzipSync(readFileSync(path), { maxOutputLength: LARGEST_DAY_BYTES })
      .toString('utf8')
      .split('\n')
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Error(
        `${path} unpacks to more than ${LARGEST_DAY_BYTES / 1e6} MB, and no day of a journal is as large: it is none`,
        { cause: error },
      );
    throw new Error(
      `${path} cannot be read as an archived day (${error instanceof Error ? error.message : String(error)})`,
      { cause: error },
    );
  }
};

/** @throws Error naming the file when it is no archived day, or not whole */
export const openArchivedDay = (path: string): ArchivedDay => {
  const [first, ...lines] = read(path);
  const header = first as Header | null;
  if (header?.format !== FORMAT) throw new Error(`${path} is not an archived day of this program`);
  const entries = lines as readonly JournalEntry[];
  if (entries.length !== header.through - header.after)
    throw new Error(
      `${path} is not whole: ${entries.length} of ${counted(header.through - header.after, 'entry', 'entries')}`,
    );
  return {
    header,
    latestSnapshot: () => header.snapshot,
    lastSequence: () => header.through,
    entriesAfter: (sequence) => entries.filter((entry) => entry.sequence > sequence).values(),
  };
};

const pack = (
  header: Header,
  entries: Iterable<{ readonly sequence: number; readonly input: Input; readonly effects: string }>,
): Uint8Array => {
  const lines = [JSON.stringify(header)];
  for (const { sequence, input, effects } of entries) lines.push(JSON.stringify({ sequence, input, effects }));
  return gzipSync(`${lines.join('\n')}\n`);
};

/** @throws Error when the file does not replay: then the day stays where it is */
const prove = (path: string, header: Header): void => {
  const day = openArchivedDay(path);
  if (
    day.header.after !== header.after ||
    day.header.through !== header.through ||
    day.header.identity.instanceId !== header.identity.instanceId
  ) {
    throw new Error(
      `${path} holds something else (entries ${day.header.after + 1} to ${day.header.through} of ${day.header.identity.instanceId}): move it away`,
    );
  }
  const { difference, snapshotFault } = recover(day);
  if (snapshotFault !== null) throw new Error(`${path}: ${snapshotFault}`);
  // Another engine version may decide otherwise and is no damage; what matters is that every entry is there and steps.
  if (difference !== null && difference.inputType === 'missing')
    throw new Error(`${path}: ${describeDifference(difference)}`);
};

export interface ArchiveOptions {
  readonly journal: JournalArchive;
  readonly identity: DatabaseIdentity;
  readonly directory: string;
  /** Whole UTC days that stay in the database, at least 1. */
  readonly keepDays: number;
  /** Market time. */
  readonly now: EpochMs;
  /** Writes a whole file so that it is there after a power failure: the day leaves the database for it. */
  readonly put: (path: string, content: Uint8Array) => void;
}

export interface ArchivedFile {
  readonly path: string;
  /** Last entry of the day: what may leave the database now. */
  readonly through: number;
}

type Mark = ReturnType<JournalArchive['marks']>[number];

const dayName = (at: EpochMs): string => new Date(at).toISOString().slice(0, 10);

/** The mark at which the oldest day ends, when that day is old enough. */
const dueMark = (journal: JournalArchive, keepDays: number, now: EpochMs): Mark | null => {
  const limit = utcDayStart(now) - Math.max(1, Math.trunc(keepDays)) * DAY_MS;
  const first = journal.firstSequence();
  // A mark ends the day of its last entry.
  const mark = first === 0 ? undefined : journal.marks().find(({ sequence }) => sequence >= first);
  return mark === undefined || utcDayStart(mark.at) >= limit ? null : mark;
};

/** Whether there is a day to put away. */
export const isDayDue = (journal: JournalArchive, keepDays: number, now: EpochMs): boolean =>
  dueMark(journal, keepDays, now) !== null;

/**
 * Writes the oldest day that is old enough to a file and proves it; null = no day is due. The day stays in the
 * database: whoever holds that for writing prunes it then.
 * @throws Error when the day cannot be written or proved
 */
export const archiveDay = ({
  journal,
  identity,
  directory,
  keepDays,
  now,
  put,
}: ArchiveOptions): ArchivedFile | null => {
  const first = journal.firstSequence();
  const mark = dueMark(journal, keepDays, now);
  if (mark === null) return null;
  const after = first - 1;
  const header: Header = {
    format: FORMAT,
    identity,
    day: dayName(mark.at),
    after,
    through: mark.sequence,
    snapshot: after === 0 ? null : journal.snapshotAt(after),
  };
  if (after !== 0 && header.snapshot === null)
    throw new Error(`the journal begins at entry ${first} without a snapshot before it: it cannot be put away`);
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  const path = join(directory, `${identity.mode}-${identity.instanceId}-${header.day}.journal.gz`);
  if (!existsSync(path)) put(path, pack(header, journal.entries(after, mark.sequence)));
  prove(path, header);
  return { path, through: mark.sequence };
};
