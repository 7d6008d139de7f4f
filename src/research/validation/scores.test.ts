import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areaUnderCurve, calibrationCurve, scoreProbabilities } from './scores.ts';

describe('scores of probabilities', () => {
  it('are those worked out by hand', () => {
    const scores = scoreProbabilities([0.9, 0.2, 0.6, 0.4], [1, 0, 0, 1]);
    expect(scores.brier).toBeCloseTo((0.01 + 0.04 + 0.36 + 0.36) / 4, 12);
    expect(scores.logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.8) + Math.log(0.4) + Math.log(0.4)) / 4, 12);
    expect(scores.auc).toBe(0.75);
    expect(scores.baseRate).toBe(0.5);
    expect(scores.brierOfBaseRate).toBe(0.25);
    expect(scores.logLossOfBaseRate).toBeCloseTo(Math.LN2, 12);
  });

  it('have the area equal to the share of pairs ranked right, ties half', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 })), {
          minLength: 2,
          maxLength: 40,
        }),
        (pairs) => {
          const ones = pairs.filter(([, label]) => label === 1);
          const zeros = pairs.filter(([, label]) => label === 0);
          const won = ones.reduce(
            (sum, [one]) => sum + zeros.reduce((part, [zero]) => part + (one > zero ? 1 : one === zero ? 0.5 : 0), 0),
            0,
          );
          const area = areaUnderCurve(
            pairs.map(([value]) => value),
            pairs.map(([, label]) => label),
          );
          if (ones.length === 0 || zeros.length === 0) expect(area).toBeNaN();
          else expect(area).toBeCloseTo(won / (ones.length * zeros.length), 10);
        },
      ),
    );
  });

  it('show a calibration curve from low to high with all rows in it', () => {
    const curve = calibrationCurve([0.1, 0.9, 0.2, 0.8], [0, 1, 0, 1], 2);
    expect(curve.map((point) => point.rows)).toEqual([2, 2]);
    expect(curve[0]?.stated).toBeCloseTo(0.15, 12);
    expect(curve.map((point) => point.happened)).toEqual([0, 1]);
  });
});
