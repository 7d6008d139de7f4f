import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { breakEven, decide, expectedValue, REVERSAL_PART, roundTripCosts, type PolicyTerms } from './policy.ts';

const terms: PolicyTerms = { stop: 0.015, target: 0.03, margin: 0.001, takerFee: 0.001 };

describe('the expected value', () => {
  test('is p x target - (1 - p) x stop - costs, a time-out counted as a stop', () => {
    // Fees of both sides 0.002, slippage 0.001.
    expect(roundTripCosts(0.001)).toBeCloseTo(0.003, 15);
    // 0.5 x 0.03 - 0.5 x 0.015 - 0.003
    expect(expectedValue(0.5, terms)).toBeCloseTo(0.0045, 15);
    expect(expectedValue(0, terms)).toBeCloseTo(-0.018, 15);
    expect(expectedValue(1, terms)).toBeCloseTo(0.027, 15);
  });

  test('is zero at the break-even probability, whatever the terms', () => {
    const part = (max: number) => fc.double({ min: 0.001, max, noNaN: true });
    fc.assert(
      fc.property(
        part(0.05),
        part(0.2),
        part(0.01),
        (stop, target, takerFee) =>
          Math.abs(
            expectedValue(breakEven({ stop, target, takerFee, margin: 0 }), { stop, target, takerFee, margin: 0 }),
          ) < 1e-12,
      ),
    );
    // (0.015 + 0.003) / 0.045
    expect(breakEven(terms)).toBeCloseTo(0.4, 15);
  });
});

describe('the policy', () => {
  test('enters where the value reaches the margin, and stays out below', () => {
    const at = (value: number): number => (value + 0.018) / 0.045;
    expect(decide(at(0.001_001), false, terms)).toBe('enter');
    expect(decide(at(0.000_999), false, terms)).toBe('stay-out');
    expect(decide(0.5, false, terms)).toBe('enter');
  });

  test('holds a position until the probability is below half of break-even', () => {
    const edge = REVERSAL_PART * breakEven(terms);
    expect(edge).toBeCloseTo(0.2, 15);
    expect(decide(edge, true, terms)).toBe('hold');
    expect(decide(edge - 1e-9, true, terms)).toBe('leave');
    expect(decide(0.99, true, terms)).toBe('hold');
  });

  test('does nothing on what is no number', () => {
    expect(decide(Number.NaN, false, terms)).toBe('stay-out');
    expect(decide(Number.NaN, true, terms)).toBe('hold');
  });
});
