import { passEquities } from '../guardian/equity-locks.ts';
import type { LockKind } from '../guardian/lock.ts';
import type { GuardianState } from '../guardian/state.ts';
import { MOST_TAKEN_BACK } from '../guardian/rolling-window.ts';
import {
  mayTighten,
  passCandles,
  takeBackCandles,
  type HourlyPrices,
  type Volatility,
} from '../guardian/volatility.ts';
import { decide, expectedValue, type PolicyTerms } from '../strategy/policy.ts';
import type { Limits } from '../risk/limits.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../units.ts';
import { Decision } from './decision.ts';
import { borneOut } from './marking.ts';
import { isCandle, leaps } from './on-market.ts';
import { noPrediction, policyTerms } from './on-prediction.ts';
import { barriersOf, onlyStopsRest, onlyTheLastIsFresh, rests, type Barriers } from './resting-positions.ts';
import type { EngineState, SymbolState } from './state.ts';

/**
 * One symbol's hourly candles, oldest first, with the model's answer for each (NaN = none), and what a poll would
 * quote.
 */
export interface QuietSeries extends HourlyPrices {
  readonly symbol: SymbolName;
  readonly openTime: Float64Array;
  readonly probability: Float32Array;
  /** Why there is no answer where there is none. */
  readonly failure: string;
  /** The price at or below which an order that rests at the exchange would act; minus infinity while none does. */
  readonly alarm: () => number;
  /** Best bid and ask at a last price: not above it and not below, so that the book bears it out. */
  readonly bid: (last: number) => number;
  readonly ask: (last: number) => number;
}

/** A stretch of full hours of all symbols of the engine. */
export interface Stretch {
  readonly series: readonly QuietSeries[];
  /** Per series: the row of the candle that opens at `from`. */
  readonly rows: Int32Array;
  readonly from: EpochMs;
  /** Exclusive. */
  readonly to: EpochMs;
  /**
   * Whether low, high and close of the hour before `from` are still to be told by the poll at `from`: as they are while
   * a position is held.
   */
  readonly told: boolean;
  /**
   * With a position: whether nothing happens between the lows and highs of the `index`-th hour, as the state is by
   * then.
   */
  readonly crossesNothing: (index: number) => boolean;
  /** Hours that were passed, again and again in the same block. */
  readonly passed: (block: QuietBlock) => void;
  readonly block: QuietBlock;
}

/** Some hours in a row, looked at and passed together. */
export interface QuietBlock {
  from: EpochMs;
  hours: number;
  /** By hour: equity and the part of it that is not cash, in quote currency. */
  readonly equity: Float64Array;
  readonly exposure: Float64Array;
  /**
   * Symbols without an answer of the model, and those of the others that are held, all hours together. All others had a
   * decision without an edge.
   */
  unanswered: number;
  holding: number;
}

/**
 * Hours of the first block of a stretch; each is twice as long as the one before, as what is ahead of an end was looked
 * at for nothing.
 */
const FIRST_BLOCK = 16;
/** What several symbols have taken before one of them says no is taken back. */
const LONGEST_BLOCK = MOST_TAKEN_BACK;

export const createQuietBlock = (): QuietBlock => ({
  from: 0,
  hours: 0,
  equity: new Float64Array(LONGEST_BLOCK),
  exposure: new Float64Array(LONGEST_BLOCK),
  unanswered: 0,
  holding: 0,
});

/** What an hour is held against. */
interface Rules {
  readonly terms: PolicyTerms;
  readonly limits: Limits;
  readonly positions: readonly Barriers[];
  /**
   * Whether a position is held: then the prices of every hour are told, at the next one's poll, and every hour is a
   * block of its own.
   */
  readonly exposed: boolean;
}

