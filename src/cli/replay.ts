import { counted } from '../core/words.ts';
import { openReadOnly } from '../adapters/sqlite/database.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { openArchivedDay } from '../app/backup-archive.ts';
import {
  describeDifference,
  explain,
  statedEnd,
  verify,
  verifyOwn,
  type Difference,
  type JournalReader,
  type OwnPart,
  type VerifyOptions,
} from '../app/replay.ts';
import { decodeState } from '../core/engine/codec.ts';
import type { Snapshot } from '../ports/store.ts';
import { engineVersion } from './engine-version.ts';
import { out } from './output.ts';
import { configurationWithoutSecrets } from './without-secrets.ts';

export interface ReplayArguments {
  readonly database?: string;
  readonly verify?: boolean;
  readonly until?: string;
  readonly explain?: string;
}

const sequenceOf = (text: string | undefined): { readonly until?: number } => {
  if (text === undefined) return {};
  const until = Number(text);
  if (!Number.isSafeInteger(until) || until < 1)
    throw new UserError(`--until ${text} is not the number of a journal entry; use a whole number from 1`);
  return { until };
};

interface Source {
  readonly journal: JournalReader;
  /** Entry before the oldest one that is here; above 0, older days have been put away. */
  readonly after: number;
  /** State after that entry; null = the journal begins here. */
  readonly start: Snapshot | null;
  close(): void;
}

/** A database, or a day that was put away. */
const open = (path: string): Source => {
  if (path.endsWith('.journal.gz')) return openDay(path);
  const { journal, archive, close } = openReadOnly(path);
  const after = Math.max(0, archive.firstSequence() - 1);
  return { journal, after, start: after === 0 ? null : archive.snapshotAt(after), close };
};

const openDay = (path: string): Source => {
  try {
    const journal = openArchivedDay(path);
    return { journal, after: journal.header.after, start: journal.header.snapshot, close: () => undefined };
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error));
  }
};

/**
 * `guardian replay`: steps the recorded journal again. Exit code 1 when what this version has written does not replay
 * to what is on record, or an entry is missing.
 */
export const replay = (options: ReplayArguments): ExitCode => {
  const { until } = sequenceOf(options.until);
  if (options.explain !== undefined && options.verify !== true && until !== undefined)
    throw new UserError('--until ends a proof, and --explain alone proves nothing: leave it out, or add --verify');
  const path = options.database ?? configurationWithoutSecrets().databasePath;
  const source = open(path);
  try {
    if (options.explain !== undefined) tellWhy(source, options.explain);
    // The exit code of a proof that was asked for is never that of something else.
    return options.explain === undefined || options.verify === true ? prove(source, path, until) : EXIT_CODES.done;
  } finally {
    source.close();
  }
};

/** Feature catalogue that is in force where the journal begins; a snapshot that can't be read costs the names alone. */
const catalogueOf = (start: Snapshot | null): string | null => {
  try {
    return start === null ? null : (decodeState(start.state).config?.model?.schemaHash ?? null);
  } catch {
    return null;
  }
};

const tellWhy = ({ journal, after, start }: Source, order: string): void => {
  const lines = explain(
    { entriesAfter: (sequence) => journal.entriesAfter(Math.max(sequence, after)) },
    order,
    catalogueOf(start),
  );
  if (lines === null)
    throw new UserError(`order ${order} is not in the journal; /orders and the table "orders" list client order ids`);
  for (const line of lines) out(line);
};

const prove = (source: Source, path: string, until: number | undefined): ExitCode => {
  const { journal, after, start } = source;
  if (until !== undefined && until <= after)
    throw new UserError(
      `--until ${until} is before the first entry that is here, ${after + 1}; older days are files in the folder "archive" beside the database`,
    );
  if (after > 0 && start === null)
    throw new UserError(
      `${path} begins at entry ${after + 1} without the snapshot before it, so nothing can be proved; restore a backup`,
      EXIT_CODES.failure,
    );
  if (journal.lastSequence() === 0)
    throw new UserError(`${path} has no journal entry yet, so nothing was proved`, EXIT_CODES.failure);
  // An end that was cut off is a finding and no slip of the hand.
  const end = statedEnd(journal);
  if (until !== undefined && until > end)
    throw new UserError(`--until ${until} is beyond the last entry, ${end}; leave it out to prove all there is`);
  const bounds = { start, ...(until === undefined ? {} : { until }) };
  const result = verify(journal, bounds);
  const running = engineVersion();
  const others = result.engineVersions.filter((version) => version !== running);
  if (others.length > 0)
    out(`engine version differs: the journal was written by ${others.join(', ')}, this program is ${running}`);
  if (result.firstDifference === null) {
    out(
      after === 0
        ? `${path}: ${counted(result.entries, 'entry', 'entries')}, ${counted(result.effects, 'effect')} replay bit for bit`
        : `${path}: entries ${after + 1} to ${after + result.entries} replay bit for bit from the snapshot before them`,
    );
    return EXIT_CODES.done;
  }
  out(`first difference: ${describeDifference(result.firstDifference)}`);
  out(`${counted(result.entries, 'entry before it replays', 'entries before it replay')} bit for bit`);
  return others.length === 0 ? EXIT_CODES.failure : proveOwn(source.journal, bounds, running, result.firstDifference);
};

/**
 * After a difference in what another version has written, which is no fault: what this one has written has to replay
 * all the same, and no entry may be missing, whoever wrote around it.
 */
const proveOwn = (
  journal: JournalReader,
  bounds: Pick<VerifyOptions, 'start' | 'until'>,
  running: string,
  first: Difference,
): ExitCode => {
  const { parts, atEnd, gap, firstDifference } = verifyOwn(journal, running, bounds);
  if (gap !== null && gap.sequence !== first.sequence) out(`further on: ${describeDifference(gap)}`);
  if (gap !== null) return EXIT_CODES.failure;
  if (firstDifference !== null) {
    out(
      `of what this program has written, ${entriesOf(parts)}, the first difference: ${describeDifference(firstDifference)}`,
    );
    return EXIT_CODES.failure;
  }
  if (!atEnd) return EXIT_CODES.failure;
  out(`what this program has written, ${entriesOf(parts)}, replays bit for bit from the state that it found`);
  // Up to there both versions did the same: no other decision explains it.
  if (
    first.inputType === 'snapshot' ||
    parts.some(({ since, through }) => since <= first.sequence && first.sequence <= through)
  ) {
    out(
      'the first difference is no other decision but another state: either the older version came to another one, or what is stored was changed',
    );
    return EXIT_CODES.failure;
  }
  out('the others are for the version that wrote them to prove');
  return EXIT_CODES.done;
};

const entriesOf = (parts: readonly OwnPart[]): string =>
  `entries ${parts.map(({ since, through }) => `${since} to ${through}`).join(', ')}`;
