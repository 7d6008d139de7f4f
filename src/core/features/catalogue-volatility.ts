import type { FeatureDefinition } from './feature.ts';
import { DAY_WEEK, SQUARES } from './symbol-state.ts';

const realised = (hours: number, index: number): FeatureDefinition => ({
  name: `realised_volatility_${hours}h`,
  unit: 'fraction',
  warmUpHours: hours + 1,
  range: [0, 0.2],
  source: `sqrt(mean of squared log returns) over ${hours} candles, per hour (Andersen & Bollerslev 1998)`,
  value: ({ own }) => Math.sqrt(own.squares.sum(index) / hours),
});

const volatilityRatio = (short: number, shortIndex: number, long: number, longIndex: number): FeatureDefinition => ({
  name: `volatility_ratio_${short}_${long}`,
  unit: 'log-ratio',
  warmUpHours: long + 1,
  range: [-4, 3],
  source: `ln(realised volatility of ${short} / of ${long} candles)`,
  value: ({ own }) => 0.5 * Math.log(own.squares.sum(shortIndex) / short / (own.squares.sum(longIndex) / long)),
});

/** 1 / (4 ln 2): a squared log range to a variance. */
const PARKINSON = 1 / (4 * Math.LN2);

export const VOLATILITY_FEATURES: readonly FeatureDefinition[] = [
  realised(6, SQUARES.h6),
  realised(24, SQUARES.h24),
  realised(168, SQUARES.h168),
  realised(720, SQUARES.h720),
  volatilityRatio(6, SQUARES.h6, 24, SQUARES.h24),
  volatilityRatio(24, SQUARES.h24, 168, SQUARES.h168),
  volatilityRatio(168, SQUARES.h168, 720, SQUARES.h720),
  {
    name: 'parkinson_volatility_24h',
    unit: 'fraction',
    warmUpHours: 24,
    range: [0, 0.2],
    source: 'sqrt(mean of ln(high/low)^2 / (4 ln 2)) over 24 candles, per hour (Parkinson 1980)',
    value: ({ own }) => Math.sqrt(own.rangeSquares.mean(DAY_WEEK.h24) * PARKINSON),
  },
  {
    name: 'range_ratio_24_168',
    unit: 'log-ratio',
    warmUpHours: 168,
    range: [-3, 3],
    source: 'ln(Parkinson volatility of 24 / of 168 candles)',
    value: ({ own }) => 0.5 * Math.log(own.rangeSquares.mean(DAY_WEEK.h24) / own.rangeSquares.mean(DAY_WEEK.h168)),
  },
  {
    name: 'atr_14',
    unit: 'fraction',
    warmUpHours: 500,
    range: [0, 0.3],
    source: 'average true range with smoothing 1/14 / close (Wilder 1978)',
    value: ({ own }) => own.directional.averageTrueRange / own.close,
  },
  {
    name: 'range_in_atr',
    unit: 'atr',
    warmUpHours: 500,
    range: [0, 14],
    source: '(high - low) / ATR14',
    value: ({ own }) => (own.high - own.low) / own.directional.averageTrueRange,
  },
  {
    name: 'downside_share_24h',
    unit: 'fraction',
    warmUpHours: 25,
    range: [0, 1],
    source:
      'squared negative returns / squared returns over 24 candles: realised semivariance (Barndorff-Nielsen, Kinnebrock & Shephard 2010)',
    value: ({ own }) => own.downSquares.sum(0) / own.squares.sum(SQUARES.h24),
  },
  {
    name: 'realised_skewness_168h',
    unit: 'number',
    warmUpHours: 169,
    range: [-13, 13],
    source: 'sqrt(168) x sum r^3 / (sum r^2)^1.5 (Amaya, Christoffersen, Jacobs & Vasquez 2015)',
    value: ({ own }) => {
      const squares = own.squares.sum(SQUARES.h168);
      return (Math.sqrt(168) * own.cubes.sum(0)) / (squares * Math.sqrt(squares));
    },
  },
  {
    name: 'jump_share_24h',
    unit: 'fraction',
    warmUpHours: 26,
    range: [-3, 1],
    source:
      '1 - (pi/2) sum |r r_before| / sum r^2 over 24 candles: bipower variation (Barndorff-Nielsen & Shephard 2004)',
    value: ({ own }) => 1 - ((Math.PI / 2) * own.bipower.sum(0)) / own.squares.sum(SQUARES.h24),
  },
  {
    name: 'autocorrelation_168h',
    unit: 'fraction',
    warmUpHours: 170,
    range: [-1, 1],
    source: 'sum r r_before / sum r^2 over 168 candles: below zero where prices revert',
    value: ({ own }) => own.lagProducts.sum(0) / own.squares.sum(SQUARES.h168),
  },
  {
    name: 'efficiency_24h',
    unit: 'fraction',
    warmUpHours: 25,
    range: [-1, 1],
    source: 'return over 24 candles / sum of absolute returns: signed efficiency ratio (Kaufman 1995)',
    value: ({ own }) => own.changeOver(24) / own.absolutes.sum(0),
  },
];
