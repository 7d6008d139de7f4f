import { expect, it } from 'vitest';
import type { Candle } from '../market/candle.ts';
import { FEATURE_NAMES } from './catalogue.ts';
import { createFeatureEngine } from './engine.ts';
import { walk } from './series.test-helper.ts';

const BTC = 'BTC/USDT';
const ETH = 'ETH/USDT';

/** A hole of three hours in Bitcoin alone. */
const btc = walk(31, 1400).filter((_, i) => i < 1250 || i > 1252);

/** A rise by 60 % in an hour, a fall by 45 % in another, and an hour without a range. */
const eth = ((): Candle[] => {
  let factor = 1;
  return walk(32, 1400).map((candle, i) => {
    const before = factor;
    if (i === 1300) factor *= 1.6;
    if (i === 1390) factor *= 0.55;
    const close = candle.close * factor;
    const money = { quoteVolume: candle.quoteVolume * factor, takerBuyQuote: candle.takerBuyQuote * factor };
    if (i === 1385) return { ...candle, ...money, open: close, high: close, low: close, close };
    return {
      ...candle,
      ...money,
      open: candle.open * before,
      high: Math.max(candle.high * before, candle.high * factor),
      low: Math.min(candle.low * before, candle.low * factor),
      close,
    };
  });
})();

/**
 * The newest hour's features, [BTC, ETH], to seven digits. From another implementation: plain
 * loops over the windows in Python, by the formulas and rules of docs/features.md, in doubles.
 */
const ANSWERS: Readonly<Record<string, readonly [number, number]>> = {
  return_1h: [-0.006553422, 0.00892686],
  return_4h: [0.001279279, 0.02206449],
  return_12h: [0.02965743, -0.5753686],
  return_24h: [-0.01101906, -0.6546497],
  return_72h: [0.03053578, -0.6709358],
  return_168h: [0.03172906, -0.1244704],
  return_720h: [0.1473151, -0.4900818],
  return_1h_z: [-0.6710357, 0.3063956],
  return_4h_z: [0.0654957, 0.3786586],
  return_24h_z: [-0.230312, -4.586562],
  return_168h_z: [0.2504638, -0.5835157],
  rsi_14: [54.73209, 13.54464],
  macd_line: [0.1920683, -4.891192],
  macd_histogram: [0.1842743, -0.6122417],
  adx_14: [10.68637, 66.09268],
  di_difference_14: [1.894389, -62.58696],
  bollinger_position_20: [0.8207705, 0.263821],
  stochastic_14: [0.7564767, 0.05187459],
  ema_distance_50: [0.8087788, -11.53407],
  donchian_position_24h: [0.6994012, 0.04476992],
  donchian_position_168h: [0.7399921, 0.03859987],
  donchian_position_720h: [0.5694076, 0.03859987],
  high_age_168h: [0.9642857, 0.5535714],
  low_age_168h: [0.6011905, 0.04166667],
  mean_distance_168h: [0.03348281, -0.4490449],
  mean_distance_720h: [0.04471915, -0.3762958],
  body_share: [-0.4821429, 0.8571429],
  upper_wick_share: [0.08928571, 0.02857143],
  lower_wick_share: [0.4285714, 0.1142857],
  realised_volatility_6h: [0.008519362, 0.01096232],
  realised_volatility_24h: [0.008174803, 0.05236474],
  realised_volatility_168h: [0.009766129, 0.02913507],
  realised_volatility_720h: [0.009773667, 0.01645731],
  volatility_ratio_6_24: [0.04128482, -1.563769],
  volatility_ratio_24_168: [-0.1778636, 0.5862908],
  volatility_ratio_168_720: [-0.0007714982, 0.5711731],
  parkinson_volatility_24h: [0.008528128, 0.06210642],
  range_ratio_24_168: [-0.07601765, 0.615432],
  atr_14: [0.0136613, 0.05043385],
  range_in_atr: [0.9982151, 0.2055826],
  downside_share_24h: [0.5384344, 0.9863615],
  realised_skewness_168h: [0.02205495, -6.116798],
  jump_share_24h: [-0.05747435, 0.737863],
  autocorrelation_168h: [-0.008920403, 0.01930325],
  efficiency_24h: [-0.06568671, -0.7874144],
  turnover_z_168h: [-2.321498, -1.693384],
  turnover_for_hour_20d: [-2.560303, -2.039461],
  turnover_trend_24_168: [0.09224983, -0.2662766],
  signed_turnover_24h: [-0.07148083, -0.1451714],
  money_flow_index_14: [58.06835, 52.89674],
  vwap_distance_24h: [0.01096448, -0.3981134],
  illiquidity_24_168: [-0.1265802, 0.1270882],
  trade_size_z_168h: [-1.159158, -0.8879112],
  taker_share_1h: [0.5599143, 0.3758818],
  taker_share_6h: [0.5350827, 0.4612528],
  taker_share_24h: [0.5057116, 0.5190274],
  taker_share_z_168h: [0.5307735, -1.036121],
  hour_sine: [0.9659258, 0.9659258],
  hour_cosine: [-0.258819, -0.258819],
  weekday_sine: [0.9749279, 0.9749279],
  weekday_cosine: [-0.2225209, -0.2225209],
  btc_return_1h: [-0.006553422, -0.006553422],
  btc_return_4h: [0.001279279, 0.001279279],
  btc_return_24h: [-0.01101906, -0.01101906],
  btc_volatility_ratio_24_168: [-0.1778636, -0.1778636],
  btc_mean_distance_168h: [0.03348281, 0.03348281],
  btc_taker_share_6h: [0.5350827, 0.5350827],
  relative_return_24h: [0, -0.6436307],
  relative_return_168h: [0, -0.1561994],
  beta_168h: [1, 0.5545925],
  correlation_168h: [1, 0.1859004],
};

it('is what another implementation of the page on features makes of the same candles', () => {
  const engine = createFeatureEngine([BTC, ETH]);
  const bitcoin = new Map(btc.map((candle) => [candle.openTime, candle]));
  for (const candle of eth) {
    const context = bitcoin.get(candle.openTime);
    if (context !== undefined) engine.push(BTC, context);
    engine.push(ETH, candle);
  }
  expect(Object.keys(ANSWERS)).toEqual(FEATURE_NAMES);
  [BTC, ETH].forEach((symbol, column) => {
    const vector = engine.vector(symbol);
    FEATURE_NAMES.forEach((name, i) => {
      const answer = ANSWERS[name]?.[column] ?? Number.NaN;
      const distance = Math.abs((vector?.[i] ?? Number.NaN) - answer) / Math.max(0.01, Math.abs(answer));
      expect(distance, `${name} of ${symbol}: ${vector?.[i]}, should be ${answer}`).toBeLessThan(2e-6);
    });
  });
});
