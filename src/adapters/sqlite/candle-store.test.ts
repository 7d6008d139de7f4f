import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { columnsFromCandles } from '../../core/features/candle-columns.ts';
import { HOUR_MS } from '../../core/units.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { createCandleStore } from './candle-store.ts';
import { DatabaseRefused } from './errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'candle-store-'));
afterAll(() => rmSync(folder, { recursive: true }));
const T0 = Date.UTC(2024, 0, 1);
const candles = generateCandles({ seed: 1, symbol: 'BTC/USDT', from: T0, hours: 300 });

describe('the candle store', () => {
  it('keeps candles in order of time, whatever the order they came in, over a restart', () => {
    const path = join(folder, 'deep', 'candles.db');
    const store = createCandleStore(path);
    expect(store.range('BTC/USDT')).toBeNull();
    expect(store.put('BTC/USDT', candles.slice(100))).toBe(200);
    expect(store.put('BTC/USDT', candles.slice(0, 150))).toBe(100);
    expect(store.put('ETH/USDT', candles.slice(0, 2))).toBe(2);
    store.close();
    const again = createCandleStore(path);
    expect(again.symbols()).toEqual(['BTC/USDT', 'ETH/USDT']);
    expect(again.range('BTC/USDT')).toEqual({ first: T0, last: T0 + 299 * HOUR_MS });
    expect(again.series('BTC/USDT')).toEqual(columnsFromCandles(candles));
    expect(again.series('SOL/USDT').length).toBe(0);
    again.close();
  });

  it('takes newer figures for a candle it has, and all of a batch or none', () => {
    const store = createCandleStore(':memory:');
    const first = candles[0];
    if (first === undefined) throw new Error('no candle');
    store.put('BTC/USDT', [first]);
    expect(store.put('BTC/USDT', [{ ...first, volume: first.volume + 1 }])).toBe(0);
    expect(store.series('BTC/USDT').volume[0]).toBe(first.volume + 1);
    const broken = { ...first, openTime: T0 + HOUR_MS, close: Number.NaN };
    expect(() => store.put('BTC/USDT', [{ ...first, openTime: T0 + 2 * HOUR_MS }, broken])).toThrow();
    expect(store.series('BTC/USDT').length).toBe(1);
    store.close();
  });

  it('refuses a file that is something else and leaves it as it is', () => {
    const path = join(folder, 'other.db');
    writeFileSync(path, 'x'.repeat(4096));
    expect(() => createCandleStore(path)).toThrow(DatabaseRefused);
  });
});
