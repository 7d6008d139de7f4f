import type { Fraction } from '../units.ts';
import { RollingWindow } from './rolling-window.ts';

/** Candles of Wilder's average true range. */
export const ATR_PERIOD = 14;
/** A trailing year of hours. */
export const VOLATILITY_WINDOW = 365 * 24;
/** With fewer hours than 90 days the percentile is not known, so the lock holds. */
export const VOLATILITY_MINIMUM = 90 * 24;
/** The lock clears below this percentile ... */
export const CALM_PERCENTILE: Fraction = 0.95;
/** ... for this many candles in a row. */
export const CALM_CANDLES = 6;

export type VolatilityStatus = 'unknown' | 'calm' | 'high';

/** ATR(14)/close of one symbol against its trailing year. */
export interface Volatility {
  status: VolatilityStatus;
  previousClose: number | null;
  /** Wilder's ATR; the plain mean of true ranges while it warms up. */
  atr: number;
  candles: number;
  calmCandles: number;
  /** ATR/close of the newest closed candle, and the percentile it is held against. */
  ratio: number | null;
  threshold: number | null;
  readonly window: RollingWindow;
}

export const createVolatility = (): Volatility => ({
  status: 'unknown',
  previousClose: null,
  atr: 0,
  candles: 0,
  calmCandles: 0,
  ratio: null,
  threshold: null,
  window: new RollingWindow(VOLATILITY_WINDOW),
});

const trueRange = (high: number, low: number, previousClose: number | null): number => {
  const range = high - low;
  if (previousClose === null) return range;
  // By hand: this is asked several times for each hour, and Math.max of three is a call.
  const up = Math.abs(high - previousClose);
  const down = Math.abs(low - previousClose);
  const wider = up > range ? up : range;
  return down > wider ? down : wider;
};

/** Wilder, New Concepts in Technical Trading Systems (1978): ATR = (13 x previous ATR + TR) / 14. */
const smooth = (atr: number, range: number, candles: number): number =>
  candles < ATR_PERIOD ? (atr * candles + range) / (candles + 1) : (atr * (ATR_PERIOD - 1) + range) / ATR_PERIOD;

/** Whether this average true range passes the threshold at `price`; what is no number does. */
const passes = (atr: number, price: number, threshold: Fraction): boolean => !(atr / price <= threshold);

/** Takes a closed candle: moves the window, trips, counts calm candles, clears. O(log n) and a short block move. */
export const updateVolatility = (
  state: Volatility,
  high: number,
  low: number,
  close: number,
  maxPercentile: Fraction,
): void => {
  state.atr = smooth(state.atr, trueRange(high, low, state.previousClose), state.candles);
  state.candles += 1;
  state.previousClose = close;
  if (state.candles < ATR_PERIOD) return;
  const ratio = state.atr / close;
  state.ratio = ratio;
  if (state.window.size < VOLATILITY_MINIMUM) {
    state.status = 'unknown';
    state.threshold = null;
  } else {
    state.threshold = state.window.percentile(maxPercentile);
    settle(state, ratio, state.threshold);
  }
  state.window.push(ratio);
};

/** Trips at once; clears, also the first time enough is known, only after calm candles in a row. */
const settle = (state: Volatility, ratio: number, threshold: number): void => {
  if (!(ratio <= threshold)) {
    state.status = 'high';
    state.calmCandles = 0;
    return;
  }
  if (state.status === 'calm') return;
  state.calmCandles = ratio < state.window.percentile(CALM_PERCENTILE) ? state.calmCandles + 1 : 0;
  if (state.calmCandles >= CALM_CANDLES) state.status = 'calm';
};

