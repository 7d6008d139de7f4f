import { join } from 'node:path';
import { columnsFromCandles } from '../../core/features/candle-columns.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../../core/features/catalogue.ts';
import { DAY_MS } from '../../core/units.ts';
import { GENERATED_SYMBOLS, generateCandles } from '../../sim/generator/candles.ts';
import { figure, percent, table, type CardBase, type CardSeries } from '../card/card.ts';
import { driftReference } from '../card/reference.ts';
import { buildDataset, concatDatasets, rowsBetween, type Dataset } from '../dataset/build-dataset.ts';
import { predictEnsemble } from '../gbdt/ensemble.ts';
import type { GbdtOptions } from '../gbdt/train-gbdt.ts';
import { encodeModel, type ModelMetadata } from '../onnx/model-file.ts';
import { summariseTrades, tradePolicy, type TradeSummary } from '../validation/policy-trades.ts';
import { scoreProbabilities, type ProbabilityScores } from '../validation/scores.ts';
import { fitModel } from './fit-model.ts';
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

/** Markets to learn from and to measure on. The demo's own seeds, small numbers by default, are in neither. */
const TRAINING_SEEDS = [9101, 9102, 9103, 9104, 9105, 9106, 9107, 9108];
const EVALUATION_SEEDS = [9201, 9202, 9203, 9204];
const HOURS = 6000;
/** Each seed's market gets a year of its own, so that the sets never overlap in time. */
const FIRST_YEAR = 2000;

const BARRIERS = { stop: 0.015, target: 0.03, horizonHours: 24, entrySlippage: 0.0002 };
const MARGIN = 0.002;
const PARAMETERS: GbdtOptions = {
  rounds: 250,
  leaves: 15,
  maxDepth: 6,
  learningRate: 0.08,
  minLeafRows: 150,
  lambda: 5,
  featureFraction: 0.5,
  rowFraction: 0.6,
  maxBins: 64,
  patience: 30,
  seed: 1,
};

interface DemoEvaluation {
  readonly seeds: readonly number[];
  readonly scores: ProbabilityScores;
  readonly trades: TradeSummary;
}

interface DemoCard extends CardBase {
  readonly evaluation: DemoEvaluation;
}

const yearStart = (index: number): number => Date.UTC(FIRST_YEAR + index, 0, 1);

const marketOf = (seed: number, index: number, series: CardSeries[]): Dataset => {
  const from = yearStart(index);
  const candles = new Map(
    GENERATED_SYMBOLS.map((symbol) => [
      symbol,
      columnsFromCandles(generateCandles({ seed, symbol, from, hours: HOURS })),
    ]),
  );
  for (const [symbol, columns] of candles) {
    series.push({
      symbol,
      source: `generated, seed ${seed}`,
      candles: columns.length,
      from: new Date(from).toISOString(),
      to: new Date(columns.openTime.at(-1) ?? from).toISOString(),
      sha256: columnsHash(columns),
    });
  }
  return buildDataset(candles, GENERATED_SYMBOLS, BARRIERS);
};

/**
 * Trains `<modelsDirectory>/demo` on generated markets and writes model and card.
 * The same code gives the same bytes.
 * @returns exit code: 0 done, 1 when the exported file does not answer as the trainer does
 */
