import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, LIMIT_RULES, limitFaults, type Limits } from './limits.ts';

const names = Object.keys(LIMIT_RULES) as (keyof Limits)[];

describe('limits', () => {
  test('the standards are those of the product', () => {
    expect(DEFAULT_LIMITS).toEqual({
      riskPerTrade: 0.01,
      stopLoss: 0.015,
      takeProfit: 0.03,
      horizonHours: 24,
      maxLeverage: 1,
      maxGrossExposure: 0.8,
      maxSymbolExposure: 0.7,
      maxDailyDrawdown: 0.02,
      maxTotalDrawdown: 0.1,
      maxConsecutiveLosses: 3,
      maxDataAgeSeconds: 300,
      maxAtrPercentile: 0.99,
      minBalance: 100,
    });
    expect(limitFaults(DEFAULT_LIMITS)).toEqual([]);
    expect(Object.isFrozen(DEFAULT_LIMITS)).toBe(true);
  });

  test.each(names)('%s may be as loose as its ceiling and not a whit looser', (name) => {
    const { ceiling, safer } = LIMIT_RULES[name];
    expect(limitFaults({ ...DEFAULT_LIMITS, [name]: ceiling })).toEqual([]);
    const looser = safer === 'lower' ? ceiling * (1 + 1e-9) : ceiling * (1 - 1e-9);
    expect(limitFaults({ ...DEFAULT_LIMITS, [name]: looser })).toEqual([
      { name, value: looser, code: 'looser-than-ceiling', bound: ceiling },
    ]);
  });

  test.each(names)('%s may be as tight as makes sense', (name) => {
    const { tightest, safer } = LIMIT_RULES[name];
    expect(limitFaults({ ...DEFAULT_LIMITS, [name]: tightest })).toEqual([]);
    const tighter = safer === 'lower' ? tightest * 0.99 : tightest * 1.01;
    expect(limitFaults({ ...DEFAULT_LIMITS, [name]: tighter })).toEqual([
      { name, value: tighter, code: 'out-of-range', bound: tightest },
    ]);
  });

  test.each(names)('%s is never off', (name) => {
    for (const value of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      undefined as unknown as number,
      '0.5' as unknown as number,
    ]) {
      expect(limitFaults({ ...DEFAULT_LIMITS, [name]: value })).toMatchObject([
        { name, code: 'not-a-number', bound: LIMIT_RULES[name].ceiling },
      ]);
    }
  });

  test('counts are whole numbers', () => {
    expect(limitFaults({ ...DEFAULT_LIMITS, maxConsecutiveLosses: 2.5, horizonHours: 12.5 })).toEqual([
      { name: 'horizonHours', value: 12.5, code: 'not-an-integer', bound: 720 },
      { name: 'maxConsecutiveLosses', value: 2.5, code: 'not-an-integer', bound: 3 },
    ]);
    expect(limitFaults({ ...DEFAULT_LIMITS, maxConsecutiveLosses: 2, horizonHours: 12 })).toEqual([]);
  });
});
