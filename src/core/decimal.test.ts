import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  abs,
  add,
  ceilTo,
  decimal,
  decimalFromInteger,
  decimalFromNumber,
  divDown,
  divUp,
  floorTo,
  formatDecimal,
  isDecimalText,
  isMultipleOf,
  max,
  min,
  mulDown,
  mulUp,
  neg,
  ONE,
  sub,
  sum,
  toNumber,
  ZERO,
  type Decimal,
} from './decimal.ts';

const value = fc.bigInt({ min: -(10n ** 28n), max: 10n ** 28n }).map((raw) => raw as Decimal);
const nonZero = value.filter((raw) => raw !== 0n);
/** Money as the exchange states it: at most 8 places. */
const money = fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }).map((raw) => (raw * 10n ** 8n) as Decimal);
const step = fc.bigInt({ min: 1n, max: 10n ** 20n }).map((raw) => raw as Decimal);
const check = <T>(property: fc.IProperty<T>): void => fc.assert(property, { numRuns: 500 });

describe('text', () => {
  test.each([
    ['0', '0'],
    ['-0', '0'],
    ['+1.50', '1.5'],
    ['0.00001000', '0.00001'],
    ['1e-7', '0.0000001'],
    ['-1.5E+3', '-1500'],
    ['123456789.12345678', '123456789.12345678'],
    ['0.0000000000000001', '0.0000000000000001'],
    ['1.00000000000000000000', '1'],
    ['00012', '12'],
  ])('%s is read exactly', (text, plain) => {
    expect(formatDecimal(decimal(text))).toBe(plain);
    expect(isDecimalText(text)).toBe(true);
  });

  test.each([
    '',
    ' 1',
    '1 ',
    '.5',
    '5.',
    '1,000',
    '0x10',
    'NaN',
    'Infinity',
    '1e',
    '--1',
    '1e1000',
    '0.00000000000000001',
    '1e-17',
  ])('"%s" is refused', (text) => {
    expect(() => decimal(text)).toThrow(RangeError);
    expect(isDecimalText(text)).toBe(false);
  });

  test('what is formatted reads back as the same value', () => {
    check(fc.property(value, (a) => decimal(formatDecimal(a)) === a));
  });
});

describe('numbers', () => {
  test('a double becomes the decimal that it prints as', () => {
    expect(formatDecimal(decimalFromNumber(0.1))).toBe('0.1');
    expect(formatDecimal(decimalFromNumber(-63_123.45))).toBe('-63123.45');
    expect(formatDecimal(decimalFromNumber(1e21))).toBe('1000000000000000000000');
    expect(formatDecimal(decimalFromNumber(1.5e-9))).toBe('0.0000000015');
    expect(formatDecimal(decimalFromNumber(1e-17))).toBe('0');
    // Cut, not rounded: 17 places.
    expect(formatDecimal(decimalFromNumber(0.012345678901234568))).toBe('0.0123456789012345');
    expect(formatDecimal(decimalFromNumber(-0.012345678901234568))).toBe('-0.0123456789012345');
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%s is refused', (bad) => {
    expect(() => decimalFromNumber(bad)).toThrow(RangeError);
  });

  test('go back to the nearest double', () => {
    expect(toNumber(decimal('0.1'))).toBe(0.1);
    expect(toNumber(decimal('-12.5'))).toBe(-12.5);
    check(
      fc.property(
        fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((x) => Math.round(x * 1e6) / 1e6),
        (x) => toNumber(decimalFromNumber(x)) === x + 0,
      ),
    );
  });

  test('are taken as whole numbers only where they are whole and exact', () => {
    expect(decimalFromInteger(3)).toBe(decimal('3'));
    expect(() => decimalFromInteger(0.5)).toThrow('not a safe integer');
    expect(() => decimalFromInteger(2 ** 53)).toThrow(RangeError);
  });
});

describe('arithmetic', () => {
  test('sums are exact and undo each other', () => {
    check(
      fc.property(
        value,
        value,
        (a, b) => sub(add(a, b), b) === a && add(a, b) === add(b, a) && add(a, neg(a)) === ZERO,
      ),
    );
    expect(sum([decimal('0.1'), decimal('0.2'), decimal('-0.3')])).toBe(ZERO);
    expect(sum([])).toBe(ZERO);
  });

  test('products of money are exact, whichever way they round', () => {
    check(fc.property(money, money, (a, b) => mulDown(a, b) === mulUp(a, b) && mulDown(a, b) * ONE === a * b));
  });

  test('products down and up enclose the true one and are at most one unit apart', () => {
    check(
      fc.property(
        value,
        value,
        (a, b) => mulDown(a, b) * ONE <= a * b && a * b <= mulUp(a, b) * ONE && mulUp(a, b) - mulDown(a, b) <= 1n,
      ),
    );
  });

  test('quotients down and up enclose the true one and are at most one unit apart', () => {
    check(
      fc.property(value, nonZero, (a, b) => {
        const low = divDown(a, b) * b;
        const high = divUp(a, b) * b;
        const true_ = a * ONE;
        return (
          (b > 0n ? low <= true_ && true_ <= high : high <= true_ && true_ <= low) && divUp(a, b) - divDown(a, b) <= 1n
        );
      }),
    );
    expect(formatDecimal(divDown(ONE, decimal('3')))).toBe('0.3333333333333333');
    expect(formatDecimal(divUp(ONE, decimal('3')))).toBe('0.3333333333333334');
    expect(formatDecimal(divDown(neg(ONE), decimal('3')))).toBe('-0.3333333333333334');
    expect(() => divDown(ONE, ZERO)).toThrow('division by zero');
    expect(() => divUp(ONE, ZERO)).toThrow('division by zero');
  });

  test('min, max and abs agree with comparison and sign', () => {
    check(
      fc.property(
        value,
        value,
        (a, b) =>
          min(a, b) + max(a, b) === a + b && min(a, b) <= max(a, b) && abs(a) >= 0n && (abs(a) === a || abs(a) === -a),
      ),
    );
  });
});

describe('grids', () => {
  test('down and up: the nearest multiples on either side', () => {
    check(
      fc.property(value, step, (a, grid) => {
        const low = floorTo(a, grid);
        const high = ceilTo(a, grid);
        return (
          low <= a &&
          a <= high &&
          isMultipleOf(low, grid) &&
          isMultipleOf(high, grid) &&
          high - low <= grid &&
          (isMultipleOf(a, grid) ? low === a && high === a : high - low === grid)
        );
      }),
    );
    expect(floorTo(decimal('-0.15'), decimal('0.1'))).toBe(decimal('-0.2'));
    expect(ceilTo(decimal('-0.15'), decimal('0.1'))).toBe(decimal('-0.1'));
  });

  test('a step of zero is no grid', () => {
    expect(floorTo(decimal('1.23'), ZERO)).toBe(decimal('1.23'));
    expect(ceilTo(decimal('1.23'), ZERO)).toBe(decimal('1.23'));
    expect(isMultipleOf(decimal('1.23'), ZERO)).toBe(true);
    expect(isMultipleOf(decimal('1.23'), decimal('0.1'))).toBe(false);
  });
});
