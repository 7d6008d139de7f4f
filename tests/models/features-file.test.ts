import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import { openCandleFolder, writeCandleFile } from '../../src/adapters/candles/candle-files.ts';
import { writeParquetTable } from '../../src/adapters/candles/parquet-files.ts';
import { candleAt, columnsFromCandles } from '../../src/core/features/candle-columns.ts';
import { FEATURE_NAMES } from '../../src/core/features/catalogue.ts';
import { createFeatureEngine } from '../../src/core/features/engine.ts';
import { HOUR_MS } from '../../src/core/units.ts';
import { runFeatures } from '../../src/research/dataset/run-features.ts';
import { generateCandles } from '../../src/sim/generator/candles.ts';

const root = mkdtempSync(join(tmpdir(), 'features-'));
afterAll(() => rmSync(root, { recursive: true }));
const FROM = Date.UTC(2024, 0, 1);
const HOURS = 1100;
const series = new Map(
  ['BTC/USDT', 'ETH/USDT'].map((symbol) => [
    symbol,
    columnsFromCandles(generateCandles({ seed: 8, symbol, from: FROM, hours: HOURS })),
  ]),
);
for (const [symbol, columns] of series) writeCandleFile(join(root, `${symbol.replace('/', '')}-1h.csv.gz`), columns);

const TOOLS = { openCandles: openCandleFolder, writeTable: writeParquetTable };

describe('features', () => {
  it('writes one Parquet table of what the live engine computes, with labels where the future is known', async () => {
    const lines: string[] = [];
    const output = join(root, 'features_1H_advanced.parquet');
    expect(
      runFeatures({ dataDirectory: root, output }, TOOLS, {
        out: (line) => lines.push(line),
        err: (line) => lines.push(line),
        progress: () => undefined,
      }),
    ).toBe(0);
    expect(lines).toHaveLength(1);
    const rows = await parquetReadObjects({ file: Uint8Array.from(readFileSync(output)).buffer });
    expect(rows).toHaveLength(2 * (HOURS - 959));
    expect(Object.keys(rows[0] ?? {})).toEqual([
      'time',
      'symbol',
      'close',
      ...FEATURE_NAMES,
      'label',
      'outcome',
      'label_end',
      'gross_return',
      'weight',
    ]);

    const engine = createFeatureEngine(['BTC/USDT', 'ETH/USDT']);
    for (let hour = 0; hour < HOURS; hour++)
      for (const [symbol, columns] of series) engine.push(symbol, candleAt(columns, hour));
    const newest = rows.filter((row) => row['symbol'] === 'ETH/USDT').at(-1) ?? {};
    expect(newest['time']).toEqual(new Date(FROM + HOURS * HOUR_MS));
    expect(FEATURE_NAMES.map((name) => newest[name] as number)).toEqual([...(engine.vector('ETH/USDT') ?? [])]);
    expect([newest['label'], newest['outcome'], newest['gross_return']]).toEqual([null, null, null]);
    expect(rows.filter((row) => row['label'] === null).length).toBeLessThanOrEqual(2 * 24);
    for (const row of rows) if (row['label'] !== null) expect(row['label']).toBe(row['outcome'] === 'target' ? 1n : 0n);
  });

  it('says in one line what it lacks', () => {
    const errors: string[] = [];
    const io = { out: () => undefined, err: (line: string) => errors.push(line), progress: () => undefined };
    expect(runFeatures({ dataDirectory: join(root, 'none') }, TOOLS, io)).toBe(2);
    expect(runFeatures({ dataDirectory: root, symbols: ['SOL/USDT'] }, TOOLS, io)).toBe(2);
    expect(errors).toEqual([
      expect.stringMatching(/candle folder .* does not exist/),
      expect.stringMatching(/has no 1h candles of SOL\/USDT/),
    ]);
  });
});
