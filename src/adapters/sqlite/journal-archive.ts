import type { Input } from '../../core/engine/input.ts';
import type { JournalArchive, PrunableJournal } from '../../ports/journal-archive.ts';
import type { Snapshot } from '../../ports/store.ts';
import type { Connection } from './connection.ts';
import { asWriteError } from './errors.ts';

const PAGE = 256;

interface JournalRow {
  readonly sequence: number;
  readonly input: string;
  readonly effects: string;
}

/** Works on a read-only connection. */
export const createJournalArchive = (db: Connection): JournalArchive => {
  const first = db.prepare<[], number | null>('SELECT min(sequence) FROM journal').pluck();
  const marks = db.prepare<[], Omit<Snapshot, 'state'>>('SELECT sequence, at FROM snapshots ORDER BY sequence');
  const snapshot = db.prepare<[number], Snapshot>('SELECT sequence, at, state FROM snapshots WHERE sequence = ?');
  const page = db.prepare<[number, number, number], JournalRow>(
    'SELECT sequence, input, effects FROM journal WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?',
  );
  return {
    firstSequence: () => first.get() ?? 0,
    marks: () => marks.all(),
    snapshotAt: (sequence) => snapshot.get(sequence) ?? null,
    *entries(after, through) {
      let from = after;
      for (;;) {
        const rows = page.all(from, through, PAGE);
        for (const { sequence, input, effects } of rows) yield { sequence, input: JSON.parse(input) as Input, effects };
        const end = rows.at(-1);
        if (end === undefined || rows.length < PAGE) return;
        from = end.sequence;
      }
    },
  };
};

export const createPrunableJournal = (db: Connection): PrunableJournal => {
  const reader = createJournalArchive(db);
  const dropEntries = db.prepare('DELETE FROM journal WHERE sequence <= ?');
  const dropSnapshots = db.prepare('DELETE FROM snapshots WHERE sequence < ?');
  const prune = db.transaction((through: number): number => {
    dropSnapshots.run(through);
    return dropEntries.run(through).changes;
  });
  return {
    ...reader,
    prune: (through) => {
      if (reader.snapshotAt(through) === null)
        throw new RangeError(
          `no snapshot at entry ${through}: the journal after it could not be replayed without what is before`,
        );
      try {
        return prune.immediate(through);
      } catch (error) {
        throw asWriteError(error, 'the pruning of the journal');
      }
    },
  };
};
