import { describe, expect, it } from 'vitest';
import type { Candle } from '../market/candle.ts';
import { HOUR_MS } from '../units.ts';
import { computeFeatures } from './batch.ts';
import { columnsFromCandles } from './candle-columns.ts';
import { FEATURE_COUNT, FEATURE_NAMES, FEATURE_SCHEMA_HASH, FEATURES } from './catalogue.ts';
import { createFeatureEngine, type FeatureEngine } from './engine.ts';
import { walk } from './series.test-helper.ts';
import { sha256Hex } from './sha256.ts';
import { LONGEST_GAP_HOURS, WARM_UP_HOURS } from './symbol-state.ts';

const BTC = 'BTC/USDT';
const ETH = 'ETH/USDT';
const btc = walk(1, 2400);
const eth = walk(2, 2400);

const feed = (engine: FeatureEngine, from: number, to: number): void => {
  for (let i = from; i < to; i++) {
    engine.push(BTC, btc[i] as Candle);
    engine.push(ETH, eth[i] as Candle);
  }
};
const bitsOf = (vector: Float32Array | null): string =>
  vector === null ? 'unknown' : sha256Hex(new Uint8Array(vector.buffer));
const tables = computeFeatures(
  new Map([
    [BTC, columnsFromCandles(btc)],
    [ETH, columnsFromCandles(eth)],
  ]),
  [BTC, ETH],
);
const rowOf = (symbol: string, row: number): Float32Array | null => {
  const table = tables.get(symbol);
  return table?.known[row] === 1 ? table.values.slice(row * FEATURE_COUNT, (row + 1) * FEATURE_COUNT) : null;
};

describe('the catalogue', () => {
  it('has about sixty features with unique plain names, a source and an honest warm-up', () => {
    expect(FEATURE_COUNT).toBeGreaterThanOrEqual(60);
    expect(new Set(FEATURE_NAMES).size).toBe(FEATURE_COUNT);
    for (const feature of FEATURES) {
      expect(feature.name).toMatch(/^[a-z][a-z0-9_]+$/);
      expect(feature.source.length).toBeGreaterThan(10);
      expect(feature.warmUpHours).toBeLessThanOrEqual(WARM_UP_HOURS);
      expect(feature.range[0]).toBeLessThan(feature.range[1]);
    }
  });

  it('keeps its values under its version: change both, and retrain, or neither', () => {
    const vectors = [bitsOf(rowOf(BTC, 2399)), bitsOf(rowOf(ETH, 2399))].join('\n');
    expect({ schema: FEATURE_SCHEMA_HASH, vectors }).toMatchInlineSnapshot(`
      {
        "schema": "06e5f10f805dee09b526c2241163064f38688ddd69ec478e32c26cd235998bd7",
        "vectors": "9050b0fd0a4e61311b3b56391292deeb1d7b0bbf510561819b23e76d18e930b6
      858f619cf87d03d53fb8e33fc898c129e548a618dad70cd77d75f8c96eb902c9",
      }
    `);
  });

  it('stays inside its stated ranges', () => {
    for (const symbol of [BTC, ETH]) {
      for (let row = WARM_UP_HOURS; row < 2400; row += 7) {
        rowOf(symbol, row)?.forEach((value, i) => {
          const { name, range } = FEATURES[i] ?? { name: '', range: [0, 0] };
          expect(value, name).toBeGreaterThanOrEqual(range[0]);
          expect(value, name).toBeLessThanOrEqual(range[1]);
        });
      }
    }
  });
});

