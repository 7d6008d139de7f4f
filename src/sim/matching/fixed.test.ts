import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ceilTo,
  fixed,
  fixedFromNumber,
  floorTo,
  formatFixed,
  nearestTo,
  onGrid,
  times,
  tryFixed,
  UNIT,
} from './fixed.ts';

const amounts = fc.bigInt({ min: 0n, max: 10n ** 20n });
const steps = fc.bigInt({ min: 1n, max: 10n ** 10n });

describe('scaled integers', () => {
  it('prints eight decimals, as the exchange does', () => {
    expect(formatFixed(0n)).toBe('0.00000000');
    expect(formatFixed(fixed('0.1'))).toBe('0.10000000');
    expect(formatFixed(fixed('-12.00000001'))).toBe('-12.00000001');
  });

  it('refuses what it cannot hold exactly', () => {
    for (const text of ['', '1.123456789', '1e5', '.5', '1.', 'abc', '0x1', '--1']) expect(tryFixed(text)).toBeNull();
    expect(() => fixed('1.123456789')).toThrow(RangeError);
    expect(() => fixedFromNumber(Number.NaN)).toThrow(RangeError);
    expect(() => fixedFromNumber(1e30)).toThrow(RangeError);
  });

  it('reads a double as the decimal it was written as', () => {
    expect(formatFixed(fixedFromNumber(13715.65))).toBe('13715.65000000');
    expect(formatFixed(fixedFromNumber(0.1 + 0.2))).toBe('0.30000000');
  });

  // Number.prototype.toFixed is exact (ECMA-262, 21.1.3.3): "let n be an integer for which n / 10^f - x is as close to
  // zero as possible".
  const doubles = fc.oneof(
    fc.double({ min: -1e8, max: 1e8, noNaN: true }),
    fc
      .tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), fc.integer({ min: 0, max: 20 }))
      .map(([halves, places]) => (halves + 0.5) / 10 ** places),
  );
  test.prop([doubles], { numRuns: 2_000 })('takes the nearest unit of a double, as exactly printed', (value) => {
    expect(fixedFromNumber(value)).toBe(fixed(value.toFixed(8)));
  });

  it('multiplies a price and a quantity exactly', () => {
    expect(formatFixed(times(fixed('50005.01'), fixed('0.00123')))).toBe('61.50616230');
  });

  test.prop([fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n })])('reads back what it prints', (value) => {
    expect(fixed(formatFixed(value))).toBe(value);
  });

  test.prop([amounts, steps])('rounds to a grid from the right side', (value, step) => {
    const down = floorTo(value, step);
    const up = ceilTo(value, step);
    expect(down <= value && value <= up && up - down <= step).toBe(true);
    expect(onGrid(down, step) && onGrid(up, step) && onGrid(nearestTo(value, step), step)).toBe(true);
    expect(floorTo(value, 0n)).toBe(value);
  });

  test.prop([amounts, amounts])('never rounds a product up', (a, b) => {
    const product = times(a, b) * UNIT;
    expect(product <= a * b && a * b - product < UNIT).toBe(true);
  });
});