/**
 * Passes hours in which nothing can happen, and says how many from the first on they were: none at all while an order
 * is open other than the stop of a position, or a lock holds that something else than prices or a person could clear.
 * What it does to the state is what `step` does to it when it is given, for each of the hours, the poll at the hour's
 * open, then for each symbol the candle that has closed, then for each the prediction; `quiet-hours.test.ts` holds the
 * two against each other, snapshot by snapshot. An hour passed has one equity point, for each symbol a decision that
 * does nothing and, at midnight, a baseline for the day.
 *
 * It ends before an hour in which a lock could trip or clear, a position come to an end, a price of something held is
 * not believed at once, a candle is missing or a prediction is worth an entry; and with an hour whose high and low
 * cross something, which the caller has to tell of: a barrier or a limit where there is a position, the threshold of
 * the volatility lock elsewhere.
 *
 * The hours are looked at in blocks: each question is asked of all hours of a block in one loop, the market's first,
 * then equity's, then the volatility locks', and the block is as long as the first of them to say no allows. What is
 * held may have to be looked at after every hour, so that with a position a block is one hour.
 *
 * Why: seven years of hourly candles have some 60,000 of these hours. Only a market whose future is on file can be
 * asked in advance, so that the live loop has no use for it.
 */
export const passQuietHours = (state: EngineState, stretch: Stretch): number => {
  const { config } = state;
  const terms = config === null ? null : policyTerms(config);
  if (config === null || terms === null || !nothingPending(state, stretch) || !seriesFit(state, stretch)) return 0;
  const positions = stretch.series.map(({ alarm }, i) => barriersOf(state.symbolList[i] as SymbolState, alarm()));
  const exposed = positions.some(({ held }) => held);
  if (exposed ? !onlyTheLastIsFresh(state) : stretch.told) return 0;
  const rules: Rules = { terms, limits: config.limits, positions, exposed };
  const hours = passBlocks(state, stretch, rules);
  if (hours > 0) arrive(state, stretch, hours, rules);
  return hours;
};

const passBlocks = (state: EngineState, stretch: Stretch, rules: Rules): number => {
  const { from, to, block, passed, crossesNothing } = stretch;
  const { exposed } = rules;
  let done = 0;
  for (let length = exposed ? 1 : FIRST_BLOCK; ; length = exposed ? 1 : Math.min(2 * length, LONGEST_BLOCK)) {
    const at = from + done * HOUR_MS;
    const most = Math.min(length, Math.ceil((to - at) / HOUR_MS));
    const hours = most > 0 ? passBlock(state, stretch, done, most, rules) : 0;
    if (hours === 0) return done;
    passed(block);
    done += hours;
    if (hours < most || restless(state, stretch, done - 1) || (exposed && !crossesNothing(done - 1))) return done;
  }
};

/** Passes at most `most` hours from the `index`-th on. */
const passBlock = (state: EngineState, stretch: Stretch, index: number, most: number, rules: Rules): number => {
  const { guardian } = state;
  const { series, block } = stretch;
  const { limits } = rules;
  const at = stretch.from + index * HOUR_MS;
  let hours = most;
  for (let i = 0; i < series.length && hours > 0; i += 1) hours = quietMarket(state, stretch, i, index, hours, rules);
  if (hours === 0) return 0;
  value(state, stretch, index, hours);
  hours = passEquities(guardian, at, block.equity, hours, limits, false);
  if (hours > 0) hours = takeCandles(state, stretch, index, hours, limits);
  if (hours === 0) return 0;
  passEquities(guardian, at, block.equity, hours, limits, true);
  block.from = at;
  block.hours = hours;
  countDecisions(stretch, index, rules);
  return hours;
};

/**
 * Nothing on its way and no lock that has a condition of its own, and every limit looked at since anything last
 * changed.
 */
const nothingPending = (state: EngineState, { from }: Stretch): boolean => {
  const { guardian, evaluated } = state;
  const looked = evaluated.at === state.at && evaluated.wall === state.wall;
  const still =
    onlyInertLocks(guardian) &&
    onlyStopsRest(state) &&
    state.feeCoinNumber === 0 &&
    state.feeSymbol === null &&
    !guardian.skewTried;
  const later =
    from > state.at &&
    from > state.wall &&
    state.wallShift === 0 &&
    guardian.day !== null &&
    state.equityHour !== null &&
    from >= state.equityHour + HOUR_MS;
  return looked && still && later;
};

/**
 * Locks that nothing but candles, prices, equity or a person clears; positions that they close are being closed by now.
 */
const INERT: ReadonlySet<LockKind> = new Set<LockKind>([
  'volatility',
  'kill-switch',
  'daily-drawdown',
  'total-drawdown',
  'minimum-balance',
]);

const onlyInertLocks = ({ locks }: GuardianState): boolean => {
  for (const id in locks) {
    const lock = locks[id];
    if (lock !== undefined && !INERT.has(lock.kind)) return false;
  }
  return true;
};

