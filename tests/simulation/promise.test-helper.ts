import { createBot, type Bot } from '../../src/app/bot.ts';
import { silent } from '../../src/app/executor.test-helper.ts';
import { toNumber } from '../../src/core/decimal.ts';
import { createEngineState, type EngineState } from '../../src/core/engine/state.ts';
import { engineConfig } from '../../src/core/engine/world.test-helper.ts';
import { DEFAULT_LIMITS } from '../../src/core/risk/limits.ts';
import { HOUR_MS, SECOND_MS, utcDayStart, type EpochMs, type Milliseconds } from '../../src/core/units.ts';
import type { Model } from '../../src/ports/model.ts';
import { createRandomStream, type RandomStream } from '../../src/sim/generator/random.ts';
import { createVirtualClock, settle, type VirtualClock } from '../../src/sim/simulation/virtual-clock.ts';
import { LateExchange, type Manners } from './late-exchange.test-helper.ts';

const POLL: Milliseconds = 5 * SECOND_MS;
/** What a sale may fetch of its stop, and its fee. */
const GAP = 0.995;
const FEE = 0.001;
const LOT = 1e-5;
/** Worth less than this is dust, give or take. */
const DUST = 10;

/** One UTC day as the exchange saw it. */
interface Day {
  readonly baseline: number;
  /** By how much the positions carried into it would break the budget at their stops. */
  readonly carried: number;
  /** What sales at less than their stop and the allowance have cost beyond it. */
  excess: number;
  lockedAt: EpochMs | null;
  flat: boolean;
}

/** Holds the exchange's own books against what is promised. */
class Witness {
  readonly broken: string[] = [];
  readonly days = new Map<EpochMs, Day>();
  readonly #exchange: LateExchange;
  readonly #clock: VirtualClock;
  readonly #engine: EngineState;
  /** Least price, after the allowance, that each position was to be sold at. */
  readonly #floors = new Map<string, number>();
  readonly #counted = new Set<string>();
  readonly #bareSince = new Map<string, EpochMs>();

