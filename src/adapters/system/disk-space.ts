import { statfsSync } from 'node:fs';

/** Bytes that this user may still write on the file system of a directory. @throws as statfs(2) does */
export const freeBytes = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};
