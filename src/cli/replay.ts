import { openReadOnly } from '../adapters/sqlite/database.ts';
import { loadConfig } from '../adapters/system/config.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { openArchivedDay } from '../app/backup-archive.ts';
import { describeDifference, explain, recover, verify, type JournalReader } from '../app/replay.ts';
import { engineVersion } from './engine-version.ts';

export interface ReplayArguments {
  readonly database?: string;
  readonly verify?: boolean;
  readonly until?: string;
  readonly explain?: string;
}

const out = (line: string): void => void process.stdout.write(`${line}\n`);

const sequenceOf = (text: string | undefined): { readonly until?: number } => {
  if (text === undefined) return {};
  const until = Number(text);
  if (!Number.isSafeInteger(until) || until < 1) throw new UserError(`--until ${text} is not the number of a journal entry; use a whole number from 1`);
  return { until };
};

interface Source {
  readonly journal: JournalReader;
  /** Entry before the oldest one that is here; above 0, older days have been put away. */
  readonly after: number;
  close(): void;
}

/** A database, or a day that was put away. */
const open = (path: string): Source => {
  if (path.endsWith('.journal.gz')) return openDay(path);
  const { journal, archive, close } = openReadOnly(path);
  const after = Math.max(0, archive.firstSequence() - 1);
  return { journal: after === 0 ? journal : { ...journal, latestSnapshot: () => archive.snapshotAt(after) }, after, close };
};

const openDay = (path: string): Source => {
  try {
    const journal = openArchivedDay(path);
    return { journal, after: journal.header.after, close: () => undefined };
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error));
  }
};

/** `guardian replay`: steps the recorded journal again. Exit code 1 when it does not replay to what is on record. */
export const replay = (options: ReplayArguments): ExitCode => {
  const path = options.database ?? loadConfig({ environment: process.env, envFile: '.env' }).config.databasePath;
  const { journal, after, close } = open(path);
  try {
    if (options.explain !== undefined) return tellWhy({ ...journal, entriesAfter: (sequence) => journal.entriesAfter(Math.max(sequence, after)) }, options.explain);
    return after === 0 ? prove(journal, path, sequenceOf(options.until)) : proveRest(journal, path, after);
  } finally {
    close();
  }
};

/** What is left after older days were put away, or one of those days: from the snapshot that it begins with. */
const proveRest = (journal: JournalReader, path: string, after: number): ExitCode => {
  const { difference, sequence, snapshotFault } = recover(journal);
  if (snapshotFault !== null) throw new UserError(`${path}: ${snapshotFault}`, EXIT_CODES.failure);
  if (difference !== null) {
    out(`first difference: ${describeDifference(difference)}`);
    return EXIT_CODES.failure;
  }
  out(`${path}: entries ${after + 1} to ${sequence} replay bit for bit from the snapshot before them`);
  return EXIT_CODES.done;
};

const tellWhy = (journal: JournalReader, order: string): ExitCode => {
  const lines = explain(journal, order);
  if (lines === null) throw new UserError(`order ${order} is not in the journal; /orders and the table "orders" list client order ids`);
  for (const line of lines) out(line);
  return EXIT_CODES.done;
};

const prove = (journal: JournalReader, path: string, options: { readonly until?: number }): ExitCode => {
  const result = verify(journal, options);
  const running = engineVersion();
  const others = result.engineVersions.filter((version) => version !== running);
  if (others.length > 0) out(`engine version differs: the journal was written by ${others.join(', ')}, this program is ${running}`);
  if (result.firstDifference !== null) {
    out(`first difference: ${describeDifference(result.firstDifference)}`);
    out(`${result.entries} entries before it replay bit for bit`);
    return EXIT_CODES.failure;
  }
  out(`${path}: ${result.entries} entries, ${result.effects} effects replay bit for bit`);
  return EXIT_CODES.done;
};
