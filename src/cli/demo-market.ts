import { openCandleFolder } from '../adapters/candles/candle-files.ts';
import type { Config } from '../adapters/system/config-schema.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { CONTEXT_SYMBOL } from '../core/features/catalogue.ts';
import { DAY_MS, HOUR_MS, SECOND_MS, type EpochMs, type SymbolName } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { MarketHistory } from '../sim/exchange/market-history.ts';
import { createExchangeSimulator, type ExchangeSimulator } from '../sim/exchange/simulator.ts';
import type { SimStore } from '../sim/exchange/store.ts';
import { DEMO_HISTORY_HOURS, demoHistory } from '../sim/generator/demo-history.ts';
import { causeOf } from './describe-end.ts';
import { connectLockstep, type Lockstep } from '../sim/lockstep/lockstep.ts';

/** Looks at the market within a demo hour: whole minutes apart. */
const STEPS: readonly number[] = [4, 6, 10, 12, 15, 20, 30, 60];
/** A step may not take much longer in wall time, or the price before it would be stale. */
const LONGEST_STEP = 1_250;

/** Steps of a market hour at this pace. */
const stepsPerHour = (hourSeconds: number): number =>
  STEPS.find((steps) => (hourSeconds * SECOND_MS) / steps <= LONGEST_STEP) ?? Math.max(...STEPS);
/** Start of a demo on recorded candles: the month of a real crash. */
const RECORDED_FROM: EpochMs = Date.UTC(2024, 7, 1);

/** Which market the demo shows. */
export interface DemoSource {
  readonly history: MarketHistory;
  readonly from: EpochMs;
  readonly seed: number;
  /** In words, and the identity of the demo's account: another market is another account. */
  readonly name: string;
}

const withContext = (symbols: readonly SymbolName[]): readonly SymbolName[] => [
  ...new Set([CONTEXT_SYMBOL, ...symbols]),
];

/**
 * Recorded candles from MARKET_DATA_DIR, or the generated series.
 * @throws UserError for a start without the history that the limits need
 */
export const demoSource = (config: Config): DemoSource => {
  const { seed } = config.demo;
  const symbols = withContext(config.symbols);
  if (config.marketDataDir === null) {
    const series = demoHistory({ seed, symbols });
    return {
      history: { symbols, candles: series.candles, end: series.end },
      from: series.from,
      seed,
      name: `generated seed ${seed}`,
    };
  }
  const folder = openCandleFolder(config.marketDataDir);
  const from = config.demo.from ?? RECORDED_FROM;
  const end = folder.endOf(symbols);
  for (const symbol of symbols) {
    const first = (folder.series(symbol).openTime[0] ?? Number.POSITIVE_INFINITY) + DEMO_HISTORY_HOURS * HOUR_MS;
    if (first <= from && from < end) continue;
    throw new UserError(
      `DEMO_FROM=${new Date(from).toISOString()} does not fit ${symbol} in ${config.marketDataDir}: it needs ${DEMO_HISTORY_HOURS / 24} days before the start; ${remedy(first, end - HOUR_MS)}`,
    );
  }
  return {
    history: { symbols, candles: folder.candles, end },
    from,
    seed,
    name: `recorded candles from ${new Date(from).toISOString().slice(0, 13)}h, seed ${seed}`,
  };
};

/** A start that fits, where there is one. */
const remedy = (first: EpochMs, last: EpochMs): string =>
  first <= last
    ? `use a time from ${new Date(first).toISOString()} to ${new Date(last).toISOString()}`
    : `the candles are too few by ${Math.ceil((first - last) / DAY_MS)} days, so that no time fits: give another folder`;

export interface DemoMarket {
  readonly simulator: ExchangeSimulator;
  readonly lockstep: Lockstep;
  /** Looks at the market within an hour. */
  readonly stepsPerHour: number;
  /** Resolves when the simulator has failed for good: only another start helps. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

/** Starts the exchange simulator inside this process; the bot still reaches it over HTTP alone. */
export const startDemoMarket = async (options: {
  readonly config: Config;
  readonly source: DemoSource;
  readonly store: SimStore;
  readonly wall: Clock;
  readonly log: Log;
}): Promise<DemoMarket> => {
  const { config, source, store, wall, log } = options;
  const steps = stepsPerHour(config.demo.hourSeconds);
  const failed = Promise.withResolvers<Error>();
  const simulator = await createExchangeSimulator({
    history: source.history,
    startTime: source.from,
    seed: source.seed,
    stepsPerHour: steps,
    stepMilliseconds: (config.demo.hourSeconds * SECOND_MS) / steps,
    store,
    wallNow: () => wall.wallNow(),
    onInternalError: (error) => log.error(causeOf(error), 'the exchange simulator failed'),
    onFailure: failed.resolve,
  });
  const lockstep = await connectLockstep({ controlUrl: simulator.controlUrl, wall, log });
  return {
    simulator,
    lockstep,
    stepsPerHour: steps,
    failed: failed.promise,
    close: async () => {
      lockstep.close();
      await simulator.close();
    },
  };
};
