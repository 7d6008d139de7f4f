import { describe, expect, test } from 'vitest';
import type { Alert } from '../../core/engine/alert.ts';
import type { Input } from '../../core/engine/input.ts';
import { FEATURE_COUNT, FEATURE_NAMES } from '../../core/features/catalogue.ts';
import {
  DRIFT_WINDOW_HOURS,
  LEAST_DRIFT_HOURS,
  type DriftReference,
  type ReferenceDistribution,
} from '../../core/features/drift.ts';
import { HOUR_MS } from '../../core/units.ts';
import type { ChatMemory } from '../../ports/chat.ts';
import { createDriftWatch } from './drift-watch.ts';

/** Half of training below zero, half above. */
const HALVES: ReferenceDistribution = { edges: [0], shares: [0.5, 0.5] };
const reference: DriftReference = {
  features: Object.fromEntries(FEATURE_NAMES.map((name) => [name, HALVES])),
  prediction: HALVES,
};

const createMemory = (): ChatMemory & { readonly values: Map<string, string> } => {
  const values = new Map<string, string>();
  return { values, get: (key) => values.get(key) ?? null, set: (key, value) => void values.set(key, value) };
};

const start = (symbols: number, given: DriftReference | null = reference, memory: ChatMemory | null = null) => {
  const alerts: Alert[] = [];
  const inputs: Omit<Input, 'at' | 'wall'>[] = [];
  let at = Date.UTC(2024, 7, 5);
  const watch = createDriftWatch({
    reference: given,
    symbols,
    memory,
    host: () => ({ apply: (input) => (inputs.push(input), []) as never }),
    tell: (alert) => alerts.push(alert),
    now: () => at,
  });
  /** Hours whose features alternate around zero, but for the first `moved` ones, which stay above. */
  const hours = (count: number, moved: number, odds = 0, value = 1): void => {
    for (let hour = 0; hour < count; hour += 1, at += HOUR_MS) {
      const side = hour % 2 === 0 ? 1 : -1;
      const row = Array.from({ length: FEATURE_COUNT }, (_, index) => (index < moved ? value : side));
      for (let symbol = 0; symbol < symbols; symbol += 1) watch.push(row, odds === 0 ? side : odds);
    }
  };
  return { alerts, inputs, watch, hours };
};