export const trainDemo = async (modelsDirectory: string, tools: TrainingTools, io: ResearchIo): Promise<number> => {
  const data: CardSeries[] = [];
  const training = concatDatasets(TRAINING_SEEDS.map((seed, index) => marketOf(seed, index, data)));
  const end = yearStart(TRAINING_SEEDS.length);
  const fitted = fitModel(
    training,
    0,
    end,
    { gbdt: PARAMETERS, holdoutShare: 0.25, embargo: 7 * DAY_MS, purge: true },
    (round) => io.progress((round + 1) / PARAMETERS.rounds, 'demo model'),
  );
  const metadata: ModelMetadata = {
    name: 'demo',
    purpose: 'demo',
    schemaHash: FEATURE_SCHEMA_HASH,
    ...BARRIERS,
    margin: MARGIN,
    demonstratedEdge: false,
  };
  const bytes = encodeModel(fitted.ensemble, metadata);
  const directory = join(modelsDirectory, 'demo');
  const allRows = rowsBetween(training, 0, end);
  const card: DemoCard = {
    format: 'guardian-card/1',
    name: 'demo',
    purpose: 'demo',
    summary:
      'For the demo only: trained on candles this project generates, whose regimes are made to be learnable. It says nothing about a real market, and every mode but the demo refuses it.',
    modelSha256: sha256(bytes),
    modelBytes: bytes.length,
    schemaHash: FEATURE_SCHEMA_HASH,
    featureCount: FEATURE_COUNT,
    barriers: BARRIERS,
    margin: MARGIN,
    demonstratedEdge: false,
    evaluation: evaluate(fitted.ensemble),
    training: {
      parameters: PARAMETERS,
      rows: fitted.trainRows,
      holdoutRows: fitted.holdoutRows,
      trees: fitted.ensemble.trees.length,
      calibration: fitted.ensemble.calibration,
      importance: importanceOf(fitted.gain).slice(0, 15),
    },
    data,
    reference: driftReference(training, allRows, predictEnsemble(fitted.ensemble, training.rows)),
  };
  const parity = await measureParity(tools, directory, bytes, fitted.ensemble, training.rows);
  writeModelDirectory(directory, { 'model.onnx': bytes, 'card.json': renderCard(card), 'card.md': markdown(card) });
  io.out(`${directory}: ${fitted.ensemble.trees.length} trees, ${bytes.length} bytes, SHA-256 ${card.modelSha256}`);
  io.out(`ONNX against the trainer over ${training.length} rows: at most ${parity.toExponential(1)} apart`);
  if (parity <= PARITY_LIMIT) return 0;
  io.err(`the exported model differs from the trainer by ${parity}; at most ${PARITY_LIMIT} is allowed`);
  return 1;
};

const evaluate = (ensemble: Parameters<typeof predictEnsemble>[0]): DemoEvaluation => {
  const unseen = concatDatasets(EVALUATION_SEEDS.map((seed, index) => marketOf(seed, 50 + index, [])));
  const rows = rowsBetween(unseen, 0, Number.POSITIVE_INFINITY);
  const probabilities = predictEnsemble(ensemble, unseen.rows);
  const trades = tradePolicy(unseen, rows, probabilities, { ...BARRIERS, margin: MARGIN, costFactor: 1 });
  return {
    seeds: EVALUATION_SEEDS,
    scores: scoreProbabilities(probabilities, unseen.labels),
    trades: summariseTrades(trades, unseen.time[0] ?? 0, unseen.time.at(-1) ?? 0),
  };
};

const markdown = (card: DemoCard): string => {
  const { scores, trades } = card.evaluation;
  return `# Model card: demo

**${card.summary}**

- Model: \`model.onnx\`, ${card.modelBytes} bytes, SHA-256 \`${card.modelSha256}\`
- Feature schema \`${card.schemaHash}\`, ${card.featureCount} features
- Stop ${percent(card.barriers.stop, 1)}, target ${percent(card.barriers.target, 1)}, horizon ${card.barriers.horizonHours} h; margin ${percent(card.margin)}
- ${card.training.trees} trees on ${card.training.rows} rows of generated candles (seeds ${TRAINING_SEEDS.join(', ')}), calibrated on ${card.training.holdoutRows} later ones

On generated markets it never saw (seeds ${card.evaluation.seeds.join(', ')}), all three symbols together:

${table(
  ['figure', 'value'],
  [
    ['rows', String(scores.rows)],
    ['share that reach the target', percent(scores.baseRate, 1)],
    ['area under the ROC curve', figure(scores.auc, 3)],
    ['Brier score (base rate alone)', `${figure(scores.brier, 4)} (${figure(scores.brierOfBaseRate, 4)})`],
    ['trades', String(trades.trades)],
    ['won', percent(trades.winRate, 1)],
    ['mean return a trade after costs', percent(trades.meanReturn)],
  ],
)}

Rebuild it with \`npm run train -- --demo\`.
`;
};
