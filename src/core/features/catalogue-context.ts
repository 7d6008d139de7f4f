import { DAY_MS, HOUR_MS } from '../units.ts';
import type { FeatureDefinition } from './feature.ts';
import { SHARES, SQUARES, WEEK_MONTH } from './symbol-state.ts';

/** 1970-01-01 was a Thursday; three days on makes Monday zero. */
const DAYS_FROM_MONDAY = 3;

/** Sine and cosine of the 24 hours and of the 7 days, worked out once. */
const table = (size: number, wave: (angle: number) => number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => wave((2 * Math.PI * i) / size));
const HOUR_SINE = table(24, Math.sin);
const HOUR_COSINE = table(24, Math.cos);
const WEEK_SINE = table(7, Math.sin);
const WEEK_COSINE = table(7, Math.cos);

const hourOf = (openTime: number): number => (openTime / HOUR_MS) % 24;
const weekdayOf = (openTime: number): number => (Math.floor(openTime / DAY_MS) + DAYS_FROM_MONDAY) % 7;

const calendar = (
  name: string,
  source: string,
  values: Float64Array,
  index: (openTime: number) => number,
): FeatureDefinition => ({
  name,
  unit: 'number',
  warmUpHours: 1,
  range: [-1, 1],
  source,
  value: ({ own }) => values[index(own.openTime)] ?? Number.NaN,
});

const contextReturn = (hours: number, limit: number): FeatureDefinition => ({
  name: `btc_return_${hours}h`,
  unit: 'log-ratio',
  warmUpHours: hours + 1,
  range: [-limit, limit],
  source: `return_${hours}h of BTC/USDT at the same hour`,
  value: ({ context }) => context.changeOver(hours),
});

const relativeReturn = (hours: number, limit: number): FeatureDefinition => ({
  name: `relative_return_${hours}h`,
  unit: 'log-ratio',
  warmUpHours: hours + 1,
  range: [-limit, limit],
  source: `return_${hours}h less that of BTC/USDT: relative strength; zero for BTC itself`,
  ofContext: 0,
  value: ({ own, context }) => own.changeOver(hours) - context.changeOver(hours),
});

export const CONTEXT_FEATURES: readonly FeatureDefinition[] = [
  calendar('hour_sine', 'sin(2 pi x UTC hour of the open / 24)', HOUR_SINE, hourOf),
  calendar('hour_cosine', 'cos(2 pi x UTC hour of the open / 24)', HOUR_COSINE, hourOf),
  calendar('weekday_sine', 'sin(2 pi x UTC days since Monday / 7)', WEEK_SINE, weekdayOf),
  calendar('weekday_cosine', 'cos(2 pi x UTC days since Monday / 7)', WEEK_COSINE, weekdayOf),
  contextReturn(1, 0.5),
  contextReturn(4, 0.7),
  contextReturn(24, 1),
  {
    name: 'btc_volatility_ratio_24_168',
    unit: 'log-ratio',
    warmUpHours: 169,
    range: [-4, 3],
    source: 'volatility_ratio_24_168 of BTC/USDT at the same hour',
    value: ({ context }) =>
      0.5 * Math.log(context.squares.sum(SQUARES.h24) / 24 / (context.squares.sum(SQUARES.h168) / 168)),
  },
  {
    name: 'btc_mean_distance_168h',
    unit: 'log-ratio',
    warmUpHours: 168,
    range: [-1, 1],
    source: 'mean_distance_168h of BTC/USDT at the same hour',
    value: ({ context }) => context.logClose.ago(0) - context.logPrice.mean(WEEK_MONTH.h168),
  },
  {
    name: 'btc_taker_share_6h',
    unit: 'fraction',
    warmUpHours: 6,
    range: [0, 1],
    source: 'taker_share_6h of BTC/USDT at the same hour',
    value: ({ context }) => context.takerShares.mean(SHARES.h6),
  },
  relativeReturn(24, 1),
  relativeReturn(168, 1.5),
  {
    name: 'beta_168h',
    unit: 'number',
    warmUpHours: 169,
    range: [-3, 5],
    source: 'sum r r_btc / sum r_btc^2 over 168 candles; 1 for BTC itself',
    ofContext: 1,
    value: ({ pair }) => (pair === null ? 1 : pair.beta()),
  },
  {
    name: 'correlation_168h',
    unit: 'fraction',
    warmUpHours: 169,
    range: [-1, 1],
    source: 'sum r r_btc / sqrt(sum r^2 x sum r_btc^2) over 168 candles; 1 for BTC itself',
    ofContext: 1,
    value: ({ pair }) => (pair === null ? 1 : pair.correlation()),
  },
];
