import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ADX, ATR, BollingerBands, DonchianChannels, EMA, MACD, MFI, RSI } from 'trading-signals';
import { describe, expect, it } from 'vitest';
import type { Candle } from '../market/candle.ts';
import { FEATURES } from './catalogue.ts';
import { walk } from './series.test-helper.ts';
import { SymbolState, WARM_UP_HOURS } from './symbol-state.ts';

const LIMIT = 1e-9;

/** The library's values under the names of our features, brought to the same units. */
const createOracle = () => {
  const rsi = new RSI(14);
  const adx = new ADX(14);
  const atr = new ATR(14);
  const bands = new BollingerBands(20, 2);
  const macd = new MACD(new EMA(12), new EMA(26), new EMA(9));
  const ema50 = new EMA(50);
  const mfi = new MFI(14);
  const channels = [14, 24, 168, 720].map((span) => [span, new DonchianChannels(span)] as const);
  const push = (candle: Candle): void => {
    for (const series of [adx, atr, mfi, ...channels.map(([, channel]) => channel)]) series.update(candle, false);
    for (const series of [rsi, bands, macd, ema50]) series.update(candle.close, false);
  };
  const values = (close: number): Record<string, number> => {
    const range = Number(atr.getResultOrThrow());
    const band = bands.getResultOrThrow();
    const line = macd.getResultOrThrow();
    const positions = channels.map(([span, channel]) => {
      const { lower, upper } = channel.getResultOrThrow();
      return [span === 14 ? 'stochastic_14' : `donchian_position_${span}h`, (close - lower) / (upper - lower)] as const;
    });
    return {
      rsi_14: rsi.getResultOrThrow(),
      adx_14: adx.getResultOrThrow(),
      di_difference_14: 100 * (Number(adx.pdi) - Number(adx.mdi)),
      atr_14: range / close,
      bollinger_position_20: (close - band.lower) / (band.upper - band.lower),
      macd_line: line.macd / range,
      macd_histogram: line.histogram / range,
      ema_distance_50: (close - ema50.getResultOrThrow()) / range,
      money_flow_index_14: mfi.getResultOrThrow(),
      ...Object.fromEntries(positions),
    };
  };
  return { push, values };
};

/** Realised volatility and its kin, written out plainly over the window: an oracle for what the library lacks. */
const plainValues = (candles: readonly Candle[], at: number): Record<string, number> => {
  const r = (i: number): number => Math.log((candles[i]?.close ?? 0) / (candles[i - 1]?.close ?? 1));
  const over = (n: number, value: (i: number) => number): number =>
    Array.from({ length: n }, (_, k) => value(at - n + 1 + k)).reduce((sum, part) => sum + part, 0);
  const squares = (n: number): number => over(n, (i) => r(i) ** 2);
  const c = (i: number): Candle => candles[i] as Candle;
  const share = (i: number): number => c(i).takerBuyBase / c(i).volume;
  return {
    return_24h: Math.log(c(at).close / c(at - 24).close),
    realised_volatility_168h: Math.sqrt(squares(168) / 168),
    volatility_ratio_24_168: 0.5 * Math.log(squares(24) / 24 / (squares(168) / 168)),
    parkinson_volatility_24h: Math.sqrt(over(24, (i) => Math.log(c(i).high / c(i).low) ** 2) / (24 * 4 * Math.LN2)),
    downside_share_24h: over(24, (i) => (r(i) < 0 ? r(i) ** 2 : 0)) / squares(24),
    jump_share_24h: 1 - ((Math.PI / 2) * over(24, (i) => Math.abs(r(i) * r(i - 1)))) / squares(24),
    efficiency_24h: over(24, r) / over(24, (i) => Math.abs(r(i))),
    mean_distance_168h: Math.log(c(at).close) - over(168, (i) => Math.log(c(i).close)) / 168,
    vwap_distance_24h: Math.log(c(at).close / (over(24, (i) => c(i).quoteVolume) / over(24, (i) => c(i).volume))),
    taker_share_24h: over(24, share) / 24,
    turnover_for_hour_20d:
      Math.log(c(at).quoteVolume) -
      Array.from({ length: 20 }, (_, day) => Math.log(c(at - 24 * (day + 1)).quoteVolume)).reduce(
        (sum, value) => sum + value,
        0,
      ) /
        20,
  };
};

/**
 * Highs moved by less than a tick. Where a candle's high rises exactly as far as its low
 * falls, Wilder (and TA-Lib, and we) count neither direction; the library counts both.
 */
const untied = (candles: readonly Candle[]): Candle[] =>
  candles.map((candle, i) => ({ ...candle, high: candle.high * (1 + 1e-7 * (1 + Math.sin(i))) }));

const compare = (candles: readonly Candle[], every: number): number => {
  const state = new SymbolState();
  const inputs = { own: state, context: state, pair: null };
  const oracle = createOracle();
  let compared = 0;
  candles.forEach((candle, i) => {
    state.push(candle);
    oracle.push(candle);
    if (i < WARM_UP_HOURS || i % every !== 0) return;
    const expected = { ...oracle.values(candle.close), ...plainValues(candles, i) };
    for (const [name, value] of Object.entries(expected)) {
      const own = FEATURES.find((feature) => feature.name === name)?.value(inputs) ?? Number.NaN;
      // Indices from 0 to 100 are compared at their own size, everything else absolutely.
      if (!(Math.abs(own - value) <= LIMIT * Math.max(1, Math.abs(value))))
        expect.fail(`${name} at candle ${i} is ${own}; the oracle says ${value}`);
      compared++;
    }
  });
  return compared;
};

describe('indicators', () => {
  it('agree with an independent library, and with plain formulas, within 1e-9 after warm-up', () => {
    expect(compare(untied(walk(11, 3000)), 1)).toBeGreaterThan(20 * 2000);
  });

  const directory = process.env['MARKET_DATA_DIR'];
  const path = join(directory ?? '', 'BTCUSDT-1h.csv.gz');
  it.skipIf(directory === undefined || !existsSync(path))('agree on real candles too (needs MARKET_DATA_DIR)', () => {
    const rows = gunzipSync(readFileSync(path)).toString().trim().split('\n').slice(-3000);
    // The newest run of hours has no hole: the plain formulas above count hours, the catalogue counts candles.
    const candles = rows.map((row): Candle => {
      const [
        openTime = 0,
        open = 0,
        high = 0,
        low = 0,
        close = 0,
        volume = 0,
        quoteVolume = 0,
        trades = 0,
        takerBuyBase = 0,
        takerBuyQuote = 0,
      ] = row.split(',').map(Number);
      return { openTime, open, high, low, close, volume, quoteVolume, trades, takerBuyBase, takerBuyQuote };
    });
    expect(compare(untied(candles), 3)).toBeGreaterThan(1000);
  });
});
