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
export const createJournalReader = (
  db: Connection,
): Pick<JournalStore, 'latestSnapshot' | 'entriesAfter' | 'lastSequence'> => {
  // A sum, since SQLite plans with the value of a bare parameter there and prepares the statement anew for every page.
  const page = db.prepare<[number, number], JournalRow>(
    'SELECT sequence, input, effects FROM journal WHERE sequence > ? ORDER BY sequence LIMIT ? + 0',
  );
  const last = db.prepare<[], number | null>('SELECT max(sequence) FROM journal').pluck();
  const newestSnapshot = db.prepare<[number], Snapshot>(
    'SELECT sequence, at, state FROM snapshots WHERE sequence < ? ORDER BY sequence DESC LIMIT 1',
  );
  return {
    latestSnapshot: (before = Number.MAX_SAFE_INTEGER) => newestSnapshot.get(before) ?? null,
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

const toEntry = (row: JournalRow): JournalEntry => ({
  sequence: row.sequence,
  input: JSON.parse(row.input) as Input,
  effects: row.effects,
});

type Apply = (input: Input) => readonly Effect[];

/** An input with its text and what it came to, before any of it is written. */
interface Applied {
  readonly text: string;
  readonly input: Input;
  readonly effects: readonly Effect[];
}

const applyAsJournaled = (given: Input, apply: Apply): Applied => {
  const input = asJournaled(given);
  return { text: JSON.stringify(input), input, effects: apply(input) };
};

/**
 * What is journaled is what is applied, to the sign of a zero: a plain value as JSON would give it back, in a quarter
 * of the time that reading the text takes.
 * @throws StoreWriteError when JSON would say something else than the input, or the input has no times.
 */
const asJournaled = (input: Input): Input => {
  const copy = plainCopy(input);
  if (copy instanceof NotPlain)
    throw new StoreWriteError('not-plain-json', `an input cannot be journaled: ${input.type}${copy.what}`);
  return copy as Input;
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
    // Most inputs have no effects: their one row is a transaction by itself, and a begin and a commit beside it would
    // only cost time.
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
  const thin = db.prepare(
    'DELETE FROM snapshots WHERE sequence < ? AND sequence NOT IN (SELECT min(sequence) FROM snapshots GROUP BY utc_day)',
  );
  const write = db.transaction((snapshot: Snapshot) => {
    insert.run(snapshot.sequence, snapshot.at, utcDayStart(snapshot.at), snapshot.state);
    thin.run(snapshot.sequence);
  });
  return (snapshot) => {
    if (snapshot.sequence > lastSequence())
      throw new RangeError(`a snapshot of entry ${snapshot.sequence}, but the journal ends at ${lastSequence()}`);
    try {
      write.immediate(snapshot);
    } catch (error) {
      throw asWriteError(error, `snapshot ${snapshot.sequence}`);
    }
  };
};

/**
 * Where JSON would say something else: NaN, infinities and holes become null,
 * functions vanish, dates and maps are written as what they are not. (A property that is undefined
 * vanishes, too, but then it is neither journaled nor applied.)
 */
class NotPlain {
  /** The path to the value and what it is. */
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }
}

/** Put together on the way back from a fault: every input is asked, and hardly one has any. */
const within = (step: string, { what }: NotPlain): NotPlain => new NotPlain(step + what);

const plainCopy = (value: unknown): unknown => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value + 0 : new NotPlain(` is ${value}`);
    case 'object':
      return value === null ? null : Array.isArray(value) ? plainList(value) : plainParts(value);
    default:
      return new NotPlain(` is a ${typeof value}`);
  }
};

const plainList = (list: readonly unknown[]): unknown[] | NotPlain => {
  const copy: unknown[] = [];
  // By index: a loop over the values would pass over holes, which JSON makes null.
  for (let index = 0; index < list.length; index += 1) {
    const part = plainCopy(list[index]);
    if (part instanceof NotPlain) return within(`[${index}]`, part);
    copy.push(part);
  }
  return copy;
};

/**
 * The whole is copied at once, which costs less than its properties one by one; then those that have to be something
 * else are.
 */
const plainParts = (value: object): object => {
  const kind: unknown = Object.getPrototypeOf(value);
  if (kind !== Object.prototype && kind !== null) return new NotPlain(' is an object of a kind of its own');
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) {
    if (key === '__proto__') return new NotPlain('.__proto__ is no name');
    const part = copy[key];
    if (typeof part === 'string') continue;
    if (part === undefined)
      return plainParts(Object.fromEntries(Object.entries(copy).filter(([, kept]) => kept !== undefined)));
    const plain = plainCopy(part);
    if (plain instanceof NotPlain) return within(`.${key}`, plain);
    if (!Object.is(plain, part)) copy[key] = plain;
  }
  return copy;
};
