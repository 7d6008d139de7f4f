import { statfsSync } from 'node:fs';

/** Bytes that this user may still write on the file system of a directory. @throws as statfs(2) does */
export const freeBytes = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};

/** "0.9 GiB"; "12 MiB" where that would be "0.0 GiB". */
export const sizeText = (bytes: number): string => (bytes < 1024 ** 3 / 10 ? `${Math.floor(bytes / 1024 ** 2)} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`);
