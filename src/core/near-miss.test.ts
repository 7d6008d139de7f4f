import fc from 'fast-check';
import { expect, test } from 'vitest';

import { editDistance, nearMiss } from './near-miss.ts';

test('the edit distance of the textbook pairs is the textbook one', () => {
  // The textbook pairs of Levenshtein's and Damerau's distances.
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('saturday', 'sunday')).toBe(3);
  expect(editDistance('ab', 'ba')).toBe(1);
  expect(editDistance('', 'abc')).toBe(3);
});

test('a distance is symmetric, zero only for the same word, and at most the longer length', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-E]{0,8}$/), fc.stringMatching(/^[A-E]{0,8}$/), (a, b) => {
      const distance = editDistance(a, b);
      expect(distance).toBe(editDistance(b, a));
      expect(distance === 0).toBe(a === b);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

test('short names have no near misses: NODE is not MODE', () => {
  expect(nearMiss('NODE', ['MODE'])).toBeNull();
  expect(nearMiss('mode', ['MODE'])).toBe('MODE');
  expect(nearMiss('SYMBOL', ['SYMBOLS'])).toBe('SYMBOLS');
});
