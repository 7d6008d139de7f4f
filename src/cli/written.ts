import { UserError } from '../adapters/system/user-error.ts';

/** Does what writes `path`. @throws UserError with one line when the file system does not let it: the path was the user's choice */
export const written = <T>(path: string, write: () => T): T => {
  try {
    return write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UserError(`${path} can't be written (${code}); give a path in a folder that is there and may be written`);
  }
};
