import type { Candle } from '../market/candle.ts';
import { HOUR_MS, type EpochMs } from '../units.ts';
import { DirectionalMovement, Ema, Macd, RelativeStrength } from './indicators.ts';
import { History, HourOfDayMean, RollingExtreme, RollingScore, RollingSums } from './rolling.ts';

/**
 * Candles needed before a symbol's features are known: 40 days, which the newest 1,000 klines hold, an outage included.
 */
export const WARM_UP_HOURS = 960;
/** A longer hole than this starts the warm-up again: what was known before it is not the market after it. */
export const LONGEST_GAP_HOURS = 48;

/** Where the window of a RollingSums stands in its list, by name. */
export const SQUARES = { h6: 0, h24: 1, h168: 2, h720: 3 } as const;
export const SHARES = { h6: 0, h24: 1 } as const;
export const DAY_WEEK = { h24: 0, h168: 1 } as const;
export const WEEK_MONTH = { h168: 0, h720: 1 } as const;

/**
 * Squared returns are cut here, at a move of a quarter in one hour: what keeps their sums exact, and one bad hour from
 * ruling a month.
 */
const SQUARE_LIMIT = 1 / 16;

/** Below this a range counts as this: the logarithm of nothing is not a number. */
const LEAST_RANGE = 1e-6;

const finite = (value: number): boolean => value - value === 0;

/**
 * Whether a candle tells anything. A candle of an outage (volume zero) or with a
 * column missing does not: it is treated as if it were not there, never filled in.
 */
export const isInformative = (candle: Candle): boolean =>
  candle.low > 0 &&
  candle.high >= candle.low &&
  candle.close >= candle.low &&
  candle.close <= candle.high &&
  candle.open >= candle.low &&
  candle.open <= candle.high &&
  candle.volume > 0 &&
  candle.quoteVolume > 0 &&
  candle.trades > 0 &&
  candle.takerBuyBase >= 0 &&
  candle.takerBuyQuote >= 0 &&
  finite(candle.high) &&
  finite(candle.volume) &&
  finite(candle.quoteVolume) &&
  finite(candle.trades) &&
  finite(candle.takerBuyBase) &&
  finite(candle.takerBuyQuote);

/**
 * Everything that one symbol's features are computed from, brought up to date
 * with O(1) work per candle. Windows count candles held, so the return over a
 * short outage is the one real step across it.
 */
export class SymbolState {
  /** Candles since the start or the last long gap. */
  count = 0;
  /** Open time of the newest candle; NaN before the first. */
  openTime: EpochMs = Number.NaN;
  open = 0;
  high = 0;
  low = 0;
  close = 0;
  takerShare = 0;
  /** Log return of the newest candle. */
  change = 0;
  /** Log turnover against the mean of the same hour on the twenty days before. */
  turnoverForHour = 0;

  readonly logClose = new History(722);
  readonly closes = new History(21);
  readonly logPrice = new RollingSums([168, 720], 36, 32);
  readonly squares = new RollingSums([6, 24, 168, 720], 47, SQUARE_LIMIT);
  readonly downSquares = new RollingSums([24], 48, SQUARE_LIMIT);
  readonly cubes = new RollingSums([168], 48, 0.125);
  readonly absolutes = new RollingSums([24], 48, 1);
  readonly lagProducts = new RollingSums([168], 47, SQUARE_LIMIT);
  readonly bipower = new RollingSums([24], 48, SQUARE_LIMIT);
  readonly rangeSquares = new RollingSums([24, 168], 47, 4 * SQUARE_LIMIT);
  readonly logTurnover = new RollingSums([24, 168], 36, 64);
  readonly turnoverScore = new RollingScore(168, 36, 64);
  readonly #turnoverByHour = new HourOfDayMean(20, 36, 64);
  readonly tradeSizeScore = new RollingScore(168, 36, 64);
  readonly takerShares = new RollingSums([6, 24], 48, 1);
  readonly takerScore = new RollingScore(168, 45, 1);
  readonly illiquidity = new RollingSums([24, 168], 36, 64);
  readonly volume = new History(24);
  readonly turnover = new History(24);
  readonly signedTurnover = new History(24);
  readonly inflow = new History(14);
  readonly outflow = new History(14);

