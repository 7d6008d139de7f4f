import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeFeatures } from './batch.ts';
import { columnsFromCandles } from './candle-columns.ts';
import { CONTEXT_SYMBOL, FEATURE_COUNT, FEATURE_NAMES, FEATURES } from './catalogue.ts';
import {
  binOfValue,
  createDriftMonitor,
  DRIFT_LIMIT,
  DRIFT_WINDOW_HOURS,
  driftReferenceOf,
  LEAST_DRIFT_HOURS,
  populationStabilityIndex,
  referenceOf,
  scaledIndex,
  type DriftReference,
} from './drift.ts';
import { walk } from './series.test-helper.ts';
import { WARM_UP_HOURS } from './symbol-state.ts';

/** Fixed noise in [0, 1): the golden-ratio sequence. */
const noise = (i: number): number => (i * 0.618_033_988_749_895) % 1;
const uniform = Array.from({ length: 5000 }, (_, i) => noise(i));
const reference: DriftReference = {
  features: Object.fromEntries(FEATURE_NAMES.map((name) => [name, referenceOf(uniform)])),
  prediction: referenceOf(uniform),
};
const rowOf = (value: number): Float32Array => new Float32Array(FEATURE_COUNT).fill(value);

describe('the population stability index', () => {
  it('has the value worked out by hand', () => {
    const halves = { edges: [0], shares: [0.5, 0.5] };
    // (0.8 - 0.5) ln(0.8/0.5) + (0.2 - 0.5) ln(0.2/0.5)
    expect(populationStabilityIndex(halves, [8, 2])).toBeCloseTo(0.3 * Math.log(1.6) - 0.3 * Math.log(0.4), 12);
    expect(populationStabilityIndex(halves, [5, 5])).toBe(0);
    expect(populationStabilityIndex(halves, [0, 0])).toBeNaN();
    expect(populationStabilityIndex(halves, [10, 0])).toBeLessThan(10);
  });

  it('is never negative, and zero only for the same shares', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 10, maxLength: 10 }), (counts) => {
        if (counts.every((count) => count === 0)) return;
        expect(populationStabilityIndex(referenceOf(uniform), counts)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('is brought to the limit where training itself strays further', () => {
    const plain = { edges: [0], shares: [0.5, 0.5] };
    for (const hours of [LEAST_DRIFT_HOURS, DRIFT_WINDOW_HOURS]) {
      expect(scaledIndex(plain, 0.4, hours)).toBe(0.4);
      expect(scaledIndex({ ...plain, ordinary: 0.1 }, 0.4, hours)).toBe(0.4);
      expect(scaledIndex({ ...plain, ordinary: 1 }, 1, hours)).toBe(DRIFT_LIMIT);
      expect(scaledIndex({ ...plain, ordinary: 1 }, 1.2, hours)).toBeGreaterThan(DRIFT_LIMIT);
    }
  });

  it('is held against windows of its own length: a short one strays further in training, too', () => {
    const known = { edges: [0], shares: [0.5, 0.5], ordinary: 0.2, ordinaryAtLeast: 1.6 };
    expect(scaledIndex(known, 1.6, LEAST_DRIFT_HOURS)).toBeCloseTo(DRIFT_LIMIT, 12);
    expect(scaledIndex(known, 0.4, DRIFT_WINDOW_HOURS)).toBe(0.4);
    const between = Math.sqrt(LEAST_DRIFT_HOURS * DRIFT_WINDOW_HOURS);
    expect(scaledIndex(known, Math.sqrt(1.6 * 0.2), between)).toBeCloseTo(DRIFT_LIMIT, 12);
    expect(scaledIndex({ ...known, ordinary: 0 }, 0.4, between)).toBe(0.4);
  });
});

describe('a reference', () => {
  it('has deciles, and puts every value that occurs clear of an edge', () => {
    const { edges, shares } = referenceOf(uniform);
    expect(edges).toHaveLength(9);
    for (const share of shares) expect(share).toBeCloseTo(0.1, 2);
    const hours = referenceOf(
      Array.from({ length: 2400 }, (_, i) => Math.fround(Math.sin((2 * Math.PI * (i % 24)) / 24))),
    );
    for (let i = 0; i < 24; i++) {
      const value = Math.fround(Math.sin((2 * Math.PI * i) / 24));
      for (const edge of hours.edges) expect(value).not.toBe(edge);
    }
    expect(hours.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 4);
  });

  it('leaves out what is not known and copes with a constant', () => {
    expect(referenceOf([Number.NaN, 3, 3, 3])).toEqual({ edges: [], shares: [1] });
    expect(referenceOf([])).toEqual({ edges: [], shares: [0] });
    expect(referenceOf([0, 2, 2, 0, 4, 4], 0, 2)).toEqual({ edges: [3], shares: [0.5, 0.5], leftOut: 0 });
    expect(binOfValue({ edges: [1, 2], shares: [] }, 1)).toBe(0);
    expect(binOfValue({ edges: [1, 2], shares: [] }, 5)).toBe(2);
  });

  it('is read from a card, or not at all', () => {
    expect(driftReferenceOf({ reference: JSON.parse(JSON.stringify(reference)) as unknown })).toEqual(reference);
    for (const card of [
      null,
      {},
      { reference: 3 },
      { reference: { features: {}, prediction: { edges: [1], shares: [1] } } },
      { reference: { features: { a: { edges: ['x'], shares: [1, 0] } }, prediction: { edges: [], shares: [1] } } },
    ]) {
      expect(driftReferenceOf(card)).toBeNull();
    }
    for (const name of ['ordinary', 'ordinaryAtLeast', 'leftOut'])
      expect(
        driftReferenceOf({ reference: { features: {}, prediction: { edges: [], shares: [1], [name]: 'much' } } }),
      ).toBeNull();
    // More bins than a byte counts: the last of them would be taken for the first.
    const many = {
      edges: Array.from({ length: 300 }, (_, i) => i),
      shares: Array.from({ length: 301 }, () => 1 / 301),
    };
    expect(driftReferenceOf({ reference: { features: {}, prediction: many } })).toBeNull();
  });
});

describe('the drift monitor', () => {
  it('says nothing before 500 hours, counted in hours and not in rows', () => {
    const monitor = createDriftMonitor(reference, { symbols: 2 });
    for (let i = 0; i < 2 * LEAST_DRIFT_HOURS - 1; i++) monitor.push(rowOf(0.99), 0.99);
    expect(monitor.report()).toEqual({
      hours: LEAST_DRIFT_HOURS - 1,
      features: [],
      prediction: null,
      shifted: [],
      predictionShifted: false,
    });
    monitor.push(rowOf(0.99), 0.99);
    expect(monitor.report().predictionShifted).toBe(true);
  });

  it('is calm on the same distribution and names what has shifted', () => {
    const monitor = createDriftMonitor(reference);
    for (let i = 0; i < 1000; i++) {
      const row = rowOf(noise(i));
      row[3] = 0.5 + noise(i) / 2;
      monitor.push(row, noise(7 * i));
    }
    const report = monitor.report();
    expect(report.shifted).toEqual([FEATURE_NAMES[3]]);
    expect(report.features[0]?.name).toBe(FEATURE_NAMES[3]);
    expect(report.prediction).toBeLessThan(0.02);
    expect(report.predictionShifted).toBe(false);
  });

  it('forgets what has left its window', () => {
    const monitor = createDriftMonitor(reference, { windowHours: 600 });
    for (let i = 0; i < 600; i++) monitor.push(rowOf(0.99), 0.99);
    expect(monitor.report().predictionShifted).toBe(true);
    for (let i = 0; i < 600; i++) monitor.push(rowOf(noise(i)), noise(i));
    expect(monitor.report()).toMatchObject({ hours: 600, shifted: [], predictionShifted: false });
  });

  it('leaves out features that the reference lacks, and values that are not known beside others that are', () => {
    const monitor = createDriftMonitor({
      features: { return_1h: referenceOf(uniform), return_4h: referenceOf([Number.NaN]) },
      prediction: referenceOf(uniform),
    });
    for (let i = 0; i < 1200; i++) monitor.push(rowOf(i % 2 === 0 ? Number.NaN : noise(i)), noise(i));
    expect(monitor.report().features.map(({ name }) => name)).toEqual(['return_4h', 'return_1h']);
    expect(monitor.report().features.at(-1)?.index).toBeLessThan(0.02);
  });

  it('names a feature that no live row knows: it has not stayed where it was', () => {
    const monitor = createDriftMonitor(reference, { windowHours: 600 });
    const feed = (known: boolean, rows = 600): Uint8Array[] =>
      Array.from({ length: rows }, (_, i) => {
        const row = rowOf(noise(i));
        if (!known) row[3] = Number.NaN;
        return monitor.push(row, noise(7 * i));
      });
    const kept = feed(false);
    const report = monitor.report();
    expect(report.features[0]).toEqual({ name: FEATURE_NAMES[3], index: null, raw: null });
    expect(report.features).toHaveLength(FEATURE_COUNT);
    expect(report.shifted).toEqual([FEATURE_NAMES[3]]);
    // So it is after a restart.
    const again = createDriftMonitor(reference, { windowHours: 600 });
    expect(kept.every((row) => again.restore(row))).toBe(true);
    expect(again.report()).toEqual(report);
    feed(true);
    expect(monitor.report().shifted).toEqual([]);
  });

  it('says nothing of a feature that the training did not know either', () => {
    const monitor = createDriftMonitor({
      features: { return_1h: referenceOf([Number.NaN]) },
      prediction: referenceOf(uniform),
    });
    for (let i = 0; i < 600; i++) monitor.push(rowOf(Number.NaN), noise(i));
    expect(monitor.report().features).toEqual([]);
  });

  it('sees no drift in how many of the symbols of the training are traded, where one of them is compared with itself', () => {
    const beta = FEATURE_NAMES.indexOf('beta_168h');
    // Of two symbols one is the context symbol and has a beta of 1 in every row; the other's is that of `uniform`.
    const both = Array.from({ length: 5000 }, (_, i) => [1, noise(i)]).flat();
    const watching = (symbols: readonly ('context' | 'other' | 'strange')[], known: number[]) => {
      const monitor = createDriftMonitor(
        { features: { beta_168h: referenceOf(known, FEATURES[beta]?.ofContext) }, prediction: referenceOf(uniform) },
        { symbols: symbols.length },
      );
      for (let i = 0; i < 1000; i++)
        for (const symbol of symbols)
          monitor.push(rowOf(symbol === 'context' ? 1 : symbol === 'other' ? noise(i) : 0.5 + noise(i) / 2), noise(i));
      return monitor.report();
    };
    expect(watching(['context', 'other'], both).shifted).toEqual([]);
    expect(watching(['other'], both)).toMatchObject({ shifted: [], features: [{ name: 'beta_168h' }] });
    expect(watching(['context'], both)).toMatchObject({ shifted: [], features: [] });
    expect(watching(['context', 'strange'], both).shifted).toEqual(['beta_168h']);
    // A model of the context symbol alone knows nothing of another's.
    expect(
      watching(
        ['other'],
        both.map(() => 1),
      ).shifted,
    ).toEqual(['beta_168h']);
  });

  it('knows what the context symbol always has: of its features the constant ones, and those alone', () => {
    const hours = WARM_UP_HOURS + 200;
    const series = new Map(
      [CONTEXT_SYMBOL, 'ETH/USDT'].map((symbol, i) => [symbol, columnsFromCandles(walk(i + 1, hours))]),
    );
    for (const [symbol, { values }] of computeFeatures(series, [...series.keys()])) {
      FEATURES.forEach(({ name, ofContext }, feature) => {
        const seen = new Set(
          Array.from({ length: 200 }, (_, k) => values[(WARM_UP_HOURS + k) * FEATURE_COUNT + feature]),
        );
        if (symbol === CONTEXT_SYMBOL && ofContext !== undefined) expect([name, ...seen]).toEqual([name, ofContext]);
        else expect(seen.size, `${symbol} ${name}`).toBeGreaterThan(1);
      });
    }
  });
});