/** Hourly prices of one symbol, oldest first. */
export interface HourlyPrices {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

/**
 * Takes several hours at once, the first of which opens at `row`. For each it does what `tightenByForming`, given the
 * hour's open, and then `updateVolatility`, given the candle that has closed at that open, would do. Stops before an
 * open or a candle that would set or clear the lock, and after an hour whose high or low could tighten it. Takes none
 * while the average true range warms up. The prices have to be those of sound candles.
 * @returns how many hours it took, at most `hours`
 */
export const passCandles = (
  state: Volatility,
  { open, high, low, close }: HourlyPrices,
  row: number,
  hours: number,
  maxPercentile: Fraction,
): number => {
  const { window } = state;
  if (state.candles < ATR_PERIOD || state.previousClose === null) return 0;
  const calm = state.status === 'calm';
  let { status, atr, candles, calmCandles } = state;
  let previousClose: number = state.previousClose;
  let ratio = Number.NaN;
  // Numbers and nothing else while it loops: NaN where the state has null.
  let threshold = state.threshold ?? Number.NaN;
  let k = 0;
  for (let restless = false; k < hours && !restless; k += 1) {
    const here = row + k;
    const first = open[here] as number;
    if (
      !Number.isNaN(threshold) &&
      (calm || calmCandles > 0) &&
      passes(smooth(atr, trueRange(first, first, previousClose), candles), first, threshold)
    )
      break;
    const closed = close[here - 1] as number;
    const nextAtr = smooth(atr, trueRange(high[here - 1] as number, low[here - 1] as number, previousClose), candles);
    const next = nextAtr / closed;
    if (window.size < VOLATILITY_MINIMUM) {
      if (calm) break;
      status = 'unknown';
      threshold = Number.NaN;
    } else {
      const limit = window.percentile(maxPercentile);
      if (!(next <= limit)) {
        if (calm) break;
        status = 'high';
        calmCandles = 0;
      } else if (!calm) {
        const inARow = next < window.percentile(CALM_PERCENTILE) ? calmCandles + 1 : 0;
        if (inARow >= CALM_CANDLES) break;
        calmCandles = inARow;
      }
      threshold = limit;
    }
    atr = nextAtr;
    candles += 1;
    previousClose = closed;
    ratio = next;
    window.push(next);
    const lowest = low[here] as number;
    restless =
      !Number.isNaN(threshold) &&
      (calm || calmCandles > 0) &&
      passes(smooth(atr, trueRange(high[here] as number, lowest, closed), candles), lowest, threshold);
  }
  if (k === 0) return 0;
  state.status = status;
  state.previousClose = previousClose;
  state.atr = atr;
  state.candles = candles;
  state.calmCandles = calmCandles;
  state.ratio = ratio;
  state.threshold = Number.isNaN(threshold) ? null : threshold;
  return k;
};

/**
 * Undoes the newest candles that `passCandles` has taken.
 * @param before the state as it was before the first of them
 */
export const takeBackCandles = (state: Volatility, before: Volatility, candles: number): void => {
  Object.assign(state, before);
  state.window.takeBack(candles);
};

/**
 * The forming candle counts for tightening only: with its range so far, would
 * the ratio pass the threshold? `high` and `low` are those of the hour so far.
 */
export const tightenByForming = (state: Volatility, high: number, low: number, price: number): void => {
  if (state.threshold === null) return;
  const range = trueRange(high, low, state.previousClose);
  const ratio = smooth(state.atr, range, state.candles) / price;
  if (ratio <= state.threshold) return;
  state.calmCandles = 0;
  if (state.status !== 'calm') return;
  state.status = 'high';
  state.ratio = ratio;
};

/**
 * Whether `tightenByForming` could change anything at any price between `low` and `high` of the hour under way. It
 * could not while the lock holds and no calm candle has been counted towards its end.
 */
export const mayTighten = (state: Volatility, high: number, low: number): boolean =>
  state.threshold !== null &&
  (state.status === 'calm' || state.calmCandles > 0) &&
  passes(smooth(state.atr, trueRange(high, low, state.previousClose), state.candles), low, state.threshold);
