import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History, RollingExtreme, RollingScore, RollingSums } from './rolling.ts';

const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 30, maxLength: 200 });
const last = <T>(list: readonly T[], n: number): readonly T[] => list.slice(-n);

describe('rolling sums', () => {
  it('equal the plain sum of the window to the stated rounding', () => {
    fc.assert(
      fc.property(values, (series) => {
        const sums = new RollingSums([3, 24], 42, 1);
        for (const value of series) sums.push(value);
        const plain = last(series, 24).reduce((total, value) => total + value, 0);
        expect(Math.abs(sums.sum(1) - plain)).toBeLessThan(24 * 2 ** -42);
        expect(Math.abs(sums.mean(0) - last(series, 3).reduce((total, value) => total + value, 0) / 3)).toBeLessThan(
          2 ** -42,
        );
      }),
    );
  });

  it('depend on nothing but the window, to the last bit', () => {
    fc.assert(
      fc.property(values, values, (before, series) => {
        const [long, short] = [new RollingSums([24], 42, 1), new RollingSums([24], 42, 1)];
        for (const value of [...before, ...series]) long.push(value);
        for (const value of series) short.push(value);
        expect(long.sum(0)).toBe(short.sum(0));
      }),
    );
  });

  it('cut values at their limit and refuse a set-up that could not be exact', () => {
    const sums = new RollingSums([2], 10, 1);
    sums.push(50);
    expect(sums.sum(0)).toBe(1);
    expect(() => new RollingSums([720], 52, 1)).toThrow(/not exact/);
  });

  it('score the newest value in standard deviations', () => {
    const score = new RollingScore(4, 36, 64);
    for (const value of [10, 2, 4, 6, 8]) score.push(value);
    expect(score.score()).toBeCloseTo(3 / Math.sqrt(5), 9);
    for (let i = 0; i < 4; i++) score.push(1);
    expect(score.score()).toBeNaN();
    // Values that are no whole numbers of the fixed point: what they seem to vary by is rounding.
    for (let step = 1; step < 200; step++) {
      const value = step / 7;
      for (let i = 0; i < 4; i++) score.push(value);
      expect(score.score(), `four times ${value}`).toBeNaN();
    }
  });
});

describe('rolling extremes', () => {
  it('equal the extreme of the window and its age', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 10, maxLength: 120 }),
        fc.constantFrom(1 as const, -1 as const),
        (series, sign) => {
          const rolling = new RollingExtreme(7, sign);
          series.forEach((value, i) => {
            rolling.push(value);
            const window = series.slice(Math.max(0, i - 6), i + 1);
            const extreme = sign === 1 ? Math.max(...window) : Math.min(...window);
            expect(rolling.value()).toBe(extreme);
            expect(rolling.age()).toBe(window.length - 1 - window.lastIndexOf(extreme));
          });
        },
      ),
    );
  });
});

describe('history', () => {
  it('gives back what was pushed', () => {
    const history = new History(5);
    for (let value = 1; value <= 20; value++) history.push(value);
    expect([0, 1, 4].map((n) => history.ago(n))).toEqual([20, 19, 16]);
    expect(history.sum(3)).toBe(57);
    expect(history.squaredDistance(3, 19)).toBe(2);
    history.clear();
    expect(history.sum(3)).toBe(0);
  });
});
