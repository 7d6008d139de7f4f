import { join } from 'node:path';
import { loadModel } from '../adapters/onnx/load-model.ts';
import { loadConfig } from '../adapters/system/config.ts';
import type { Config } from '../adapters/system/config-schema.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import type { EngineConfig } from '../core/engine/config.ts';
import type { InstrumentText } from '../core/engine/input.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../core/features/catalogue.ts';
import { policiesFor } from '../core/guardian/state.ts';
import { rowAt } from '../core/features/candle-columns.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../core/units.ts';
import type { Model, ModelDescription } from '../ports/model.ts';
import { recordedInstrument } from '../research/backtest/instruments.ts';
import { predictHistory, type Predictions } from '../research/backtest/predictions.ts';
import { studyJson } from '../research/backtest/study-json.ts';
import { noKnownRow } from '../research/dataset/known-rows.ts';
import { runStudy, type BacktestStudy } from '../research/backtest/study.ts';
import { summaryLines } from '../research/backtest/summary.ts';
import { notesOf } from './backtest-notes.ts';
import {
  assumptionsOf,
  hourOf,
  marginOf,
  refuseBesideCompare,
  refuseSeed,
  seedOf,
  symbolsOf,
  type BacktestArguments,
} from './backtest-options.ts';
import { generatedMarket, recordedMarket, spanOf, type BacktestMarket } from './backtest-market.ts';
import { bundledModel, modelRefusal } from './compose/model.ts';
import { engineVersion } from './engine-version.ts';
import { out } from './output.ts';
import { writeWhole } from './written.ts';

const DEMO_MODEL = 'models/demo';
const RECORDED_MODEL = 'models/btc-eth-1h';

/** `guardian backtest`: the whole system over stored candles. */
export const backtest = async (options: BacktestArguments): Promise<ExitCode> => {
  const begun = performance.now();
  if (options.compare !== undefined) {
    refuseBesideCompare(options);
    const { compareWithDatabase } = await import('./backtest-compare.ts');
    for (const line of compareWithDatabase(options.compare, assumptionsOf(options))) out(line);
    return EXIT_CODES.done;
  }
  const { config } = loadConfig({ environment: process.env, envFile: '.env' });
  const symbols = symbolsOf(options.symbols, config.symbols, config.quoteAsset);
  const assumptions = assumptionsOf(options);
  const market = openMarket(options, config, symbols);
  const span = spanOf(market, hourOf('from', options.from), hourOf('to', options.to));
  const read = performance.now();

  const directory = bundledModel(options.model ?? modelDirectory(config, market));
  const model = await openModel(directory, config);
  const predictions = await ask(market, symbols, model);
  // Everything has been asked: what the runtime holds is free before the engine and the report need memory.
  await model.close();
  refuseUnanswered(predictions, market, symbols, span);
  const stepped = performance.now();
  const study = runStudy({
    config: engineConfig(
      config,
      symbols,
      model.description,
      marginOf(options.margin, model.description.margin),
      assumptions.fee,
    ),
    model: model.description,
    engineVersion: engineVersion(),
    instruments: symbols.map(instrumentOf),
    series: market.series,
    predictions: predictions.bySymbol,
    assumptions,
    ...span,
  });
  const done = performance.now();

  const notes = notesOf(directory, model.description, market, span.from);
  for (const note of notes) out(note);
  for (const line of summaryLines(study)) out(line);
  const { json } = options;
  if (json !== undefined) writeWhole(json, studyJson(study));
  if (options.report !== undefined) await report(study, options.report, market, notes);
  const ms = (from: number, to: number): string => `${Math.round(to - from)} ms`;
  out(
    `Candles ${ms(begun, read)}, features ${ms(0, predictions.featuresMs)}, model ${ms(0, predictions.inferenceMs)}, engine (with and without the Guardian, statistics) ${ms(stepped, done)}, all ${ms(begun, performance.now())}`,
  );
  return EXIT_CODES.done;
};