/**
 * Whether the series are those of the engine's symbols, in its order and without a hole up to now, and whether what
 * they hold rests.
 */
const seriesFit = ({ symbolList }: EngineState, { series, rows, from }: Stretch): boolean => {
  if (series.length !== symbolList.length) return false;
  for (let i = 0; i < symbolList.length; i += 1) {
    const symbol = symbolList[i] as SymbolState;
    if (symbol.symbol !== series[i]?.symbol || !symbol.configured || symbol.unlisted || symbol.priceAt === null)
      return false;
    if (symbol.managed !== null && !rests(symbol.managed)) return false;
    // It lapses at a prediction.
    if (symbol.chargedFee !== undefined) return false;
    if (symbol.newestCandleOpen !== from - 2 * HOUR_MS || !((rows[i] ?? 0) > 0)) return false;
  }
  return true;
};

const openOf = ({ series, rows }: Stretch, i: number, index: number): number =>
  (series[i] as QuietSeries).open[(rows[i] as number) + index] as number;

/** Equity as `equityOf` and exposure as `grossExposure` add them up, at each hour's open. */
const value = (state: EngineState, { series, rows, block }: Stretch, index: number, hours: number): void => {
  const { equity, exposure } = block;
  equity.fill(state.cashNumber ?? Number.NaN, 0, hours);
  exposure.fill(0, 0, hours);
  for (let i = 0; i < series.length; i += 1) {
    const { heldNumber } = state.symbolList[i] as SymbolState;
    if (heldNumber === 0) continue;
    const { open } = series[i] as QuietSeries;
    for (let k = 0; k < hours; k += 1) {
      const worth = heldNumber * (open[(rows[i] as number) + index + k] as number);
      equity[k] = (equity[k] as number) + worth;
      exposure[k] = (exposure[k] as number) + worth;
    }
  }
};

/** Whether the poll tells of the hour before, its close last, ahead of the open. */
const tellsHourBefore = ({ told }: Stretch, index: number, { exposed }: Rules): boolean =>
  index === 0 ? told : exposed;

/**
 * In how many hours from the `index`-th on, `most` at most, the `i`-th symbol's first price, the candle that has just
 * closed and its prediction change nothing but what is known of the market; the volatility lock is asked elsewhere.
 */
const quietMarket = (
  { symbolList }: EngineState,
  stretch: Stretch,
  i: number,
  index: number,
  most: number,
  rules: Rules,
): number => {
  const { openTime, open, high, low, close, probability } = stretch.series[i] as QuietSeries;
  const { last, heldNumber, volatility } = symbolList[i] as SymbolState;
  const { stop, target, horizonAt, held } = rules.positions[i] as Barriers;
  const { terms, exposed } = rules;
  const row = (stretch.rows[i] as number) + index;
  const at = stretch.from + index * HOUR_MS;
  const tells = tellsHourBefore(stretch, index, rules);
  // Later hours come after one whose high and low could not tighten the lock.
  if (
    tells &&
    (!((high[row - 1] as number) < target) ||
      (index === 0 && mayTighten(volatility, high[row - 1] as number, low[row - 1] as number)))
  )
    return 0;
  const wish = held ? 'hold' : 'stay-out';
  // Without anything held it does not matter which of the prices are believed, but for the last one.
  const minds = exposed || heldNumber !== 0;
  let seen = tells ? (close[row - 1] as number) : index === 0 ? last : (open[row - 1] as number);
  for (let k = 0; k < most; k += 1) {
    const here = row + k;
    const opens = at + k * HOUR_MS;
    const first = open[here] as number;
    if (openTime[here] !== opens || openTime[here - 1] !== opens - HOUR_MS) return k;
    if (!(first > 0) || !(first > stop) || !(first < target) || !(opens < horizonAt) || (minds && leaps(seen, first)))
      return k;
    if (!isCandle(high[here - 1] as number, low[here - 1] as number, close[here - 1] as number)) return k;
    const p = probability[here - 1] as number;
    if (p >= 0 && p <= 1) {
      if (decide(p, held, terms) !== wish) return k;
    } else if (!Number.isNaN(p)) return k;
    seen = first;
  }
  return most;
};

/**
 * How many symbols the model has no answer for to the candle that has just closed, and how many of the others are held.
 */
