import { join } from 'node:path';
import { readCandleFile, writeCandleFile } from '../adapters/candles/candle-files.ts';
import { readParquetCandles, writeParquetCandles } from '../adapters/candles/parquet-files.ts';
import { createCandleStore } from '../adapters/sqlite/candle-store.ts';
import { lookAt } from '../adapters/sqlite/inspect.ts';
import { createSystemClock } from '../adapters/system/clock.ts';
import type { Config } from '../adapters/system/config-schema.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import type { CandleColumns } from '../core/features/candle-columns.ts';
import type { EpochMs, SymbolName } from '../core/units.ts';
import type { CandleStore } from '../ports/candle-store.ts';
import type { Log } from '../ports/log.ts';
import { runDownload, runExport, runImport } from '../research/download/run-download.ts';
import type { ResearchIo } from '../research/training/io.ts';
import { openPublicExchange } from './compose/public-exchange.ts';
import { hourOf, symbolsOf } from './backtest-options.ts';
import { createResearchIo } from './research-io.ts';
import { openContext } from './process-context.ts';
import { written } from './written.ts';

export interface DownloadArguments {
  readonly symbols?: string;
  readonly from?: string;
  readonly store?: string;
  readonly import?: string;
  readonly export?: string;
}

/** Where the candles of `download` live unless told otherwise. */
const STORE = join('data', 'candles.db');
/** The exchange's first full year with these markets. */
const FROM = Date.UTC(2018, 0, 1);

const isParquet = (path: string): boolean => path.endsWith('.parquet');
const readCandles = (path: string): Promise<CandleColumns> =>
  isParquet(path) ? readParquetCandles(path) : Promise.resolve(readCandleFile(path));
const writeCandles = (path: string, columns: CandleColumns): Promise<void> =>
  Promise.resolve(
    written(path, () => (isParquet(path) ? writeParquetCandles(path, columns) : writeCandleFile(path, columns))),
  );

const exitCode = (code: number): ExitCode =>
  code === EXIT_CODES.done || code === EXIT_CODES.usage ? code : EXIT_CODES.failure;

/** `guardian download`: history through the exchange into SQLite, resumable; or a file into it or out of it. */
export const download = async (options: DownloadArguments): Promise<ExitCode> => {
  if (options.import !== undefined && options.export !== undefined)
    throw new UserError('--import and --export are opposite ways: use one of them');
  if (options.from !== undefined && (options.import ?? options.export) !== undefined)
    throw new UserError('--from is for what is fetched; a file is taken and written whole');
  const { config, log } = openContext({ logTo: 'stderr', needsSecrets: false });
  const symbols = symbolsOf(options.symbols, config.symbols, null);
  const from = hourOf('from', options.from) ?? FROM;
  if (from > Date.now())
    throw new UserError(
      `--from ${String(options.from)} is still to come by this computer's clock, so there are no candles since then; give an earlier day`,
    );
  const io = createResearchIo();
  try {
    return exitCode(
      (options.import ?? options.export) === undefined
        ? await fetchCandles(symbols, from, options.store ?? STORE, config, log, io)
        : await transfer(symbols, options, io),
    );
  } finally {
    io.done();
  }
};

const fetchCandles = async (
  symbols: readonly SymbolName[],
  from: EpochMs,
  path: string,
  config: Config,
  log: Log,
  io: ResearchIo,
): Promise<number> => {
  const store = createCandleStore(path);
  try {
    const clock = createSystemClock();
    const exchange = await openPublicExchange(config, clock, log);
    try {
      return await runDownload({ symbols, from }, { store, market: exchange.marketData, clock }, io);
    } finally {
      await exchange.close();
    }
  } finally {
    store.close();
  }
};

/**
 * A file into the store or out of it. No store is made for a file that is at fault, nor to find that it has nothing to
 * give.
 */
const transfer = async (
  symbols: readonly SymbolName[],
  options: DownloadArguments,
  io: ResearchIo,
): Promise<number> => {
  const [symbol, ...more] = symbols;
  if (symbol === undefined || more.length > 0)
    throw new UserError('a file holds one market: name it with --symbols, such as --symbols BTC/USDT');
  const path = options.store ?? STORE;
  let opened: CandleStore | null = null;
  const store = (): CandleStore => (opened ??= createCandleStore(path));
  const tools = { store, readCandles, writeCandles };
  try {
    if (options.import !== undefined) return await runImport({ symbol, path: options.import }, tools, io);
    const file = fileToWrite(options.export ?? '');
    if (lookAt(path) === 'nothing')
      throw new UserError(
        `${path} does not exist, so there are no candles to export; download or import them first, or name another --store`,
      );
    return await runExport({ symbol, path: file }, tools, io);
  } finally {
    (opened as CandleStore | null)?.close();
  }
};

/** @throws UserError for a name that says another format than those that are written */
const fileToWrite = (path: string): string => {
  if (/\.(csv|csv\.gz|parquet)$/.test(path)) return path;
  throw new UserError(
    `--export ${path} is no name of a CSV or Parquet file; it should end in .csv, .csv.gz or .parquet`,
  );
};
