import { loadModel } from '../../adapters/onnx/load-model.ts';
import { openDatabase } from '../../adapters/sqlite/database.ts';
import { createBot, type Bot } from '../../app/bot.ts';
import { createOperatorSide } from '../../app/operator/operator-service.ts';
import { recover } from '../../app/replay.ts';
import type { EngineConfig } from '../../core/engine/config.ts';
import { REST_AFTER_STOP } from '../../core/engine/round-trip-end.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../../core/features/catalogue.ts';
import { createFeatureEngine } from '../../core/features/engine.ts';
import type { Candle } from '../../core/market/candle.ts';
import type { Instrument } from '../../core/market/instrument.ts';
import { decimal } from '../../core/decimal.ts';
import type { Limits } from '../../core/risk/limits.ts';
import { DAY_MS, HOUR_MS, hourStart, SECOND_MS, type EpochMs } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MarketData } from '../../ports/market-data.ts';
import { createMemoryStore } from '../../sim/exchange/store.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { createPaperBroker } from '../../sim/paper/broker.ts';
import { createSilenceableData } from '../control/data-silence.ts';
import { createDrills, type DrillDeps } from '../control/drills.ts';
import { engineVersion } from '../engine-version.ts';

export const SYMBOL = 'BTC/USDT';
const HISTORY = 400 * 24;
/** Market time between two looks: just young enough for a price to be fresh. */
const STEP = 290 * SECOND_MS;

const INSTRUMENT: Instrument = {
  symbol: SYMBOL,
  id: 'BTCUSDT',
  base: 'BTC',
  quote: 'USDT',
  trading: true,
  orderTypes: ['limit', 'market', 'stop-loss-limit'],
  maxOrders: 200,
  maxAlgoOrders: 5,
  tickSize: decimal('0.01'),
  minPrice: decimal('0.01'),
  maxPrice: decimal('1000000'),
  stepSize: decimal('0.00001'),
  minQuantity: decimal('0.00001'),
  maxQuantity: decimal('9000'),
  marketStepSize: decimal('0'),
  marketMinQuantity: decimal('0'),
  marketMaxQuantity: decimal('129'),
  minNotional: decimal('5'),
  maxNotional: decimal('9000000'),
};

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface PhaseOptions {
  readonly path: string;
  readonly mode: 'paper' | 'testnet';
  readonly modelDir: string;
  readonly limits: Limits;
  readonly hours: number;
  readonly until: EpochMs;
  readonly drills: readonly ('round-trip' | 'kill-switch' | 'stale-data' | 'restart')[];
  /** Hours from the start whose candles never come. */
  readonly missing?: readonly number[];
}

/** The generated market, minute prices on straight lines from open to close. */
const market = (options: PhaseOptions, from: EpochMs, now: () => EpochMs): MarketData => {
  const start = hourStart(from) - HISTORY * HOUR_MS;
  const candles = generateCandles({ seed: 21, symbol: SYMBOL, from: start, hours: HISTORY + options.hours + 3 });
  const gone = new Set((options.missing ?? []).map((hour) => hourStart(from) + hour * HOUR_MS));
  const priceAt = (at: EpochMs): number => {
    const candle = candles[Math.floor((at - start) / HOUR_MS)] as Candle;
    return candle.open + ((candle.close - candle.open) * (at % HOUR_MS)) / HOUR_MS;
  };
  return {
    instruments: () => Promise.resolve({ ok: true, value: [INSTRUMENT] }),
    closedCandles: (_symbol, first, until) => {
      const index = Math.max(0, Math.ceil((first - start) / HOUR_MS));
      return Promise.resolve({
        ok: true,
        value: candles
          .slice(index, index + 1000)
          .filter(({ openTime }) => openTime + HOUR_MS <= until && !gone.has(openTime)),
      });
    },
    quotes: () => {
      const last = Math.round(priceAt(now()) * 100) / 100;
      return Promise.resolve({
        ok: true,
        value: [{ symbol: SYMBOL, last, bid: last - 0.5, ask: last + 0.5, at: now() }],
      });
    },
  };
};

/**
 * Runs the real loop, engine, broker and database through a test phase on virtual time, with its drills at the
 * beginning, and leaves the database.
 */
