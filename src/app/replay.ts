import { decodeState, encodeEffects, encodeState, readableState } from '../core/engine/codec.ts';
import type { Effect } from '../core/engine/effect.ts';
import type { Input } from '../core/engine/input.ts';
import { createEngineState, type EngineState } from '../core/engine/state.ts';
import { step } from '../core/engine/step.ts';
import type { EpochMs } from '../core/units.ts';
import type { JournalEntry, JournalStore, Snapshot } from '../ports/store.ts';
import { firstDifference, textDifference, type ValueDifference } from './replay-difference.ts';

export { explain } from './replay-explain.ts';

/** What replays need of a store: reads only. */
export type JournalReader = Pick<JournalStore, 'latestSnapshot' | 'entriesAfter' | 'lastSequence'>;

/** The engine, or one that has been changed on purpose. */
export type StepFunction = (state: EngineState, input: Input) => readonly Effect[];

/** The first place at which the engine, stepped anew, does not do what is on record. */
export interface Difference {
  readonly sequence: number;
  readonly inputType: Input['type'] | 'snapshot' | 'missing';
  /** Market time of the entry. */
  readonly at: EpochMs;
  /** Path in the effects (`[2].order.quantity`), or in the state for a snapshot (`state.ledger.cash`). */
  readonly path: string;
  /** Both values as JSON. */
  readonly recorded: string;
  readonly replayed: string;
}

/** One line for people. */
export const describeDifference = (difference: Difference): string => {
  const { sequence, inputType, at, path, recorded, replayed } = difference;
  return `entry ${sequence} (${inputType}, ${new Date(at).toISOString()}), ${path === '' ? 'effects' : path}: recorded ${recorded}, replayed ${replayed}`;
};

export interface Recovery {
  readonly state: EngineState;
  /** The last entry in the state; 0 for an empty journal. */
  readonly sequence: number;
  /** Entry of the snapshot it started from; 0 = from the first entry. */
  readonly snapshotSequence: number;
  /** Why the latest snapshot could not be used, or null. */
  readonly snapshotFault: string | null;
  /** Entries stepped again. */
  readonly replayed: number;
  /** The first entry whose effects came out differently than recorded, or null. */
  readonly difference: Difference | null;
}

/**
 * The state as the journal has it: the latest snapshot and every entry after
 * it, stepped again, whichever engine wrote them. Each entry's effects are
 * compared with the recorded ones; what a difference means is the caller's to
 * decide, since refusing to start would abandon positions.
 * @throws Error naming the entry when the engine cannot step it, or one is missing: then there is no state to go on
 * from.
 */
export const recover = (store: JournalReader, stepFunction: StepFunction = step): Recovery => {
  const { state, sequence: snapshotSequence, fault: snapshotFault } = newestPoint(store);
  let sequence = snapshotSequence;
  let difference: Difference | null = null;
  for (const entry of store.entriesAfter(snapshotSequence)) {
    if (entry.sequence !== sequence + 1)
      throw new Error(`journal entry ${sequence + 1} is missing: the state cannot be recovered; restore a backup`);
    difference = compareEntry(state, entry, difference, stepFunction);
    sequence = entry.sequence;
  }
  return { state, sequence, snapshotSequence, snapshotFault, replayed: sequence - snapshotSequence, difference };
};

