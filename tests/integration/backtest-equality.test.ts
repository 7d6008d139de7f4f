import { lookup } from 'node:dns';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createExchange } from '../../src/adapters/exchange/create-exchange.ts';
import { loadModel } from '../../src/adapters/onnx/load-model.ts';
import { openDatabase } from '../../src/adapters/sqlite/database.ts';
import { createSystemClock } from '../../src/adapters/system/clock.ts';
import { createBot } from '../../src/app/bot.ts';
import { createOperatorSide } from '../../src/app/operator/operator-service.ts';
import { recover } from '../../src/app/replay.ts';
import { decimal } from '../../src/core/decimal.ts';
import type { Input } from '../../src/core/engine/input.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../../src/core/features/catalogue.ts';
import { createFeatureEngine } from '../../src/core/features/engine.ts';
import type { Candle } from '../../src/core/market/candle.ts';
import { DEFAULT_LIMITS } from '../../src/core/risk/limits.ts';
import { HOUR_MS, MINUTE_MS } from '../../src/core/units.ts';
import type { Log } from '../../src/ports/log.ts';
import type { Caller } from '../../src/ports/operator.ts';
import type { JournalStore } from '../../src/ports/store.ts';
import { compareRuns, effectsOf } from '../../src/research/backtest/compare.ts';
import { runRecorded } from '../../src/research/backtest/recorded-run.ts';
import { writeConstantModel } from '../../src/research/onnx/constant-model.ts';
import { createMarketHistory } from '../../src/sim/exchange/market-history.ts';
import { createExchangeSimulator } from '../../src/sim/exchange/simulator.ts';
import { createMemoryStore } from '../../src/sim/exchange/store.ts';
import { createRandomStream } from '../../src/sim/generator/random.ts';
import { connectLockstep } from '../../src/sim/lockstep/lockstep.ts';
import { DEFAULT_LIQUIDITY } from '../../src/sim/matching/book.ts';
import { createPaperBroker } from '../../src/sim/paper/broker.ts';

const BTC = 'BTC/USDT';
const FROM = Date.UTC(2024, 0, 1, 6);
const HISTORY = 120 * 24;
const HOURS = 30;
const OPERATOR: Caller = { userId: 1, name: 'test', role: 'operator', via: 'control-socket' };
const LOG: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * History wild enough that what follows is ordinary; from FROM on the source stands still and the script moves the
 * price.
 */
const history = () => {
  const candle = (index: number): Candle => {
    const range =
      index < HISTORY ? 0.03 * (1 + 0.9 * Math.sin(((index - HISTORY) * 2 * Math.PI) / HISTORY - Math.PI / 2)) : 0;
    return {
      openTime: FROM + (index - HISTORY) * HOUR_MS,
      open: 50_000,
      high: 50_000 * (1 + range),
      low: 50_000 * (1 - range),
      close: 50_000,
      volume: 10,
      quoteVolume: 500_000,
      trades: 100,
      takerBuyBase: 5,
      takerBuyQuote: 250_000,
    };
  };
  return createMarketHistory({ [BTC]: Array.from({ length: HISTORY + HOURS + 2 }, (_, index) => candle(index)) });
};

/** The recorded market: of each minute its low and its high in turn. */
const script = (() => {
  const random = createRandomStream(4, 'minutes');
  let price = 50_000;
  return Array.from({ length: HOURS * 60 + 60 }, (_, minute) => {
    price *= 1 + 0.0012 * random.normal();
    const extreme = price * (1 + (minute % 2 === 0 ? -1 : 1) * 0.0006 * random.uniform());
    return (Math.round(extreme * 100) / 100).toFixed(2);
  });
})();

/**
 * The journal of a run through the whole bot: real ccxt over HTTP, SQLite, onnxruntime. Orders go to the simulator, or
 * to the paper broker.
 */