export const runPhase = async (options: PhaseOptions): Promise<void> => {
  const from = options.until - options.hours * HOUR_MS;
  let now = from;
  let rounds = 0;
  let waiters: (() => void)[] = [];
  const clock: Clock = {
    marketNow: () => now,
    wallNow: () => now,
    monotonicNow: () => now,
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
  };
  const store = createMemoryStore();
  const data = createSilenceableData(market(options, from, () => now));
  const model = await loadModel(options.modelDir, { schemaHash: FEATURE_SCHEMA_HASH, featureCount: FEATURE_COUNT });
  const { name, hash, schemaHash, stop, target, horizonHours, margin } = model.description;

  /** One life of the process: until the end, or until it is killed. */
  const live = async (
    script: (drill: (name: string, words: string) => Promise<string>) => Promise<void>,
  ): Promise<void> => {
    const database = openDatabase({ path: options.path, mode: options.mode, account: options.mode, now: () => now });
    const { state } = recover(database.journal);
    const broker = createPaperBroker({ store, opening: { USDT: '1000' }, wallNow: () => now });
    const config: EngineConfig = {
      mode: options.mode,
      symbols: [SYMBOL],
      quoteAsset: 'USDT',
      feeAsset: null,
      limits: options.limits,
      takerFee: 0.001,
      orderPrefix: 'gb',
      instanceId: database.identity.instanceId,
      staleWallGrace: 0,
      model: { name, hash, schemaHash, stop, target, horizonHours, margin },
    };
    const killed = new Error('killed');
    let dead = false;
    const scripted: { done: Promise<void> | null } = { done: null };
    const bot: Bot = createBot({
      state,
      store: {
        ...database.journal,
        commit: (inputs, apply) => {
          const effects = database.journal.commit(inputs, apply);
          for (const input of inputs) broker.observe(input);
          return effects;
        },
      },
      clock,
      log: silent,
      venue: broker.venue,
      marketData: data.marketData,
      features: createFeatureEngine([SYMBOL]),
      model,
      pacer: {
        next: async () => {
          scripted.done ??= script(runDrill);
          const ready = waiters;
          waiters = [];
          for (const resolve of ready) resolve();
          await new Promise((resolve) => setImmediate(resolve));
          if (dead) throw killed;
          rounds += 1;
          now += STEP;
          return now >= options.until ? 'ended' : 'wake';
        },
      },
      config,
      engineVersion: engineVersion(),
      halts: [],
      random: () => 0.5,
      onFatal: () => undefined,
    });
    let commands = 0;
    const { run } = createOperatorSide({
      host: bot.host,
      records: database.records,
      audits: database.audit,
      clock,
      version: { version: 't', engineVersion: 't', mode: options.mode, model: null, node: 't' },
      newId: () => `c${(commands += 1)}-${now}`,
    });
    const deps: DrillDeps = {
      state,
      clock: { ...clock, monotonicNow: () => rounds, sleep: () => new Promise((resolve) => waiters.push(resolve)) },
      run,
      audits: database.audit,
      silence: data.silence,
      ready: () => bot.rounds > 0,
      crash: () => undefined,
    };
    const { drill } = createDrills(deps);
    const runDrill = async (which: string, words: string): Promise<string> => {
      if (which === 'kill') {
        dead = true;
        return '';
      }
      if (which === 'unlock') {
        const caller = { userId: 1, name: 'Ada', role: 'operator' as const, via: 'telegram' as const };
        return (
          await run(caller, { name: 'unlock', reason: 'drill', lockIds: ['kill-switch'], newLossPermitted: null })
        ).code;
      }
      const begin = async () => {
        // The bot trades on its own signals meanwhile, and a drill touches no position: an operator waits for its end.
        const latest = now + 2 * DAY_MS;
        while (!which.startsWith('restart') && (state.symbols[SYMBOL]?.managed ?? null) !== null && now < latest)
          await deps.clock.sleep(0);
        return await drill(
          { kind: 'drill', name: which as 'round-trip', arguments: words, user: 'test' },
          () => undefined,
        );
      };
      let end = await begin();
      // The market decides when a stop is hit: after one the symbol rests, and an operator tries again later.
      for (let tries = 0; tries < 5 && !end.ok && end.lines.join(' ').includes('resting-after-stop'); tries += 1) {
        const until = now + REST_AFTER_STOP;
        while (now < until) await deps.clock.sleep(0);
        end = await begin();
      }
      if (!end.ok) throw new Error(`drill ${which}: ${end.lines.join(' ')}`);
      return end.lines[0] ?? '';
    };
    bot.start();
    await bot.finished.catch((error: unknown) => {
      if (error !== killed) throw error;
    });
    await scripted.done;
    if (!dead) await bot.stop('end of the phase');
    database.close();
  };

  const has = (drill: PhaseOptions['drills'][number]): boolean => options.drills.includes(drill);
  let before = '';
  if (has('restart')) {
    await live(async (drill) => {
      if (has('round-trip')) await drill('round-trip', '');
      before = await drill('restart', '');
      await drill('kill', '');
    });
  }
  await live(async (drill) => {
    if (before !== '') await drill('restart-check', before);
    if (has('round-trip') && before === '') await drill('round-trip', '');
    if (has('stale-data')) await drill('stale-data', '');
    if (has('kill-switch')) {
      await drill('kill-switch', '');
      await drill('unlock', '');
    }
  });
  await model.close();
};
