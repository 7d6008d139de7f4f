import type { CandleColumns } from '../../core/features/candle-columns.ts';
import { readCandleFile, writeCandleFile } from './candle-files.ts';
import { readParquetCandles, writeParquetCandles } from './parquet-files.ts';

const isParquet = (path: string): boolean => path.toLowerCase().endsWith('.parquet');

/** Hourly candles from CSV, plain or gzip, or from Parquet, told by the name's end. @throws CandleFileError */
export const readCandles = async (path: string): Promise<CandleColumns> =>
  isParquet(path) ? readParquetCandles(path) : readCandleFile(path);

/** Hourly candles as CSV, gzip CSV (`.gz`) or Parquet (`.parquet`), told by the name's end. */
export const writeCandles = (path: string, columns: CandleColumns): Promise<void> => {
  if (isParquet(path)) writeParquetCandles(path, columns);
  else writeCandleFile(path, columns);
  return Promise.resolve();
};
