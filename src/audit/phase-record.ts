import { decodeState, encodeEffects } from '../core/engine/codec.ts';
import type { EngineConfig } from '../core/engine/config.ts';
import type { Input, StartedInput } from '../core/engine/input.ts';
import { createEngineState, type EngineState } from '../core/engine/state.ts';
import { step } from '../core/engine/step.ts';
import { tradingState } from '../core/guardian/state.ts';
import { isFinal } from '../core/orders/record.ts';
import type { Limits } from '../core/risk/limits.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, type EpochMs, type Fraction, type Milliseconds } from '../core/units.ts';
import type { JournalEntry, Snapshot } from '../ports/store.ts';

/** Inputs further apart than this are no run: the time between them does not count. */
const LONGEST_PAUSE: Milliseconds = 10 * MINUTE_MS;

/** What a phase has to have run with for its time to count. */
export interface Terms {
  /** null = no model: then nothing counts. */
  readonly modelHash: string | null;
  readonly limits: Limits;
}

/**
 * What a journal shows: counted from the effects on record, which is what happened, with the state stepped
 * again beside them. Where the two part (another engine version), the state is the present engine's view.
 */
export interface PhaseRecord {
  readonly entries: number;
  readonly engineVersions: readonly string[];
  /** The first entry that does not replay to what is on record, with the engine that wrote it; or null. */
  readonly difference: { readonly sequence: number; readonly engineVersion: string } | null;
  readonly from: EpochMs | null;
  readonly to: EpochMs | null;
  /** Market hours of running with the terms; and with another model, or other limits. */
  readonly counted: number;
  readonly withOtherModel: number;
  readonly withOtherLimits: number;
  /** Wall times of the runs with the terms: a drill at another time was one of another model, or of other limits. */
  readonly runs: readonly Run[];
  /** Closed candles that never came, within runs. */
  readonly missingCandles: number;
  readonly predictions: number;
  readonly failedPredictions: number;
  readonly skewSamples: number;
  readonly largestSkew: Milliseconds | null;
  /** With the terms, as are the kill-switches below. */
  readonly closedTrades: number;
  readonly entryOrders: number;
  /** Entries that were placed without an approval on record in the same step, or while the Guardian was not active. */
  readonly unapproved: number;
  readonly entriesUnderLock: number;
  /** Longest wall time from an entry's first fill to its stop at work; null = no entry filled. */
  readonly longestUnprotected: Milliseconds | null;
  readonly starts: number;
  /** Starts that no stop in good order went before. */
  readonly crashes: number;
  readonly killSwitches: number;
  readonly killSwitchesCleared: number;
  readonly staleLocks: number;
  readonly reconciliationLocks: number;
  /** Deepest equity below the UTC day's baseline. */
  readonly worstDay: Fraction;
  /** Last drift of this model's prediction that was measured; null = too few hours. */
  readonly drift: Fraction | null;
  /** At the end of the journal: locks in force, orders with an open outcome, positions without a working stop. */
  readonly locks: readonly string[];
  readonly openOutcomes: readonly string[];
  readonly unprotected: readonly string[];
  readonly symbols: readonly string[];
  /** Base units held, by symbol. */
  readonly held: Readonly<Record<string, number>>;
}

export interface Run {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/**
 * An effect as far as it is looked at here, in the form in which it is recorded: amounts are text, an order is its
 * draft.
 */
type Recorded =
  | {
      readonly type: 'place';
      readonly order: { readonly clientOrderId: string; readonly symbol: string; readonly purpose: string };
    }
  | {
      readonly type: 'decision';
      readonly clientOrderId: string | null;
      readonly outcome: string;
      readonly checks: readonly { readonly ok: boolean }[];
    }
  | { readonly type: 'fill'; readonly purpose: string; readonly symbol: string }
  | { readonly type: 'order'; readonly status: string; readonly clientOrderId: string; readonly symbol: string }
  | { readonly type: 'trade'; readonly symbol: string }
  | { readonly type: 'lock'; readonly change: 'set' | 'cleared'; readonly lock: { readonly kind: string } };

const sameLimits = (a: Limits, b: Limits): boolean =>
  (Object.keys(b) as (keyof Limits)[]).every((name) => a[name] === b[name]);

/** Mutable while the journal goes by. */
class Recorder {
  readonly terms: Terms;
  readonly counts = {
    entries: 0,
    missingCandles: 0,
    predictions: 0,
    failedPredictions: 0,
    skewSamples: 0,
    closedTrades: 0,
    entryOrders: 0,
    unapproved: 0,
    entriesUnderLock: 0,
    starts: 0,
    crashes: 0,
    killSwitches: 0,
    killSwitchesCleared: 0,
    staleLocks: 0,
    reconciliationLocks: 0,
  };
  readonly time = { counted: 0, withOtherModel: 0, withOtherLimits: 0 };
  readonly versions = new Set<string>();
  from: EpochMs | null = null;
  to: EpochMs | null = null;
  largestSkew: Milliseconds | null = null;
  longestUnprotected: Milliseconds | null = null;
  worstDay: Fraction = 0;
  drift: Fraction | null = null;
  readonly runs: { from: EpochMs; to: EpochMs }[] = [];
  #kind: keyof Recorder['time'] | null = null;
  #stopped = true;
  #newest = new Map<string, EpochMs>();
  #filledAt = new Map<string, EpochMs>();
  #openEntry = new Map<string, string>();

