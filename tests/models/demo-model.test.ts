import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../src/adapters/onnx/load-model.ts';
import { computeFeatures } from '../../src/core/features/batch.ts';
import { columnsFromCandles } from '../../src/core/features/candle-columns.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../../src/core/features/catalogue.ts';
import { createDriftMonitor, driftReferenceOf, LEAST_DRIFT_HOURS } from '../../src/core/features/drift.ts';
import { HOUR_MS } from '../../src/core/units.ts';
import { buildDataset } from '../../src/research/dataset/build-dataset.ts';
import { tradePolicy } from '../../src/research/validation/policy-trades.ts';
import { demoHistory } from '../../src/sim/generator/demo-history.ts';

const DIRECTORY = join(import.meta.dirname, '../../models/demo');
const SYMBOLS = ['BTC/USDT', 'ETH/USDT'];
const BARRIERS = { stop: 0.015, target: 0.03, horizonHours: 24, entrySlippage: 0.0002 };
const WINDOW = 60;

describe('the demo model', () => {
  it('is small, labelled as what it is, and fits the running catalogue', async () => {
    expect(existsSync(join(DIRECTORY, 'card.md'))).toBe(true);
    expect(statSync(join(DIRECTORY, 'model.onnx')).size).toBeLessThan(400_000);
    const model = await loadModel(DIRECTORY, {
      schemaHash: FEATURE_SCHEMA_HASH,
      featureCount: FEATURE_COUNT,
      purposes: ['demo'],
    });
    expect(model.description).toMatchObject({
      name: 'demo',
      purpose: 'demo',
      demonstratedEdge: false,
      stop: 0.015,
      target: 0.03,
      horizonHours: 24,
    });
    const card: unknown = JSON.parse(readFileSync(join(DIRECTORY, 'card.json'), 'utf8'));
    expect(card).toMatchObject({
      purpose: 'demo',
      modelSha256: model.description.hash,
      schemaHash: FEATURE_SCHEMA_HASH,
    });
    expect(driftReferenceOf(card)).not.toBeNull();
    await model.close();
  });

  it('enters within any 60 market hours on most seeds, winning and losing, and several times at the start of the default one', async () => {
    const model = await loadModel(DIRECTORY, { schemaHash: FEATURE_SCHEMA_HASH, featureCount: FEATURE_COUNT });
    let idle = 0;
    let windows = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const demo = demoHistory({ seed, symbols: SYMBOLS });
      const last = demo.from + 20 * WINDOW * HOUR_MS;
      const series = new Map(
        SYMBOLS.map((symbol) => [
          symbol,
          columnsFromCandles(demo.candles(symbol, demo.from - 1200 * HOUR_MS, last + 48 * HOUR_MS)),
        ]),
      );
      const dataset = buildDataset(series, SYMBOLS, BARRIERS);
      const probabilities = await model.predictBatch(dataset.rows);
      const rows = Int32Array.from({ length: dataset.length }, (_, i) => i).filter(
        (i) => (dataset.time[i] ?? 0) >= demo.from && (dataset.time[i] ?? 0) < last,
      );
      const trades = tradePolicy(
        dataset,
        rows,
        Float64Array.from(rows, (row) => probabilities[row] ?? 0),
        { ...BARRIERS, margin: model.description.margin, costFactor: 1 },
      );
      expect(trades.some((trade) => trade.netReturn > 0) && trades.some((trade) => trade.netReturn < 0)).toBe(true);
      const counts = Array.from(
        { length: 20 },
        (_, w) => trades.filter((trade) => Math.floor((trade.entryTime - demo.from) / HOUR_MS / WINDOW) === w).length,
      );
      windows += counts.length;
      idle += counts.filter((count) => count === 0).length;
      if (seed === 1) expect(counts[0]).toBeGreaterThanOrEqual(5);
    }
    expect(idle / windows).toBeLessThan(0.06);
    await model.close();
  });

  it('is not held to have drifted by its own market: the shortest windows are compared with windows as short', async () => {
    const model = await loadModel(DIRECTORY, { schemaHash: FEATURE_SCHEMA_HASH, featureCount: FEATURE_COUNT });
    const reference = driftReferenceOf(JSON.parse(readFileSync(join(DIRECTORY, 'card.json'), 'utf8')));
    if (reference === null) throw new Error('the card has no reference');
    let drifted = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const demo = demoHistory({ seed, symbols: SYMBOLS });
      const tables = computeFeatures(
        new Map(
          SYMBOLS.map((symbol) => [
            symbol,
            columnsFromCandles(
              demo.candles(symbol, demo.from - 1200 * HOUR_MS, demo.from + LEAST_DRIFT_HOURS * HOUR_MS),
            ),
          ]),
        ),
        SYMBOLS,
      );
      const monitor = createDriftMonitor(reference, { symbols: SYMBOLS.length });
      for (const table of tables.values()) {
        const probabilities = await model.predictBatch(table.values);
        table.openTime.forEach((at, row) => {
          if (at >= demo.from)
            monitor.push(
              table.values.subarray(row * FEATURE_COUNT, (row + 1) * FEATURE_COUNT),
              probabilities[row] ?? Number.NaN,
            );
        });
      }
      expect(monitor.report().hours).toBe(LEAST_DRIFT_HOURS);
      if (monitor.report().predictionShifted) drifted += 1;
    }
    expect(drifted).toBeLessThanOrEqual(1);
    await model.close();
  });
});
