import { MINUTE_MS, type EpochMs, type Milliseconds, type SymbolName } from '../../core/units.ts';
import { createApi, type ApiRequest, type Outcome } from '../exchange/api.ts';
import { Exchange } from '../exchange/exchange.ts';
import { Faults } from '../exchange/faults/registry.ts';
import { instrumentOf } from '../exchange/instruments.ts';
import type { MarketHistory } from '../exchange/market-history.ts';
import { DEFAULT_CREDENTIALS } from '../exchange/signature.ts';
import { createNullStore } from '../exchange/store.ts';
import { DEFAULT_LIQUIDITY } from '../matching/book.ts';
import { DEFAULT_FEES } from '../matching/fees.ts';
import { fixed } from '../matching/fixed.ts';
import { demoHistory } from '../generator/demo-history.ts';
import type { OtherFault, PlannedFault } from './fault-plan.ts';
import type { Trace } from './trace.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';
import { createWeather, type ReadKind } from './weather.ts';

/** Candles before the start: the volatility lock wants ninety days. */
const HISTORY_HOURS = 100 * 24;
const STEPS_PER_HOUR = 60;
/** Begins on a Monday, an hour before noon: the first day break comes soon. */
const START: EpochMs = Date.UTC(2024, 0, 1, 11);

/** Everything outside of the bot's process: the market, the exchange, the weather. It outlives every process. */
export interface World {
  readonly clock: VirtualClock;
  readonly start: EpochMs;
  readonly exchange: Exchange;
  readonly faults: Faults;
  readonly history: MarketHistory;
  readonly symbols: readonly SymbolName[];
  /** The exchange's name of a symbol. */
  idOf(symbol: SymbolName): string;
  /** Whether any fault of the exchange is set, hit or not. */
  readonly disturbed: boolean;
  /** Whether a fault may concern this kind of read. */
  concerns(read: ReadKind): boolean;
  /** When the last fault of the exchange or the network was in force. */
  readonly disturbedAt: EpochMs;
  /** A request as the exchange sees it. */
  request(request: ApiRequest): Promise<Outcome>;
  /** On to the next minute: faults come and go, the price moves. */
  step(): void;
  /** Faults outside of the exchange that are in force. */
  active(where: OtherFault['where']): OtherFault | null;
  /** Ends every fault, for good. */
  calm(): void;
}

/**
 * Makes the world of one history.
 * @param options `days`: market days of the history, to which two quiet ones are added; `balance`: USDT of the account,
 * as decimal text; `faults`: makes the plan of faults from the moment at which the world begins
 */
export const createWorld = (options: {
  readonly seed: number;
  readonly days: number;
  readonly symbols: readonly SymbolName[];
  readonly balance: string;
  readonly faults: (from: EpochMs) => readonly PlannedFault[];
  readonly trace: Trace;
  /** Told when a fault outside of the exchange begins. */
  readonly onOther: (fault: OtherFault) => void;
  readonly onInternalError: (error: unknown) => void;
}): World => {
  const { seed, symbols, trace } = options;
  const series = demoHistory({
    seed,
    from: START,
    symbols,
    historyHours: HISTORY_HOURS,
    tradingHours: (options.days + 2) * 24,
  });
  const history: MarketHistory = { symbols, candles: series.candles, end: series.end };
  const clock = createVirtualClock(START);
  // One text a symbol: a new one at every look would have to be hashed before anything is found by it.
  const ids = new Map(symbols.map((symbol) => [symbol, exchangeIdOf(symbol)]));
  const exchange = new Exchange({
    history,
    instruments: symbols.map((symbol) => instrumentOf(symbol)),
    balances: { USDT: fixed(options.balance) },
    startTime: START,
    accountId: 1,
    seed,
    stepsPerHour: STEPS_PER_HOUR,
    store: createNullStore(),
    wallNow: () => clock.wallNow(),
    fees: DEFAULT_FEES,
    liquidity: DEFAULT_LIQUIDITY,
    keyRights: { trading: true, withdrawals: false, ipRestricted: true, createdAt: START },
  });
  const faults = new Faults(exchange);
  const api = createApi({
    exchange,
    faults,
    credentials: DEFAULT_CREDENTIALS,
    enforceRateLimits: false,
    wait: (span: Milliseconds) => clock.sleep(span),
    onInternalError: options.onInternalError,
  });

  const weather = createWeather({ faults, planned: options.faults(START), trace, onOther: options.onOther });

  // Values and no getters: an object with a getter is slow in all its parts, and this one is asked at every step.
  const world = {
    clock,
    start: START,
    exchange,
    faults,
    history,
    symbols,
    idOf: (symbol: SymbolName): string => ids.get(symbol) ?? exchangeIdOf(symbol),
    disturbed: false,
    disturbedAt: START,
    concerns: weather.concerns,
    request: (request: ApiRequest): Promise<Outcome> => api.handle(request),
    step: (): void => {
      const now = clock.wallNow();
      world.disturbed = weather.pass(now);
      if (world.disturbed) world.disturbedAt = now;
      exchange.step();
      faults.stepped();
    },
    active: weather.active,
    calm: (): void => {
      weather.calm();
      world.disturbed = false;
      world.disturbedAt = clock.wallNow();
    },
  };
  return world;
};

const exchangeIdOf = (symbol: SymbolName): string => symbol.replace('/', '');

export const MINUTES_A_DAY = 24 * 60;
export const minuteAfter = (at: EpochMs): EpochMs => (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