const openMarket = (options: BacktestArguments, config: Config, symbols: readonly SymbolName[]): BacktestMarket => {
  const directory = options.data ?? config.marketDataDir;
  if (directory !== null) refuseSeed(options.seed, directory);
  return directory === null ? generatedMarket(seedOf(options.seed), symbols) : recordedMarket(directory, symbols);
};

/**
 * The configured model; the demo's knows nothing of real markets, so recorded candles take the trading model instead.
 */
const modelDirectory = (config: Config, market: BacktestMarket): string => {
  if (!market.recorded) return DEMO_MODEL;
  return config.modelDir === DEMO_MODEL ? RECORDED_MODEL : config.modelDir;
};

/** @throws UserError with one line */
const openModel = async (directory: string, config: Config): Promise<Model> => {
  const { stopLoss, takeProfit, horizonHours } = config.limits;
  try {
    return await loadModel(directory, {
      schemaHash: FEATURE_SCHEMA_HASH,
      featureCount: FEATURE_COUNT,
      stop: stopLoss,
      target: takeProfit,
      horizonHours,
    });
  } catch (error) {
    throw modelRefusal(error);
  }
};

/** Every answer over the candles. @throws UserError when one is no probability */
const ask = async (market: BacktestMarket, symbols: readonly SymbolName[], model: Model): Promise<Predictions> => {
  try {
    return await predictHistory(market.columns, symbols, model, () => performance.now());
  } catch (error) {
    throw modelRefusal(error);
  }
};

/**
 * @throws UserError when the model has no answer for a single hour of a symbol: figures of nothing would look like
 * figures of a model that saw no opportunity
 */
const refuseUnanswered = (
  { bySymbol }: Predictions,
  { series }: BacktestMarket,
  symbols: readonly SymbolName[],
  { from, to }: ReturnType<typeof spanOf>,
): void => {
  for (const [index, symbol] of symbols.entries()) {
    const hourly = series[index]?.hourly;
    // Decided at its close.
    const answers =
      hourly === undefined
        ? []
        : (bySymbol.get(symbol)?.subarray(rowAt(hourly, from - HOUR_MS), rowAt(hourly, to)) ?? []);
    if (answers.some((answer) => !Number.isNaN(answer))) continue;
    const hour = (at: EpochMs): string => `${new Date(at).toISOString().slice(0, 13)}h`;
    throw new UserError(
      `from ${hour(from)} to ${hour(to)} ${noKnownRow(symbol)}. Give more candles, a later --from or --to, or leave it out of --symbols`,
    );
  }
};

/** @throws UserError for a symbol without recorded filters */
const instrumentOf = (symbol: SymbolName): InstrumentText => {
  try {
    return recordedInstrument(symbol);
  } catch (error) {
    if (error instanceof RangeError)
      throw new UserError(`${error.message}; backtests know BTC, ETH, BNB, XRP and SOL against USDT`);
    throw error;
  }
};

const engineConfig = (
  config: Config,
  symbols: readonly SymbolName[],
  model: ModelDescription,
  margin: number,
  takerFee: number,
): EngineConfig => {
  const { name, hash, schemaHash, stop, target, horizonHours } = model;
  return {
    mode: 'backtest',
    symbols,
    quoteAsset: config.quoteAsset,
    feeAsset: null,
    limits: config.limits,
    ...policiesFor(config.flattenOn),
    takerFee,
    orderPrefix: 'gb',
    instanceId: 'backtest',
    staleWallGrace: 0,
    model: { name, hash, schemaHash, stop, target, horizonHours, margin },
  };
};

const report = async (
  study: BacktestStudy,
  directory: string,
  market: BacktestMarket,
  notes: readonly string[],
): Promise<void> => {
  const { writeReport } = await import('./backtest-report.ts');
  await writeReport(study, directory, market.series, notes);
  out(`Report: ${join(directory, 'index.html')}`);
};
