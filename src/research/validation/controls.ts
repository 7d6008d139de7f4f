import type { FeatureTable } from '../../core/features/batch.ts';
import { computeFeatures } from '../../core/features/batch.ts';
import { columnsFromCandles, emptyColumns, type CandleColumns } from '../../core/features/candle-columns.ts';
import { FEATURE_COUNT } from '../../core/features/catalogue.ts';
import { WARM_UP_HOURS } from '../../core/features/symbol-state.ts';
import { DAY_MS, HOUR_MS, type SymbolName } from '../../core/units.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { createRandomStream } from '../../sim/generator/random.ts';
import { buildDataset, gatherRows, rowsBetween, type CandleSeries } from '../dataset/build-dataset.ts';
import { predictEnsemble } from '../gbdt/ensemble.ts';
import { trainGbdt, type GbdtOptions } from '../gbdt/train-gbdt.ts';
import { labelledRows, learnableRows } from '../training/fit-model.ts';
import { findLookAhead } from './look-ahead.ts';
import { areaUnderCurve } from './scores.ts';

/** A walk without memory: nothing in its past says anything about its future. Volume and flow are noise as well. */
export const randomWalk = (seed: number, hours: number, from = Date.UTC(2020, 0, 1)): CandleColumns => {
  const random = createRandomStream(seed, 'random walk');
  const columns = emptyColumns(hours);
  let logPrice = Math.log(30_000);
  for (let row = 0; row < hours; row++) {
    const path = [logPrice];
    for (let step = 0; step < 12; step++) path.push((path.at(-1) ?? 0) + 0.0023 * random.normal());
    logPrice = path.at(-1) ?? 0;
    const volume = 500 * Math.exp(0.5 * random.normal());
    const open = Math.exp(path[0] ?? 0);
    columns.openTime[row] = from + row * HOUR_MS;
    columns.open[row] = open;
    columns.high[row] = Math.exp(Math.max(...path));
    columns.low[row] = Math.exp(Math.min(...path));
    columns.close[row] = Math.exp(logPrice);
    columns.volume[row] = volume;
    columns.quoteVolume[row] = volume * open;
    columns.trades[row] = Math.round(volume * 40);
    columns.takerBuyBase[row] = volume * Math.min(0.9, Math.max(0.1, 0.5 + 0.08 * random.normal()));
    columns.takerBuyQuote[row] = (columns.takerBuyBase[row] ?? 0) * open;
  }
  return columns;
};

const BTC: SymbolName = 'BTC/USDT';
const BARRIERS = { stop: 0.015, target: 0.03, horizonHours: 24, entrySlippage: 0 };
const OVERLAP_WINDOW = 6 * HOUR_MS;
/** Windows stand this far apart, so that each tells a story of its own. */
const OVERLAP_STEP = 30 * HOUR_MS;
const OVERLAP_TRAINING = 30 * DAY_MS;
/** Trees that can learn single days by heart: a leak has to be given the chance to show. */
const EAGER: GbdtOptions = {
  rounds: 12,
  leaves: 15,
  maxDepth: 10,
  learningRate: 0.3,
  minLeafRows: 5,
  lambda: 0.1,
  featureFraction: 1,
  rowFraction: 1,
  maxBins: 100,
  patience: 12,
  seed: 3,
};

export interface OverlapControl {
  readonly rows: number;
  /** Area under the ROC curve with the rows purged whose labels reach into the test window: 0.5 but for chance. */
  readonly purgedAuc: number;
  /** The same with those rows left in: above 0.5, since each of them tells the answer of its neighbours. */
  readonly unpurgedAuc: number;
}

/**
 * A random walk with overlapping labels, walked forward in short windows with the
 * validation's own purge and once without it.
 */
export const overlapControl = (seed: number, folds: number): OverlapControl => {
  const hours = WARM_UP_HOURS + (OVERLAP_TRAINING + folds * OVERLAP_STEP) / HOUR_MS + 50;
  const dataset = buildDataset(new Map([[BTC, randomWalk(seed, hours)]]), [BTC], BARRIERS);
  const aucOf = (purge: boolean): { rows: number; auc: number } => {
    const answers: number[] = [];
    const labels: number[] = [];
    for (let fold = 0; fold < folds; fold++) {
      const testFrom = (dataset.time.at(-1) ?? 0) - (folds - fold) * OVERLAP_STEP;
      const train = learnableRows(dataset, testFrom - OVERLAP_TRAINING, testFrom, {
        embargo: purge ? DAY_MS : 0,
        purge,
      });
      const test = rowsBetween(dataset, testFrom, testFrom + OVERLAP_WINDOW);
      const { ensemble } = trainGbdt(labelledRows(dataset, train), FEATURE_COUNT, EAGER);
      answers.push(...predictEnsemble(ensemble, gatherRows(dataset, test)));
      labels.push(...Array.from(test, (row) => dataset.labels[row] ?? 0));
    }
    return { rows: labels.length, auc: areaUnderCurve(answers, labels) };
  };
  const purged = aucOf(true);
  return { rows: purged.rows, purgedAuc: purged.auc, unpurgedAuc: aucOf(false).auc };
};

/** The catalogue with one more column at its end that knows the next candle's return: a trap. */
export const withPeekingFeature = (
  series: CandleSeries,
  symbols: readonly SymbolName[],
): Map<SymbolName, FeatureTable> => {
  const tables = computeFeatures(series, symbols);
  return new Map([...tables].map(([symbol, table]) => [symbol, appendPeek(table, series.get(symbol))]));
};

const appendPeek = (table: FeatureTable, columns: CandleColumns | undefined): FeatureTable => {
  const width = FEATURE_COUNT + 1;
  const values = new Float32Array(table.length * width);
  for (let row = 0; row < table.length; row++) {
    values.set(table.values.subarray(row * FEATURE_COUNT, (row + 1) * FEATURE_COUNT), row * width);
    values[row * width + FEATURE_COUNT] = Math.log(
      (columns?.close[row + 1] ?? Number.NaN) / (columns?.close[row] ?? Number.NaN),
    );
  }
  return { ...table, values };
};

export interface LookAheadControl {
  readonly cuts: number;
  /** Features of the catalogue that look ahead: none, or the program is broken. */
  readonly catalogue: number;
  /** Whether the planted one is caught. */
  readonly plantedFlagged: boolean;
}

/** The look-ahead test on the catalogue, and on the catalogue with a planted peek. */
export const lookAheadControl = (cuts: number): LookAheadControl => {
  const history = WARM_UP_HOURS + 10;
  const symbols: SymbolName[] = [BTC, 'ETH/USDT'];
  const series = new Map(
    symbols.map((symbol) => [
      symbol,
      columnsFromCandles(generateCandles({ seed: 77, symbol, from: Date.UTC(2023, 0, 1), hours: history + 3 * cuts })),
    ]),
  );
  const points = Array.from({ length: cuts }, (_, i) => history + 3 * i);
  const honest = findLookAhead(computeFeatures, series, 'ETH/USDT', points, history);
  const trapped = findLookAhead(withPeekingFeature, series, 'ETH/USDT', points.slice(0, 5), history);
  return { cuts, catalogue: honest.length, plantedFlagged: trapped.some((found) => found.feature === FEATURE_COUNT) };
};
