import { computeFeatures, type FeatureTable } from '../../core/features/batch.ts';
import type { CandleColumns } from '../../core/features/candle-columns.ts';
import { CONTEXT_SYMBOL, FEATURE_COUNT, FEATURE_NAMES, FEATURE_SCHEMA_HASH } from '../../core/features/catalogue.ts';
import { HOUR_MS, type SymbolName } from '../../core/units.ts';
import { labelSeries, OUTCOME, uniquenessWeights, type BarrierLabels } from '../labels/triple-barrier.ts';
import type { CandleSource, ResearchIo, ResearchTools } from '../training/io.ts';
import { MODEL_BARRIERS } from '../training/plan.ts';
import { noKnownRow } from './known-rows.ts';
import { withVolumes } from './volumes.ts';

export const FEATURES_FILE = 'features_1H_advanced.parquet';

export interface FeaturesOptions {
  readonly dataDirectory: string;
  /** All symbols of the folder when absent. */
  readonly symbols?: readonly SymbolName[];
  /** File to write, by default FEATURES_FILE in the current directory. */
  readonly output?: string;
}

interface Part {
  readonly table: FeatureTable;
  readonly labels: BarrierLabels;
  readonly weights: Float64Array;
  readonly close: Float64Array;
  /** Rows whose features are known. */
  readonly rows: number[];
}

/**
 * The body of `features`: the catalogue over stored candles by the code the live
 * bot runs, with the labels, as one Parquet table; docs/features.md describes it.
 * @returns exit code: 0 done, 2 something to read is missing or unusable
 */
export const runFeatures = (
  options: FeaturesOptions,
  tools: Pick<ResearchTools, 'openCandles' | 'writeTable'>,
  io: ResearchIo,
): number => {
  let parts: Part[];
  try {
    const source = tools.openCandles(options.dataDirectory, '1h');
    parts = makeParts(source, finerOf(options.dataDirectory, tools), options.symbols ?? source.symbols, io);
  } catch (error) {
    io.err((error as Error).message);
    return 2;
  }
  const output = options.output ?? FEATURES_FILE;
  tools.writeTable(output, columnsOf(parts), {
    schemaHash: FEATURE_SCHEMA_HASH,
    timeframe: '1h',
    ...Object.fromEntries(Object.entries(MODEL_BARRIERS).map(([key, value]) => [key, String(value)])),
  });
  io.progress(1, 'features');
  const rows = parts.reduce((sum, part) => sum + part.rows.length, 0);
  io.out(
    `${output}: ${rows} rows of ${FEATURE_COUNT} features for ${parts.map((part) => part.table.symbol).join(', ')}, schema ${FEATURE_SCHEMA_HASH}`,
  );
  return 0;
};

const finerOf = (directory: string, tools: Pick<ResearchTools, 'openCandles'>): CandleSource | null => {
  try {
    return tools.openCandles(directory, '15m');
  } catch {
    return null;
  }
};

const makeParts = (
  source: CandleSource,
  finer: CandleSource | null,
  symbols: readonly SymbolName[],
  io: ResearchIo,
): Part[] => {
  const series = new Map<SymbolName, CandleColumns>(
    [...new Set([CONTEXT_SYMBOL, ...symbols])].map((symbol) => [symbol, withVolumes(source.series(symbol), symbol)]),
  );
  io.progress(0.1, 'features');
  const tables = computeFeatures(series, symbols);
  io.progress(0.4, 'labels');
  return symbols.map((symbol) => {
    const [table, columns] = [tables.get(symbol), series.get(symbol)];
    if (table === undefined || columns === undefined) throw new RangeError(`there are no candles of ${symbol}`);
    const labels = labelSeries(
      columns,
      MODEL_BARRIERS,
      finer?.symbols.includes(symbol) === true ? finer.series(symbol) : undefined,
    );
    const rows = Array.from(table.known.keys()).filter((row) => table.known[row] === 1);
    if (rows.length === 0)
      throw new RangeError(
        `${noKnownRow(symbol)}; it has ${columns.length}. Nothing was written: give more candles, or leave it out of --symbols`,
      );
    return { table, labels, weights: uniquenessWeights(labels), close: columns.close, rows };
  });
};

const OUTCOME_NAMES = new Map<number, string>(Object.entries(OUTCOME).map(([name, value]) => [value, name]));

type Columns = Parameters<ResearchTools['writeTable']>[1];

/**
 * One column a feature, the rows of all symbols one after another; label columns are null where the future is not known
 * yet.
 */
const columnsOf = (parts: readonly Part[]): Columns => {
  const gathered = <T>(value: (part: Part, row: number) => T): T[] =>
    parts.flatMap((part) => part.rows.map((row) => value(part, row)));
  const labelled = (part: Part, row: number): boolean => part.labels.outcome[row] !== OUTCOME.unknown;
  const endTime = (part: Part, row: number): number =>
    (part.table.openTime[part.labels.endRow[row] ?? row] ?? 0) + HOUR_MS;
  return [
    { name: 'time', type: 'time', values: gathered((part, row) => (part.table.openTime[row] ?? 0) + HOUR_MS) },
    { name: 'symbol', type: 'text', values: gathered((part) => part.table.symbol) },
    { name: 'close', type: 'double', values: gathered((part, row) => part.close[row] ?? Number.NaN) },
    ...FEATURE_NAMES.map((name, feature) => ({
      name,
      type: 'float' as const,
      values: gathered((part, row) => part.table.values[row * FEATURE_COUNT + feature] ?? Number.NaN),
    })),
    {
      name: 'label',
      type: 'integer',
      values: gathered((part, row) =>
        labelled(part, row) ? (part.labels.outcome[row] === OUTCOME.target ? 1 : 0) : null,
      ),
    },
    {
      name: 'outcome',
      type: 'text',
      values: gathered((part, row) =>
        labelled(part, row) ? (OUTCOME_NAMES.get(part.labels.outcome[row] ?? 0) ?? null) : null,
      ),
    },
    {
      name: 'label_end',
      type: 'time',
      values: gathered((part, row) => (labelled(part, row) ? endTime(part, row) : null)),
    },
    {
      name: 'gross_return',
      type: 'double',
      values: gathered((part, row) => (labelled(part, row) ? (part.labels.grossReturn[row] ?? null) : null)),
    },
    {
      name: 'weight',
      type: 'double',
      values: gathered((part, row) => (labelled(part, row) ? (part.weights[row] ?? null) : null)),
    },
  ];
};
