import { expect, test } from 'vitest';
import { money } from './words.ts';

test.each([
  [0, '0.00'],
  [999.994, '999.99'],
  [1_000, '1,000.00'],
  [-1_234_567.891, '-1,234,567.89'],
])('%s is %s', (value, words) => {
  expect(money(value)).toBe(words);
});