  /**
   * `start`: the state before the first entry. Of a journal whose oldest days were put away it is in the middle of a
   * run.
   */
  constructor(terms: Terms, start: EngineState) {
    this.terms = terms;
    this.#stopped = !start.running;
    if (start.running && start.config !== null) this.#kind = this.#kindOf(start.config);
    for (const { symbol, newestCandleOpen } of Object.values(start.symbols))
      if (newestCandleOpen !== null) this.#newest.set(symbol, newestCandleOpen);
  }

  input(input: Input): void {
    this.counts.entries += 1;
    const gap = this.to === null ? 0 : input.at - this.to;
    if (gap > 0 && gap <= LONGEST_PAUSE && this.#kind !== null) this.time[this.#kind] += gap;
    this.from ??= input.at;
    this.to = Math.max(this.to ?? 0, input.at);
    if (input.type === 'started') return this.#started(input);
    this.#goOn(input.wall);
    switch (input.type) {
      case 'stopping':
        this.#stopped = true;
        this.#kind = null;
        return;
      case 'history':
        return this.#candles(
          input.symbol,
          input.candles.map(([openTime]) => openTime),
          false,
        );
      case 'candle':
        return this.#candles(input.symbol, [input.candle.openTime], true);
      case 'prediction':
        this.counts.predictions += 1;
        if (input.probability === null) this.counts.failedPredictions += 1;
        return;
      case 'clock-skew':
        if (input.skew === null) return;
        this.counts.skewSamples += 1;
        this.largestSkew = Math.max(this.largestSkew ?? 0, Math.abs(input.skew));
        return;
      case 'model-status':
        if (this.#kind !== 'withOtherModel') this.drift = input.drift?.value ?? this.drift;
        return;
      default:
        return;
    }
  }

  /**
   * A run goes on until its last input and as long after it as a pause may be: what it did then is recorded a moment
   * later.
   */
  #goOn(wall: EpochMs): void {
    if (this.#kind !== 'counted') return;
    const run = this.runs.at(-1);
    // Of a journal that begins within a run, it is the first that is known of it.
    if (run === undefined) this.runs.push({ from: wall, to: wall + LONGEST_PAUSE });
    else run.to = Math.max(run.to, wall + LONGEST_PAUSE);
  }

  #started(input: StartedInput): void {
    this.counts.starts += 1;
    if (!this.#stopped) this.counts.crashes += 1;
    this.#stopped = false;
    this.versions.add(input.engineVersion);
    this.#kind = this.#kindOf(input.config);
    const before = this.runs.at(-1);
    if (before !== undefined) before.to = Math.min(before.to, input.wall);
    if (this.#kind === 'counted') this.runs.push({ from: input.wall, to: input.wall + LONGEST_PAUSE });
  }

  #kindOf({ model, limits }: EngineConfig): keyof Recorder['time'] {
    if (model === null || model.hash !== this.terms.modelHash) return 'withOtherModel';
    return sameLimits(limits, this.terms.limits) ? 'counted' : 'withOtherLimits';
  }

  /** Hours between the newest candle held and the next one; after a start, history fills what was missed. */
  #candles(symbol: string, openTimes: readonly EpochMs[], running: boolean): void {
    for (const openTime of openTimes) {
      const newest = this.#newest.get(symbol);
      if (running && newest !== undefined && openTime > newest + HOUR_MS)
        this.counts.missingCandles += Math.round((openTime - newest) / HOUR_MS) - 1;
      if (newest === undefined || openTime > newest) this.#newest.set(symbol, openTime);
    }
  }

  effects(effects: readonly Recorded[], wall: EpochMs, wasActive: boolean): void {
    for (const effect of effects) this.#effect(effect, effects, wall, wasActive);
  }

