import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createExchange, type ExchangeHandle } from '../adapters/exchange/create-exchange.ts';
import { loadModel } from '../adapters/onnx/load-model.ts';
import { ModelLoadError } from '../adapters/onnx/model-error.ts';
import { openDatabase, type Database } from '../adapters/sqlite/database.ts';
import { createSimStore } from '../adapters/sqlite/sim-store.ts';
import { createSystemClock } from '../adapters/system/clock.ts';
import type { Config } from '../adapters/system/config-schema.ts';
import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { createServiceNotifier } from '../adapters/system/notify.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { createHeartbeat } from '../adapters/system/web-calls.ts';
import { createBot, type Bot } from '../app/bot.ts';
import { createLogTail, type LogTail } from '../app/operator/log-tail.ts';
import { describeDifference, recover } from '../app/replay.ts';
import { createWatchdog } from '../app/watchdog.ts';
import { decimalFromNumber } from '../core/decimal.ts';
import type { EngineConfig } from '../core/engine/config.ts';
import { markEquity } from '../core/engine/marking.ts';
import type { EngineState } from '../core/engine/state.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../core/features/catalogue.ts';
import { createFeatureEngine } from '../core/features/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Model } from '../ports/model.ts';
import { demoSource, startDemoMarket, type DemoMarket } from './demo-market.ts';
import { engineVersion } from './engine-version.ts';
import { openContext } from './process-context.ts';
import { driftWatchFor, readCard, startPeople, type People } from './people.ts';
import { openTelegramAccess, type TelegramAccess } from './telegram-side.ts';
import { VERSION } from './version.ts';
import { startPage } from './page.ts';

const PROGRAM_ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Taker fee of the exchange's standard tier, as a fraction of notional. */
const TAKER_FEE = 0.001;
/** First characters of our client order ids. */
const ORDER_PREFIX = 'gb';
/** A demo price may be this old in wall time (PRODUCT section 2). */
const DEMO_STALE_GRACE = 2_000;
/** Everything is down within this span after SIGTERM (PRODUCT section 10). */
const SHUTDOWN_LIMIT = 10_000;

/** `guardian start`: runs until it is told to stop. Resolves to the exit code. */
export const start = async (): Promise<ExitCode> => {
  const { config, log } = openContext();
  if (config.mode !== 'demo') {
    throw new UserError(`MODE=${config.mode} can't trade yet in version ${VERSION}; use MODE=demo`, config.mode === 'live' ? EXIT_CODES.refused : EXIT_CODES.usage);
  }
  await using resources = new AsyncDisposableStack();
  const tail = createLogTail(log, config.secrets.redactor(), Date.now);
  return await runDemo(config, tail, resources);
};

/** Opens the mode's database and, for the demo, the simulated account beside it. */
const openStores = (config: Config, account: string, resources: AsyncDisposableStack): { database: Database; simStore: ReturnType<typeof createSimStore> } => {
  const database = openDatabase({ path: config.databasePath, mode: config.mode, account });
  resources.defer(() => database.close());
  const simStore = createSimStore(join(dirname(config.databasePath), 'demo-exchange.db'));
  resources.defer(() => simStore.close());
  return { database, simStore };
};

/** A relative path that is not below the working directory may be one of the program's own models. */
const bundled = (path: string): string => {
  const own = join(PROGRAM_ROOT, path);
  return isAbsolute(path) || existsSync(path) || !existsSync(own) ? path : own;
};

const openModel = async (config: Config, resources: AsyncDisposableStack): Promise<Model> => {
  const { stopLoss, takeProfit, horizonHours } = config.limits;
  try {
    const model = await loadModel(bundled(config.modelDir), {
      schemaHash: FEATURE_SCHEMA_HASH,
      featureCount: FEATURE_COUNT,
      stop: stopLoss,
      target: takeProfit,
      horizonHours,
      purposes: config.mode === 'demo' ? ['demo', 'fixture', 'trading'] : ['trading'],
    });
    resources.defer(() => model.close());
    return model;
  } catch (error) {
    if (error instanceof ModelLoadError) throw new UserError(error.message);
    throw error;
  }
};

const runDemo = async (config: Config, log: LogTail, resources: AsyncDisposableStack): Promise<ExitCode> => {
  const wall = createSystemClock();
  const source = demoSource(config);
  const { database, simStore } = openStores(config, `demo: ${source.name}`, resources);
  const model = await openModel(config, resources);
  const market = await startDemoMarket({ config, source, store: simStore, wall, log });
  resources.defer(() => market.close());
  const { clock } = market.lockstep;
  log.info({ exchange: market.simulator.url, control: market.simulator.controlUrl, market: source.name }, 'exchange simulator is up');

  const { state, difference, snapshotFault } = recover(database.journal);
  if (snapshotFault !== null) log.warn({ snapshotFault }, 'the snapshot could not be used; the whole journal was stepped again');
  if (difference !== null) log.warn({ difference: describeDifference(difference) }, 'the journal does not replay to what it recorded; see guardian replay --verify');
  const { credentials, url } = market.simulator;
  const exchange = await createExchange({
    credentials: { apiKey: credentials.apiKey, secret: credentials.secret },
    apiRoot: url,
    sandbox: false,
    clock,
    log,
    entryCeiling: entryCeiling(state, clock),
    requestInterval: 0,
  });
  resources.defer(() => exchange.close());
  return await runBot({ config, log, wall, clock, database, model, state, exchange, market, resources });
};