const compareEntry = (
  state: EngineState,
  entry: JournalEntry,
  found: Difference | null,
  stepFunction: StepFunction,
): Difference | null => {
  let effects: readonly Effect[];
  try {
    effects = stepFunction(state, entry.input);
  } catch (error) {
    throw new Error(
      `journal entry ${entry.sequence} (${entry.input.type}) cannot be stepped again: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return found ?? entryDifference(entry, encodeEffects(effects));
};

/**
 * A snapshot that cannot be read costs time, not the state: the journal has everything since the one before, though
 * days that were put away are no longer in it.
 */
const newestPoint = (store: JournalReader): ReturnType<typeof startingPoint> => {
  let before = Number.MAX_SAFE_INTEGER;
  let fault: string | null = null;
  for (;;) {
    const snapshot = store.latestSnapshot(before);
    // One that is no older: a reader with a single snapshot.
    if (snapshot === null || snapshot.sequence >= before) return { ...startingPoint(null), fault };
    const point = startingPoint(snapshot);
    if (point.fault === null) return { ...point, fault };
    fault ??= point.fault;
    before = snapshot.sequence;
  }
};

const startingPoint = (
  snapshot: Snapshot | null,
): { readonly state: EngineState; readonly sequence: number; readonly fault: string | null } => {
  if (snapshot === null) return { state: createEngineState(), sequence: 0, fault: null };
  try {
    return { state: decodeState(snapshot.state), sequence: snapshot.sequence, fault: null };
  } catch (error) {
    return { state: createEngineState(), sequence: 0, fault: `snapshot ${snapshot.sequence}: ${messageOf(error)}` };
  }
};

const entryDifference = (entry: JournalEntry, replayed: string): Difference | null => {
  const found = textDifference(entry.effects, replayed);
  return found === null
    ? null
    : { sequence: entry.sequence, inputType: entry.input.type, at: entry.input.at, ...found };
};

/**
 * The last entry that a journal states to have. No snapshot is written of one that is not there: a snapshot beyond the
 * end says that the end was cut off.
 */
export const statedEnd = (store: Pick<JournalReader, 'lastSequence' | 'latestSnapshot'>): number =>
  Math.max(store.lastSequence(), store.latestSnapshot()?.sequence ?? 0);

export interface VerifyOptions {
  /** The last entry to step; without it, all. */
  readonly until?: number;
  /**
   * State before the first entry that is there, where older days have been put away; without it, the journal's
   * beginning.
   */
  readonly start?: Snapshot | null;
  /**
   * The first entry whose effects are held against the record; those before it only lead to its state. Without it, all
   * are.
   */
  readonly from?: number;
  readonly stepFunction?: StepFunction;
}

export interface Verification {
  readonly ok: boolean;
  /** Entries and effects that came out as recorded. */
  readonly entries: number;
  readonly effects: number;
  readonly firstDifference: Difference | null;
  /**
   * Versions of the engines that wrote the journal, in order of appearance; one that is not the present one explains a
   * difference.
   */
  readonly engineVersions: readonly string[];
}

/**
 * Steps the engine anew from the first entry, nothing taken from what is
 * stored but the inputs (and the state that a journal without its older days
 * begins from), and holds every effect against the record, bit for bit. The state is held against the latest snapshot
 * on the way, so that an edit without an effect of its own is found, too.
 */
export const verify = (store: JournalReader, options: VerifyOptions = {}): Verification => {
  const { until = Number.POSITIVE_INFINITY, start = null, from = 0, stepFunction = step } = options;
  const { state, sequence: before, fault } = startingPoint(start);
  const snapshot = store.latestSnapshot();
  const end = Math.min(until, statedEnd(store));
  const versions = new Set<string>(state.engineVersion === '' ? [] : [state.engineVersion]);
  let reached = before;
  let entries = 0;
  let effects = 0;
  const result = (difference: Difference | null): Verification => ({
    ok: difference === null,
    entries,
    effects,
    firstDifference: difference,
    engineVersions: [...versions],
  });
  if (start !== null && fault !== null)
    return result({
      sequence: start.sequence,
      inputType: 'snapshot',
      at: start.at,
      path: 'state',
      recorded: fault,
      replayed: 'a state',
    });
  for (const entry of store.entriesAfter(before)) {
    if (entry.sequence > until) break;
    if (entry.input.type === 'started') versions.add(entry.input.engineVersion);
    if (entry.sequence !== reached + 1)
      return result(missing(reached + 1, entry.input.at, `entry ${entry.sequence} follows entry ${reached}`));
    const stepped = stepAnew(state, entry, stepFunction, entry.sequence >= from);
    if ('difference' in stepped) return result(stepped.difference);
    reached = entry.sequence;
    if (reached < from) continue;
    entries += 1;
    effects += stepped.count;
    const drift = snapshot?.sequence === reached ? snapshotDifference(state, snapshot) : null;
    if (drift !== null) return result(drift);
  }
  return result(reached < end ? missing(reached + 1, state.at, `nothing follows entry ${reached}, of ${end}`) : null);
};

/** Entries that an engine of one version has written in a row. */
export interface OwnPart {
  /** A start, or the journal's first entry. */
  readonly since: number;
  readonly through: number;
}

export interface OwnProof {
  /** All of this version's, also those before another version ran for a while and was replaced again. */
  readonly parts: readonly OwnPart[];
  /** Whether the newest entries are this version's. */
  readonly atEnd: boolean;
  /** A hole anywhere in the journal, whoever wrote around it: then nothing is proved. */
  readonly gap: Difference | null;
  /** The first in this version's parts. */
  readonly firstDifference: Difference | null;
}

/** @param start state before the oldest entry that is there, with the version that was at work then */
const ownParts = (
  store: JournalReader,
  engineVersion: string,
  { start = null, until = Number.POSITIVE_INFINITY }: Pick<VerifyOptions, 'start' | 'until'>,
): Omit<OwnProof, 'firstDifference'> => {
  const parts: { readonly since: number; through: number }[] = [];
  let reached = start?.sequence ?? 0;
  let own = start !== null && startingPoint(start).state.engineVersion === engineVersion;
  let open: (typeof parts)[number] | null = null;
  for (const { sequence, input } of store.entriesAfter(reached)) {
    if (sequence > until) break;
    if (sequence !== reached + 1)
      return {
        parts,
        atEnd: open !== null,
        gap: missing(reached + 1, input.at, `entry ${sequence} follows entry ${reached}`),
      };
    reached = sequence;
    if (input.type === 'started') own = input.engineVersion === engineVersion;
    if (!own) open = null;
    else if (open === null) parts.push((open = { since: sequence, through: sequence }));
    else open.through = sequence;
  }
  return { parts, atEnd: open !== null, gap: null };
};

/**
 * What this engine has written before and after another did, proved part by part, each by itself: the other may have
 * decided otherwise, and from its first difference on the two have different states.
 */
export const verifyOwn = (
  store: JournalReader,
  engineVersion: string,
  options: Omit<VerifyOptions, 'from'> = {},
): OwnProof => {
  const found = ownParts(store, engineVersion, options);
  if (found.gap !== null) return { ...found, firstDifference: null };
  for (const part of found.parts) {
    // The last one to the journal's end, which has to be where a snapshot says that it is.
    const until = found.atEnd && part === found.parts.at(-1) ? {} : { until: part.through };
    const { firstDifference } = verifySince(store, part.since, { ...options, ...until });
    if (firstDifference !== null) return { ...found, firstDifference };
  }
  return { ...found, firstDifference: null };
};

/** A part begins where `recover` began at that start, from the snapshot before it and the entries in between. */
const verifySince = (store: JournalReader, since: number, options: Omit<VerifyOptions, 'from'>): Verification => {
  const newest = store.latestSnapshot(since);
  const start = newest !== null && newest.sequence < since ? newest : (options.start ?? null);
  return verify(store, { ...options, start, from: since });
};

const missing = (expected: number, at: EpochMs, recorded: string): Difference => ({
  sequence: expected,
  inputType: 'missing',
  at,
  path: 'journal',
  recorded,
  replayed: `entry ${expected}`,
});

const stepAnew = (
  state: EngineState,
  entry: JournalEntry,
  stepFunction: StepFunction,
  compares: boolean,
): { readonly count: number } | { readonly difference: Difference } => {
  try {
    const effects = stepFunction(state, entry.input);
    if (!compares) return { count: 0 };
    const difference = entryDifference(entry, encodeEffects(effects));
    return difference === null ? { count: effects.length } : { difference };
  } catch (error) {
    const { sequence, input } = entry;
    return {
      difference: {
        sequence,
        inputType: input.type,
        at: input.at,
        path: '',
        recorded: 'effects',
        replayed: `the engine failed: ${messageOf(error)}`,
      },
    };
  }
};

const snapshotDifference = (state: EngineState, snapshot: Snapshot): Difference | null => {
  const found = stateDifference(snapshot.state, encodeState(state));
  return found === null ? null : { sequence: snapshot.sequence, inputType: 'snapshot', at: snapshot.at, ...found };
};

const stateDifference = (recorded: string, replayed: string): ValueDifference | null => {
  try {
    return firstDifference(readableState(recorded), readableState(replayed), true, 'state');
  } catch (error) {
    return { path: 'state', recorded: `not a snapshot: ${messageOf(error)}`, replayed: 'a state' };
  }
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
