import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  CANDLE_COLUMN_NAMES,
  candleAt,
  rowAt,
  sliceColumns,
  type CandleColumns,
} from '../../core/features/candle-columns.ts';
import type { Candle } from '../../core/market/candle.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, type EpochMs, type Milliseconds, type SymbolName } from '../../core/units.ts';
import { CANDLE_FILE_HEADER, CandleFileError, parseCandles } from './parse-candles.ts';
import { putFile } from './put-file.ts';

export type CandleTimeframe = '1h' | '15m' | '1m';

export const TIMEFRAME_MS: Readonly<Record<CandleTimeframe, Milliseconds>> = {
  '1h': HOUR_MS,
  '15m': 15 * MINUTE_MS,
  '1m': MINUTE_MS,
};

const GZIP_MAGIC = [0x1f, 0x8b];

/**
 * No market is so old, and no row so wide: some megabytes of zeros would take all memory, that of a bot on the same
 * machine, too.
 */
const OLDEST_MARKET: Milliseconds = 20 * 365 * DAY_MS;
const WIDEST_ROW_BYTES = 256;
export const mostCandles = (timeframe: CandleTimeframe): number => OLDEST_MARKET / TIMEFRAME_MS[timeframe];
export const largestFile = (timeframe: CandleTimeframe): number => mostCandles(timeframe) * WIDEST_ROW_BYTES;

/**
 * Reads one candle file, plain or gzip, 10 or 6 columns.
 * @throws CandleFileError with one line that names the file, the line, the value and what would be right
 */
export const readCandleFile = (path: string, timeframe: CandleTimeframe = '1h'): CandleColumns => {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new CandleFileError(
      `${path} can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}); it should be a readable candle file`,
    );
  }
  if (bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1]) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: largestFile(timeframe) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
        throw new CandleFileError(
          `${path} unpacks to more than ${Math.floor(largestFile(timeframe) / 1e6)} MB, and twenty years of ${timeframe} candles take less; it should hold candles of one market alone`,
        );
      }
      throw new CandleFileError(
        `${path} is not a sound gzip file (${(error as Error).message}); download or copy it again`,
      );
    }
  }
  return parseCandles(bytes, path, TIMEFRAME_MS[timeframe]);
};

/**
 * Writes a series as gzip CSV (plain when the name does not end in .gz), whole or not at all. Absent columns are left
 * out.
 */
export const writeCandleFile = (path: string, columns: CandleColumns): void => {
  const width = columns.complete ? CANDLE_COLUMN_NAMES.length : 6;
  const lines = [CANDLE_FILE_HEADER.split(',').slice(0, width).join(',')];
  const series = CANDLE_COLUMN_NAMES.slice(0, width).map((name) => columns[name]);
  for (let row = 0; row < columns.length; row++) lines.push(series.map((column) => String(column[row])).join(','));
  const text = Buffer.from(`${lines.join('\n')}\n`);
  putFile(path, path.endsWith('.gz') ? gzipSync(text) : text);
};

/** Quote currencies that a file name may end in, longest first where one ends another. */
const QUOTES = ['FDUSD', 'USDT', 'USDC', 'BUSD', 'TUSD', 'EUR', 'BTC', 'ETH', 'BNB'];

/** `BTCUSDT` -> `BTC/USDT`; null when no known quote currency ends it. */
export const symbolOfMarketId = (id: string): SymbolName | null => {
  const quote = QUOTES.find((candidate) => id.endsWith(candidate) && id.length > candidate.length);
  return quote === undefined ? null : `${id.slice(0, -quote.length)}/${quote}`;
};

export interface CandleFolder {
  readonly directory: string;
  /** Symbols that have a file of this timeframe, in alphabetical order. */
  readonly symbols: readonly SymbolName[];
  /** The whole series; read on first use and kept. @throws CandleFileError */
  readonly series: (symbol: SymbolName) => CandleColumns;
  /** Candles that open in [from, to), oldest first. @throws CandleFileError */
  readonly candles: (symbol: SymbolName, from: EpochMs, to: EpochMs) => readonly Candle[];
  /** Close time of the newest candle that every one of these symbols has. @throws CandleFileError */
  readonly endOf: (symbols: readonly SymbolName[]) => EpochMs;
}

/** @throws CandleFileError */
const namesIn = (directory: string, timeframe: CandleTimeframe): readonly string[] => {
  const files = `files such as BTCUSDT-${timeframe}.csv.gz`;
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new CandleFileError(
      code === 'ENOENT'
        ? `candle folder ${directory} does not exist; it should hold ${files}`
        : `candle folder ${directory} can't be read (${code}); it should be a folder that holds ${files}`,
    );
  }
};

/**
 * A folder of files such as `BTCUSDT-1h.csv.gz`.
 * @throws CandleFileError when the folder is missing or holds no file of the timeframe
 */
export const openCandleFolder = (directory: string, timeframe: CandleTimeframe = '1h'): CandleFolder => {
  const paths = new Map<SymbolName, string>();
  const twice = new Map<SymbolName, string>();
  for (const name of namesIn(directory, timeframe)) {
    const id = new RegExp(`^([A-Z0-9]+)-${timeframe}\\.csv(\\.gz)?$`).exec(basename(name))?.[1];
    const symbol = id === undefined ? null : symbolOfMarketId(id);
    if (symbol === null) continue;
    const other = paths.get(symbol);
    if (other !== undefined) twice.set(symbol, `${basename(other)} and ${name}`);
    paths.set(symbol, join(directory, name));
  }
  if (paths.size === 0)
    throw new CandleFileError(`candle folder ${directory} has no file such as BTCUSDT-${timeframe}.csv.gz`);
  const cache = new Map<SymbolName, CandleColumns>();
  const series = (symbol: SymbolName): CandleColumns => {
    const known = cache.get(symbol);
    if (known !== undefined) return known;
    const path = paths.get(symbol);
    if (path === undefined)
      throw new CandleFileError(
        `candle folder ${directory} has no ${timeframe} candles of ${symbol}; it has ${[...paths.keys()].join(', ')}`,
      );
    // Which of them is meant only their owner knows; the older one would be as readable as the newer.
    const both = twice.get(symbol);
    if (both !== undefined)
      throw new CandleFileError(
        `candle folder ${directory} has two files of ${symbol}, ${both} (plain and gzip): remove one`,
      );
    const columns = readCandleFile(path, timeframe);
    cache.set(symbol, columns);
    return columns;
  };
  return {
    directory,
    symbols: [...paths.keys()].sort(),
    series,
    candles: (symbol, from, to) => {
      const part = sliceColumns(series(symbol), from, to);
      return Array.from({ length: part.length }, (_, row) => candleAt(part, row));
    },
    endOf: (symbols) =>
      Math.min(
        ...symbols.map(
          (symbol) =>
            (series(symbol).openTime[rowAt(series(symbol), Number.POSITIVE_INFINITY) - 1] ?? Number.NaN) +
            TIMEFRAME_MS[timeframe],
        ),
      ),
  };
};
