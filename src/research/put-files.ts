import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes files of one folder whole or not at all, each in place of the one before. All of them are written before the
 * first takes its place: without room for the last, those that were there stay, as they belong together.
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
    for (const { partial, content } of wanted) writeFileSync(partial, content, { mode });
    for (const { partial, path } of wanted) renameSync(partial, path);
  } catch (error) {
    for (const { partial } of wanted) rmSync(partial, { force: true });
    throw error;
  }
};
