import { describe, expect, test } from 'vitest';
import { DENIALS, type DenialCode } from './denial.ts';
import { denialText } from './denial-text.ts';

const FOUR = Date.UTC(2024, 0, 1, 4, 10);
const codes = Object.keys(DENIALS) as DenialCode[];

describe('a denial in words', () => {
  test.each<readonly [DenialCode, number | string | null, number | string | null, string]>([
    ['resting-after-stop', FOUR, FOUR - 3_600_000, 'resting-after-stop: until 2024-01-01 04:10 UTC'],
    [
      'signal-expired',
      FOUR,
      FOUR - 3_600_000,
      'signal-expired: newest candle of 2024-01-01 04:10 UTC, signal of 2024-01-01 03:10 UTC',
    ],
    ['entry-repeated', FOUR, FOUR, 'entry-repeated: the signal of 2024-01-01 04:10 UTC has been traded'],
    ['state-halted', 'active', 'kill-switch', 'state-halted: the lock kill-switch is held'],
    ['spread-collar', 0.005, 0.012345678, 'spread-collar: spread 1.235 %, limit 0.5 %'],
    [
      'exposure-gross',
      0.8,
      '0.000123456789',
      'exposure-gross: limit 80 %, room for 0.00012345 units is too little to trade',
    ],
    ['reduce-only', '0.1', '0', "reduce-only: 0.1 by the books, and no lot of it on the exchange's account"],
    ['reduce-only', '0.1', '0.2', 'reduce-only: limit 0.1, value 0.2'],
    ['clock-unknown', 1_000, null, 'clock-unknown: clocks may differ by 1000 ms, difference unknown'],
    ['clock-unknown', 1_000, -1_234.56, 'clock-unknown: clocks may differ by 1000 ms, difference -1235 ms'],
    ['price-unknown', null, null, 'price-unknown: the price is missing or stale'],
    ['spread-collar', 0.005, Number.POSITIVE_INFINITY, 'spread-collar: spread no number, limit 0.5 %'],
  ])('%s (%s, %s)', (code, limit, value, text) => {
    expect(denialText({ code, limit, value })).toBe(text);
  });

  test.each(codes.map((code) => [code] as const))('%s never shows a bare moment or a long tail of digits', (code) => {
    for (const [limit, value] of [
      [FOUR, FOUR],
      [null, null],
      ['9.1234567891234', '0.1234567891234'],
      [1 / 3, 2 / 3],
    ] as const) {
      const text = denialText({ code, limit, value });
      expect(text.startsWith(`${code}: `)).toBe(true);
      expect(text).not.toMatch(/\d\.\d{9}|undefined|null|NaN/);
      if (/resting|signal|repeated/.test(code)) expect(text).not.toMatch(/\d{12}/);
    }
  });
});