  constructor(exchange: LateExchange, clock: VirtualClock, engine: EngineState) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#engine = engine;
  }

  breaks(what: string): void {
    this.broken.push(`at ${new Date(this.#clock.wallNow()).toISOString()}: ${what}`);
  }

  /** After every step of the engine: what its stops and its baseline are. */
  note(): void {
    const { guardian, symbols } = this.#engine;
    for (const symbol of this.#exchange.symbols) {
      const stop = symbols[symbol]?.managed?.stopPrice ?? null;
      if (stop !== null) this.#floors.set(symbol, toNumber(stop) * GAP);
    }
    if (guardian.day === null || guardian.dayBaseline === null) return;
    const carried = Math.max(0, guardian.dayBaseline * (1 - DEFAULT_LIMITS.maxDailyDrawdown) - this.#atStops());
    const day = this.days.get(guardian.day) ?? {
      baseline: guardian.dayBaseline,
      carried,
      excess: 0,
      lockedAt: null,
      flat: false,
    };
    this.days.set(guardian.day, day);
    if (guardian.locks['daily-drawdown'] !== undefined) day.lockedAt ??= this.#clock.wallNow();
    day.flat ||= day.lockedAt !== null && this.#exchange.symbols.every((symbol) => symbols[symbol]?.managed === null);
  }

  /** Once a second. */
  look(manners: Manners): void {
    for (const symbol of this.#exchange.symbols) this.#lookForStop(symbol);
    const day = this.days.get(utcDayStart(this.#clock.wallNow()));
    if (day === undefined) return;
    this.#countExcess(day);
    this.#weigh(day);
    // Where sales are refused, they are tried again, and that may take its time.
    if (
      manners !== 'refusing' &&
      day.lockedAt !== null &&
      !day.flat &&
      this.#clock.wallNow() - day.lockedAt > this.#exchange.patience
    )
      this.breaks('locked, and not flat');
  }

  #sum(of: (symbol: string) => number): number {
    return this.#exchange.symbols.reduce((total, symbol) => total + of(symbol), 0);
  }

  #cash(): number {
    return toNumber(this.#exchange.books.of('USDT'));
  }

  #atStops(): number {
    const { exchange, floors } = { exchange: this.#exchange, floors: this.#floors };
    return (
      this.#cash() +
      this.#sum((symbol) => exchange.heldOf(symbol) * (floors.get(symbol) ?? exchange.priceOf(symbol)) * (1 - FEE))
    );
  }

  #lookForStop(symbol: string): void {
    const bare = this.#exchange.bareOf(symbol);
    if (bare < LOT || bare * this.#exchange.priceOf(symbol) < DUST) {
      this.#bareSince.delete(symbol);
      return;
    }
    const now = this.#clock.wallNow();
    const since = this.#bareSince.get(symbol) ?? now;
    this.#bareSince.set(symbol, since);
    if (now - since > this.#exchange.patience) this.breaks(`${symbol} without a stop for ${now - since} ms`);
  }

  #countExcess(day: Day): void {
    for (const { draft, fills } of this.#exchange.books.orders.values()) {
      for (const { tradeId, price, quantity } of draft.side === 'sell' ? fills : []) {
        if (!this.#counted.has(tradeId))
          day.excess += Math.max(0, (this.#floors.get(draft.symbol) ?? 0) - Number(price)) * Number(quantity);
        this.#counted.add(tradeId);
      }
    }
  }

  /** The loss of the day so far; where nothing was carried into it, against the limit. */
  #weigh(day: Day): void {
    const exchange = this.#exchange;
    // Bought, and the bot does not know of it yet.
    if (exchange.symbols.some((symbol) => exchange.heldOf(symbol) >= LOT && !this.#floors.has(symbol))) return;
    const loss =
      day.baseline - this.#cash() - this.#sum((symbol) => exchange.heldOf(symbol) * exchange.priceOf(symbol));
    const open = this.#sum(
      (symbol) => exchange.heldOf(symbol) * Math.max(0, (this.#floors.get(symbol) ?? 0) - exchange.priceOf(symbol)),
    );
    const limit = day.baseline * DEFAULT_LIMITS.maxDailyDrawdown;
    if (day.carried === 0 && loss > limit + day.excess + open + 1e-6)
      this.breaks(`lost ${loss}: the limit is ${limit}, sales beyond the allowance have cost ${day.excess + open}`);
  }
}

const TERMS = {
  name: 'fixture',
  hash: 'h',
  schemaHash: 's',
  stop: 0.015,
  target: 0.03,
  horizonHours: 24,
  margin: 0.001,
};

/** As a rule it wants to buy. */
const createModel = (random: RandomStream): Model => ({
  description: { ...TERMS, featureCount: 1, demonstratedEdge: false, purpose: 'fixture' },
  predict: () => Promise.resolve(random.uniform() < 0.9 ? 0.9 : 0.3),
  predictBatch: () => Promise.reject(new Error('not used')),
  close: () => Promise.resolve(),
});

const createTrader = (
  engine: EngineState,
  exchange: LateExchange,
  clock: VirtualClock,
  random: RandomStream,
  witness: Witness,
): Bot =>
  createBot({
    state: engine,
    clock,
    log: silent,
    store: {
      commit: (inputs, apply) =>
        inputs.map((input) => {
          const effects = apply(input);
          witness.note();
          return effects;
        }),
      latestSnapshot: () => null,
      lastSequence: () => 0,
      writeSnapshot: () => undefined,
      entriesAfter: () => [].values(),
    },
    venue: exchange.venue,
    marketData: exchange.marketData,
    features: {
      requiredSymbols: exchange.symbols,
      warmUpHours: 1,
      push: () => true,
      vector: () => new Float32Array(1),
      writeVector: () => false,
      newestClose: () => Math.floor(clock.wallNow() / HOUR_MS) * HOUR_MS,
    },
    model: createModel(random),
    pacer: { next: (signal) => clock.sleep(POLL, signal).then(() => 'wake' as const) },
    config: engineConfig({ symbols: exchange.symbols }),
    engineVersion: 'test',
    halts: [],
    random: () => random.uniform(),
    onFatal: (error) => witness.breaks(String(error)),
  });

/** A whole bot in a random market for some hours; `broken` is what was promised and not kept. */
export const keepPromise = async (
  seed: number,
  hours: number,
  manners: Manners,
): Promise<{ readonly broken: readonly string[]; readonly trades: number; readonly daysLocked: number }> => {
  const random = createRandomStream(seed, 'promise');
  // Every second one crosses midnight.
  const clock = createVirtualClock(Date.UTC(2024, 7, 5, seed % 2 === 0 ? 24 - Math.ceil(hours / 2) : 8));
  const exchange = new LateExchange(clock, random, manners);
  const engine = createEngineState();
  const witness = new Witness(exchange, clock, engine);
  const bot = createTrader(engine, exchange, clock, random, witness);
  bot.start();
  for (let second = 0; second < hours * 3_600 && witness.broken.length === 0; second += 1) {
    await clock.runTo(clock.wallNow() + SECOND_MS);
    await settle();
    for (const symbol of exchange.symbols) exchange.move(symbol);
    witness.look(manners);
    if (second % 1_800 === 0 && engine.guardian.locks['kill-switch'] !== undefined)
      bot.host.apply({
        type: 'command',
        commandId: `u${second}`,
        by: 'test',
        command: { name: 'unlock', reason: 'test', lockIds: ['kill-switch'], newLossPermitted: null },
      });
  }
  await Promise.all([bot.stop('end'), clock.runTo(clock.wallNow() + 30 * SECOND_MS)]);
  clock.end();
  return {
    broken: witness.broken,
    trades: engine.tradesClosed,
    daysLocked: [...witness.days.values()].filter(({ lockedAt }) => lockedAt !== null).length,
  };
};
