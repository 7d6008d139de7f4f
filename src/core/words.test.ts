import { expect, test } from 'vitest';
import { money, sizeText } from './words.ts';

test.each([
  [0, '0.00'],
  [999.994, '999.99'],
  [1_000, '1,000.00'],
  [-1_234_567.891, '-1,234,567.89'],
])('%s is %s', (value, words) => {
  expect(money(value)).toBe(words);
});

test.each([
  [40 * 1024 ** 2 + 1, '40 MiB'],
  [1024 ** 3 / 10 - 1, '102 MiB'],
  [1024 ** 3 / 10, '0.1 GiB'],
  [71.66 * 1024 ** 3, '71.7 GiB'],
])('%i bytes are %s', (bytes, words) => {
  expect(sizeText(bytes)).toBe(words);
});
