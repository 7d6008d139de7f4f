import type { JournalEntry, Snapshot } from './store.ts';

/** A journal's older part: what may be put away, day by day, once it is kept elsewhere. */
export interface JournalArchive {
  /** Sequence of the oldest entry; 0 = there is none. */
  firstSequence(): number;
  /** Kept snapshots without their state, oldest first. Each ends a UTC day; the newest may stand within one. */
  marks(): readonly Omit<Snapshot, 'state'>[];
  snapshotAt(sequence: number): Snapshot | null;
  /** after < sequence <= through, oldest first. */
  entries(after: number, through: number): IterableIterator<JournalEntry>;
}

export interface PrunableJournal extends JournalArchive {
  /**
   * Deletes the entries up to and including `through`, and the snapshots before it, in one transaction.
   * @returns the number of entries deleted
   * @throws RangeError unless a snapshot stands exactly at `through`: without it the rest could not be replayed
   */
  prune(through: number): number;
}
