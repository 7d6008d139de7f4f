import { computeFeatures, type FeatureTable } from '../../core/features/batch.ts';
import type { CandleColumns } from '../../core/features/candle-columns.ts';
import { FEATURE_COUNT } from '../../core/features/catalogue.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import { labelSeries, OUTCOME, uniquenessWeights, type BarrierOptions } from '../labels/triple-barrier.ts';

export type CandleSeries = ReadonlyMap<SymbolName, CandleColumns>;

/**
 * Labelled feature rows of several symbols in order of time. Row i holds the
 * features at the close of a candle and what became of a trade entered then.
 */
export interface Dataset {
  readonly length: number;
  readonly featureCount: number;
  readonly symbols: readonly SymbolName[];
  /** Row-major float32, length x featureCount. */
  readonly rows: Float32Array;
  /** Index into `symbols`. */
  readonly symbol: Uint8Array;
  /** When the decision is made: close of the candle. */
  readonly time: Float64Array;
  /** When the label is known: close of the candle in which the trade ends. */
  readonly endTime: Float64Array;
  /** 1 where the target came first. */
  readonly labels: Uint8Array;
  /** One of OUTCOME. */
  readonly outcome: Uint8Array;
  /** Average uniqueness of the label among those of its symbol. */
  readonly weights: Float64Array;
  /** Return of the trade before costs. */
  readonly grossReturn: Float64Array;
  /** First price after the decision: an entry pays it and the slippage, and who gives a position up fetches it. */
  readonly nextOpen: Float64Array;
}

/** Views of a dataset's arrays that may be shared between threads. */
export const allocateDataset = (length: number, featureCount: number, symbols: readonly SymbolName[]): Dataset => {
  const shared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);
  return {
    length,
    featureCount,
    symbols,
    rows: new Float32Array(shared(4 * length * featureCount)),
    symbol: new Uint8Array(shared(length)),
    time: new Float64Array(shared(8 * length)),
    endTime: new Float64Array(shared(8 * length)),
    labels: new Uint8Array(shared(length)),
    outcome: new Uint8Array(shared(length)),
    weights: new Float64Array(shared(8 * length)),
    grossReturn: new Float64Array(shared(8 * length)),
    nextOpen: new Float64Array(shared(8 * length)),
  };
};

/**
 * @param series candles by symbol, the context symbol's among them
 * @param finer 15-minute candles by symbol where there are any: they settle which barrier came first
 */
export const buildDataset = (
  series: CandleSeries,
  symbols: readonly SymbolName[],
  barriers: BarrierOptions,
  finer: CandleSeries = new Map(),
): Dataset => {
  const tables = computeFeatures(series, symbols);
  const sources = symbols.map((symbol) =>
    labelledSource(tables.get(symbol), series.get(symbol), barriers, finer.get(symbol)),
  );
  const order = sources
    .flatMap((source, symbol) =>
      source.rows.map((row) => ({ symbol, row, time: (source.table.openTime[row] ?? 0) + HOUR_MS })),
    )
    .sort((a, b) => a.time - b.time || a.symbol - b.symbol);
  const dataset = allocateDataset(order.length, FEATURE_COUNT, symbols);
  order.forEach(({ symbol, row, time }, i) => {
    const source = sources[symbol];
    if (source === undefined) return;
    const { table, labels, weights, open } = source;
    dataset.rows.set(table.values.subarray(row * FEATURE_COUNT, (row + 1) * FEATURE_COUNT), i * FEATURE_COUNT);
    dataset.symbol[i] = symbol;
    dataset.time[i] = time;
    dataset.endTime[i] = (table.openTime[labels.endRow[row] ?? row] ?? 0) + HOUR_MS;
    dataset.outcome[i] = labels.outcome[row] ?? OUTCOME.unknown;
    dataset.labels[i] = labels.outcome[row] === OUTCOME.target ? 1 : 0;
    dataset.weights[i] = weights[row] ?? 0;
    dataset.grossReturn[i] = labels.grossReturn[row] ?? Number.NaN;
    // A row with a label has a candle in the next hour.
    dataset.nextOpen[i] = open[row + 1] ?? Number.NaN;
  });
  return dataset;
};

const labelledSource = (
  table: FeatureTable | undefined,
  series: CandleColumns | undefined,
  barriers: BarrierOptions,
  finer: CandleColumns | undefined,
) => {
  if (table === undefined || series === undefined) throw new RangeError('a symbol has no candles');
  const labels = labelSeries(series, barriers, finer);
  const rows: number[] = [];
  for (let row = 0; row < table.length; row++)
    if (table.known[row] === 1 && labels.outcome[row] !== OUTCOME.unknown) rows.push(row);
  return { table, labels, weights: uniquenessWeights(labels), open: series.open, rows };
};

/** Indices of the rows decided in [from, to) whose label is known by `knownBy`. */
export const rowsBetween = (
  dataset: Dataset,
  from: EpochMs,
  to: EpochMs,
  knownBy: EpochMs = Number.POSITIVE_INFINITY,
): Int32Array => {
  const found = new Int32Array(dataset.length);
  let count = 0;
  for (let i = 0; i < dataset.length; i++) {
    const time = dataset.time[i] ?? Number.NaN;
    if (time >= from && time < to && (dataset.endTime[i] ?? Number.NaN) <= knownBy) found[count++] = i;
  }
  return found.slice(0, count);
};

/** The features of chosen rows, copied together. */
export const gatherRows = (dataset: Dataset, indices: Int32Array): Float32Array => {
  const { featureCount } = dataset;
  const rows = new Float32Array(indices.length * featureCount);
  indices.forEach((index, i) =>
    rows.set(dataset.rows.subarray(index * featureCount, (index + 1) * featureCount), i * featureCount),
  );
  return rows;
};

/** Chosen values of a column. */
export const gather = (column: ArrayLike<number>, indices: Int32Array): Float64Array =>
  Float64Array.from(indices, (index) => column[index] ?? Number.NaN);

/** Several datasets of the same symbols one after another; their times must rise from each to the next. */
export const concatDatasets = (parts: readonly Dataset[]): Dataset => {
  const first = parts[0];
  if (first === undefined) throw new RangeError('there is nothing to put together');
  const whole = allocateDataset(
    parts.reduce((sum, part) => sum + part.length, 0),
    first.featureCount,
    first.symbols,
  );
  let offset = 0;
  for (const part of parts) {
    whole.rows.set(part.rows, offset * whole.featureCount);
    for (const name of [
      'symbol',
      'time',
      'endTime',
      'labels',
      'outcome',
      'weights',
      'grossReturn',
      'nextOpen',
    ] as const)
      whole[name].set(part[name], offset);
    offset += part.length;
  }
  return whole;
};
