import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../../core/features/catalogue.ts';
import type { SymbolName } from '../../core/units.ts';
import type { CardSeries } from '../card/card.ts';
import { calibrationPicture, equityPicture } from '../card/pictures.ts';
import { driftReference } from '../card/reference.ts';
import { tradingMarkdown, type Controls, type TradingCard } from '../card/trading-card.ts';
import { buildDataset, gather, rowsBetween, type CandleSeries, type Dataset } from '../dataset/build-dataset.ts';
import { predictEnsemble } from '../gbdt/ensemble.ts';
import { encodeModel } from '../onnx/model-file.ts';
import { baselineReturns } from '../validation/baselines.ts';
import { lookAheadControl, overlapControl } from '../validation/controls.ts';
import { dailyReturns, tradePolicy } from '../validation/policy-trades.ts';
import { areaUnderCurve } from '../validation/scores.ts';
import { validate, type Validation } from '../validation/validate.ts';
import { candidateMargin, judge, shippedMargin, type Verdict } from '../validation/verdict.ts';
import type { FittedModel } from './fit-model.ts';
import { runFolds } from './fold-pool.ts';
import type { ResearchIo, TrainingTools } from './io.ts';
import {
  columnsHash,
  importanceOf,
  measureParity,
  PARITY_LIMIT,
  renderCard,
  sha256,
  writeModelDirectory,
} from './model-directory.ts';
import { fitOptions, FOLD_MONTHS, MODEL_BARRIERS, MODEL_NAME, VALIDATION_FROM } from './plan.ts';
import { parseTrialLog, type TrialLog } from './trials.ts';
import { foldWindows, walkForward, type WalkForward } from './walk-forward.ts';

export interface ModelMarket {
  readonly series: CandleSeries;
  /** 15-minute candles where there are any. */
  readonly finer: CandleSeries;
  readonly symbols: readonly SymbolName[];
}

export interface RebuildInputs {
  readonly market: ModelMarket;
  /** The committed trial log, as text. */
  readonly trialsText: string;
  /** Directory whose files the result is compared with. */
  readonly committed: string;
  /** Directory the result goes to; may be the same. */
  readonly output: string;
}

const SHUFFLE_SEED = 5;
const OVERLAP_SEED = 1;
const OVERLAP_FOLDS = 200;
const LOOK_AHEAD_CUTS = 500;

/** Walk forward, controls, verdict, final fit, ONNX, parity, card. @returns 0, or 1 when a check failed */
export const rebuildModel = async (inputs: RebuildInputs, tools: TrainingTools, io: ResearchIo): Promise<number> => {
  const { market } = inputs;
  const log = parseTrialLog(inputs.trialsText);
  const before = hashesOf(inputs.committed);
  io.progress(0, 'features and labels');
  const dataset = buildDataset(market.series, market.symbols, MODEL_BARRIERS, market.finer);
  const windows = foldWindows(VALIDATION_FROM, (dataset.time.at(-1) ?? 0) + 1, FOLD_MONTHS);
  const jobs = windows.map((window) => ({ ...window, fit: fitOptions(log.chosen) }));
  const answers = await walkForward(dataset, jobs, (done) =>
    io.progress(0.05 + (0.5 * done) / jobs.length, 'walk forward'),
  );
  const validation = validate(dataset, answers, market.series, candidateMargin(log));
  const verdict = judge(dataset, answers, validation, log);
  const controls = await runControls(dataset, log, windows, validation.margin, io);
  io.progress(0.85, 'final model');
  const fitted = await fitWhole(dataset, log);
  const margin = shippedMargin(validation, verdict);
  const bytes = encodeModel(fitted.ensemble, {
    name: MODEL_NAME,
    purpose: 'trading',
    schemaHash: FEATURE_SCHEMA_HASH,
    ...MODEL_BARRIERS,
    margin,
    demonstratedEdge: verdict.demonstrated,
  });
  const parity = await measureParity(tools, inputs.output, bytes, fitted.ensemble, dataset.rows);
  io.progress(0.95, 'card');
  const card = makeCard({
    dataset,
    fitted,
    bytes,
    margin,
    validation,
    verdict,
    controls,
    parity,
    market,
    log,
    trialsText: inputs.trialsText,
  });
  const files: Record<string, Uint8Array | string> = {
    'model.onnx': bytes,
    'card.json': renderCard(card),
    'card.md': tradingMarkdown(card, log),
    'calibration.svg': calibrationPicture(validation.calibration, answers.rows.length),
    'growth.svg': growthPicture(dataset, answers, market, validation),
    'trials.json': inputs.trialsText,
  };
  writeModelDirectory(inputs.output, files);
  io.progress(1, 'done');
  io.out(card.summary);
  for (const [name, content] of Object.entries(files))
    io.out(`${sha256(content)}  ${join(inputs.output, name)}  ${sameness(before.get(name), sha256(content))}`);
  return checksPass(card, io) ? 0 : 1;
};

