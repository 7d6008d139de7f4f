import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MOST_TAKEN_BACK, RollingWindow } from './rolling-window.ts';

/** The same, written down as it is defined. */
const naive = (values: readonly number[], capacity: number, p: number): number => {
  const sorted = values.slice(-capacity).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length, Math.max(1, Math.ceil(p * sorted.length))) - 1] ?? Number.NaN;
};

describe('a rolling window', () => {
  test('percentiles are those of the newest values, written down naively', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 900 }),
        fc.array(
          fc.oneof(
            fc.integer({ min: 0, max: 30 }),
            fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
          ),
          { minLength: 1, maxLength: 2_500, size: 'max' },
        ),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 }),
        (capacity, values, ps) => {
          const window = new RollingWindow(capacity);
          // Percentiles are asked for under way, too: what a question leaves behind has to bear the pushes that follow.
          values.forEach((value, index) => {
            window.push(value);
            const p = ps[index % 97];
            if (p !== undefined) expect(window.percentile(p)).toBe(naive(values.slice(0, index + 1), capacity, p) + 0);
          });
          expect(window.size).toBe(Math.min(values.length, capacity));
          for (const p of [...ps, 0, 0.5, 0.95, 0.99, 1])
            expect(window.percentile(p)).toBe(naive(values, capacity, p) + 0);
          expect([...window.values()]).toEqual(values.slice(-capacity));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('pushes taken back leave no trace: values, percentiles and what further pushes make of them', () => {
    const few = fc.oneof(fc.integer({ min: 0, max: 30 }), fc.double({ min: 0, max: 30, noNaN: true }));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.array(few, { maxLength: 500, size: 'max' }),
        fc.array(
          fc.record({
            gone: fc.array(few, { maxLength: MOST_TAKEN_BACK, size: 'max' }),
            kept: fc.array(few, { maxLength: 40 }),
            p: fc.double({ min: 0.5, max: 1, noNaN: true }),
          }),
          { maxLength: 6 },
        ),
        (capacity, values, rounds) => {
          const window = new RollingWindow(capacity, values);
          const left = [...values];
          for (const { gone, kept, p } of rounds) {
            window.percentile(p);
            const back = gone.slice(0, capacity);
            for (const value of back) window.push(value);
            window.percentile(p);
            window.takeBack(back.length);
            expect([...window.values()]).toEqual(left.slice(-capacity));
            for (const value of kept) {
              window.push(value);
              left.push(value);
              expect(window.percentile(p)).toBe(naive(left, capacity, p));
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('no more is taken back than was pushed, and than is kept', () => {
    const window = new RollingWindow(500, [1, 2, 3]);
    expect(() => window.takeBack(4)).toThrow('the newest 3');
    window.takeBack(3);
    expect(window.size).toBe(0);
    const full = new RollingWindow(100);
    for (let value = 0; value < 300; value += 1) full.push(value);
    expect(() => full.takeBack(MOST_TAKEN_BACK + 1)).toThrow('the newest 64');
    full.takeBack(MOST_TAKEN_BACK);
    expect(() => full.takeBack(1), 'what left for good is not made up').toThrow('the newest 0');
    expect([...full.values()]).toEqual(Array.from({ length: 100 }, (_, k) => 136 + k));
  });

  test('NIST handbook 7.2.6.2: twelve measurements, nearest rank 90th percentile is the eleventh smallest', () => {
    const measurements = [
      95.1772, 95.1567, 95.1937, 95.1959, 95.1442, 95.061, 95.1591, 95.1195, 95.1065, 95.0925, 95.199, 95.1682,
    ];
    expect(new RollingWindow(12, measurements).percentile(0.9)).toBe(95.1959);
  });

  test('a snapshot gives an equal window back, also with more values than fit', () => {
    const window = new RollingWindow(300);
    for (let index = 0; index < 1_000; index += 1) window.push(Math.sin(index) * index);
    const { $window, capacity } = window.toJSON();
    const copy = RollingWindow.fromJSON($window, capacity);
    for (const each of [window, copy]) for (let index = 0; index < 400; index += 1) each.push(Math.cos(index));
    expect(copy.toJSON()).toEqual(window.toJSON());
    expect(copy.percentile(0.37)).toBe(window.percentile(0.37));
    expect([...new RollingWindow(2, [1, 2, 3]).values()]).toEqual([2, 3]);
    expect([...RollingWindow.fromJSON([0.1, 1e-9], 5).values()], 'older snapshots have a list').toEqual([0.1, 1e-9]);
    expect(RollingWindow.fromJSON(new RollingWindow(5).toJSON().$window, 5).values(), 'an empty one').toHaveLength(0);
  });

  test('is not a number when empty, and takes nothing that is no number', () => {
    expect(new RollingWindow(3).percentile(0.5)).toBeNaN();
    const window = new RollingWindow(3, [1]);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => window.push(bad)).toThrow('finite');
    expect([...window.values()]).toEqual([1]);
    for (const bad of [0, -1, 1.5]) expect(() => new RollingWindow(bad)).toThrow('at least one');
  });
});
