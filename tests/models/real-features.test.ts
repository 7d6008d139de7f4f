import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCandleFile } from '../../src/adapters/candles/candle-files.ts';
import { computeFeatures } from '../../src/core/features/batch.ts';
import { candleAt, type CandleColumns } from '../../src/core/features/candle-columns.ts';
import { FEATURE_COUNT } from '../../src/core/features/catalogue.ts';
import { createFeatureEngine } from '../../src/core/features/engine.ts';
import { findLookAhead } from '../../src/research/validation/look-ahead.ts';

const market = process.env['MARKET_DATA_DIR'];
const SYMBOLS = ['BTC/USDT', 'ETH/USDT'];
/** What a live bot fetches at a start: one request. */
const PAGE = 1000;
const bytesOf = (values: Float32Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');

/** Its twin on made-up candles stands in src/core/features/engine.test.ts and always runs. */
describe.skipIf(market === undefined)('features of all real hours (needs MARKET_DATA_DIR)', () => {
  const load = (): Map<string, CandleColumns> =>
    new Map(
      SYMBOLS.map((symbol) => [symbol, readCandleFile(join(market ?? '', `${symbol.replace('/', '')}-1h.csv.gz`))]),
    );

  it('are equal to the last bit in batch, candle by candle, and begun again at random points', () => {
    const series = load();
    const eth = computeFeatures(series, SYMBOLS).get('ETH/USDT');
    const [btcCandles, ethCandles] = SYMBOLS.map((symbol) => series.get(symbol));
    if (eth === undefined || btcCandles === undefined || ethCandles === undefined) throw new Error('no candles');
    expect(btcCandles.length).toBe(65_590);
    let engine = createFeatureEngine(SYMBOLS);
    const target = new Float32Array(FEATURE_COUNT);
    let compared = 0;
    for (let row = 0; row < ethCandles.length; row++) {
      // Every few hundred hours the engine is thrown away and fed the newest page, as after a restart.
      if (row > PAGE && (row * 2_654_435_761) % 4_294_967_296 < 4_294_967_296 / 700) {
        engine = createFeatureEngine(SYMBOLS);
        for (let before = row - PAGE; before < row; before++) {
          engine.push('BTC/USDT', candleAt(btcCandles, before));
          engine.push('ETH/USDT', candleAt(ethCandles, before));
        }
      }
      engine.push('BTC/USDT', candleAt(btcCandles, row));
      const taken = engine.push('ETH/USDT', candleAt(ethCandles, row));
      const known = taken && engine.writeVector('ETH/USDT', target, 0);
      if (!known) continue;
      compared++;
      const batch = eth.values.subarray(row * FEATURE_COUNT, (row + 1) * FEATURE_COUNT);
      if (bytesOf(target) !== bytesOf(batch))
        expect.fail(`features of row ${row} differ between batch and a restarted engine`);
    }
    expect(compared).toBeGreaterThan(64_000);
  }, 60_000);

  it('do not look ahead at 600 cut points', () => {
    const series = load();
    const length = series.get('ETH/USDT')?.length ?? 0;
    const cuts = Array.from({ length: 600 }, (_, i) => PAGE + Math.floor(((length - PAGE - 1) * i) / 600));
    expect(findLookAhead(computeFeatures, series, 'ETH/USDT', cuts, PAGE)).toEqual([]);
  }, 60_000);
});
