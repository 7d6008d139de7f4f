import {
  openCandleFolder,
  TIMEFRAME_MS,
  type CandleFolder,
  type CandleTimeframe,
} from '../adapters/candles/candle-files.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { columnsFromCandles, type CandleColumns } from '../core/features/candle-columns.ts';
import { CONTEXT_SYMBOL } from '../core/features/catalogue.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../core/units.ts';
import type { SymbolSeries } from '../research/backtest/hour-market.ts';
import { shortCandles } from '../research/dataset/volumes.ts';
import { demoHistory } from '../sim/generator/demo-history.ts';
import { GENERATED_SYMBOLS } from '../sim/generator/candles.ts';

/** Candles of a backtest. */
export interface BacktestMarket {
  /** In words, for the report. */
  readonly name: string;
  readonly recorded: boolean;
  readonly series: readonly SymbolSeries[];
  /** Candles by symbol for the features: those traded and the context symbol. */
  readonly columns: ReadonlyMap<SymbolName, CandleColumns>;
  /** Where a run begins and ends when nothing is said: the whole history that all symbols share. */
  readonly from: EpochMs;
  readonly to: EpochMs;
}

const withContext = (symbols: readonly SymbolName[]): readonly SymbolName[] => [
  ...new Set([CONTEXT_SYMBOL, ...symbols]),
];

/** @throws UserError for a series without volumes, on which every answer would be missing */
const wholeSeries = (folder: CandleFolder, symbol: SymbolName): CandleColumns => {
  const columns = folder.series(symbol);
  if (!columns.complete) throw new UserError(shortCandles(`${symbol} in ${folder.directory}`));
  return columns;
};

/** Recorded candles, hourly, with the finer ones of the same folder. @throws CandleFileError, UserError */
export const recordedMarket = (directory: string, symbols: readonly SymbolName[]): BacktestMarket => {
  const folder = openCandleFolder(directory);
  const columns = new Map(withContext(symbols).map((symbol) => [symbol, wholeSeries(folder, symbol)]));
  const finer = (['1m', '15m'] as const).flatMap((timeframe) => finerFolder(directory, timeframe));
  const series = symbols.map(
    (symbol): SymbolSeries => ({
      symbol,
      hourly: folder.series(symbol),
      finer: finer
        .filter((each) => each.folder.symbols.includes(symbol))
        .map(({ span, folder: fine }) => lazily(span, () => fine.series(symbol))),
    }),
  );
  const first = Math.max(...series.map(({ hourly }) => hourly.openTime[0] ?? Number.NaN));
  return { name: directory, recorded: true, series, columns, from: first, to: folder.endOf(symbols) };
};

/** A file of finer candles is read when the first position needs it: many runs never do. */
const lazily = (span: number, read: () => CandleColumns): SymbolSeries['finer'][number] => {
  let columns: CandleColumns | null = null;
  return {
    span,
    get columns() {
      return (columns ??= read());
    },
  };
};

const finerFolder = (
  directory: string,
  timeframe: CandleTimeframe,
): { readonly span: number; readonly folder: CandleFolder }[] => {
  try {
    return [{ span: TIMEFRAME_MS[timeframe], folder: openCandleFolder(directory, timeframe) }];
  } catch {
    // None there: the hourly candles decide alone.
    return [];
  }
};

/** The market of the demo, for whoever has no recorded candles. @throws UserError for a symbol it does not have */
export const generatedMarket = (seed: number, symbols: readonly SymbolName[]): BacktestMarket => {
  const strange = symbols.find((symbol) => !GENERATED_SYMBOLS.includes(symbol));
  if (strange !== undefined)
    throw new UserError(
      `the generated market has no ${strange}; it has ${GENERATED_SYMBOLS.join(', ')}. Give --data FOLDER or set MARKET_DATA_DIR for recorded candles`,
    );
  const history = demoHistory({ seed, symbols: withContext(symbols) });
  const columns = new Map(
    withContext(symbols).map((symbol) => [
      symbol,
      columnsFromCandles(history.candles(symbol, history.start, history.end)),
    ]),
  );
  const series = symbols.map(
    (symbol): SymbolSeries => ({ symbol, hourly: columns.get(symbol) ?? columnsFromCandles([]), finer: [] }),
  );
  return {
    name: `generated market, seed ${seed}`,
    recorded: false,
    series,
    columns,
    from: history.from,
    to: history.end,
  };
};

/** The span to run, within what the candles cover. @throws UserError */
export const spanOf = (
  market: BacktestMarket,
  from: EpochMs | null,
  to: EpochMs | null,
): { readonly from: EpochMs; readonly to: EpochMs } => {
  const day = (at: EpochMs): string => new Date(at).toISOString().slice(0, 13);
  const first = Math.max(...market.series.map(({ hourly }) => hourly.openTime[0] ?? Number.NaN));
  const start = from ?? market.from;
  const end = to ?? market.to;
  if (start < first || start >= market.to)
    throw new UserError(
      `--from ${day(start)}h is outside the candles of ${market.name}: ${market.series.map(({ symbol }) => symbol).join(', ')} have them from ${day(first)}h to ${day(market.to)}h`,
    );
  if (end > market.to)
    throw new UserError(
      `--to ${day(end)}h is after the last candle of ${market.name}, which closes at ${day(market.to)}h`,
    );
  if (end - start < HOUR_MS) throw new UserError(`--to ${day(end)}h is not after --from ${day(start)}h`);
  return { from: start, to: end };
};
