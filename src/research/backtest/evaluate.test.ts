import { describe, expect, test } from 'vitest';
import { evaluateCurve } from './evaluate.ts';
import { percent, signedPercent } from './words.ts';

const curve = (...points: readonly (readonly [string, number])[]) => ({
  at: Float64Array.from(points, ([at]) => Date.parse(`${at}:00Z`)),
  equity: Float64Array.from(points, ([, equity]) => equity),
  exposure: new Float64Array(points.length),
});

describe('returns by calendar month', () => {
  test('begin with the run: its opening balance at midnight belongs to no earlier month', () => {
    const { months } = evaluateCurve(
      curve(
        ['2024-01-01T00:00', 1_000],
        ['2024-01-02T00:00', 1_100],
        ['2024-02-01T00:00', 1_210],
        ['2024-02-10T00:00', 1_089],
      ),
      1_000,
      [],
      [],
    );
    expect(months.map(({ year, month }) => [year, month])).toEqual([
      [2024, 0],
      [2024, 1],
    ]);
    expect(months[0]?.value).toBeCloseTo(0.21, 12);
    expect(months[1]?.value).toBeCloseTo(-0.1, 12);
  });

  test('keep a first point that is no opening balance', () => {
    const { months } = evaluateCurve(curve(['2023-12-31T12:00', 990], ['2024-01-02T00:00', 1_089]), 1_000, [], []);
    expect(months).toEqual([
      { year: 2023, month: 11, value: expect.closeTo(-0.01, 12) },
      { year: 2024, month: 0, value: expect.closeTo(0.1, 12) },
    ]);
  });
});

test('per cent with thousands apart, and without decimals where they say nothing', () => {
  expect(percent(0.01234)).toBe('1.23 %');
  expect(percent(9.999)).toBe('999.90 %');
  expect(signedPercent(1_759.8336)).toBe('+175\u202f983 %');
  expect(signedPercent(-0.5, 1)).toBe('-50.0 %');
  expect(percent(Number.NaN)).toBe('n/a');
});
