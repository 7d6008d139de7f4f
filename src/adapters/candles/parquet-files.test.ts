import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import { columnsFromCandles } from '../../core/features/candle-columns.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { readCandles, writeCandles } from './any-format.ts';
import { readParquetCandles, writeParquetCandles, writeParquetTable, type TableColumn } from './parquet-files.ts';
import { CandleFileError } from './parse-candles.ts';

const folder = mkdtempSync(join(tmpdir(), 'parquet-'));
afterAll(() => rmSync(folder, { recursive: true }));
const T0 = Date.UTC(2024, 0, 1);
const bytesOf = (path: string): ArrayBuffer => Uint8Array.from(readFileSync(path)).buffer;

describe('candles in Parquet', () => {
  it('come back as they were written, to the last bit', async () => {
    const columns = columnsFromCandles(generateCandles({ seed: 4, symbol: 'ETH/USDT', from: T0, hours: 700 }));
    const path = join(folder, 'eth.parquet');
    writeParquetCandles(path, columns);
    expect(await readParquetCandles(path)).toEqual(columns);
  });

  it('keep the six columns of a source that has no more', async () => {
    const columns = {
      ...columnsFromCandles(generateCandles({ seed: 4, symbol: 'ETH/USDT', from: T0, hours: 5 })),
      complete: false,
    };
    const path = join(folder, 'six.parquet');
    writeParquetCandles(path, columns);
    const back = await readParquetCandles(path);
    expect(back.complete).toBe(false);
    expect(back.close).toEqual(columns.close);
    expect(back.trades[0]).toBeNaN();
  });

  it.each([
    ['a price of the wrong type', { open: 'dear' }, /row 1: open is "dear"; it should be a number/],
    ['a missing column', { close: undefined }, /row 1: close is absent/],
    ['a high below the low', { high: 1 }, /row 1: high 1 and low 9 should enclose/],
    ['a time off the hour', { timestamp_ms: T0 + 5 }, /row 1: timestamp_ms is \d+; it should be a multiple/],
  ])('refuse %s in one line', async (_, change, message) => {
    const row: Record<string, unknown> = {
      timestamp_ms: T0,
      open: 10,
      high: 11,
      low: 9,
      close: 10,
      volume: 1,
      ...change,
    };
    const path = join(folder, 'bad.parquet');
    const cells = Object.entries(row).filter(([, value]) => value !== undefined);
    writeParquetTable(
      path,
      cells.map(
        ([name, value]): TableColumn =>
          typeof value === 'string'
            ? { name, type: 'text', values: [value] }
            : { name, type: 'double', values: [Number(value)] },
      ),
    );
    await expect(readParquetCandles(path)).rejects.toThrow(CandleFileError);
    await expect(readParquetCandles(path)).rejects.toThrow(message);
  });

  it('refuse a file that would unpack to more than any market has, before they unpack it', async () => {
    const path = join(folder, 'huge.parquet');
    const zeros = (name: string, rows: number): TableColumn => ({
      name,
      type: 'double',
      values: new Float64Array(rows),
    });
    writeParquetTable(
      path,
      ['timestamp_ms', 'open', 'high', 'low', 'close', 'volume'].map((name) => zeros(name, 180_000)),
    );
    await expect(readParquetCandles(path)).rejects.toThrow(
      `${path} has 180000 rows, and twenty years of 1h candles are 175200; it should hold candles of one market alone`,
    );
    const wide = Array.from({ length: 600 }, (_, i) => `${i} ${'x'.repeat(1_000)}`);
    writeParquetTable(path, [
      zeros('timestamp_ms', 600),
      ...Array.from({ length: 100 }, (_, i): TableColumn => ({ name: `note ${i}`, type: 'text', values: wide })),
    ]);
    await expect(readParquetCandles(path)).rejects.toThrow(
      /huge\.parquet unpacks to \d+ MB, and twenty years of 1h candles take at most 44;/,
    );
  });

  it('refuse a file that is not Parquet, or not there', async () => {
    writeFileSync(join(folder, 'text.parquet'), 'no table at all');
    await expect(readParquetCandles(join(folder, 'text.parquet'))).rejects.toThrow(
      /is not a Parquet file that can be read/,
    );
    await expect(readParquetCandles(join(folder, 'none.parquet'))).rejects.toThrow(/can't be read \(ENOENT\)/);
  });
});

describe('a table in Parquet', () => {
  it('keeps types, absent values, unknown values and metadata', async () => {
    const path = join(folder, 'table.parquet');
    writeParquetTable(
      path,
      [
        { name: 'time', type: 'time', values: [T0, null] },
        { name: 'symbol', type: 'text', values: ['BTC/USDT', null] },
        { name: 'feature', type: 'float', values: Float32Array.of(0.1, Number.NaN) },
        { name: 'label', type: 'integer', values: [1, null] },
      ],
      { schemaHash: 'abc' },
    );
    const rows = await parquetReadObjects({ file: bytesOf(path) });
    expect(rows).toEqual([
      { time: new Date(T0), symbol: 'BTC/USDT', feature: Math.fround(0.1), label: 1n },
      { time: null, symbol: null, feature: Number.NaN, label: null },
    ]);
    expect(parquetMetadata(bytesOf(path)).key_value_metadata).toContainEqual({ key: 'schemaHash', value: 'abc' });
  });
});

describe('candles of any format', () => {
  it.each(['a.csv', 'a.csv.gz', 'a.parquet'])('go to %s and back by the end of its name', async (name) => {
    const columns = columnsFromCandles(generateCandles({ seed: 4, symbol: 'SOL/USDT', from: T0, hours: 50 }));
    const path = join(folder, name);
    await writeCandles(path, columns);
    expect(await readCandles(path)).toEqual(columns);
    expect(readFileSync(path).subarray(0, 4).toString('latin1').startsWith('PAR1')).toBe(name.endsWith('.parquet'));
  });
});
