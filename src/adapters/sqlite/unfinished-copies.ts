import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DAY_MS, type EpochMs } from '../../core/units.ts';
import { removeUnfinished } from './files.ts';

/**
 * A copy that is being made has a name that says who makes it, so that one whose maker was killed is known from one
 * that is under way: a mark of this run of the machine, the process, and a few letters of its own, for two of one
 * process at once.
 */
const UNFINISHED_COPY = /.\.([0-9a-f]{8})-(\d+)-[0-9a-f]{4}\.partial$/;

/**
 * Of this boot of this machine, and of what counts processes in it: beyond it (another host on a shared disk, another
 * container, before the last boot) a process's number says nothing. Null where nobody says.
 */
const markOfMachine = (): string | null => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return createHash('sha256')
      .update(`${boot} ${readlinkSync('/proc/self/ns/pid')}`)
      .digest('hex')
      .slice(0, 8);
  } catch {
    return null;
  }
};

/** Where a copy is made before it gets its name. */
export const unfinishedCopyOf = (target: string): string =>
  `${target}.${markOfMachine() ?? randomUUID().slice(0, 8)}-${process.pid}-${randomUUID().slice(0, 4)}.partial`;

/** A number that another process has taken over meanwhile counts as alive: what it has left stays a while longer. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};

const isOlderThanADay = (path: string, now: EpochMs): boolean =>
  now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > DAY_MS;

/**
 * Removes from a folder what copies whose process was killed have left there, and what those of another machine or boot
 * have left for more than a day. Nothing of any other name, and nothing that is being made. What cannot be removed
 * stays: it is no fault of the copy that is to be made.
 */
export const removeAbandonedCopies = (directory: string, now: EpochMs): void => {
  const mark = markOfMachine();
  for (const name of readdirSync(directory)) {
    const [, maker, pid] = UNFINISHED_COPY.exec(name) ?? [];
    if (maker === undefined) continue;
    const path = join(directory, name);
    try {
      if (maker === mark ? !isAlive(Number(pid)) : isOlderThanADay(path, now)) removeUnfinished(path);
    } catch {
      // Somebody else's, or a disk that takes nothing.
    }
  }
};