describe('the feature engine', () => {
  it('is unknown until warm, and not one hour longer', () => {
    const engine = createFeatureEngine([BTC, ETH]);
    feed(engine, 0, WARM_UP_HOURS - 1);
    expect(engine.vector(ETH)).toBeNull();
    feed(engine, WARM_UP_HOURS - 1, WARM_UP_HOURS);
    expect(engine.vector(ETH)).toHaveLength(FEATURE_COUNT);
    expect(engine.newestClose(ETH)).toBe((eth[WARM_UP_HOURS] as Candle).openTime);
  });

  it('equals batch to the last bit, also when begun again anywhere with the newest 1,000 candles', () => {
    const engine = createFeatureEngine([BTC, ETH]);
    for (let row = 0; row < 2400; row++) {
      feed(engine, row, row + 1);
      if (row % 13 === 0) expect(bitsOf(engine.vector(ETH))).toBe(bitsOf(rowOf(ETH, row)));
    }
    for (let row = 1000; row < 2400; row += 97) {
      const restarted = createFeatureEngine([BTC, ETH]);
      feed(restarted, row - 999, row + 1);
      expect(bitsOf(restarted.vector(BTC))).toBe(bitsOf(rowOf(BTC, row)));
      expect(bitsOf(restarted.vector(ETH))).toBe(bitsOf(rowOf(ETH, row)));
    }
  });

  it('does not care which symbol of an hour comes first', () => {
    const engine = createFeatureEngine([ETH]);
    for (let i = 0; i < 1500; i++) {
      engine.push(ETH, eth[i] as Candle);
      engine.push(BTC, btc[i] as Candle);
    }
    expect(bitsOf(engine.vector(ETH))).toBe(bitsOf(rowOf(ETH, 1499)));
  });

  it('is unknown while the context symbol lacks the hour', () => {
    const engine = createFeatureEngine([ETH]);
    feed(engine, 0, 1500);
    engine.push(ETH, eth[1500] as Candle);
    expect(engine.vector(ETH)).toBeNull();
    engine.push(BTC, btc[1500] as Candle);
    expect(bitsOf(engine.vector(ETH))).toBe(bitsOf(rowOf(ETH, 1500)));
    engine.push(BTC, btc[1501] as Candle);
    expect(engine.vector(ETH)).toBeNull();
  });

  it('leaves out repeated, older, empty and unsound candles', () => {
    const engine = createFeatureEngine([BTC]);
    const candle = btc[5] as Candle;
    expect(engine.push(BTC, candle)).toBe(true);
    expect(engine.push(BTC, candle)).toBe(false);
    expect(engine.push(BTC, btc[4] as Candle)).toBe(false);
    const next = btc[6] as Candle;
    for (const bad of [
      { volume: 0 },
      { close: Number.NaN },
      { high: next.low / 2 },
      { trades: Number.NaN },
      { low: 0 },
      { takerBuyBase: -1 },
      { quoteVolume: Infinity },
    ]) {
      expect(engine.push(BTC, { ...next, ...bad }), JSON.stringify(bad)).toBe(false);
    }
    expect(engine.push(BTC, next)).toBe(true);
  });

  it('goes on over a short hole and starts again after a long one', () => {
    const later = (candles: readonly Candle[], from: number, hours: number): Candle[] =>
      candles.slice(from).map((candle) => ({ ...candle, openTime: candle.openTime + hours * HOUR_MS }));
    const short = createFeatureEngine([BTC]);
    const long = createFeatureEngine([BTC]);
    for (let i = 0; i < 1200; i++) {
      short.push(BTC, btc[i] as Candle);
      long.push(BTC, btc[i] as Candle);
    }
    short.push(BTC, later(btc, 1200, LONGEST_GAP_HOURS)[0] as Candle);
    expect(short.vector(BTC)).not.toBeNull();
    // One return across the hole, and it is the real one.
    expect(short.vector(BTC)?.[0]).toBe(
      Math.fround(Math.log((btc[1200] as Candle).close) - Math.log((btc[1199] as Candle).close)),
    );
    const after = later(btc, 1200, LONGEST_GAP_HOURS + 1);
    long.push(BTC, after[0] as Candle);
    expect(long.vector(BTC)).toBeNull();
    // After a long hole nothing of what was before is left: the same as a new engine.
    const fresh = createFeatureEngine([BTC]);
    for (const candle of after) {
      long.push(BTC, candle);
      fresh.push(BTC, candle);
    }
    expect(long.vector(BTC)).not.toBeNull();
    expect(bitsOf(long.vector(BTC))).toBe(bitsOf(fresh.vector(BTC)));
  });

  it('knows no infinity: what a price that stands still makes of a logarithm is not known', () => {
    const engine = createFeatureEngine([BTC]);
    for (let i = 0; i < 1000; i++) engine.push(BTC, btc[i] as Candle);
    const { close } = btc[999] as Candle;
    for (let i = 1000; i < 1200; i++) {
      engine.push(BTC, { ...(btc[i] as Candle), open: close, high: close, low: close, close });
      for (const value of engine.vector(BTC) ?? []) expect(Math.abs(value)).not.toBe(Number.POSITIVE_INFINITY);
      if (i === 1006) expect(engine.vector(BTC)?.[FEATURE_NAMES.indexOf('volatility_ratio_6_24')]).toBeNaN();
    }
  });

  it('does not take the rounding of a window that does not vary for a movement', () => {
    const engine = createFeatureEngine([BTC]);
    const valueOf = (name: string): number => engine.vector(BTC)?.[FEATURE_NAMES.indexOf(name)] ?? 0;
    for (let i = 0; i < 1000; i++) engine.push(BTC, btc[i] as Candle);
    // A stablecoin's day: twenty times 0.9998, divided by twenty, is not 0.9998 in doubles.
    const still = { open: 0.9998, high: 0.9999, low: 0.9997, close: 0.9998 };
    for (let i = 1000; i < 1168; i++) {
      engine.push(BTC, { ...(btc[i] as Candle), ...still, quoteVolume: 12_345.678, trades: 77 });
      if (i >= 1019) expect(valueOf('bollinger_position_20')).toBeNaN();
    }
    expect(valueOf('trade_size_z_168h')).toBeNaN();
    engine.push(BTC, { ...(btc[1168] as Candle), ...still, close: 0.9999 });
    expect(valueOf('bollinger_position_20')).toBeCloseTo(0.5 + Math.sqrt(19) / 4, 5);
    expect(valueOf('trade_size_z_168h')).not.toBeNaN();
  });

  it('names a symbol it was not made for', () => {
    const engine = createFeatureEngine([ETH]);
    expect(() => engine.push('SOL/USDT', btc[0] as Candle)).toThrow(
      /no SOL\/USDT; it was made for BTC\/USDT, ETH\/USDT/,
    );
    expect(() => engine.vector(BTC)).toThrow(/only gives context/);
    expect(() => computeFeatures(new Map([[ETH, columnsFromCandles(eth)]]), [ETH])).toThrow(
      /need the candles of BTC\/USDT/,
    );
  });
});

describe('batch features', () => {
  it('never look ahead: every truncated history gives the same rows', () => {
    for (let cut = 961; cut < 1461; cut++) {
      const cutSeries = new Map([
        [BTC, columnsFromCandles(btc.slice(400, cut + 400))],
        [ETH, columnsFromCandles(eth.slice(400, cut + 400))],
      ]);
      const table = computeFeatures(cutSeries, [ETH]).get(ETH);
      const row = table?.values.slice((cut - 1) * FEATURE_COUNT, cut * FEATURE_COUNT) ?? null;
      expect(bitsOf(row)).toBe(bitsOf(rowOf(ETH, cut + 399)));
    }
  });
});
