import { describe, expect, test } from 'vitest';
import { encodeEffects, encodeState } from '../core/engine/codec.ts';
import type { Input } from '../core/engine/input.ts';
import { createEngineState } from '../core/engine/state.ts';
import { step } from '../core/engine/step.ts';
import { BTC, engineConfig, MONDAY, World } from '../core/engine/world.test-helper.ts';
import { DEFAULT_LIMITS } from '../core/risk/limits.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../core/units.ts';
import type { JournalEntry, Snapshot } from '../ports/store.ts';
import { recordPhase, type Terms } from './phase-record.ts';

const TERMS: Terms = { modelHash: 'h', limits: DEFAULT_LIMITS };

/** The journal of these inputs, and the snapshot after the entry `mark`. */
const journalOf = (
  inputs: readonly Input[],
  mark: number,
): { readonly entries: readonly JournalEntry[]; readonly snapshot: Snapshot } => {
  const state = createEngineState();
  let snapshot: Snapshot | null = null;
  const entries = inputs.map((input, index) => {
    const entry = { sequence: index + 1, input, effects: encodeEffects(step(state, input)) };
    if (entry.sequence === mark) snapshot = { sequence: mark, at: input.at, state: encodeState(state) };
    return entry;
  });
  if (snapshot === null) throw new Error(`no entry ${mark}`);
  return { entries, snapshot };
};

/** A run of some hours with a look every five minutes. */
const run = (world: World, hours: number): void => {
  for (let look = 0; look < hours * 12; look += 1) world.timer(5 * MINUTE_MS);
};

describe('a journal whose oldest days were put away', () => {
  const world = new World().ready();
  run(world, 2);
  const middle = world.journal.length;
  run(world, 3);
  const { entries, snapshot } = journalOf(world.journal, middle);
  const { at, wall, instruments } = world;
  /** The record of what is left, with one more input at its end. */
  const restWith = (input: Input) =>
    recordPhase(journalOf([...world.journal, input], middle).entries.slice(middle), snapshot, TERMS);

  test('goes on in the middle of a run, whose terms are those of its start', () => {
    const whole = recordPhase(entries, null, TERMS);
    expect(whole).toMatchObject({ starts: 1, difference: null });
    expect(whole.counted).toBeCloseTo(5, 6);
    const rest = recordPhase(entries.slice(middle), snapshot, TERMS);
    expect(rest).toMatchObject({ starts: 0, difference: null, withOtherModel: 0, withOtherLimits: 0 });
    // Before its first look there is none.
    expect(rest.counted).toBeCloseTo(3 - 5 / 60, 6);
    expect(recordPhase(entries.slice(middle), snapshot, { ...TERMS, modelHash: 'other' })).toMatchObject({
      counted: 0,
      withOtherModel: rest.counted,
    });
    expect(
      recordPhase(entries.slice(middle), snapshot, { ...TERMS, limits: { ...DEFAULT_LIMITS, minBalance: 200 } }),
    ).toMatchObject({ counted: 0, withOtherLimits: rest.counted });
  });

  test('knows that the run it begins in ended without a stop', () => {
    expect(
      restWith({ type: 'started', at, wall, engineVersion: 'test', config: engineConfig(), instruments, halts: [] }),
    ).toMatchObject({ starts: 1, crashes: 1 });
  });

  test('knows which candle that run held, so the next one may not leave an hour out', () => {
    const candle = {
      openTime: MONDAY + 9 * HOUR_MS,
      open: 1,
      high: 1,
      low: 1,
      close: 1,
      volume: 1,
      quoteVolume: 1,
      trades: 1,
      takerBuyBase: 1,
      takerBuyQuote: 1,
    };
    expect(restWith({ type: 'candle', at, wall, symbol: BTC, candle }).missingCandles).toBe(1);
  });
});

describe('what counts only with the terms', () => {
  /**
   * Round trips of the smallest size, each losing its fees, until the kill-switch; then /unlock, and a drift that was
   * measured.
   */
  const world = new World().ready();
  for (let trip = 0; trip < 3; trip += 1) {
    world.command({ name: 'round-trip', symbol: BTC });
    world.command({ name: 'flatten', symbol: BTC });
    world.timer(SECOND_MS);
    world.timer(SECOND_MS);
  }
  world.unlock(['kill-switch']);
  world.apply({ type: 'model-status', valid: true, detail: '', drift: { value: 0.1, limit: 0.25 } });
  const { entries } = journalOf(world.journal, 1);

  test('trades, the kill-switch and the drift of this model', () => {
    expect(recordPhase(entries, null, TERMS)).toMatchObject({
      closedTrades: 3,
      killSwitches: 1,
      killSwitchesCleared: 1,
      drift: 0.1,
    });
  });

  test('the times of the runs, in which a drill counts: from a start to the next one, or to as long after the last input as a pause may be', () => {
    const { at, wall, instruments } = world;
    const last = world.journal.at(-1)?.wall ?? 0;
    const started = (later: number, minBalance = 100): Input => ({
      type: 'started',
      at: at + later,
      wall: wall + later,
      engineVersion: 'test',
      config: engineConfig({}, { minBalance }),
      instruments,
      halts: [],
    });
    const runsOf = (...more: readonly Input[]) =>
      recordPhase(journalOf([...world.journal, ...more], 1).entries, null, TERMS).runs;
    const first = { from: world.journal[0]?.wall, to: last + 10 * MINUTE_MS };
    expect(runsOf()).toEqual([first]);
    expect(runsOf(started(MINUTE_MS, 200))).toEqual([{ ...first, to: wall + MINUTE_MS }]);
    expect(
      runsOf(started(HOUR_MS, 200), started(2 * HOUR_MS), {
        type: 'timer',
        at: at + 3 * HOUR_MS,
        wall: wall + 3 * HOUR_MS,
      }),
    ).toEqual([first, { from: wall + 2 * HOUR_MS, to: wall + 3 * HOUR_MS + 10 * MINUTE_MS }]);
    expect(recordPhase(entries, null, { ...TERMS, modelHash: 'other' }).runs).toEqual([]);
  });

  test('none of another model, and of other limits only the drift', () => {
    expect(recordPhase(entries, null, { ...TERMS, modelHash: 'other' })).toMatchObject({
      closedTrades: 0,
      killSwitches: 0,
      killSwitchesCleared: 0,
      drift: null,
    });
    expect(recordPhase(entries, null, { ...TERMS, limits: { ...DEFAULT_LIMITS, riskPerTrade: 0.005 } })).toMatchObject({
      closedTrades: 0,
      killSwitches: 0,
      killSwitchesCleared: 0,
      drift: 0.1,
    });
  });
});
