import { equityIsQuiet, evaluateEquity } from '../guardian/equity-locks.ts';
import type { GuardianState } from '../guardian/state.ts';
import { mayTighten, updateVolatility, wouldFlip } from '../guardian/volatility.ts';
import { decide, expectedValue, type PolicyTerms } from '../strategy/policy.ts';
import type { Limits } from '../risk/limits.ts';
import { DAY_MS, HOUR_MS, type EpochMs, type SymbolName } from '../units.ts';
import { Decision } from './decision.ts';
import { borneOut } from './marking.ts';
import { isCandle, leaps } from './on-market.ts';
import { noPrediction, policyTerms } from './on-prediction.ts';
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
  /** Told of each hour passed: its equity and the part of it that is not cash, in quote currency, and for how many symbols there was no answer. */
  readonly passed: (hour: EpochMs, equity: number, exposure: number, unanswered: number) => void;
}

/**
 * Passes hours in which nothing can happen, and says how many from the first on they were: none at all while there is
 * a position, an order or a lock other than that of volatility. What it does to the state is what `step` does to it
 * when it is given, for each of the hours, the poll at the hour's open, then for each symbol the candle that has closed,
 * then for each the prediction; `quiet-hours.test.ts` holds the two against each other, snapshot by snapshot. An hour
 * passed has one equity point, for each symbol a decision without an edge or without an answer and, at midnight, a baseline for the day.
 *
 * It ends before an hour in which a lock could trip or clear, a price is not believed at once, a candle is missing or
 * a prediction is worth an entry; and with an hour whose high and low could tighten the volatility lock, since its prices have to be told.
 *
 * Why: seven years of hourly candles have some 60,000 of these hours. Only a market whose future is on file can be
 * asked in advance, so that the live loop has no use for it.
 */
export const passQuietHours = (state: EngineState, stretch: Stretch): number => {
  const { config } = state;
  const terms = config === null ? null : policyTerms(config);
  if (config === null || terms === null || !nothingPending(state, stretch) || !seriesFit(state, stretch)) return 0;
  const { from, passed } = stretch;
  const { guardian } = state;
  const flat = holdsNothing(state);
  let hours = 0;
  let equity = Number.NaN;
  let exposure = Number.NaN;
  for (let restless = false; !restless && from + hours * HOUR_MS < stretch.to; hours += 1) {
    const hour = from + hours * HOUR_MS;
    // Cash alone is worth at noon what it was in the morning: the limits are looked at again with the new day.
    const same = flat && hours > 0 && hour < (guardian.day ?? Number.NaN) + DAY_MS;
    if (!same) {
      equity = equityAt(state, stretch, hours);
      exposure = exposureAt(state, stretch, hours);
      if (!equityIsQuiet(guardian, hour, equity, config.limits)) break;
    }
    if (!marketIsQuiet(state, stretch, hours, terms, config.limits)) break;
    if (!same) evaluateEquity(guardian, hour, equity, config.limits, state.changes);
    restless = takeCandles(state, stretch, hours, config.limits);
    passed(hour, equity, exposure, unansweredAt(stretch, hours));
  }
  // The baselines of new days: what they are follows from the hours' equities.
  state.changes.length = 0;
  if (hours > 0) arrive(state, stretch, hours, terms);
  return hours;
};

/** Nothing managed, locked or open, and every limit looked at since anything last changed. */
const nothingPending = (state: EngineState, { from }: Stretch): boolean => {
  const { guardian, evaluated } = state;
  const looked = evaluated.at === state.at && evaluated.wall === state.wall;
  const still = nothingHalts(guardian) && state.openOrders.length === 0 && state.feeCoinNumber === 0 && state.feeSymbol === null && !guardian.skewTried;
  const later = from > state.at && from > state.wall && state.wallShift === 0 && guardian.day !== null && state.equityHour !== null && from >= state.equityHour + HOUR_MS;
  return looked && still && later;
};

/** Whether no lock holds but those of volatility, which nothing but candles and prices clears. */
const nothingHalts = ({ locks }: GuardianState): boolean => {
  for (const id in locks) if (locks[id]?.kind !== 'volatility') return false;
  return true;
};

