import type { FeatureDefinition } from './feature.ts';
import { DAY_WEEK, SHARES } from './symbol-state.ts';

export const ACTIVITY_FEATURES: readonly FeatureDefinition[] = [
  {
    name: 'turnover_z_168h',
    unit: 'sigma',
    warmUpHours: 168,
    range: [-13, 13],
    source: 'ln(quote volume) in standard deviations from its mean over 168 candles',
    value: ({ own }) => own.turnoverScore.score(),
  },
  {
    name: 'turnover_for_hour_20d',
    unit: 'log-ratio',
    warmUpHours: 504,
    range: [-8, 8],
    source: 'ln(quote volume) less its mean in the same hour of the 20 days before: turnover without its daily season',
    value: ({ own }) => own.turnoverForHour,
  },
  {
    name: 'turnover_trend_24_168',
    unit: 'log-ratio',
    warmUpHours: 168,
    range: [-5, 5],
    source: 'mean ln(quote volume) over 24 less over 168 candles',
    value: ({ own }) => own.logTurnover.mean(DAY_WEEK.h24) - own.logTurnover.mean(DAY_WEEK.h168),
  },
  {
    name: 'signed_turnover_24h',
    unit: 'fraction',
    warmUpHours: 25,
    range: [-1, 1],
    source: 'quote volume of rising less of falling candles / all, over 24: balance of volume (Granville 1963)',
    value: ({ own }) => own.signedTurnover.sum(24) / own.turnover.sum(24),
  },
  {
    name: 'money_flow_index_14',
    unit: 'index',
    warmUpHours: 15,
    range: [0, 100],
    source: '100 x positive / all money flow of typical price x volume over 14 candles (Quong & Soudack 1989)',
    value: ({ own }) => {
      const inflow = own.inflow.sum(14);
      return (100 * inflow) / (inflow + own.outflow.sum(14));
    },
  },
  {
    name: 'vwap_distance_24h',
    unit: 'log-ratio',
    warmUpHours: 24,
    range: [-0.6, 0.6],
    source: 'ln(close / volume-weighted average price of 24 candles)',
    value: ({ own }) => Math.log((own.close * own.volume.sum(24)) / own.turnover.sum(24)),
  },
  {
    name: 'illiquidity_24_168',
    unit: 'log-ratio',
    warmUpHours: 168,
    range: [-4, 4],
    source: 'mean ln(relative range / quote volume) over 24 less over 168 candles: price impact (after Amihud 2002)',
    value: ({ own }) => own.illiquidity.mean(DAY_WEEK.h24) - own.illiquidity.mean(DAY_WEEK.h168),
  },
  {
    name: 'trade_size_z_168h',
    unit: 'sigma',
    warmUpHours: 168,
    range: [-13, 13],
    source: 'ln(quote volume / trades) in standard deviations from its mean over 168 candles',
    value: ({ own }) => own.tradeSizeScore.score(),
  },
  {
    name: 'taker_share_1h',
    unit: 'fraction',
    warmUpHours: 1,
    range: [0, 1],
    source: 'base volume bought by takers / base volume: order flow imbalance',
    value: ({ own }) => own.takerShare,
  },
  {
    name: 'taker_share_6h',
    unit: 'fraction',
    warmUpHours: 6,
    range: [0, 1],
    source: 'mean of taker_share_1h over 6 candles',
    value: ({ own }) => own.takerShares.mean(SHARES.h6),
  },
  {
    name: 'taker_share_24h',
    unit: 'fraction',
    warmUpHours: 24,
    range: [0, 1],
    source: 'mean of taker_share_1h over 24 candles',
    value: ({ own }) => own.takerShares.mean(SHARES.h24),
  },
  {
    name: 'taker_share_z_168h',
    unit: 'sigma',
    warmUpHours: 168,
    range: [-13, 13],
    source: 'taker_share_1h in standard deviations from its mean over 168 candles',
    value: ({ own }) => own.takerScore.score(),
  },
];
