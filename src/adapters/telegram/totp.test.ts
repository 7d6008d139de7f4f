import { describe, expect, test } from 'vitest';
import { codeOfStep, createTotpCheck, decodeBase32 } from './totp.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('codes', () => {
  // RFC 4226, appendix D: HOTP values of the secret "12345678901234567890".
  test.each([
    [0, '755224'],
    [1, '287082'],
    [2, '359152'],
    [3, '969429'],
    [4, '338314'],
    [5, '254676'],
    [6, '287922'],
    [7, '162583'],
    [8, '399871'],
    [9, '520489'],
  ])('RFC 4226: counter %i is %s', (counter, code) => {
    expect(codeOfStep(ascii('12345678901234567890'), counter)).toBe(code);
  });

  // RFC 6238, appendix B, SHA-1, eight digits.
  test.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('RFC 6238: at %i s it is %s', (seconds, code) => {
    expect(codeOfStep(ascii('12345678901234567890'), Math.floor(seconds / 30), 8)).toBe(code);
  });

  test('base32 as in RFC 4648, with blanks and without padding', () => {
    expect(new TextDecoder().decode(decodeBase32('GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ'))).toBe(
      '12345678901234567890',
    );
    expect(new TextDecoder().decode(decodeBase32('mzxw6ytbojqxgzlcmfza===='))).toBe('foobarasebar');
    expect(() => decodeBase32('JBSWY3DPEHPK3PX1')).toThrow('UNLOCK_TOTP_SECRET is not base32');
    expect(() => decodeBase32('JBSWY3DP')).toThrow('too short');
  });
});

describe('the check', () => {
  const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  const key = decodeBase32(SECRET);
  const setUp = () => {
    const values = new Map<string, string>();
    const memory = {
      get: (name: string) => values.get(name) ?? null,
      set: (name: string, value: string) => void values.set(name, value),
    };
    let now = 1_700_000_000_000;
    const step = (): number => Math.floor(now / 30_000);
    return {
      check: (code: string) => createTotpCheck(SECRET, memory, () => now).check(code).kind,
      pass: (ms: number) => (now += ms),
      step,
    };
  };

  test('takes one step either side, each step once, and none before a used one', () => {
    for (const away of [-1, 0, 1]) {
      const { check, step } = setUp();
      expect(check(codeOfStep(key, step() + away))).toBe('right');
      expect(check(codeOfStep(key, step() + away))).toBe('used');
      expect(check(codeOfStep(key, step() - 1))).toBe('used');
    }
    for (const away of [-2, 2]) {
      const { check, step } = setUp();
      expect(check(codeOfStep(key, step() + away))).toBe('wrong');
    }
  });

  test('five failures block for 15 minutes, even for the right code; then five more are free', () => {
    const { check, step, pass } = setUp();
    for (let count = 1; count < 5; count += 1) expect(check('000000')).toBe('wrong');
    expect(check('abc')).toBe('blocked');
    expect(check(codeOfStep(key, step()))).toBe('blocked');
    pass(15 * 60_000 - 1);
    expect(check(codeOfStep(key, step()))).toBe('blocked');
    pass(1);
    expect(check('000000')).toBe('wrong');
    expect(check(codeOfStep(key, step()))).toBe('right');
  });

  test('a block of a clock that was fast lasts 15 minutes from the first code after it was set right, no day', () => {
    const { check, step, pass } = setUp();
    for (let count = 1; count <= 5; count += 1) check('000000');
    pass(-24 * 3_600_000);
    expect(check(codeOfStep(key, step()))).toBe('blocked');
    pass(15 * 60_000 - 1);
    expect(check(codeOfStep(key, step()))).toBe('blocked');
    pass(1);
    expect(check(codeOfStep(key, step()))).toBe('right');
  });

  test('a right code forgives earlier failures', () => {
    const { check, step, pass } = setUp();
    for (let count = 0; count < 4; count += 1) check('000000');
    expect(check(codeOfStep(key, step()))).toBe('right');
    pass(60_000);
    expect(check('000000')).toBe('wrong');
  });
});