/** Whether the series are those of the engine's symbols, in its order and without a hole up to now. What they hold, if anything, is dust. */
const seriesFit = ({ symbolList }: EngineState, { series, rows, from }: Stretch): boolean => {
  if (series.length !== symbolList.length) return false;
  for (let i = 0; i < symbolList.length; i += 1) {
    const symbol = symbolList[i] as SymbolState;
    if (symbol.symbol !== series[i]?.symbol || !symbol.configured || symbol.managed !== null || symbol.priceAt === null) return false;
    if (symbol.newestCandleOpen !== from - 2 * HOUR_MS || !((rows[i] ?? 0) > 0)) return false;
  }
  return true;
};

const openOf = ({ series, rows }: Stretch, i: number, hours: number): number => (series[i] as QuietSeries).open[(rows[i] as number) + hours] as number;

const holdsNothing = ({ symbolList }: EngineState): boolean => symbolList.every(({ heldNumber }) => heldNumber === 0);

/** As `equityOf` adds it up, at the hour's open. */
const equityAt = (state: EngineState, stretch: Stretch, hours: number): number => {
  let equity = state.cashNumber ?? Number.NaN;
  for (let i = 0; i < state.symbolList.length; i += 1) {
    const { heldNumber } = state.symbolList[i] as SymbolState;
    if (heldNumber !== 0) equity += heldNumber * openOf(stretch, i, hours);
  }
  return equity;
};

/** As `grossExposure` adds it up, at the hour's open. */
const exposureAt = (state: EngineState, stretch: Stretch, hours: number): number => {
  let gross = 0;
  for (let i = 0; i < state.symbolList.length; i += 1) gross += (state.symbolList[i] as SymbolState).heldNumber * openOf(stretch, i, hours);
  return gross;
};

/** Whether the hour's first prices, the candles that have just closed and their predictions change nothing but what is known of the market. */
const marketIsQuiet = (state: EngineState, { series, rows, from }: Stretch, hours: number, terms: PolicyTerms, limits: Limits): boolean => {
  const hour = from + hours * HOUR_MS;
  for (let i = 0; i < series.length; i += 1) {
    const { openTime, open, high, low, close, probability } = series[i] as QuietSeries;
    const { last, volatility } = state.symbolList[i] as SymbolState;
    const row = (rows[i] as number) + hours;
    const before = row - 1;
    if (openTime[row] !== hour || openTime[before] !== hour - HOUR_MS) return false;
    const first = open[row] as number;
    if (!(first > 0) || leaps(hours === 0 ? last : (open[before] as number), first) || mayTighten(volatility, first, first)) return false;
    const [h, l, c] = [high[before] as number, low[before] as number, close[before] as number];
    if (!isCandle(h, l, c) || wouldFlip(volatility, h, l, c, limits.maxAtrPercentile)) return false;
    const p = probability[before] as number;
    if (Number.isNaN(p)) continue;
    if (!(p >= 0 && p <= 1) || decide(p, false, terms) !== 'stay-out') return false;
  }
  return true;
};

/** For how many symbols the model has no answer to the candle that has just closed. */
const unansweredAt = ({ series, rows }: Stretch, hours: number): number => {
  let unanswered = 0;
  for (let i = 0; i < series.length; i += 1) if (Number.isNaN((series[i] as QuietSeries).probability[(rows[i] as number) + hours - 1])) unanswered += 1;
  return unanswered;
};

/** Takes the candles that have closed; whether the hour's own high and low could tighten a volatility lock. */
const takeCandles = (state: EngineState, { series, rows }: Stretch, hours: number, limits: Limits): boolean => {
  let restless = false;
  for (let i = 0; i < series.length; i += 1) {
    const { high, low, close } = series[i] as QuietSeries;
    const symbol = state.symbolList[i] as SymbolState;
    const row = (rows[i] as number) + hours;
    updateVolatility(symbol.volatility, high[row - 1] as number, low[row - 1] as number, close[row - 1] as number, limits.maxAtrPercentile);
    symbol.freshPolls += 1;
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
      : new Decision(symbol.symbol, at - HOUR_MS, p, expectedValue(p, terms), terms.margin, 'no-edge', null);
  }
  if (state.guardian.lastEquity !== null) state.guardian.lastEquity.at = at;
  state.at = at;
  state.wall = at;
  state.equityHour = at;
  state.evaluated.at = at;
  state.evaluated.wall = at;
};
