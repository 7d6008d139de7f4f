import { readFileSync } from 'node:fs';
import { parquetMetadata, parquetReadObjects, type FileMetaData } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { CANDLE_COLUMN_NAMES, emptyColumns, type CandleColumns } from '../../core/features/candle-columns.ts';
import { largestFile, mostCandles, TIMEFRAME_MS, type CandleTimeframe } from './candle-files.ts';
import { CANDLE_FILE_HEADER, CandleFileError, rowFault } from './parse-candles.ts';
import { putFile } from './put-file.ts';

/** A column of a table; `time` values are epoch milliseconds. A null is an absent value; NaN stays NaN. */
export type TableColumn =
  | {
      readonly name: string;
      readonly type: 'time' | 'double' | 'float' | 'integer';
      readonly values: ArrayLike<number | null>;
    }
  | { readonly name: string; readonly type: 'text'; readonly values: ArrayLike<string | null> };

const PARQUET_TYPES = {
  time: 'TIMESTAMP',
  double: 'DOUBLE',
  float: 'FLOAT',
  integer: 'INT64',
  text: 'STRING',
} as const;

/** Rows of a group: a reader that wants a part need not read the whole. */
const ROW_GROUP = 50_000;

/** Writes a table as Parquet (Snappy), whole or not at all. Times are UTC timestamps in milliseconds. */
export const writeParquetTable = (
  path: string,
  columns: readonly TableColumn[],
  metadata: Readonly<Record<string, string>> = {},
): void => {
  const buffer = parquetWriteBuffer({
    columnData: columns.map((column) => ({
      name: column.name,
      type: PARQUET_TYPES[column.type],
      data: cellsOf(column),
      nullable: hasNull(column),
    })),
    rowGroupSize: ROW_GROUP,
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy: 'guardian-bot',
  });
  putFile(path, new Uint8Array(buffer));
};

const hasNull = (column: TableColumn): boolean => Array.from<number | string | null>(column.values).includes(null);

const cellsOf = (column: TableColumn): unknown[] => {
  switch (column.type) {
    case 'time':
      return Array.from(column.values, (value) => (value === null ? null : new Date(value)));
    case 'integer':
      return Array.from(column.values, (value) => (value === null ? null : BigInt(value)));
    default:
      return Array.from<number | string | null>(column.values);
  }
};

const FIELDS = CANDLE_FILE_HEADER.split(',');

/** Writes a candle series with the column names of the CSV files. */
export const writeParquetCandles = (path: string, columns: CandleColumns): void => {
  const width = columns.complete ? FIELDS.length : 6;
  writeParquetTable(
    path,
    CANDLE_COLUMN_NAMES.slice(0, width).map((name, i) => ({
      name: FIELDS[i] ?? name,
      type: name === 'openTime' || name === 'trades' ? 'integer' : 'double',
      values: columns[name],
    })),
  );
};

/**
 * Reads a candle series from Parquet, with the columns of the CSV files or the first six of them.
 * @throws CandleFileError with one line that names the file, the row, the value and what would be right
 */
export const readParquetCandles = async (path: string, timeframe: CandleTimeframe = '1h'): Promise<CandleColumns> => {
  const rows = await readRows(path, timeframe);
  const complete = rows[0] !== undefined && FIELDS.every((field) => field in (rows[0] ?? {}));
  const columns = emptyColumns(rows.length, complete);
  if (rows.length === 0) throw new CandleFileError(`${path} has no candle; at least one row is needed`);
  const width = complete ? FIELDS.length : 6;
  CANDLE_COLUMN_NAMES.slice(width).forEach((name) => columns[name].fill(Number.NaN));
  rows.forEach((row, index) => {
    for (let i = 0; i < width; i++) {
      const field = FIELDS[i] ?? '';
      const name = CANDLE_COLUMN_NAMES[i];
      const value = cellNumber(row[field]);
      if (value === null)
        throw new CandleFileError(
          `${path}, row ${index + 1}: ${field} is ${shown(row[field])}; it should be a number of at least zero`,
        );
      if (name !== undefined) columns[name][index] = value;
    }
    const fault = rowFault(columns, index, TIMEFRAME_MS[timeframe]);
    if (fault !== null) throw new CandleFileError(`${path}, row ${index + 1}: ${fault}`);
  });
  return columns;
};

/** What a candle file of CSV may not unpack to, a Parquet file may not either: a million equal rows are some bytes. */
const refuseHuge = (path: string, { num_rows, row_groups }: FileMetaData, timeframe: CandleTimeframe): void => {
  const most = mostCandles(timeframe);
  if (num_rows > most)
    throw new CandleFileError(
      `${path} has ${num_rows} rows, and twenty years of ${timeframe} candles are ${most}; it should hold candles of one market alone`,
    );
  const bytes = row_groups
    .flatMap(({ columns }) => columns)
    .reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);
  if (bytes > largestFile(timeframe))
    throw new CandleFileError(
      `${path} unpacks to ${Math.ceil(bytes / 1e6)} MB, and twenty years of ${timeframe} candles take at most ${Math.floor(largestFile(timeframe) / 1e6)}; it should hold candles of one market alone`,
    );
};

const readRows = async (path: string, timeframe: CandleTimeframe): Promise<Record<string, unknown>[]> => {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new CandleFileError(
      `${path} can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}); it should be a readable Parquet file`,
    );
  }
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  try {
    const metadata = parquetMetadata(file);
    refuseHuge(path, metadata, timeframe);
    return await parquetReadObjects({ file, metadata });
  } catch (error) {
    if (error instanceof CandleFileError) throw error;
    throw new CandleFileError(
      `${path} is not a Parquet file that can be read (${(error as Error).message.split('\n', 1)[0] ?? ''}); write it again`,
    );
  }
};

/** Numbers, big integers and dates as a number of at least zero; null for anything else. */
const cellNumber = (cell: unknown): number | null => {
  const value = typeof cell === 'bigint' ? Number(cell) : cell instanceof Date ? cell.getTime() : cell;
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
};

const shown = (cell: unknown): string =>
  typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'bigint' || typeof cell === 'boolean'
    ? `"${String(cell)}"`
    : 'absent';
