import { passEquities } from '../guardian/equity-locks.ts';
import { passCandles, takeBackCandles, type Volatility } from '../guardian/volatility.ts';
import type { Limits } from '../risk/limits.ts';
import { HOUR_MS } from '../units.ts';
import { policyTerms } from './on-prediction.ts';
import { arrive, countDecisions } from './quiet-arrival.ts';
import { nothingPending, quietMarket, restless, seriesFit } from './quiet-conditions.ts';
import { LONGEST_BLOCK, type QuietSeries, type Rules, type Stretch } from './quiet-stretch.ts';
import { barriersOf, onlyTheLastIsFresh } from './resting-positions.ts';
import type { EngineState, SymbolState } from './state.ts';

/**
 * Hours of the first block of a stretch; each is twice as long as the one before, as what is ahead of an end was looked
 * at for nothing.
 */
const FIRST_BLOCK = 16;

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
