import type { LookAheadControl, OverlapControl } from '../validation/controls.ts';
import type { Trial, TrialLog } from '../training/trials.ts';
import type { TradeSummary } from '../validation/policy-trades.ts';
import type { Slice, Validation, ValidationWindow } from '../validation/validate.ts';
import type { Verdict } from '../validation/verdict.ts';
import { figure, percent, table, type CardBase } from './card.ts';

export interface Controls {
  /** Trained on labels dealt out anew; measured on the true ones. */
  readonly shuffled: { readonly auc: number; readonly trades: number };
  readonly overlap: OverlapControl;
  readonly lookAhead: LookAheadControl;
}

/** The card of a model for real markets. */
export interface TradingCard extends CardBase {
  readonly validation: Validation;
  readonly verdict: Verdict;
  readonly controls: Controls;
  /** Largest difference between the exported graph and the trainer, over all rows and hostile ones. */
  readonly parity: number;
  readonly trialsSha256: string;
}

const tradeCells = (trades: TradeSummary): string[] => [
  String(trades.trades),
  percent(trades.winRate, 1),
  percent(trades.meanReturn, 3),
  percent(trades.totalReturn, 1),
  percent(trades.maxDrawdown, 1),
  figure(trades.sharpe),
  figure(trades.probabilisticSharpe),
];
const TRADE_HEADER = ['trades', 'won', 'mean a trade', 'total', 'max drawdown', 'Sharpe', 'PSR'];

const sliceTable = (first: string, slices: readonly Slice[]): string =>
  table(
    [first, 'rows', 'reach the target', 'AUC', 'Brier (base rate)', ...TRADE_HEADER],
    slices.map((slice) => [
      slice.name,
      String(slice.scores.rows),
      percent(slice.scores.baseRate, 1),
      figure(slice.scores.auc, 3),
      `${figure(slice.scores.brier, 4)} (${figure(slice.scores.brierOfBaseRate, 4)})`,
      ...tradeCells(slice.trades),
    ]),
  );

const windowTables = (window: ValidationWindow): string => `${table(
  ['costs', ...TRADE_HEADER],
  window.costs.map((cost) => [`${cost.factor}x`, ...tradeCells(cost.trades)]),
)}

${table(
  ['compared with', 'total', 'max drawdown', 'Sharpe'],
  window.baselines.map((line) => [
    line.name,
    percent(line.totalReturn, 1),
    percent(line.maxDrawdown, 1),
    figure(line.sharpe),
  ]),
)}`;

const trialRow = (trial: Trial): string[] => [
  trial.what,
  figure(trial.logLoss, 4),
  figure(trial.auc, 3),
  String(trial.trades),
  percent(trial.meanReturn, 3),
];
const TRIAL_HEADER = ['tried', 'log loss', 'AUC', 'trades', 'mean a trade'];

const modelSection = (card: TradingCard): string => {
  const { barriers } = card;
  return `# Model card: ${card.name}

**${card.summary}**

- Model: \`model.onnx\`, ${card.modelBytes} bytes, SHA-256 \`${card.modelSha256}\`
- Feature schema \`${card.schemaHash}\`, ${card.featureCount} features
- Labels: stop ${percent(barriers.stop, 1)}, target ${percent(barriers.target, 1)}, horizon ${barriers.horizonHours} h, first barrier touched; bought ${percent(barriers.entrySlippage, 2)} above the next open; inside an hour that touches both, 15-minute candles decide where there are any, else the stop came first
- The policy trades when p x target - (1 - p) x stop - costs is at least ${percent(card.margin, 1)}
- ${card.training.trees} trees on ${card.training.rows} rows, stopped and calibrated (Platt) on the ${card.training.holdoutRows} that follow; ONNX answers as the trainer does to within ${card.parity.toExponential(1)}`;
};

const verdictSection = ({
  validation,
  verdict,
}: TradingCard): string => `## Verdict: ${verdict.demonstrated ? 'a demonstrated edge' : 'no demonstrated edge'}

Judged on ${validation.unseen.from} to ${validation.unseen.to}, which nothing was chosen on, by conditions set before the results were seen:

${table(
  ['condition', 'found', 'holds'],
  verdict.conditions.map((each) => [each.condition, each.found, each.holds ? 'yes' : 'no']),
)}

Sharpe ratio there ${figure(verdict.sharpe)} a year; ${verdict.trials} worthless trials would have shown ${figure(verdict.luckySharpe)} by luck. Probability that the true ratio is above zero ${figure(verdict.probabilisticSharpe)}, above that luck ${figure(verdict.deflatedSharpe)}.`;