/** The model on all data, fitted on a thread like the folds: this one goes on answering. */
const fitWhole = async (dataset: Dataset, log: TrialLog): Promise<FittedModel> => {
  const end = (dataset.time.at(-1) ?? 0) + 1;
  const [result] = await runFolds(dataset, [
    { testFrom: end, testTo: end, fit: fitOptions(log.chosen), keepModel: true },
  ]);
  if (result?.fitted === undefined) throw new Error('the final fit gave no model');
  return result.fitted;
};

const runControls = async (
  dataset: Dataset,
  log: TrialLog,
  windows: readonly { testFrom: number; testTo: number }[],
  margin: number,
  io: ResearchIo,
): Promise<Controls> => {
  const jobs = windows.map((window) => ({ ...window, fit: fitOptions(log.chosen), shuffleSeed: SHUFFLE_SEED }));
  const shuffled = await walkForward(dataset, jobs, (done) =>
    io.progress(0.55 + (0.2 * done) / jobs.length, 'shuffled labels'),
  );
  const trades = tradePolicy(dataset, shuffled.rows, shuffled.probabilities, {
    ...MODEL_BARRIERS,
    margin,
    costFactor: 1,
  });
  io.progress(0.75, 'random walk and look-ahead');
  return {
    shuffled: {
      auc: areaUnderCurve(shuffled.probabilities, gather(dataset.labels, shuffled.rows)),
      trades: trades.length,
    },
    overlap: overlapControl(OVERLAP_SEED, OVERLAP_FOLDS),
    lookAhead: lookAheadControl(LOOK_AHEAD_CUTS),
  };
};

interface CardParts {
  readonly dataset: Dataset;
  readonly fitted: FittedModel;
  readonly bytes: Uint8Array;
  readonly margin: number;
  readonly validation: Validation;
  readonly verdict: Verdict;
  readonly controls: Controls;
  readonly parity: number;
  readonly market: ModelMarket;
  readonly log: TrialLog;
  readonly trialsText: string;
}

const summaryOf = ({ verdict, validation, margin }: CardParts): string => {
  const { trades } = validation.unseen;
  const years = validation.margins.find((line) => line.margin === margin)?.trades.trades ?? 0;
  if (verdict.demonstrated)
    return `A demonstrated edge after costs on ${validation.unseen.from} to ${validation.unseen.to}: ${trades.trades} trades, Sharpe ratio ${verdict.sharpe.toFixed(2)}. Past results promise nothing.`;
  const failed = verdict.conditions
    .filter((condition) => !condition.holds)
    .map((condition) => `${condition.condition}: ${condition.found}`);
  return `No demonstrated edge after costs. On the years nothing was chosen on, ${validation.unseen.from} to ${validation.unseen.to}, these conditions failed: ${failed.join('; ')}. So the margin is set to ${(100 * margin).toFixed(1)} %, at which the walk forward made ${years} trades in ${validation.whole.from} to ${validation.whole.to}. Do not trade real money on it.`;
};

const makeCard = (parts: CardParts): TradingCard => {
  const { dataset, fitted, bytes, market } = parts;
  return {
    format: 'guardian-card/1',
    name: MODEL_NAME,
    purpose: 'trading',
    summary: summaryOf(parts),
    modelSha256: sha256(bytes),
    modelBytes: bytes.length,
    schemaHash: FEATURE_SCHEMA_HASH,
    featureCount: FEATURE_COUNT,
    barriers: MODEL_BARRIERS,
    margin: parts.margin,
    demonstratedEdge: parts.verdict.demonstrated,
    verdict: parts.verdict,
    training: {
      parameters: parts.log.chosen.gbdt,
      rows: fitted.trainRows,
      holdoutRows: fitted.holdoutRows,
      trees: fitted.ensemble.trees.length,
      calibration: fitted.ensemble.calibration,
      importance: importanceOf(fitted.gain).slice(0, 25),
    },
    validation: parts.validation,
    controls: parts.controls,
    parity: parts.parity,
    trialsSha256: sha256(parts.trialsText),
    data: [...seriesOf(market.series, '1h'), ...seriesOf(market.finer, '15m')],
    reference: driftReference(
      dataset,
      rowsBetween(dataset, 0, Number.POSITIVE_INFINITY),
      predictEnsemble(fitted.ensemble, dataset.rows),
    ),
  };
};

