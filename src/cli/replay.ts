import { openReadOnly } from '../adapters/sqlite/database.ts';
import { loadConfig } from '../adapters/system/config.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { describeDifference, explain, verify, type JournalReader } from '../app/replay.ts';
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

/** `guardian replay`: steps the recorded journal again. Exit code 1 when it does not replay to what is on record. */
export const replay = (options: ReplayArguments): ExitCode => {
  const path = options.database ?? loadConfig({ environment: process.env, envFile: '.env' }).config.databasePath;
  const database = openReadOnly(path);
  try {
    if (options.explain !== undefined) return tellWhy(database.journal, options.explain);
    return prove(database.journal, path, sequenceOf(options.until));
  } finally {
    database.close();
  }
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
