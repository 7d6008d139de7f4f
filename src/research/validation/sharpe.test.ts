import { describe, expect, it } from 'vitest';
import {
  deflatedSharpe,
  expectedBestSharpe,
  momentsOf,
  normalCdf,
  normalQuantile,
  probabilisticSharpe,
  sharpeRatio,
} from './sharpe.ts';

describe('the normal distribution', () => {
  // Abramowitz & Stegun, Handbook of Mathematical Functions, table 26.1 and 26.2.
  it.each([
    [0, 0.5],
    [1, 0.841344746068543],
    [1.96, 0.97500210485178],
    [-2.5, 0.006209665325776],
    [4.5, 0.999996602326875],
    [-6, 9.865876450377e-10],
  ])('has the published value at %d', (x, expected) => {
    expect(Math.abs(normalCdf(x) / expected - 1)).toBeLessThan(1e-9);
    expect(normalQuantile(expected)).toBeCloseTo(x, 6);
  });
});

describe('Sharpe ratios', () => {
  it('has the moments of a known sample', () => {
    // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, population deviation 2, third moment 5.25, fourth 44.5.
    const moments = momentsOf([2, 4, 4, 4, 5, 5, 7, 9]);
    expect(moments.mean).toBeCloseTo(5, 12);
    expect(moments.deviation).toBeCloseTo(2 * Math.sqrt(8 / 7), 12);
    expect(moments.skewness).toBeCloseTo(5.25 / 8, 12);
    expect(moments.kurtosis).toBeCloseTo(44.5 / 16, 12);
  });

  it('gives the worked example of Bailey and Lopez de Prado (2012)', () => {
    // A 24-month record with monthly ratio 0.458, skewness -2.448 and kurtosis 10.164 has
    // a probabilistic Sharpe ratio of 0.982 against 0 when normal, and 0.913 with its true moments.
    const normal = { count: 24, mean: 0.458, deviation: 1, skewness: 0, kurtosis: 3 };
    expect(probabilisticSharpe(normal, 0)).toBeCloseTo(0.982, 2);
    expect(probabilisticSharpe({ ...normal, skewness: -2.448, kurtosis: 10.164 }, 0)).toBeCloseTo(0.913, 2);
  });

  it('gives the worked example of Bailey and Lopez de Prado (2014)', () => {
    // 100 trials whose annual ratios vary by 0.5, 1,250 days, skewness -3, kurtosis 10, ratio 2.5 a year of 250 days:
    // the expected best of luck is 0.1132 a day and the deflated ratio 0.9004.
    const daily = Math.sqrt(0.5 / 250);
    expect(expectedBestSharpe(100, daily)).toBeCloseTo(0.1132, 4);
    const record = { count: 1250, mean: 2.5 / Math.sqrt(250), deviation: 1, skewness: -3, kurtosis: 10 };
    expect(deflatedSharpe(record, 100, daily)).toBeCloseTo(0.9004, 3);
  });

  it('knows nothing about a series that does not vary', () => {
    expect(sharpeRatio(momentsOf([0, 0, 0]))).toBe(0);
    expect(probabilisticSharpe(momentsOf([0, 0, 0]), 0)).toBeNaN();
    expect(expectedBestSharpe(1, 1)).toBe(0);
  });
});
