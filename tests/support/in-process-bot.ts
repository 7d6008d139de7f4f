import { lookup } from 'node:dns';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createExchange } from '../../src/adapters/exchange/create-exchange.ts';
import { loadModel } from '../../src/adapters/onnx/load-model.ts';
import { openDatabase, type Database } from '../../src/adapters/sqlite/database.ts';
import { createSystemClock } from '../../src/adapters/system/clock.ts';
import { createBot, type Bot } from '../../src/app/bot.ts';
import { createOperatorSide } from '../../src/app/operator/operator-service.ts';
import { recover } from '../../src/app/replay.ts';
import { decimal } from '../../src/core/decimal.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../../src/core/features/catalogue.ts';
import { createFeatureEngine } from '../../src/core/features/engine.ts';
import { DEFAULT_LIMITS } from '../../src/core/risk/limits.ts';
import type { EpochMs, Milliseconds, SymbolName } from '../../src/core/units.ts';
import type { Log } from '../../src/ports/log.ts';
import type { OperatorService } from '../../src/ports/operator.ts';
import { writeConstantModel } from '../../src/research/onnx/constant-model.ts';
import type { MarketHistory } from '../../src/sim/exchange/market-history.ts';
import {
  createExchangeSimulator,
  type ExchangeSimulator,
  type SimulatorOptions,
} from '../../src/sim/exchange/simulator.ts';
import { connectLockstep } from '../../src/sim/lockstep/lockstep.ts';

/**
 * The whole bot in this process: real ccxt over HTTP against the simulator, real SQLite, real onnxruntime; the market
 * unpaced.
 */
export interface InProcessBot {
  readonly bot: Bot;
  readonly simulator: ExchangeSimulator;
  readonly database: Database;
  readonly service: OperatorService;
  readonly warnings: readonly string[];
  marketNow(): EpochMs;
  close(): Promise<void>;
}

export interface InProcessOptions {
  readonly history: MarketHistory;
  readonly from: EpochMs;
  /** The loop ends at this market time. */
  readonly until: EpochMs;
  readonly symbols: readonly SymbolName[];
  /** The model's constant answer. */
  readonly probability: number;
  readonly seed?: number;
  /** A third coin that pays the fees, and how much of it the account has: its market has to be in the history. */
  readonly feeCoin?: { readonly asset: string; readonly amount: string };
  /**
   * Wall time that passes between two looks at the market besides the time that they take (default none): for what
   * waits by the wall clock.
   */
  readonly roundTakes?: Milliseconds;
  /** Called before each look at the market. */
  readonly eachRound?: (running: { readonly service: OperatorService; readonly bot: Bot }) => Promise<void>;
}

const paying = ({ feeCoin }: InProcessOptions): Pick<SimulatorOptions, 'fees' | 'balances'> =>
  feeCoin === undefined
    ? {}
    : { fees: { coin: feeCoin.asset }, balances: { USDT: '1000', [feeCoin.asset]: feeCoin.amount } };

export const startInProcess = async (options: InProcessOptions): Promise<InProcessBot> => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-in-process-'));
  const warnings: string[] = [];
  const note = (fields: Readonly<Record<string, unknown>>, message: string): void =>
    void warnings.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: () => undefined, info: () => undefined, warn: note, error: note };
  const system = createSystemClock();
  let passed: Milliseconds = 0;
  const wall = {
    ...system,
    wallNow: () => system.wallNow() + passed,
    monotonicNow: () => system.monotonicNow() + passed,
  };
  const simulator = await createExchangeSimulator({
    history: options.history,
    startTime: options.from,
    seed: options.seed ?? 1,
    wallNow: () => wall.wallNow(),
    ...paying(options),
  });
  const lockstep = await connectLockstep({ controlUrl: simulator.controlUrl, wall, log });
  const { clock } = lockstep;
  writeConstantModel(join(directory, 'model'), { probability: options.probability });
  const model = await loadModel(join(directory, 'model'), {
    schemaHash: FEATURE_SCHEMA_HASH,
    featureCount: FEATURE_COUNT,
  });
  const database = openDatabase({ path: join(directory, 'demo.db'), mode: 'demo', account: 'test' });
  const exchange = await createExchange({
    credentials: { apiKey: simulator.credentials.apiKey, secret: simulator.credentials.secret },
    apiRoot: simulator.url,
    sandbox: false,
    clock,
    log,
    lookUp: lookup,
    entryCeiling: () => decimal('1000000'),
    requestInterval: 0,
  });
  const { name, hash, schemaHash, stop, target, horizonHours, margin } = model.description;
  const bot = createBot({
    state: recover(database.journal).state,
    store: database.journal,
    clock,
    log,
    venue: exchange.venue,
    marketData: exchange.marketData,
    features: createFeatureEngine(options.symbols),
    model,
    pacer: {
      next: async (signal) => {
        passed += options.roundTakes ?? 0;
        await options.eachRound?.({ service, bot });
        return clock.marketNow() >= options.until ? 'ended' : await lockstep.pacer.next(signal);
      },
    },
    config: {
      mode: 'demo',
      symbols: options.symbols,
      quoteAsset: 'USDT',
      feeAsset: options.feeCoin?.asset ?? null,
      limits: DEFAULT_LIMITS,
      takerFee: 0.001,
      orderPrefix: 'gb',
      instanceId: database.identity.instanceId,
      staleWallGrace: 2_000,
      model: { name, hash, schemaHash, stop, target, horizonHours, margin },
    },
    engineVersion: 'test',
    halts: [],
    random: () => 0.5,
    onFatal: (error) => warnings.push(`fatal ${String(error)}`),
  });
  let commands = 0;
  const { service } = createOperatorSide({
    host: bot.host,
    records: database.records,
    audits: database.audit,
    clock,
    version: { version: 'test', engineVersion: 'test', mode: 'demo', model: null, node: process.version },
    newId: () => `command-${(commands += 1)}`,
  });
  return {
    bot,
    simulator,
    database,
    service,
    warnings,
    marketNow: () => clock.marketNow(),
    close: async () => {
      await bot.stop('end of the test');
      await exchange.close();
      lockstep.close();
      await simulator.close();
      await model.close();
      database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
