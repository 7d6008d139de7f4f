import { expect, test } from 'vitest';

interface Levels {
  levelsOf(
    position: { readonly entryPrice: number; readonly stopPrice: number | null; readonly targetPrice: number } | null,
  ): readonly (readonly [string, string])[];
}

test('under the chart a position without a stop is a position, and the stop that is missing is said', async () => {
  const { levelsOf } = (await import(new URL('page/format.mjs', import.meta.url).href)) as Levels;
  expect(levelsOf(null)).toEqual([['', 'no position']]);
  const held = { entryPrice: 50_000, stopPrice: 49_250, targetPrice: 51_500 };
  expect(levelsOf(held)).toEqual([
    ['entry', 'entry 50,000.00'],
    ['stop', 'stop 49,250.00'],
    ['target', 'target 51,500.00'],
  ]);
  expect(levelsOf({ ...held, stopPrice: null })).toEqual([
    ['entry', 'entry 50,000.00'],
    ['stop', 'no stop rests on the exchange'],
    ['target', 'target 51,500.00'],
  ]);
});

test('what rounds to nothing has neither a sign nor a colour', async () => {
  const { signedMoney, signedPercent, moneyTone } = (await import(
    new URL('page/format.mjs', import.meta.url).href
  )) as Record<'signedMoney' | 'signedPercent' | 'moneyTone', (value: number | null) => string>;
  expect([-0.004, 0.004, 0, -0.006, 0.006, -1234.5, null].map(signedMoney)).toEqual([
    '0.00',
    '0.00',
    '0.00',
    '−0.01',
    '+0.01',
    '−1,234.50',
    'unknown',
  ]);
  expect([-0.00004, 0.01, -0.01, null].map((fraction) => signedPercent(fraction))).toEqual([
    '0.00\u00a0%',
    '+1.00\u00a0%',
    '−1.00\u00a0%',
    '',
  ]);
  expect([-0.004, 0.004, -0.006, 0.006, null].map(moneyTone)).toEqual(['', '', 'bad', 'good', '']);
});

test('a price is never rounded to nothing: a coin of which one costs a ten-millionth has a stop that can be read', async () => {
  const { price } = (await import(new URL('page/format.mjs', import.meta.url).href)) as {
    price(value: number | null): string;
  };
  expect([1e-7, 6.009e-7, 0.00001234, 0.0012345, 0.5, 0, 3.14159, 60_123.4, null].map(price)).toEqual([
    '0.0000001',
    '0.0000006009',
    '0.00001234',
    '0.001235',
    '0.500000',
    '0.000000',
    '3.1416',
    '60,123.40',
    'unknown',
  ]);
});

test('a number and its unit, and an arrow, are never torn apart by the end of a line', async () => {
  const { whole } = (await import(new URL('page/format.mjs', import.meta.url).href)) as { whole(text: string): string };
  expect(whole('BTC closed -9.81 USDT (-1.71 %), 0.0073 BTC: 78,706.79 -> 77,514.71')).toBe(
    'BTC closed −9.81\u00a0USDT (−1.71\u00a0%), 0.0073 BTC: 78,706.79 → 77,514.71',
  );
});