/** The exchange adapter's own look at an entry: its notional may never pass the symbol's ceiling on known equity. */
const entryCeiling = (state: EngineState, clock: Clock) => () => {
  const { value } = markEquity(state, clock.marketNow(), clock.wallNow());
  const limits = state.config?.limits;
  return value === null || limits === undefined ? null : decimalFromNumber(value * Math.min(limits.maxSymbolExposure, limits.maxGrossExposure, limits.maxLeverage));
};

interface Parts {
  readonly config: Config;
  readonly log: LogTail;
  readonly wall: Clock;
  readonly clock: Clock;
  readonly database: Database;
  readonly model: Model;
  readonly state: EngineState;
  readonly exchange: ExchangeHandle;
  readonly market: DemoMarket;
  readonly resources: AsyncDisposableStack;
}

const engineConfig = ({ config, database, model }: Parts): EngineConfig => {
  const { name, hash, schemaHash, stop, target, horizonHours, margin } = model.description;
  return {
    mode: config.mode,
    symbols: config.symbols,
    quoteAsset: config.quoteAsset,
    feeAsset: null,
    limits: config.limits,
    takerFee: TAKER_FEE,
    orderPrefix: ORDER_PREFIX,
    instanceId: database.identity.instanceId,
    staleWallGrace: config.mode === 'demo' ? DEMO_STALE_GRACE : 0,
    model: { name, hash, schemaHash, stop, target, horizonHours, margin },
  };
};

const runBot = async (parts: Parts): Promise<ExitCode> => {
  const { config, log, wall, clock, database, model, state, exchange, market, resources } = parts;
  const engine = engineVersion();
  let failure: unknown = null;
  const stopped = Promise.withResolvers<string>();
  const card = readCard(bundled(config.modelDir));
  const drift = driftWatchFor(card, () => bot, clock);
  const bot: Bot = createBot({
    state,
    store: database.journal,
    clock,
    log,
    venue: exchange.venue,
    marketData: exchange.marketData,
    features: createFeatureEngine(config.symbols),
    model,
    pacer: market.lockstep.pacer,
    config: engineConfig(parts),
    engineVersion: engine,
    halts: database.origin === 'restored' ? [{ code: 'restored', text: 'the database is a restored copy: check /positions and /orders, then /unlock' }] : [],
    random: Math.random,
    onPrediction: (features, probability) => drift.push(features, probability),
    onFatal: (error) => {
      failure = error;
      stopped.resolve('failure');
    },
  });
  const access = await openTelegramAccess(config, wall);
  const people = startPeople({
    config,
    log,
    wall,
    clock,
    bot,
    database,
    version: { version: VERSION, engineVersion: engine, mode: config.mode, model: model.description, node: process.version },
    model: model.description,
    card,
    drift,
    access,
    resources,
  });
  await startMachineSide(parts, bot, people, access);
  bot.start();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.resolve(signal));
  void bot.finished.then((how) => {
    if (how === 'ended') log.info({}, 'the simulated market has ended; the page and the chat stay up until Ctrl-C');
  }, () => undefined);

  const why = await stopped.promise;
  const late = setTimeout(() => {
    log.error({}, 'the stop took too long; leaving now, protective stops stay on the exchange');
    process.exit(EXIT_CODES.failure);
  }, SHUTDOWN_LIMIT);
  resources.defer(() => clearTimeout(late));
  if (failure === null) await bot.stop(why);
  else log.error({ error: failure }, 'the engine has failed; a new start recovers from the journal');
  return failure === null ? EXIT_CODES.done : EXIT_CODES.failure;
};

/** The page and what machines look at: watchdog, heartbeat. */
const startMachineSide = async (parts: Parts, bot: Bot, people: People, access: TelegramAccess | null): Promise<void> => {
  const { config, log, wall, resources } = parts;
  const { heartbeatUrl } = config.secrets;
  const { service } = people;
  await startPage({ config, log, service, access, resources, healthy: () => watchdog.healthy() });

  const notifier = createServiceNotifier({ environment: process.env, onFailure: (why) => log.warn({ why }, 'systemd-notify failed') });
  const heartbeat = heartbeatUrl === null ? null : createHeartbeat(heartbeatUrl);
  const ended = new AbortController();
  const watchdog = createWatchdog({
    clock: wall,
    log,
    progress: () => ({ rounds: bot.rounds, inputs: bot.host.progress }),
    feed: () => notifier.alive(),
    beat: heartbeat === null ? null : () => heartbeat.beat(),
  });
  const watching = watchdog.run(ended.signal);
  void bot.ready.then(() => notifier.ready('trading loop is up'), () => undefined);
  resources.defer(async () => {
    ended.abort();
    await notifier.stopping();
    await watching;
  });
};
