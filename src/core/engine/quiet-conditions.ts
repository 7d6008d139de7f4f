import type { LockKind } from '../guardian/lock.ts';
import type { GuardianState } from '../guardian/state.ts';
import { mayTighten } from '../guardian/volatility.ts';
import { decide } from '../strategy/policy.ts';
import { HOUR_MS } from '../units.ts';
import { isCandle, leaps } from './on-market.ts';
import { tellsHourBefore, type QuietSeries, type Rules, type Stretch } from './quiet-stretch.ts';
import { onlyStopsRest, rests, type Barriers } from './resting-positions.ts';
import type { EngineState, SymbolState } from './state.ts';

/**
 * Whether anything can happen in an hour: the questions that a stretch and its hours are asked.
 *
 * Invariant: asking changes nothing, and what is not known for certain to be quiet is not.
 */

/**
 * Nothing on its way and no lock that has a condition of its own, and every limit looked at since anything last
 * changed.
 */
export const nothingPending = (state: EngineState, { from }: Stretch): boolean => {
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
export const seriesFit = ({ symbolList }: EngineState, { series, rows, from }: Stretch): boolean => {
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

/**
 * In how many hours from the `index`-th on, `most` at most, the `i`-th symbol's first price, the candle that has just
 * closed and its prediction change nothing but what is known of the market; the volatility lock is asked elsewhere.
 */
export const quietMarket = (
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

/** Whether the hour's own high and low could tighten a volatility lock. */
export const restless = ({ symbolList }: EngineState, { series, rows }: Stretch, index: number): boolean => {
  for (let i = 0; i < series.length; i += 1) {
    const { high, low } = series[i] as QuietSeries;
    const row = (rows[i] as number) + index;
    if (mayTighten((symbolList[i] as SymbolState).volatility, high[row] as number, low[row] as number)) return true;
  }
  return false;
};