const countDecisions = ({ series, rows, block }: Stretch, index: number, { positions }: Rules): void => {
  const { hours } = block;
  block.unanswered = 0;
  block.holding = 0;
  for (let i = 0; i < series.length; i += 1) {
    const { probability } = series[i] as QuietSeries;
    const first = (rows[i] as number) + index - 1;
    let missing = 0;
    for (let row = first; row < first + hours; row += 1) if (!((probability[row] as number) >= 0)) missing += 1;
    block.unanswered += missing;
    if ((positions[i] as Barriers).held) block.holding += hours - missing;
  }
};

/**
 * Takes the candles of the hours that are quiet for the volatility locks of all symbols, and says how many those are.
 */
const takeCandles = (
  { symbolList }: EngineState,
  { series, rows }: Stretch,
  index: number,
  most: number,
  { maxAtrPercentile }: Limits,
): number => {
  const before: Volatility[] = [];
  let hours = most;
  for (let i = 0; i < series.length; i += 1) {
    const { volatility } = symbolList[i] as SymbolState;
    if (series.length > 1) before.push({ ...volatility });
    const taken = passCandles(
      volatility,
      series[i] as QuietSeries,
      (rows[i] as number) + index,
      hours,
      maxAtrPercentile,
    );
    for (let other = 0; other < i && taken < hours; other += 1) {
      const earlier = (symbolList[other] as SymbolState).volatility;
      takeBackCandles(earlier, before[other] as Volatility, hours);
      passCandles(earlier, series[other] as QuietSeries, (rows[other] as number) + index, taken, maxAtrPercentile);
    }
    hours = taken;
  }
  return hours;
};

/** Whether the hour's own high and low could tighten a volatility lock. */
const restless = ({ symbolList }: EngineState, { series, rows }: Stretch, index: number): boolean => {
  for (let i = 0; i < series.length; i += 1) {
    const { high, low } = series[i] as QuietSeries;
    const row = (rows[i] as number) + index;
    if (mayTighten((symbolList[i] as SymbolState).volatility, high[row] as number, low[row] as number)) return true;
  }
  return false;
};

/**
 * The newest price that is no leap from the one before it is believed. With a position no hour that opens with a leap
 * is passed.
 */
const believe = (symbol: SymbolState, stretch: Stretch, i: number, hours: number, { exposed }: Rules): void => {
  const { bid, ask } = stretch.series[i] as QuietSeries;
  for (let k = hours - 1; k >= 0; k -= 1) {
    const price = openOf(stretch, i, k);
    if (!exposed && leaps(k === 0 ? symbol.last : openOf(stretch, i, k - 1), price)) continue;
    symbol.believed = borneOut(price, bid(price), ask(price));
    return;
  }
};

/** The rest of the state, as the last of the hours has left it. */
const arrive = (state: EngineState, stretch: Stretch, hours: number, rules: Rules): void => {
  const { terms } = rules;
  const at = stretch.from + (hours - 1) * HOUR_MS;
  for (let i = 0; i < state.symbolList.length; i += 1) {
    const symbol = state.symbolList[i] as SymbolState;
    const { probability, failure, bid, ask } = stretch.series[i] as QuietSeries;
    const last = openOf(stretch, i, hours - 1);
    believe(symbol, stretch, i, hours, rules);
    symbol.last = last;
    symbol.bid = bid(last);
    symbol.ask = ask(last);
    symbol.priceAt = at;
    symbol.priceWall = at;
    symbol.forming.hour = at;
    symbol.forming.high = last;
    symbol.forming.low = last;
    symbol.newestCandleOpen = at - HOUR_MS;
    // An hour that is told leaves two: its close, and the open.
    symbol.freshPolls = tellsHourBefore(stretch, hours - 1, rules) ? 2 : symbol.freshPolls + hours;
    const p = probability[(stretch.rows[i] as number) + hours - 2] as number;
    symbol.lastDecision = Number.isNaN(p)
      ? noPrediction(symbol.symbol, at - HOUR_MS, null, terms.margin, failure)
      : new Decision(
          symbol.symbol,
          at - HOUR_MS,
          p,
          expectedValue(p, terms),
          terms.margin,
          symbol.managed === null ? 'no-edge' : 'holding',
          null,
        );
  }
  state.at = at;
  state.wall = at;
  state.equityHour = at;
  state.evaluated.at = at;
  state.evaluated.wall = at;
};
