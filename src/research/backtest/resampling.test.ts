import { expect, test } from 'vitest';
import { createRandomStream } from '../../sim/generator/random.ts';
import { resample } from './resampling.ts';

const LIMIT = 0.1;
/** Sixty days of trades with a mean of zero, each the result of two symbols that do exactly the same. */
const twins = (seed: number): number[][] => {
  const random = createRandomStream(seed, 'twins');
  return Array.from({ length: 60 }, () => {
    const result = 0.01 * random.normal();
    return [result, result];
  });
};

test('trades of one day are drawn together, so that what moves together does not pass for twice the evidence', () => {
  const held = Array.from({ length: 100 }, (_, seed) => resample(twins(seed + 1), [], LIMIT).meanTrade).filter(
    (found) => found !== null && found.low <= 0 && found.high >= 0,
  ).length;
  // A 90 % interval; taken one by one the same trades hold the truth in three of four.
  expect(held).toBeGreaterThanOrEqual(83);
});

test('with one trade a day the resampled figures are those of single trades', () => {
  const single = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? 0.02 : -0.01));
  const { meanTrade, winRate, maxDrawdown, lossShare } = resample(
    single.map((value) => [value]),
    [],
    LIMIT,
  );
  expect(winRate?.median).toBeCloseTo(14 / 40, 12);
  expect(meanTrade?.median).toBeCloseTo(0.0005, 3);
  expect(maxDrawdown?.low).toBeGreaterThan(0);
  expect(lossShare).toBeGreaterThan(0.3);
});

test('trades of less than ten days say nothing, however many they are', () => {
  expect(resample([Array.from({ length: 50 }, () => 0.01)], [], LIMIT)).toMatchObject({
    meanTrade: null,
    maxDrawdown: null,
  });
});
