import { EXIT_CODES } from '../adapters/system/exit-codes.ts';
import { printable } from '../adapters/system/terminal.ts';

const { stdout, stderr } = process;

const ignore = (): void => undefined;

const giveUp = ({ code = 'unknown reason' }: NodeJS.ErrnoException): void => {
  // The reader has had enough (`| head -1`): there is nobody to tell.
  if (code !== 'EPIPE') stderr.write(`the output can't be written (${code})\n`);
  process.exit(EXIT_CODES.failure);
};

/** A command whose answer cannot be written ends with a failure and without a stack. */
export const failWithoutOutput = (): void => {
  stdout.on('error', giveUp);
  stderr.on('error', ignore);
};

/**
 * The bot outlives its log: a full disk or a journal that is gone must not leave a position alone. Lines come again as
 * soon as they can be written.
 */
export const outliveOutput = (): void => {
  stdout.off('error', giveUp);
  stdout.on('error', ignore);
};

/** A line for whoever called. */
export const out = (line: string): void => void stdout.write(`${printable(line)}\n`);

/** Why it came to nothing, for whoever called. */
export const complain = (text: string): void => void stderr.write(`${printable(text)}\n`);