const outOfSampleSection = ({ validation }: TradingCard): string => {
  const { scores } = validation.whole;
  return `## Out of sample, ${validation.whole.from} to ${validation.whole.to}

Walk forward in ${validation.folds.length} steps: each learns only from decisions whose outcome was known seven days before its window. Margin ${percent(validation.margin, 1)}. Decisions, sizes and caps as the bot has them, without the Guardian: of the ${validation.whole.trades.trades} trades ${validation.whole.trades.reversed} were given up before a barrier was met, as the model had turned round.

${table(
  ['score', 'model', 'base rate alone'],
  [
    ['Brier', figure(scores.brier, 5), figure(scores.brierOfBaseRate, 5)],
    ['log loss', figure(scores.logLoss, 5), figure(scores.logLossOfBaseRate, 5)],
    ['area under the ROC curve', figure(scores.auc, 4), '0.5'],
  ],
)}

![Calibration](calibration.svg)

![Growth](growth.svg)

${windowTables(validation.whole)}

Only the unseen years, ${validation.unseen.from} to ${validation.unseen.to}:

${windowTables(validation.unseen)}`;
};

const slicesSection = ({ validation }: TradingCard): string => `### By symbol

${sliceTable('symbol', validation.bySymbol)}

### By year

${sliceTable('year', validation.byYear)}

### By volatility

${sliceTable('hours', validation.byVolatility)}

### By margin

${table(
  ['margin', ...TRADE_HEADER],
  validation.margins.map((line) => [percent(line.margin, 1), ...tradeCells(line.trades)]),
)}

### Steps

${table(
  ['window', 'learned from', 'trees', 'AUC'],
  validation.folds.map((fold) => [
    `${fold.from} to ${fold.to}`,
    `${fold.trainRows} rows`,
    String(fold.trees),
    figure(fold.auc, 3),
  ]),
)}`;

const controlsSection = ({ controls }: TradingCard): string => `## Controls: does the validation leak?

${table(
  ['control', 'expected', 'found'],
  [
    ['trained on shuffled labels, AUC', 'about 0.5', figure(controls.shuffled.auc, 3)],
    ['trained on shuffled labels, trades', 'about none', String(controls.shuffled.trades)],
    [
      `random walk, overlapping labels, purged, AUC over ${controls.overlap.rows} rows`,
      'about 0.5',
      figure(controls.overlap.purgedAuc, 3),
    ],
    ['the same with the purge removed', 'well above 0.5', figure(controls.overlap.unpurgedAuc, 3)],
    [
      `features that look ahead, ${controls.lookAhead.cuts} truncated histories`,
      '0',
      String(controls.lookAhead.catalogue),
    ],
    [
      'planted feature that peeks one candle ahead',
      'flagged',
      controls.lookAhead.plantedFlagged ? 'flagged' : 'MISSED',
    ],
  ],
)}`;

const trialsSection = (log: TrialLog): string => `## What was tried

All on decisions before ${log.searchEnd.slice(0, 10)}, ${log.trials.length} trials in all (\`trials.json\`), log loss of the base rate ${figure(log.trials[0]?.logLossOfBaseRate ?? null, 4)} for the standard labels. Parameters competed on log loss; the ways below were tried with the best parameters and did not change the verdict.

${table(TRIAL_HEADER, log.trials.filter((trial) => trial.kind === 'variant').map(trialRow))}

The ten best of ${log.trials.filter((trial) => trial.kind === 'parameters').length} parameter sets:

${table(
  TRIAL_HEADER,
  log.trials
    .filter((trial) => trial.kind === 'parameters')
    .toSorted((a, b) => a.logLoss - b.logLoss)
    .slice(0, 10)
    .map(trialRow),
)}`;

const originSection = (card: TradingCard): string => `## What the model looks at

${table(
  ['feature', 'share of gain'],
  card.training.importance.map((entry) => [entry.feature, percent(entry.share, 1)]),
)}

## Data

${table(
  ['symbol', 'candles', 'from', 'to', 'SHA-256 of the columns'],
  card.data.map((line) => [
    `${line.symbol} (${line.source})`,
    String(line.candles),
    line.from.slice(0, 13),
    line.to.slice(0, 13),
    `\`${line.sha256.slice(0, 16)}\``,
  ]),
)}

Rebuild it bit for bit with \`npm run train -- --rebuild --data DIR\`.`;

/** The card for people, in Markdown. `log`: everything that was tried before the model was chosen. */
export const tradingMarkdown = (card: TradingCard, log: TrialLog): string => {
  const sections = [
    modelSection(card),
    verdictSection(card),
    outOfSampleSection(card),
    slicesSection(card),
    controlsSection(card),
    trialsSection(log),
    originSection(card),
  ];
  return `${sections.join('\n\n')}\n`;
};