describe('drift', () => {
  test.each([1, 2, 5])('of %i symbols is known after so many hours, not so many rows', (symbols) => {
    const { watch, hours, inputs } = start(symbols);
    hours(LEAST_DRIFT_HOURS - 1, 0);
    expect(watch.report()?.prediction).toBeNull();
    expect(inputs).toEqual([]);
    hours(2, 0);
    expect(watch.report()?.prediction).not.toBeNull();
  });

  test('of features is told once, by name, and locks nothing by itself', () => {
    const { alerts, inputs, hours } = start(1);
    hours(LEAST_DRIFT_HOURS + 48, 2);
    expect(alerts.map(({ title, kind }) => [kind, title])).toEqual([['model', 'Model drift: 2 features above 0.25']]);
    expect(alerts[0]?.lines[0]).toContain(FEATURE_NAMES[0]);
    expect(inputs.length).toBeGreaterThan(40);
    expect(inputs.every((input) => input.type === 'model-status')).toBe(true);
  });

  test('is told of features that no live row knows any more', () => {
    const { alerts, watch, hours } = start(1);
    hours(LEAST_DRIFT_HOURS + 48, 2, 0, Number.NaN);
    expect(alerts.map(({ title }) => title)).toEqual(['Model drift: 2 features unknown']);
    expect(alerts[0]?.lines[0]).toContain(`${FEATURE_NAMES[0]} unknown, ${FEATURE_NAMES[1]} unknown.`);
    expect(watch.report()?.shifted).toEqual(FEATURE_NAMES.slice(0, 2));
  });

  test('says that nothing is locked only while the prediction stays where it was', () => {
    const calm = start(1);
    calm.hours(LEAST_DRIFT_HOURS + 2, 1);
    expect(calm.alerts[0]?.lines[1]).toBe('Nothing is locked: that takes a drift of the prediction itself.');
    const moved = start(1);
    moved.hours(LEAST_DRIFT_HOURS + 2, 1, 1);
    expect(moved.alerts[0]?.lines[1]).toMatch(
      /^The prediction itself has drifted, too: \d+\.\d\d\. \/locks says what that holds back\.$/,
    );
  });

  test('is told again when another feature follows, under a key of its own day', () => {
    const { alerts, hours } = start(1);
    hours(LEAST_DRIFT_HOURS + 2, 1);
    hours(LEAST_DRIFT_HOURS * 3, 3);
    expect(alerts.length).toBeGreaterThan(1);
    expect(alerts.length).toBeLessThanOrEqual(3);
    expect(new Set(alerts.map(({ key }) => key)).size).toBe(alerts.length);
  });

  test('is measured over restarts: three weeks without one need not pass', () => {
    const memory = createMemory();
    const twice = start(2, reference, memory);
    twice.hours(LEAST_DRIFT_HOURS / 2, 0);
    twice.hours(LEAST_DRIFT_HOURS / 2, 1, 1);
    const first = twice.watch.report();
    expect(first?.prediction).toBeGreaterThan(0.25);
    const again = start(2, reference, memory);
    expect(again.watch.report()).toEqual(first);
    again.hours(1, 1, 1);
    expect(again.inputs).toMatchObject([
      { type: 'model-status', drift: { value: expect.closeTo(first?.prediction ?? 0, 2) as number, limit: 0.25 } },
    ]);
  });

  test('of another model, or of another number of symbols, begins anew', () => {
    const memory = createMemory();
    start(2, reference, memory).hours(LEAST_DRIFT_HOURS + 1, 0);
    expect(
      start(2, { ...reference, prediction: { edges: [1], shares: [0.5, 0.5] } }, memory).watch.report()?.hours,
    ).toBe(0);
    expect(start(1, reference, memory).watch.report()?.hours).toBe(0);
  });

  test('keeps no more than its window, and goes on where it was in the ring', () => {
    const memory = createMemory();
    start(1, reference, memory).hours(DRIFT_WINDOW_HOURS + 100, 0);
    expect(memory.values.size).toBe(DRIFT_WINDOW_HOURS);
    start(1, reference, memory).hours(DRIFT_WINDOW_HOURS - 50, 0, 1);
    const { watch, hours } = start(1, reference, memory);
    const before = watch.report()?.prediction;
    hours(50, 0, 1);
    expect(watch.report()?.prediction).toBeGreaterThan(before ?? Number.NaN);
    expect(watch.report()?.hours).toBe(DRIFT_WINDOW_HOURS);
    expect(memory.values.size).toBe(DRIFT_WINDOW_HOURS);
  });

  test('goes on while its memory takes nothing, and takes no rows that are none', () => {
    const full: ChatMemory = {
      get: (key) => (key.endsWith('/0') ? 'nonsense' : null),
      set: () => {
        throw new Error('disk full');
      },
    };
    const { watch, hours } = start(1, reference, full);
    hours(LEAST_DRIFT_HOURS + 1, 0);
    expect(watch.report()?.prediction).not.toBeNull();
    const memory = createMemory();
    start(1, reference, memory).hours(3, 0);
    for (const [key, value] of memory.values)
      memory.values.set(
        key,
        key.endsWith('/1') ? `${value}00` : key.endsWith('/2') ? value.replace(/..$/, 'ff') : value,
      );
    expect(start(1, reference, memory).watch.report()?.hours).toBe(1);
  });

  test('without a reference is never known', () => {
    const { watch, hours, alerts, inputs } = start(1, null);
    hours(LEAST_DRIFT_HOURS + 10, 3);
    expect([watch.report(), alerts, inputs]).toEqual([null, [], []]);
  });
});
