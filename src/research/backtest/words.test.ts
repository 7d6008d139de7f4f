import { expect, test } from 'vitest';
import { price } from './words.ts';

test.each([
  [65_000.1, '65\u202f000.10'],
  [142.35, '142.35'],
  [0.5123, '0.5123'],
  [2.50005, '2.50005'],
  [0.00001234, '0.00001234'],
  [0.30000000000000004, '0.30'],
  [Number.NaN, 'n/a'],
])('a price of %s has the digits that its tick needs', (value, text) => {
  expect(price(value)).toBe(text);
});