const record = async (mode: 'demo' | 'paper'): Promise<readonly Input[]> => {
  await using resources = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), 'guardian-equality-'));
  resources.defer(() => rmSync(directory, { recursive: true, force: true }));
  const wall = createSystemClock();
  const simulator = await createExchangeSimulator({ history: history(), startTime: FROM, stepsPerHour: 60 });
  resources.defer(() => simulator.close());
  const lockstep = await connectLockstep({ controlUrl: simulator.controlUrl, wall, log: LOG });
  resources.defer(() => lockstep.close());
  const { clock } = lockstep;
  writeConstantModel(join(directory, 'model'), { probability: 0.9 });
  const model = await loadModel(join(directory, 'model'), {
    schemaHash: FEATURE_SCHEMA_HASH,
    featureCount: FEATURE_COUNT,
  });
  resources.defer(() => model.close());
  const database = openDatabase({ path: join(directory, `${mode}.db`), mode, account: 'test' });
  resources.defer(() => database.close());
  const { apiKey, secret } = simulator.credentials;
  const exchange = await createExchange({
    credentials: { apiKey, secret },
    apiRoot: simulator.url,
    sandbox: false,
    clock,
    log: LOG,
    lookUp: lookup,
    entryCeiling: () => decimal('1000000'),
    requestInterval: 0,
  });
  resources.defer(() => exchange.close());
  const broker = createPaperBroker({
    store: createMemoryStore(),
    opening: { USDT: '1000' },
    wallNow: () => wall.wallNow(),
  });
  const observed: JournalStore = {
    ...database.journal,
    commit: (inputs, apply) => {
      const effects = database.journal.commit(inputs, apply);
      for (const input of inputs) broker.observe(input);
      return effects;
    },
  };
  const { name, hash, schemaHash, stop, target, horizonHours, margin } = model.description;
  const bot = createBot({
    state: recover(database.journal).state,
    store: mode === 'paper' ? observed : database.journal,
    clock,
    log: LOG,
    venue: mode === 'paper' ? { ...broker.venue, serverTime: () => exchange.venue.serverTime() } : exchange.venue,
    marketData: exchange.marketData,
    features: createFeatureEngine([BTC]),
    model,
    pacer: {
      next: async (signal) => {
        await unlock();
        if (clock.marketNow() >= FROM + HOURS * HOUR_MS) return 'ended';
        const woken = await lockstep.pacer.next(signal);
        // The price jumps at the very moment at which the bot will look.
        const minute = Math.round((clock.marketNow() - FROM) / MINUTE_MS);
        simulator.control.price(BTC, script[minute] ?? '50000', true);
        return woken;
      },
    },
    config: {
      mode,
      symbols: [BTC],
      quoteAsset: 'USDT',
      feeAsset: null,
      limits: DEFAULT_LIMITS,
      takerFee: 0.001,
      orderPrefix: 'gb',
      instanceId: 'same',
      staleWallGrace: 0,
      model: { name, hash, schemaHash, stop, target, horizonHours, margin },
    },
    engineVersion: 'test',
    halts: [],
    random: () => 0.5,
    onFatal: (error) => {
      throw error;
    },
  });
  let commands = 0;
  const { service } = createOperatorSide({
    host: bot.host,
    records: database.records,
    audits: database.audit,
    clock,
    version: { version: 'test', engineVersion: 'test', mode, model: null, node: process.version },
    newId: () => `command-${(commands += 1)}`,
  });
  const unlock = async (): Promise<void> => {
    const preview = service.unlockPreview();
    if (preview.locks.length > 0 && preview.refusals.length === 0)
      await service.unlock(OPERATOR, {
        ...preview.shown,
        lockIds: preview.locks.map(({ id }) => id),
        reason: 'test',
        newLossPermitted: preview.newLossPermitted,
      });
  };
  bot.start();
  expect(await bot.finished).toBe('ended');
  await bot.stop('end');
  return [...database.journal.entriesAfter(0)].map((entry) => entry.input);
};

/** Orders and fills of what is on record, stepped anew with the recorded reports. */
const ordersOf = async (inputs: readonly Input[]): Promise<readonly string[]> => {
  const { createEngineState } = await import('../../src/core/engine/state.ts');
  const { step } = await import('../../src/core/engine/step.ts');
  const { OrderList } = await import('../../src/research/backtest/order-list.ts');
  const state = createEngineState();
  const list = new OrderList();
  for (const input of inputs) {
    for (const effect of step(state, input)) {
      if (effect.type === 'place') list.placed(effect, input.at);
      else if (effect.type === 'fill') list.filled(effect);
    }
  }
  return list.lines();
};

describe('one engine, whatever the venue', () => {
  test('the same prices, candles and predictions give the same orders and fills in demo, paper and backtest', {
    timeout: 240_000,
  }, async () => {
    const demo = await record('demo');
    const paper = await record('paper');
    const fromDemo = runRecorded({ inputs: demo, liquidity: DEFAULT_LIQUIDITY });
    const fromPaper = runRecorded({ inputs: paper, liquidity: DEFAULT_LIQUIDITY });

    const orders = await ordersOf(demo);
    expect(orders.filter((line) => line.includes(' entry '))).not.toHaveLength(0);
    expect(orders.filter((line) => line.startsWith('fill')).length).toBeGreaterThan(8);
    expect(orders.some((line) => line.includes(' exit '))).toBe(true);
    expect(await ordersOf(paper)).toEqual(orders);
    expect(fromDemo.record.orders.lines()).toEqual(orders);
    expect(fromPaper.record.orders.lines()).toEqual(orders);
    expect(compareRuns(effectsOf(demo), fromDemo.effects).map(({ cause }) => cause)).toEqual(
      compareRuns(effectsOf(demo), fromDemo.effects).map(() => 'same'),
    );
    expect(fromDemo.record.orders.hash()).toBe(fromPaper.record.orders.hash());
  });
});
