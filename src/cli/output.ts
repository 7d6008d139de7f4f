import { EXIT_CODES } from '../adapters/system/exit-codes.ts';

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

/** The bot outlives its log: a full disk or a journal that is gone must not leave a position alone. Lines come again as soon as they can be written. */
export const outliveOutput = (): void => {
  stdout.off('error', giveUp);
  stdout.on('error', ignore);
};

/**
 * A line for whoever called. It may hold words of others (a reason from the chat, the exchange's answer, a line of the log):
 * what a terminal takes for orders is shown as a mark.
 */
export const out = (line: string): void => void stdout.write(`${line.replaceAll(/(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')}\n`);
