import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fixed, formatFixed } from '../matching/fixed.ts';
import { amountText } from './snapshots.ts';

test('an amount is written without zeros at its end, and without a point where it is whole', () => {
  expect(
    ['0', '0.00000001', '-0.5', '100', '1.10000000', '-12.00000010', '99999999.99999999'].map((text) =>
      amountText(fixed(text)),
    ),
  ).toEqual(['0', '0.00000001', '-0.5', '100', '1.1', '-12.0000001', '99999999.99999999']);
});

test('it is the text of eight places with the zeros at its end cut off', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(12), (value, zeros) => {
      const amount = value * 10n ** BigInt(zeros);
      expect(amountText(amount)).toBe(
        formatFixed(amount)
          .replace(/(\.\d*?)0+$/, '$1')
          .replace(/\.$/, ''),
      );
    }),
  );
});
