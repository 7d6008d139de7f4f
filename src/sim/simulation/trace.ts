import { createHash } from 'node:crypto';
import type { EpochMs } from '../../core/units.ts';

/** Everything of note that happened in one run, in order. The same seed gives the same hash. */
export interface Trace {
  note(at: EpochMs, what: string): void;
  /** SHA-256 over all notes so far, hex. */
  hash(): string;
  readonly count: number;
  /** The newest notes, oldest first: what led to a failure. */
  recent(): readonly string[];
}

const KEPT = 60;

export const createTrace = (listener: ((line: string) => void) | null = null): Trace => {
  const hash = createHash('sha256');
  const kept: string[] = [];
  let count = 0;
  return {
    note: (at, what) => {
      const line = `${at} ${what}`;
      hash.update(line).update('\n');
      count += 1;
      kept.push(line);
      if (kept.length > 2 * KEPT) kept.splice(0, KEPT);
      listener?.(`${new Date(at).toISOString()} ${what}`);
    },
    hash: () => hash.copy().digest('hex'),
    get count() {
      return count;
    },
    recent: () => kept.slice(-KEPT),
  };
};
