import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { count, matchSymbol, page, parseDuration } from './arguments.ts';
import { toCsv } from './csv.ts';
import {
  createTimes,
  cut,
  money,
  percent,
  price,
  quantity,
  ratio,
  signedMoney,
  signedPercent,
  statistic,
} from './format.ts';

describe('numbers in words', () => {
  test.each([
    [money(1_012.4), '1,012.40'],
    [money(-0.004), '0.00'],
    [percent(-0.00001), '0.00 %'],
    [money(null), 'unknown'],
    [money(Number.NaN), 'unknown'],
    [signedMoney(2.31), '+2.31'],
    [signedMoney(-2.31), '-2.31'],
    [signedMoney(-0.001), '0.00'],
    [price(60_123.4), '60,123.40'],
    [price(3.14159265), '3.1416'],
    [price(0.0000123456), '0.00001235'],
    [price(0.5), '0.5'],
    [quantity(0.0123), '0.0123'],
    [quantity(1_234.5), '1,234.5'],
    [percent(0.02), '2.00 %'],
    [percent(null), 'unknown'],
    [signedPercent(-0.0097), '-0.97 %'],
    [signedPercent(0.000001), '0.00 %'],
    [statistic(null, ratio), 'n/a'],
    [statistic(1.4, ratio), '1.40'],
    [statistic(Number.POSITIVE_INFINITY, ratio), 'no loss yet'],
    [cut('abcdef', 4), 'abc…'],
  ])('%s', (said, expected) => {
    expect(said).toBe(expected);
  });

  test('a sign never stands before zero, and zero never hides a value', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
        const text = signedMoney(value);
        expect(/^[+-]0\.00$/.test(text)).toBe(false);
        if (Math.abs(value) >= 0.006) expect(text.startsWith(value < 0 ? '-' : '+')).toBe(true);
      }),
    );
  });

  test('September has three letters, midnight is 00:00', () => {
    const times = createTimes('UTC');
    expect(times.stamp(Date.UTC(2024, 8, 3))).toBe('03 Sep 00:00');
  });
});

describe('arguments', () => {
  test('a count within its bounds, or what would be right', () => {
    const parse = count(10, 1, 50);
    expect([parse(''), parse('50')]).toEqual([
      { ok: true, value: 10 },
      { ok: true, value: 50 },
    ]);
    for (const wrong of ['0', '51', '-1', '1.5', '1e1', 'ten', '٣'])
      expect(parse(wrong)).toMatchObject({ ok: false, help: expect.stringContaining('from 1 to 50') });
  });

  test('pages', () => {
    const parse = page(10, 50);
    expect(parse('')).toEqual({ ok: true, value: { size: 10, page: 1 } });
    expect(parse('20 3')).toEqual({ ok: true, value: { size: 20, page: 3 } });
    expect(parse('20 3 4').ok).toBe(false);
    expect(parse('20 0').ok).toBe(false);
  });

  test('durations', () => {
    expect(parseDuration('30m', 1e9)).toEqual({ ok: true, value: 1_800_000 });
    expect(parseDuration('2H', 1e9)).toEqual({ ok: true, value: 7_200_000 });
    for (const [words, span] of [
      ['2 hours', 7_200_000],
      ['1 hour', 3_600_000],
      ['30 min', 1_800_000],
      ['45 minutes', 2_700_000],
      ['3 days', 259_200_000],
    ] as const)
      expect(parseDuration(words, 1e9), words).toEqual({ ok: true, value: span });
    for (const wrong of ['2 months', '2 hd', '2 m h', '', '0h', '-1h', '1y', '999999h', '2'])
      expect(parseDuration(wrong, 604_800_000).ok).toBe(false);
  });

  test('symbols by any of their names', () => {
    const symbols = ['BTC/USDT', 'ETH/USDT'];
    for (const name of ['btc', 'BTCUSDT', 'btc/usdt', 'BTC-USDT'])
      expect(matchSymbol(name, symbols)).toEqual({ ok: true, value: 'BTC/USDT' });
    expect(matchSymbol('doge', symbols)).toMatchObject({ help: '"doge" is not traded; traded are BTC/USDT, ETH/USDT' });
  });
});

test('CSV quotes what needs it and defuses formulas', () => {
  const text = new TextDecoder().decode(
    toCsv(
      ['a', 'b'],
      [
        ['x,"y"\n', -1],
        ['=SUM(A1)', 2],
      ],
    ),
  );
  expect(text).toBe('a,b\r\n"x,""y""\n",-1\r\n\'=SUM(A1),2\r\n');
});