  readonly rsi = new RelativeStrength(14);
  readonly directional = new DirectionalMovement(14);
  readonly macd = new Macd(12, 26, 9);
  readonly ema50 = new Ema(50);
  readonly high14 = new RollingExtreme(14, 1);
  readonly low14 = new RollingExtreme(14, -1);
  readonly high24 = new RollingExtreme(24, 1);
  readonly low24 = new RollingExtreme(24, -1);
  readonly high168 = new RollingExtreme(168, 1);
  readonly low168 = new RollingExtreme(168, -1);
  readonly high720 = new RollingExtreme(720, 1);
  readonly low720 = new RollingExtreme(720, -1);

  #changeBefore = 0;
  #typical = 0;

  get warm(): boolean {
    return this.count >= WARM_UP_HOURS;
  }

  /** Takes an informative candle that is newer than all before. */
  push(candle: Candle): void {
    const gap = (candle.openTime - this.openTime) / HOUR_MS - 1;
    if (gap > LONGEST_GAP_HOURS) this.#clear();
    const first = this.count === 0;
    const before = this.logClose.ago(0);
    const logClose = Math.log(candle.close);
    this.#changeBefore = this.change;
    this.change = first ? 0 : logClose - before;
    this.logClose.push(logClose);
    this.logPrice.push(logClose);
    this.#pushChanges();
    this.#pushIndicators(candle, first);
    this.#pushActivity(candle, first);
    this.openTime = candle.openTime;
    this.open = candle.open;
    this.high = candle.high;
    this.low = candle.low;
    this.close = candle.close;
    this.count++;
  }

  /** Log return over the newest n candles. */
  changeOver(n: number): number {
    return this.logClose.ago(0) - this.logClose.ago(n);
  }

  #pushChanges(): void {
    const change = this.change;
    const square = change * change;
    this.squares.push(square);
    this.downSquares.push(change < 0 ? square : 0);
    this.cubes.push(square * change);
    this.absolutes.push(Math.abs(change));
    const product = change * this.#changeBefore;
    this.lagProducts.push(product);
    this.bipower.push(Math.abs(product));
  }

  #pushIndicators(candle: Candle, first: boolean): void {
    const { high, low, close } = candle;
    const logRange = Math.log(high / low);
    this.rangeSquares.push(logRange * logRange);
    this.illiquidity.push(Math.log(Math.max(LEAST_RANGE, (high - low) / close)) - Math.log(candle.quoteVolume));
    if (!first) {
      this.rsi.push(close - this.close);
      this.directional.push(high, low, this.high, this.low, this.close);
    }
    this.macd.push(close);
    this.ema50.push(close);
    this.closes.push(close);
    this.high14.push(high);
    this.low14.push(low);
    this.high24.push(high);
    this.low24.push(low);
    this.high168.push(high);
    this.low168.push(low);
    this.high720.push(high);
    this.low720.push(low);
  }

  #pushActivity(candle: Candle, first: boolean): void {
    const { volume, quoteVolume } = candle;
    const logTurnover = Math.log(quoteVolume);
    const hour = (candle.openTime / HOUR_MS) % 24;
    this.turnoverForHour = logTurnover - this.#turnoverByHour.mean(hour);
    this.#turnoverByHour.push(hour, logTurnover);
    this.logTurnover.push(logTurnover);
    this.turnoverScore.push(logTurnover);
    this.tradeSizeScore.push(Math.log(quoteVolume / candle.trades));
    this.takerShare = candle.takerBuyBase / volume;
    this.takerShares.push(this.takerShare);
    this.takerScore.push(this.takerShare);
    this.volume.push(volume);
    this.turnover.push(quoteVolume);
    this.signedTurnover.push(first ? 0 : Math.sign(this.change) * quoteVolume);
    const typical = (candle.high + candle.low + candle.close) / 3;
    this.inflow.push(!first && typical > this.#typical ? typical * volume : 0);
    this.outflow.push(!first && typical < this.#typical ? typical * volume : 0);
    this.#typical = typical;
  }

  #clear(): void {
    this.count = 0;
    this.change = 0;
    for (const part of Object.values(this)) if (isClearable(part)) part.clear();
    this.#turnoverByHour.clear();
  }
}

const isClearable = (part: unknown): part is { clear(): void } =>
  typeof part === 'object' && part !== null && 'clear' in part && typeof part.clear === 'function';
