import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Writes files of one folder whole or not at all, each in place of the one before. All of them are written, and on the
 * disk, before the first takes its place: without room for the last, or after a power cut, those that were there stay,
 * as they belong together.
 * @param mode permission bits of the files; what the process gives when left out
 */
export const putFiles = (
  directory: string,
  files: Readonly<Record<string, Uint8Array | string>>,
  mode?: number,
): void => {
  const wanted = Object.entries(files).map(([name, content]) => ({
    path: join(directory, name),
    partial: join(directory, `${name}.partial`),
    content,
  }));
  try {
    for (const { partial, content } of wanted) writeFileSync(partial, content, { mode, flush: true });
    for (const { partial, path } of wanted) renameSync(partial, path);
    for (const folder of new Set(wanted.map(({ path }) => dirname(path)))) syncNames(folder);
  } catch (error) {
    for (const { partial } of wanted) rmSync(partial, { force: true });
    throw error;
  }
};

/** Makes durable which names a folder has. */
const syncNames = (folder: string): void => {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};