const seriesOf = (series: CandleSeries, source: string): CardSeries[] =>
  [...series].map(([symbol, columns]) => ({
    symbol,
    source,
    candles: columns.length,
    from: new Date(columns.openTime[0] ?? 0).toISOString(),
    to: new Date(columns.openTime.at(-1) ?? 0).toISOString(),
    sha256: columnsHash(columns),
  }));

const growthPicture = (dataset: Dataset, answers: WalkForward, market: ModelMarket, validation: Validation): string => {
  const from = answers.folds[0]?.testFrom ?? 0;
  const to = answers.folds.at(-1)?.testTo ?? 0;
  const trades = tradePolicy(dataset, answers.rows, answers.probabilities, {
    ...MODEL_BARRIERS,
    margin: validation.margin,
    costFactor: 1,
  });
  const [hold, trend] = baselineReturns([...market.series.values()], from, to);
  const lines = [
    { name: 'model', values: grown(dailyReturns(trades, from, to)) },
    { name: 'buy and hold', values: grown(hold?.returns ?? []) },
    { name: 'trend rule', values: grown(trend?.returns ?? []) },
  ];
  const yearOf = (at: number): number => {
    const year = new Date(at).getUTCFullYear();
    return year + (at - Date.UTC(year, 0, 1)) / (Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1));
  };
  return equityPicture(
    lines,
    yearOf(from),
    yearOf(to),
    `${validation.whole.from} to ${validation.whole.to}, margin ${(100 * validation.margin).toFixed(1)} %, ${trades.length} trades; logarithmic`,
  );
};

/** Growth every fifth day: a picture has no more room. */
const grown = (returns: ArrayLike<number>): number[] => {
  const values: number[] = [];
  let equity = 1;
  for (let day = 0; day < returns.length; day++) {
    equity *= 1 + (returns[day] ?? 0);
    if (day % 5 === 0) values.push(equity);
  }
  return values;
};

const FILES = ['model.onnx', 'card.json', 'card.md', 'calibration.svg', 'growth.svg', 'trials.json'];

/** SHA-256 of the files that are there, by name; taken before anything is written. */
const hashesOf = (directory: string): Map<string, string> =>
  new Map(
    FILES.filter((name) => existsSync(join(directory, name))).map((name) => [
      name,
      sha256(readFileSync(join(directory, name))),
    ]),
  );

const sameness = (before: string | undefined, now: string): string =>
  before === undefined ? 'new' : before === now ? 'identical' : `was ${before.slice(0, 12)}`;

const checksPass = (card: TradingCard, io: ResearchIo): boolean => {
  const failures = [
    ...(card.parity <= PARITY_LIMIT
      ? []
      : [`the exported model differs from the trainer by ${card.parity}; at most ${PARITY_LIMIT} is allowed`]),
    ...(Math.abs(card.controls.shuffled.auc - 0.5) < 0.03
      ? []
      : [`shuffled labels gave an AUC of ${card.controls.shuffled.auc}: the validation leaks`]),
    ...(Math.abs(card.controls.overlap.purgedAuc - 0.5) < 0.08
      ? []
      : [`a random walk gave an AUC of ${card.controls.overlap.purgedAuc}: the purge does not hold`]),
    ...(card.controls.overlap.unpurgedAuc > 0.6
      ? []
      : ['the random walk showed no leak without the purge: the control has lost its teeth']),
    ...(card.controls.lookAhead.catalogue === 0 ? [] : [`${card.controls.lookAhead.catalogue} features look ahead`]),
    ...(card.controls.lookAhead.plantedFlagged ? [] : ['the planted look-ahead was not flagged']),
  ];
  for (const failure of failures) io.err(failure);
  return failures.length === 0;
};