  #effect(effect: Recorded, all: readonly Recorded[], wall: EpochMs, wasActive: boolean): void {
    const { counts } = this;
    switch (effect.type) {
      case 'place': {
        const draft = effect.order;
        if (draft.purpose !== 'entry') return;
        counts.entryOrders += 1;
        this.#openEntry.set(draft.clientOrderId, draft.symbol);
        const decision = all.find((other) => other.type === 'decision' && other.clientOrderId === draft.clientOrderId);
        if (
          decision?.type !== 'decision' ||
          decision.outcome !== 'entered' ||
          decision.checks.some((check) => !check.ok)
        )
          counts.unapproved += 1;
        // A lock may end in the very step that enters.
        if (!wasActive && !all.some((other) => other.type === 'lock' && other.change === 'cleared'))
          counts.entriesUnderLock += 1;
        return;
      }
      case 'fill':
        if (effect.purpose === 'entry' && !this.#filledAt.has(effect.symbol)) this.#filledAt.set(effect.symbol, wall);
        return;
      case 'order':
        // The stop at work, or the position gone: either ends the time without protection.
        if (effect.status === 'working' && !this.#openEntry.has(effect.clientOrderId))
          this.#protected(effect.symbol, wall);
        return;
      case 'trade':
        if (this.#kind === 'counted') counts.closedTrades += 1;
        this.#protected(effect.symbol, wall);
        return;
      case 'lock':
        if (effect.lock.kind === 'kill-switch' && this.#kind === 'counted')
          counts[effect.change === 'set' ? 'killSwitches' : 'killSwitchesCleared'] += 1;
        if (effect.change === 'set' && effect.lock.kind === 'stale-data') counts.staleLocks += 1;
        if (effect.change === 'set' && effect.lock.kind === 'reconciliation') counts.reconciliationLocks += 1;
        return;
      default:
        return;
    }
  }

  #protected(symbol: string, wall: EpochMs): void {
    const since = this.#filledAt.get(symbol);
    if (since === undefined) return;
    this.#filledAt.delete(symbol);
    this.longestUnprotected = Math.max(this.longestUnprotected ?? 0, wall - since);
  }

  watchDay(state: EngineState): void {
    const { dayBaseline, lastEquity, day } = state.guardian;
    if (
      dayBaseline === null ||
      dayBaseline <= 0 ||
      lastEquity === null ||
      day === null ||
      lastEquity.at < day ||
      lastEquity.at >= day + DAY_MS
    )
      return;
    this.worstDay = Math.max(this.worstDay, 1 - lastEquity.value / dayBaseline);
  }
}

/**
 * Steps a journal again and notes what the audit asks about. `start`: the snapshot before the oldest entry, or
 * null when the journal is whole.
 */
export const recordPhase = (entries: Iterable<JournalEntry>, start: Snapshot | null, terms: Terms): PhaseRecord => {
  const state = start === null ? createEngineState() : decodeState(start.state);
  const recorder = new Recorder(terms, state);
  const found: { difference: PhaseRecord['difference']; broken: boolean } = { difference: null, broken: false };
  const differs = (sequence: number): void => {
    found.difference ??= { sequence, engineVersion: state.engineVersion };
  };
  let expected = (start?.sequence ?? 0) + 1;
  for (const { sequence, input, effects: recorded } of entries) {
    if (sequence !== expected) differs(expected);
    expected = sequence + 1;
    recorder.input(input);
    const symbol = 'symbol' in input ? input.symbol : null;
    const wasActive = tradingState(state.guardian, symbol) === 'active';
    if (!found.broken) {
      try {
        if (encodeEffects(step(state, input)) !== recorded) differs(sequence);
      } catch {
        // The state may not be used any further; what is on record still counts.
        differs(sequence);
        found.broken = true;
      }
    }
    if (recorded !== '[]') recorder.effects(JSON.parse(recorded) as readonly Recorded[], input.wall, wasActive);
    recorder.watchDay(state);
  }
  const { counts, time, from, to, largestSkew, longestUnprotected, worstDay, drift } = recorder;
  return {
    ...counts,
    engineVersions: [...recorder.versions],
    difference: found.difference,
    from,
    to,
    counted: time.counted / HOUR_MS,
    withOtherModel: time.withOtherModel / HOUR_MS,
    withOtherLimits: time.withOtherLimits / HOUR_MS,
    runs: recorder.runs,
    largestSkew,
    longestUnprotected,
    worstDay,
    drift,
    locks: Object.values(state.guardian.locks).map((lock) => `${lock.id} (${lock.reason})`),
    openOutcomes: Object.values(state.orders)
      .filter((record) => record.status === 'unknown' || record.status === 'intent')
      .map((record) => record.draft.clientOrderId),
    unprotected: Object.values(state.symbols)
      .filter(
        ({ managed }) => managed !== null && managed.phase !== 'entering' && !stopWorks(state, managed.stopOrderId),
      )
      .map(({ symbol }) => symbol),
    symbols: state.config?.symbols ?? [],
    held: Object.fromEntries(
      Object.values(state.symbols)
        .filter(({ heldNumber }) => heldNumber > 0)
        .map(({ symbol, heldNumber }) => [symbol, heldNumber]),
    ),
  };
};

const stopWorks = (state: EngineState, id: string | null): boolean => {
  const record = id === null ? undefined : state.orders[id];
  return record !== undefined && !isFinal(record);
};
