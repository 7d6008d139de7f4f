import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doublesFromText, textOfDoubles } from './doubles-text.ts';

const bytesOf = (values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => bytes.writeDoubleLE(value, index * 8));
  return bytes;
};

describe('doubles as text', () => {
  test('are their bytes in base64, and come back to the last bit, the sign of a zero included', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { maxLength: 40 }), (values) => {
        const text = textOfDoubles(Float64Array.from(values));
        expect(text).toBe(bytesOf(values).toString('base64'));
        expect([...doublesFromText(text)]).toEqual(values);
      }),
    );
  });

  test.each([
    ['cut off', 'AAAAAAAA8D8', 'whole doubles'],
    ['with bytes left over', 'AAAAAAAA8D8AAA==', 'whole doubles'],
    ['with a letter of another alphabet', 'AAAAAAAA8D_=', '"_" is no letter'],
    ['with a letter beyond ASCII', 'AAAAAAAA8DÄ=', '"Ä" is no letter'],
    ['with padding in the middle', 'AAAA=AAA8D8=', '"=" is no letter'],
  ])('%s are refused', (_what, text, message) => {
    expect(() => doublesFromText(text)).toThrow(message);
  });
});
