import { equityIsQuiet, takeQuietEquity } from '../guardian/equity-locks.ts';
import type { LockKind } from '../guardian/lock.ts';
import type { GuardianState } from '../guardian/state.ts';
import { mayTighten, updateVolatility, wouldFlip } from '../guardian/volatility.ts';
import { decide, expectedValue, type PolicyTerms } from '../strategy/policy.ts';
import type { Limits } from '../risk/limits.ts';
import { DAY_MS, HOUR_MS, type EpochMs, type SymbolName } from '../units.ts';
import { Decision } from './decision.ts';
import { borneOut } from './marking.ts';
import { isCandle, leaps } from './on-market.ts';
import { noPrediction, policyTerms } from './on-prediction.ts';
import { barriersOf, onlyStopsRest, onlyTheLastIsFresh, rests, type Barriers } from './resting-positions.ts';
import type { EngineState, SymbolState } from './state.ts';

/** One symbol's hourly candles, oldest first, with the model's answer for each (NaN = none), and what a poll would quote. */
export interface QuietSeries {
  readonly symbol: SymbolName;
  readonly openTime: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
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
  /** Whether low, high and close of the hour before `from` are still to be told by the poll at `from`: as they are while a position is held. */
  readonly told: boolean;
  /** With a position: whether nothing happens between the lows and highs of the `index`-th hour, as the state is by then. */
  readonly crossesNothing: (index: number) => boolean;
  readonly passed: (hour: QuietHour) => void;
}

/** One hour passed. Used again for the next one. */
export interface QuietHour {
  at: EpochMs;
  /** Equity and the part of it that is not cash, in quote currency. */
  equity: number;
  exposure: number;
  /** Symbols without an answer of the model, and those of the others that are held. All others had a decision without an edge. */
  unanswered: number;
  holding: number;
}

/** What an hour is held against. */
interface Rules {
  readonly terms: PolicyTerms;
  readonly limits: Limits;
  readonly positions: readonly Barriers[];
  /** Whether a position is held: then the prices of every hour are told, at the next one's poll. */
  readonly exposed: boolean;
}

/**
 * Passes hours in which nothing can happen, and says how many from the first on they were: none at all while an order
 * is open other than the stop of a position, or a lock holds that something else than prices or a person could clear. What it does
 * to the state is what `step` does to it when it is given, for each of the hours, the poll at the hour's open, then for
 * each symbol the candle that has closed, then for each the prediction; `quiet-hours.test.ts` holds the two against
 * each other, snapshot by snapshot. An hour passed has one equity point, for each symbol a decision that does nothing
 * and, at midnight, a baseline for the day.
 *
 * It ends before an hour in which a lock could trip or clear, a position come to an end, a price is not believed at once,
 * a candle is missing or a prediction is worth an entry; and with an hour whose high and low cross something, which the
 * caller has to tell of: a barrier or a limit where there is a position, the threshold of the volatility lock elsewhere.
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
  const hours = passWhileQuiet(state, stretch, { terms, limits: config.limits, positions, exposed });
  // The baselines of new days: what they are follows from the hours' equities.
  state.changes.length = 0;
  if (hours > 0) arrive(state, stretch, hours, terms);
  return hours;
};

const passWhileQuiet = (state: EngineState, stretch: Stretch, rules: Rules): number => {
  const { from, to, passed, crossesNothing } = stretch;
  const { limits, exposed } = rules;
  const { guardian, changes } = state;
  const flat = holdsNothing(state);
  const hour: QuietHour = { at: from, equity: Number.NaN, exposure: Number.NaN, unanswered: 0, holding: 0 };
  let index = 0;
  for (let ends = false; !ends && hour.at < to; index += 1, hour.at += HOUR_MS) {
    // Cash alone is worth at noon what it was in the morning: the limits are looked at again with the new day.
    const same = flat && index > 0 && hour.at < (guardian.day ?? Number.NaN) + DAY_MS;
    if (!same) {
      value(state, stretch, index, hour);
      if (!equityIsQuiet(guardian, hour.at, hour.equity, limits)) break;
    }
    if (!marketIsQuiet(state, stretch, index, hour.at, rules)) break;
    if (!same) takeQuietEquity(guardian, hour.at, hour.equity, changes);
    const restless = takeCandles(state, stretch, index, rules);
    ends = restless || (exposed && !crossesNothing(index));
    countDecisions(stretch, index, rules, hour);
    passed(hour);
  }
  return index;
};

/** Nothing on its way and no lock that has a condition of its own, and every limit looked at since anything last changed. */
const nothingPending = (state: EngineState, { from }: Stretch): boolean => {
  const { guardian, evaluated } = state;
  const looked = evaluated.at === state.at && evaluated.wall === state.wall;
  const still = onlyInertLocks(guardian) && onlyStopsRest(state) && state.feeCoinNumber === 0 && state.feeSymbol === null && !guardian.skewTried;
  const later = from > state.at && from > state.wall && state.wallShift === 0 && guardian.day !== null && state.equityHour !== null && from >= state.equityHour + HOUR_MS;
  return looked && still && later;
};

