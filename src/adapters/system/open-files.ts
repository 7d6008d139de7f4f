import { readFileSync } from 'node:fs';
import { EXIT_CODES } from './exit-codes.ts';
import { UserError } from './user-error.ts';

/** Databases with their logs, sockets and threads take 45 or so; every viewer of the page takes one more. */
const LEAST = 64;

/** Files and sockets that this process may have open at once, as the kernel says; null where it does not. */
const limit = (): number | null => {
  try {
    const words = /^Max open files\s+(\d+)\s/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return words === undefined ? null : Number(words);
  } catch {
    return null;
  }
};

export const TOO_FEW_FILES = 'raise the limit (ulimit -n, or LimitNOFILE= of a service); 1024 is usual and plenty';

/**
 * Refuses a start whose limit of open files is too low; called before anything is opened. Otherwise the lack shows as
 * another error each time, in the middle of a start or of a trade.
 * @throws UserError with the exit code of a failure: the surroundings are at fault, and may be others at the next start
 */
export const needOpenFiles = (): void => {
  const most = limit();
  if (most !== null && most < LEAST)
    throw new UserError(
      `this process may open ${most} files at once, and the bot needs ${LEAST}: ${TOO_FEW_FILES}`,
      EXIT_CODES.failure,
    );
};
