import { randomInt } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { parseConfig, type Config } from '../../adapters/system/config-schema.ts';
import { createLogTail, type LogTail } from '../../app/operator/log-tail.ts';
import { DEFAULT_LIMITS } from '../../core/risk/limits.ts';
import { HOUR_MS, hourStart } from '../../core/units.ts';
import { writeConstantModel } from '../../research/onnx/constant-model.ts';
import { createMarketHistory } from '../../sim/exchange/market-history.ts';
import {
  createExchangeSimulator,
  type ExchangeSimulator,
  type SimulatorOptions,
} from '../../sim/exchange/simulator.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { DEMO_HISTORY_HOURS } from '../../sim/generator/demo-history.ts';
import { connectLockstep, type Lockstep } from '../../sim/lockstep/lockstep.ts';
import { startBotApiServer, type BotApiServer } from '../../sim/telegram/server.ts';
import { gatherHost } from '../audit/gather-host.ts';
import { runPhase, SYMBOL } from '../audit/phase.test-helper.ts';
import type { Base } from './base.ts';

/** Of this run alone: a lock on it holds on the whole host, where another checkout may be tested, too. */
const TOKEN = `${randomInt(100_000_000, 999_999_999)}:live-test-token-aaaaaaaaaaaaaaaa`;
const OPERATOR = 42;

/**
 * A directory with all that live asks for: a dry run, a testnet week with its drills, a model with an edge, an `.env`.
 */
export const preparePhases = async (): Promise<{ readonly directory: string; remove(): void }> => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-live-'));
  mkdirSync(join(directory, 'data'), { mode: 0o700 });
  const model = { purpose: 'trading', demonstratedEdge: true } as const;
  writeConstantModel(join(directory, 'model'), { probability: 0.9, ...model });
  writeConstantModel(join(directory, 'other-model'), { probability: 0.8, ...model });
  writeConstantModel(join(directory, 'no-edge'), { probability: 0.9, purpose: 'trading' });
  writeFileSync(join(directory, '.env'), 'EXCHANGE_API_SECRET=x\n', { mode: 0o600 });
  const common = { modelDir: join(directory, 'model'), limits: DEFAULT_LIMITS, until: Date.now() };
  // The phases run with the same model; that they trade on its signals, too, is all the better.
  await runPhase({
    ...common,
    path: join(directory, 'data', 'testnet.db'),
    mode: 'testnet',
    hours: 7 * 24 + 2,
    drills: ['round-trip', 'restart', 'stale-data', 'kill-switch'],
  });
  await runPhase({
    ...common,
    path: join(directory, 'data', 'paper.db'),
    mode: 'paper',
    hours: 26,
    drills: ['round-trip'],
  });
  await runPhase({
    ...common,
    path: join(directory, 'data', 'gaps.db'),
    mode: 'paper',
    hours: 26,
    drills: [],
    missing: [9],
  });
  for (const name of ['testnet.db', 'paper.db', 'gaps.db']) chmodSync(join(directory, 'data', name), 0o600);
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
};

export interface LiveWorld {
  readonly directory: string;
  readonly exchange: ExchangeSimulator;
  readonly lockstep: Lockstep;
  readonly telegram: BotApiServer;
  readonly log: readonly string[];
  config(changes?: Readonly<Record<string, string>>): Config;
  /** A start in this world: tell it to end by `stop`. */
  base(config: Config, changes?: Partial<Base>): { readonly base: Base; stop(): void; close(): Promise<void> };
  close(): Promise<void>;
}

const recorder = (lines: string[]): LogTail => {
  const note = (fields: Readonly<Record<string, unknown>>, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  return createLogTail({ debug: () => undefined, info: note, warn: note, error: note }, (text) => text, Date.now);
};

/** A copy of the prepared directory, a real-looking exchange in lockstep and a Bot API server. */
export const openWorld = async (prepared: string, options: Partial<SimulatorOptions> = {}): Promise<LiveWorld> => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-live-world-'));
  cpSync(prepared, directory, { recursive: true });
  const now = options.startTime ?? hourStart(Date.now());
  const from = now - DEMO_HISTORY_HOURS * HOUR_MS;
  const candles = generateCandles({ seed: 3, symbol: SYMBOL, from, hours: DEMO_HISTORY_HOURS + 200 });
  const exchange = await createExchangeSimulator({
    history: createMarketHistory({ [SYMBOL]: candles }),
    startTime: now,
    stepsPerHour: 15,
    ...options,
  });
  const wall = createSystemClock();
  const lines: string[] = [];
  const log = recorder(lines);
  const lockstep = await connectLockstep({ controlUrl: exchange.controlUrl, wall, log });
  const telegram = await startBotApiServer({ token: TOKEN, wallNow: Date.now });
  telegram.person.addUser({ id: OPERATOR, firstName: 'Ada' });
  telegram.person.addPrivateChat(OPERATOR);
  return {
    directory,
    exchange,
    lockstep,
    telegram,
    log: lines,
    config: (changes = {}) => {
      const parsed = parseConfig({
        MODE: 'live',
        GO_LIVE: 'true',
        SYMBOLS: SYMBOL,
        EXCHANGE_API_KEY: exchange.credentials.apiKey,
        EXCHANGE_API_SECRET: exchange.credentials.secret,
        EXCHANGE_API_ROOT: exchange.url,
        TELEGRAM_BOT_TOKEN: TOKEN,
        TELEGRAM_API_ROOT: telegram.url,
        TELEGRAM_OPERATORS: String(OPERATOR),
        DASHBOARD_PORT: '0',
        MODEL_DIR: join(directory, 'model'),
        DATABASE_PATH: join(directory, 'data', 'live.db'),
        PAPER_DATABASE_PATH: join(directory, 'data', 'paper.db'),
        TESTNET_DATABASE_PATH: join(directory, 'data', 'testnet.db'),
        ...changes,
      });
      if (!parsed.ok) throw new Error(parsed.faults.map(({ key, message }) => `${key} ${message}`).join('\n'));
      return parsed.config;
    },
    base: (config, changes = {}) => {
      const stop = Promise.withResolvers<string>();
      const resources = new AsyncDisposableStack();
      const base: Base = {
        config,
        liveRefusals: [],
        configHalts: [],
        log,
        wall,
        time: { clock: lockstep.clock, pacer: lockstep.pacer },
        environment: { VITEST: 'true' },
        stop: stop.promise,
        resources,
        // The tests may run as root, and the `.env` is the one of this world.
        host: (of) => ({
          ...gatherHost(of),
          uid: 1000,
          user: 'bot',
          envFile: { path: '.env', mode: statSync(join(directory, '.env')).mode & 0o777 },
        }),
        ...changes,
      };
      return { base, stop: () => stop.resolve('test'), close: () => resources.disposeAsync() };
    },
    close: async () => {
      lockstep.close();
      await telegram.close();
      await exchange.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