/** Locks that nothing but candles, prices, equity or a person clears; positions that they close are being closed by now. */
const INERT: ReadonlySet<LockKind> = new Set<LockKind>(['volatility', 'kill-switch', 'daily-drawdown', 'total-drawdown', 'minimum-balance']);

const onlyInertLocks = ({ locks }: GuardianState): boolean => {
  for (const id in locks) {
    const lock = locks[id];
    if (lock !== undefined && !INERT.has(lock.kind)) return false;
  }
  return true;
};

/** Whether the series are those of the engine's symbols, in its order and without a hole up to now, and whether what they hold rests. */
const seriesFit = ({ symbolList }: EngineState, { series, rows, from }: Stretch): boolean => {
  if (series.length !== symbolList.length) return false;
  for (let i = 0; i < symbolList.length; i += 1) {
    const symbol = symbolList[i] as SymbolState;
    if (symbol.symbol !== series[i]?.symbol || !symbol.configured || symbol.unlisted || symbol.priceAt === null) return false;
    if (symbol.managed !== null && !rests(symbol.managed)) return false;
    if (symbol.newestCandleOpen !== from - 2 * HOUR_MS || !((rows[i] ?? 0) > 0)) return false;
  }
  return true;
};

const openOf = ({ series, rows }: Stretch, i: number, index: number): number => (series[i] as QuietSeries).open[(rows[i] as number) + index] as number;

const holdsNothing = ({ symbolList }: EngineState): boolean => symbolList.every(({ heldNumber }) => heldNumber === 0);

/** Equity as `equityOf` and exposure as `grossExposure` add them up, at the hour's open. */
const value = (state: EngineState, stretch: Stretch, index: number, hour: QuietHour): void => {
  let equity = state.cashNumber ?? Number.NaN;
  let exposure = 0;
  for (let i = 0; i < state.symbolList.length; i += 1) {
    const { heldNumber } = state.symbolList[i] as SymbolState;
    if (heldNumber === 0) continue;
    const worth = heldNumber * openOf(stretch, i, index);
    equity += worth;
    exposure += worth;
  }
  hour.equity = equity;
  hour.exposure = exposure;
};

/** Whether the poll tells of the hour before, its close last, ahead of the open. */
const tellsHourBefore = ({ told }: Stretch, index: number, { exposed }: Rules): boolean => (index === 0 ? told : exposed);

