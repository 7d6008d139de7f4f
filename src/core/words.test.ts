import { expect, test } from 'vitest';
import { counted, firstSentence, money, signedMoney, signedPercent, sizeText, span } from './words.ts';

test.each([
  [0, '0.00'],
  [999.994, '999.99'],
  [1_000, '1,000.00'],
  [-1_234_567.891, '-1,234,567.89'],
  [-0.004, '0.00'],
  [-0.006, '-0.01'],
])('%s is %s', (value, words) => {
  expect(money(value)).toBe(words);
});

test('a sign stands before what is not zero', () => {
  expect([2.31, -2.31, 0, 0.004, -0.004].map(signedMoney)).toEqual(['+2.31', '-2.31', '0.00', '0.00', '0.00']);
  expect([0.0225, -0.004, 0.00001, -0.00001].map(signedPercent)).toEqual(['+2.25 %', '-0.40 %', '0.00 %', '0.00 %']);
});

test('one is no plural', () => {
  expect([
    counted(0, 'order'),
    counted(1, 'order'),
    counted(2, 'order'),
    counted(1, 'loss', 'losses'),
    counted(2, 'loss', 'losses'),
  ]).toEqual(['0 orders', '1 order', '2 orders', '1 loss', '2 losses']);
});

test.each([
  [-5, '0 s'],
  [42_900, '42 s'],
  [65_000, '65 s'],
  [119_999, '119 s'],
  [180_000, '3 min'],
  [3_599_999, '59 min'],
  [7_500_000, '2 h 05 min'],
  [86_399_999, '23 h 59 min'],
  [3 * 86_400_000 + 4 * 3_600_000, '3 d 4 h'],
])('%s ms are %s', (value, words) => {
  expect(span(value)).toBe(words);
});

test.each([
  [40 * 1024 ** 2 + 1, '40 MiB'],
  [1024 ** 3 / 10 - 1, '102 MiB'],
  [1024 ** 3 / 10, '0.1 GiB'],
  [71.66 * 1024 ** 3, '71.7 GiB'],
])('%i bytes are %s', (bytes, words) => {
  expect(sizeText(bytes)).toBe(words);
});

test.each([
  ['Closing BTC/USDT. No open position in ETH/USDT.', ['Closing BTC/USDT', 'No open position in ETH/USDT.']],
  ['Sold 0.1 BTC for 5,432.58 USDT.', ['Sold 0.1 BTC for 5,432.58 USDT', '']],
  ['no full stop', ['no full stop', '']],
  ['', ['', '']],
])('%j in its sentences', (text, parts) => {
  expect(firstSentence(text)).toEqual(parts);
});
