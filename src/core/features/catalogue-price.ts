import type { FeatureDefinition } from './feature.ts';
import type { RollingExtreme } from './rolling.ts';
import { SQUARES, WEEK_MONTH, type SymbolState } from './symbol-state.ts';

/** Candles until a recursive average of weight 1/14 has forgotten its start to 2^-53. */
const WILDER_14 = 500;

const returnOver = (hours: number, limit: number): FeatureDefinition => ({
  name: `return_${hours}h`,
  unit: 'log-ratio',
  warmUpHours: hours + 1,
  range: [-limit, limit],
  source: `ln(close / close ${hours} candles before)`,
  value: ({ own }) => own.changeOver(hours),
});

const scaledReturn = (hours: number, window: number, index: number): FeatureDefinition => ({
  name: `return_${hours}h_z`,
  unit: 'sigma',
  warmUpHours: Math.max(window, hours) + 1,
  range: [-15, 15],
  source: `return_${hours}h / (realised_volatility_${window}h x sqrt(${hours})): time-series momentum in units of risk (Moskowitz, Ooi & Pedersen 2012)`,
  value: ({ own }) => own.changeOver(hours) / Math.sqrt((own.squares.sum(index) / window) * hours),
});

/** Position inside a channel, 0 at its low and 1 at its high. */
const position = (close: number, high: RollingExtreme, low: RollingExtreme): number => {
  const bottom = low.value();
  return (close - bottom) / (high.value() - bottom);
};

const donchian = (
  hours: number,
  channel: (own: SymbolState) => readonly [RollingExtreme, RollingExtreme],
): FeatureDefinition => ({
  name: `donchian_position_${hours}h`,
  unit: 'fraction',
  warmUpHours: hours,
  range: [0, 1],
  source: `(close - lowest low) / (highest high - lowest low) of ${hours} candles (Donchian)`,
  value: ({ own }) => {
    const [high, low] = channel(own);
    return position(own.close, high, low);
  },
});

const BOLLINGER = 20;
/**
 * A deviation below this share of the price is the rounding of equal closes, not a movement: the finest tick is far
 * above it.
 */
const LEAST_DEVIATION = 1e-12;

export const PRICE_FEATURES: readonly FeatureDefinition[] = [
  returnOver(1, 0.5),
  returnOver(4, 0.7),
  returnOver(12, 0.9),
  returnOver(24, 1),
  returnOver(72, 1.2),
  returnOver(168, 1.5),
  returnOver(720, 2.5),
  scaledReturn(1, 168, SQUARES.h168),
  scaledReturn(4, 168, SQUARES.h168),
  scaledReturn(24, 168, SQUARES.h168),
  scaledReturn(168, 720, SQUARES.h720),
  {
    name: 'rsi_14',
    unit: 'index',
    warmUpHours: WILDER_14,
    range: [0, 100],
    source: 'relative strength index with smoothing 1/14 (Wilder 1978)',
    value: ({ own }) => own.rsi.value,
  },
  {
    name: 'macd_line',
    unit: 'atr',
    warmUpHours: 500,
    range: [-15, 15],
    source: '(EMA12 - EMA26 of closes) / ATR14 (Appel 1979)',
    value: ({ own }) => own.macd.line / own.directional.averageTrueRange,
  },
  {
    name: 'macd_histogram',
    unit: 'atr',
    warmUpHours: 680,
    range: [-8, 8],
    source: '(MACD line - its EMA9) / ATR14 (Appel 1979)',
    value: ({ own }) => own.macd.histogram / own.directional.averageTrueRange,
  },
  {
    name: 'adx_14',
    unit: 'index',
    warmUpHours: 700,
    range: [0, 100],
    source: 'average directional index with smoothing 1/14 (Wilder 1978)',
    value: ({ own }) => own.directional.averageIndex,
  },
  {
    name: 'di_difference_14',
    unit: 'index',
    warmUpHours: WILDER_14,
    range: [-100, 100],
    source: '(+DI14) - (-DI14) (Wilder 1978)',
    value: ({ own }) => own.directional.directionalDifference,
  },
  {
    name: 'bollinger_position_20',
    unit: 'fraction',
    warmUpHours: BOLLINGER,
    range: [-1, 2],
    source: '(close - lower band) / (upper band - lower band), 20 candles, 2 population deviations (Bollinger 2001)',
    value: ({ own }) => {
      const mean = own.closes.sum(BOLLINGER) / BOLLINGER;
      const deviation = Math.sqrt(own.closes.squaredDistance(BOLLINGER, mean) / BOLLINGER);
      return deviation > LEAST_DEVIATION * mean ? (own.close - mean) / (4 * deviation) + 0.5 : Number.NaN;
    },
  },
  {
    name: 'stochastic_14',
    unit: 'fraction',
    warmUpHours: 14,
    range: [0, 1],
    source: '(close - lowest low) / (highest high - lowest low) of 14 candles (Lane)',
    value: ({ own }) => position(own.close, own.high14, own.low14),
  },
  {
    name: 'ema_distance_50',
    unit: 'atr',
    warmUpHours: 940,
    range: [-30, 30],
    source: '(close - EMA50) / ATR14',
    value: ({ own }) => (own.close - own.ema50.value) / own.directional.averageTrueRange,
  },
  donchian(24, (own) => [own.high24, own.low24]),
  donchian(168, (own) => [own.high168, own.low168]),
  donchian(720, (own) => [own.high720, own.low720]),
  {
    name: 'high_age_168h',
    unit: 'fraction',
    warmUpHours: 168,
    range: [0, 1],
    source: 'candles since the highest high of 168, / 168 (Aroon: Chande 1995)',
    value: ({ own }) => own.high168.age() / 168,
  },
  {
    name: 'low_age_168h',
    unit: 'fraction',
    warmUpHours: 168,
    range: [0, 1],
    source: 'candles since the lowest low of 168, / 168 (Aroon: Chande 1995)',
    value: ({ own }) => own.low168.age() / 168,
  },
  {
    name: 'mean_distance_168h',
    unit: 'log-ratio',
    warmUpHours: 168,
    range: [-1, 1],
    source: 'ln(close) - mean of ln(close) over 168 candles',
    value: ({ own }) => own.logClose.ago(0) - own.logPrice.mean(WEEK_MONTH.h168),
  },
  {
    name: 'mean_distance_720h',
    unit: 'log-ratio',
    warmUpHours: 720,
    range: [-1.5, 1.5],
    source: 'ln(close) - mean of ln(close) over 720 candles',
    value: ({ own }) => own.logClose.ago(0) - own.logPrice.mean(WEEK_MONTH.h720),
  },
  {
    name: 'body_share',
    unit: 'fraction',
    warmUpHours: 1,
    range: [-1, 1],
    source: '(close - open) / (high - low)',
    value: ({ own }) => (own.close - own.open) / (own.high - own.low),
  },
  {
    name: 'upper_wick_share',
    unit: 'fraction',
    warmUpHours: 1,
    range: [0, 1],
    source: '(high - max(open, close)) / (high - low)',
    value: ({ own }) => (own.high - Math.max(own.open, own.close)) / (own.high - own.low),
  },
  {
    name: 'lower_wick_share',
    unit: 'fraction',
    warmUpHours: 1,
    range: [0, 1],
    source: '(min(open, close) - low) / (high - low)',
    value: ({ own }) => (Math.min(own.open, own.close) - own.low) / (own.high - own.low),
  },
];