/** Whether the hour's first prices, the candles that have just closed and their predictions change nothing but what is known of the market. */
const marketIsQuiet = (state: EngineState, stretch: Stretch, index: number, at: EpochMs, rules: Rules): boolean => {
  const { series, rows } = stretch;
  const { terms, limits, positions } = rules;
  const tells = tellsHourBefore(stretch, index, rules);
  for (let i = 0; i < series.length; i += 1) {
    const { openTime, open, high, low, close, probability } = series[i] as QuietSeries;
    const { last, volatility } = state.symbolList[i] as SymbolState;
    const { stop, target, horizonAt, held } = positions[i] as Barriers;
    const row = (rows[i] as number) + index;
    const before = row - 1;
    if (openTime[row] !== at || openTime[before] !== at - HOUR_MS) return false;
    const [first, h, l, c] = [open[row] as number, high[before] as number, low[before] as number, close[before] as number];
    if (!(first > 0) || !(first > stop) || !(first < target) || !(at < horizonAt) || !isCandle(h, l, c)) return false;
    const seen = index === 0 ? last : (open[before] as number);
    if (leaps(tells ? c : seen, first) || (tells && !(h < target))) return false;
    // Later hours come after one whose high and low could not tighten the lock.
    if (index === 0 && tells && mayTighten(volatility, h, l)) return false;
    if (mayTighten(volatility, first, first) || wouldFlip(volatility, h, l, c, limits.maxAtrPercentile)) return false;
    const p = probability[before] as number;
    if (Number.isNaN(p)) continue;
    if (!(p >= 0 && p <= 1) || decide(p, held, terms) !== (held ? 'hold' : 'stay-out')) return false;
  }
  return true;
};

/** How many symbols the model has no answer for to the candle that has just closed, and how many of the others are held. */
const countDecisions = ({ series, rows }: Stretch, index: number, { positions }: Rules, hour: QuietHour): void => {
  hour.unanswered = 0;
  hour.holding = 0;
  for (let i = 0; i < series.length; i += 1) {
    if (Number.isNaN((series[i] as QuietSeries).probability[(rows[i] as number) + index - 1])) hour.unanswered += 1;
    else if ((positions[i] as Barriers).held) hour.holding += 1;
  }
};

/** Takes the prices told and the candles that have closed; whether the hour's own high and low could tighten a volatility lock. */
const takeCandles = (state: EngineState, stretch: Stretch, index: number, rules: Rules): boolean => {
  const { series, rows } = stretch;
  const tells = tellsHourBefore(stretch, index, rules);
  let restless = false;
  for (let i = 0; i < series.length; i += 1) {
    const { high, low, close } = series[i] as QuietSeries;
    const symbol = state.symbolList[i] as SymbolState;
    const row = (rows[i] as number) + index;
    updateVolatility(symbol.volatility, high[row - 1] as number, low[row - 1] as number, close[row - 1] as number, rules.limits.maxAtrPercentile);
    // The close of the hour before and the open.
    if (tells) symbol.freshPolls = 2;
    else symbol.freshPolls += 1;
    restless = mayTighten(symbol.volatility, high[row] as number, low[row] as number) || restless;
  }
  return restless;
};

/** The rest of the state, as the last of the hours has left it. */
const arrive = (state: EngineState, stretch: Stretch, hours: number, terms: PolicyTerms): void => {
  const at = stretch.from + (hours - 1) * HOUR_MS;
  for (let i = 0; i < state.symbolList.length; i += 1) {
    const symbol = state.symbolList[i] as SymbolState;
    const { probability, failure, bid, ask } = stretch.series[i] as QuietSeries;
    const last = openOf(stretch, i, hours - 1);
    symbol.last = last;
    symbol.bid = bid(last);
    symbol.ask = ask(last);
    symbol.believed = borneOut(last, symbol.bid, symbol.ask);
    symbol.priceAt = at;
    symbol.priceWall = at;
    symbol.forming.hour = at;
    symbol.forming.high = last;
    symbol.forming.low = last;
    symbol.newestCandleOpen = at - HOUR_MS;
    const p = probability[(stretch.rows[i] as number) + hours - 2] as number;
    symbol.lastDecision = Number.isNaN(p)
      ? noPrediction(symbol.symbol, at - HOUR_MS, null, terms.margin, failure)
      : new Decision(symbol.symbol, at - HOUR_MS, p, expectedValue(p, terms), terms.margin, symbol.managed === null ? 'no-edge' : 'holding', null);
  }
  if (state.guardian.lastEquity !== null) state.guardian.lastEquity.at = at;
  state.at = at;
  state.wall = at;
  state.equityHour = at;
  state.evaluated.at = at;
  state.evaluated.wall = at;
};
