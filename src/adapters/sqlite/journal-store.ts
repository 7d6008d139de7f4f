import { encodeEffects } from '../../core/engine/codec.ts';
import type { Effect } from '../../core/engine/effect.ts';
import type { Input } from '../../core/engine/input.ts';
import { utcDayStart } from '../../core/units.ts';
import type { JournalEntry, JournalStore, Snapshot } from '../../ports/store.ts';
import type { Connection } from './connection.ts';
import { asWriteError, StoreWriteError } from './errors.ts';
import { createProjection } from './projection.ts';

/** Rows read at a time: an open reader would block writers of the same connection, so reading is paged. */
const PAGE = 256;

interface JournalRow {
  readonly sequence: number;
  readonly input: string;
  readonly effects: string;
}

/** Reads of the journal; works on a read-only connection. */
export const createJournalReader = (db: Connection): Pick<JournalStore, 'latestSnapshot' | 'entriesAfter' | 'lastSequence'> => {
  // A sum, since SQLite plans with the value of a bare parameter there and prepares the statement anew for every page.
  const page = db.prepare<[number, number], JournalRow>('SELECT sequence, input, effects FROM journal WHERE sequence > ? ORDER BY sequence LIMIT ? + 0');
  const last = db.prepare<[], number | null>('SELECT max(sequence) FROM journal').pluck();
  const newestSnapshot = db.prepare<[], Snapshot>('SELECT sequence, at, state FROM snapshots ORDER BY sequence DESC LIMIT 1');
  return {
    latestSnapshot: () => newestSnapshot.get() ?? null,
    lastSequence: () => last.get() ?? 0,
    *entriesAfter(sequence) {
      let from = sequence;
      for (;;) {
        const rows = page.all(from, PAGE);
        for (const row of rows) yield toEntry(row);
        const end = rows.at(-1);
        if (end === undefined || rows.length < PAGE) return;
        from = end.sequence;
      }
    },
  };
};

const toEntry = (row: JournalRow): JournalEntry => ({ sequence: row.sequence, input: JSON.parse(row.input) as Input, effects: row.effects });

type Apply = (input: Input) => readonly Effect[];

/** An input with its text and what it came to, before any of it is written. */
interface Applied {
  readonly text: string;
  readonly input: Input;
  readonly effects: readonly Effect[];
}

const applyAsJournaled = (given: Input, apply: Apply): Applied => {
  const text = inputText(given);
  const input = asJournaled(given) as Input;
  return { text, input, effects: apply(input) };
};

/** What is journaled is what is applied, to the sign of a zero: a plain value as JSON would give it back, in a quarter of the time that reading the text takes. */
const asJournaled = (value: unknown): unknown => {
  if (typeof value === 'number') return value + 0;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asJournaled);
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const part = (value as Readonly<Record<string, unknown>>)[key];
    if (part !== undefined) copy[key] = asJournaled(part);
  }
  return copy;
};

/** The journal and everything that is derived from it in the same transactions. */
export const createJournalStore = (db: Connection): JournalStore => {
  const reader = createJournalReader(db);
  const project = createProjection(db);
  const append = db.prepare('INSERT INTO journal (sequence, at, wall, type, input, effects) VALUES (?, ?, ?, ?, ?, ?)');
  let sequence = reader.lastSequence();

  const write = (number: number, { text, input, effects }: Applied): void => {
    append.run(number, input.at, input.wall, input.type, text, encodeEffects(effects));
    for (const effect of effects) project({ sequence: number, input }, effect);
  };
  const writeOne = db.transaction(write);
  const commitAll = db.transaction((inputs: readonly Input[], apply: Apply): (readonly Effect[])[] =>
    inputs.map((given, index) => {
      const applied = applyAsJournaled(given, apply);
      write(sequence + index + 1, applied);
      return applied.effects;
    }),
  );
  const commitOne = (given: Input, apply: Apply): readonly (readonly Effect[])[] => {
    const applied = applyAsJournaled(given, apply);
    // Most inputs have no effects: their one row is a transaction by itself, and a begin and a commit beside it would only cost time.
    if (applied.effects.length === 0) write(sequence + 1, applied);
    else writeOne.immediate(sequence + 1, applied);
    return [applied.effects];
  };

  return {
    ...reader,
    commit: (inputs, apply) => {
      const [first] = inputs;
      if (first === undefined) return [];
      try {
        const effects = inputs.length === 1 ? commitOne(first, apply) : commitAll.immediate(inputs, apply);
        sequence += inputs.length;
        return effects;
      } catch (error) {
        throw asWriteError(error, `journal entry ${sequence + 1}`);
      }
    },
    writeSnapshot: createSnapshotWriter(db, () => sequence),
  };
};

/** Keeps the first snapshot of each UTC day, from which an archived day replays alone, and the newest. */
const createSnapshotWriter = (db: Connection, lastSequence: () => number): JournalStore['writeSnapshot'] => {
  const insert = db.prepare('INSERT OR REPLACE INTO snapshots (sequence, at, utc_day, state) VALUES (?, ?, ?, ?)');
  const thin = db.prepare('DELETE FROM snapshots WHERE sequence < ? AND sequence NOT IN (SELECT min(sequence) FROM snapshots GROUP BY utc_day)');
  const write = db.transaction((snapshot: Snapshot) => {
    insert.run(snapshot.sequence, snapshot.at, utcDayStart(snapshot.at), snapshot.state);
    thin.run(snapshot.sequence);
  });
  return (snapshot) => {
    if (snapshot.sequence > lastSequence()) throw new RangeError(`a snapshot of entry ${snapshot.sequence}, but the journal ends at ${lastSequence()}`);
    try {
      write.immediate(snapshot);
    } catch (error) {
      throw asWriteError(error, `snapshot ${snapshot.sequence}`);
    }
  };
};

/** @throws StoreWriteError when JSON would say something else than the input, or the input has no times. */
const inputText = (input: Input): string => {
  const fault = plainFault(input);
  if (fault !== null) throw new StoreWriteError('not-plain-json', `an input cannot be journaled: ${input.type}${fault}`);
  return JSON.stringify(input);
};

/**
 * Where JSON would say something else: NaN, infinities and holes become null,
 * functions vanish, dates and maps are written as what they are not. Null when it would not. (A property that is undefined
 * vanishes, too, but then it is neither journaled nor applied.) The path is put
 * together on the way back from a fault: every input is asked, and hardly one has any.
 */
const plainFault = (value: unknown): string | null => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : ` is ${value}`;
    case 'object':
      return value === null ? null : partsFault(value);
    default:
      return ` is a ${typeof value}`;
  }
};

const partsFault = (value: object): string | null => {
  if (Array.isArray(value)) {
    // By index: a loop over the values would pass over holes, which JSON makes null.
    for (let index = 0; index < value.length; index += 1) {
      const fault = plainFault(value[index]);
      if (fault !== null) return `[${index}]${fault}`;
    }
    return null;
  }
  const kind: unknown = Object.getPrototypeOf(value);
  if (kind !== Object.prototype && kind !== null) return ' is an object of a kind of its own';
  for (const key in value) {
    if (key === '__proto__') return '.__proto__ is no name';
    const part = (value as Readonly<Record<string, unknown>>)[key];
    if (part === undefined) continue;
    const fault = plainFault(part);
    if (fault !== null) return `.${key}${fault}`;
  }
  return null;
};
