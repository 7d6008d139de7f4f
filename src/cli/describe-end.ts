import { CandleFileError } from '../adapters/candles/parse-candles.ts';
import { DatabaseRefused, StoreWriteError, type RefusalCode, type WriteFailure } from '../adapters/sqlite/errors.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { TOO_FEW_FILES } from '../adapters/system/open-files.ts';
import { describeFailure } from '../adapters/system/user-error.ts';

/** A path that leads nowhere, or to something that is there: the command line or the configuration is wrong. */
const USAGE: ReadonlySet<RefusalCode> = new Set(['missing', 'exists']);

/** A write that no disk is to blame for. */
const FAULTS: ReadonlySet<WriteFailure> = new Set(['constraint', 'not-plain-json', 'other']);

const codeOf = (refused: DatabaseRefused): ExitCode => {
  // A full disk passes: the service tries again.
  if (refused.passes) return EXIT_CODES.failure;
  return USAGE.has(refused.code) ? EXIT_CODES.usage : EXIT_CODES.refused;
};

/** A failed write as fields of a log line: the disk's doing in words, a fault of the program with its stack. */
export const causeOf = (error: unknown): { readonly why: string } | { readonly error: unknown } =>
  error instanceof StoreWriteError && !FAULTS.has(error.code) ? { why: error.message } : { error };

/** What to print and how to exit for whatever ended a command: only the unexpected gets a stack. */
export const describeEnd = (thrown: unknown): { readonly text: string; readonly exitCode: ExitCode } => {
  if (thrown instanceof DatabaseRefused) return { text: thrown.message, exitCode: codeOf(thrown) };
  if (thrown instanceof StoreWriteError) return { text: thrown.message, exitCode: EXIT_CODES.failure };
  if (thrown instanceof CandleFileError) return { text: thrown.message, exitCode: EXIT_CODES.usage };
  if (thrown instanceof Error && 'code' in thrown && (thrown.code === 'EMFILE' || thrown.code === 'ENFILE'))
    return { text: `too many files are open (${thrown.code}): ${TOO_FEW_FILES}`, exitCode: EXIT_CODES.failure };
  return describeFailure(thrown);
};
