import type { EngineConfig } from '../../core/engine/config.ts';
import { columnsFromCandles, type CandleColumns } from '../../core/features/candle-columns.ts';
import type { Candle } from '../../core/market/candle.ts';
import { DEFAULT_LIMITS, type Limits } from '../../core/risk/limits.ts';
import { HOUR_MS, type EpochMs, type Milliseconds, type SymbolName } from '../../core/units.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { DEFAULT_ASSUMPTIONS, type Assumptions } from './assumptions.ts';
import type { SymbolSeries } from './hour-market.ts';
import { recordedInstrument } from './instruments.ts';
import type { BacktestResult } from './result.ts';
import { runBacktest, type BacktestOptions } from './run-backtest.ts';

export const BTC = 'BTC/USDT';
export const ETH = 'ETH/USDT';
/** Long enough for the volatility lock to know what is ordinary. */
const QUIET_HOURS = 120 * 24;
export const START: EpochMs = Date.UTC(2023, 0, 1);
/** When the written hours begin. */
export const FROM: EpochMs = START + QUIET_HOURS * HOUR_MS;

export const candle = (openTime: EpochMs, open: number, high: number, low: number, close: number): Candle => ({
  openTime,
  open,
  high,
  low,
  close,
  volume: 10,
  quoteVolume: 10 * open,
  trades: 100,
  takerBuyBase: 5,
  takerBuyQuote: 5 * open,
});

/** [open, high, low, close] of consecutive hours. */
export type Hours = readonly (readonly [number, number, number, number])[];

/** Calm months at `price`, then the hours written down, then calm hours at the last close. */
export const quietThen = (price: number, hours: Hours, after = 48): Candle[] => {
  // Wide ranges earlier and narrow ones at the end: what follows is ordinary by comparison.
  const range = (index: number): number =>
    0.02 * (1 + 0.95 * Math.sin(((index - QUIET_HOURS) * 2 * Math.PI) / QUIET_HOURS - Math.PI / 2));
  const calm = (index: number, at: number): Candle =>
    candle(START + index * HOUR_MS, at, at * (1 + range(index)), at * (1 - range(index)), at);
  const last = hours.at(-1)?.[3] ?? price;
  return [
    ...Array.from({ length: QUIET_HOURS }, (_, index) => calm(index, price)),
    ...hours.map(([open, high, low, close], index) => candle(FROM + index * HOUR_MS, open, high, low, close)),
    ...Array.from({ length: after }, (_, index) => calm(QUIET_HOURS + hours.length + index, last)),
  ];
};

export const seriesOf = (
  symbol: SymbolName,
  candles: readonly Candle[],
  finer: readonly { span: Milliseconds; candles: readonly Candle[] }[] = [],
): SymbolSeries => ({
  symbol,
  hourly: columnsFromCandles(candles),
  finer: finer.map(({ span, candles: fine }) => ({ span, columns: columnsFromCandles(fine) })),
});

export const config = (symbols: readonly SymbolName[], limits: Partial<Limits> = {}): EngineConfig => ({
  mode: 'backtest',
  symbols,
  quoteAsset: 'USDT',
  feeAsset: null,
  limits: { ...DEFAULT_LIMITS, ...limits },
  takerFee: DEFAULT_ASSUMPTIONS.fee,
  orderPrefix: 'gb',
  instanceId: 'backtest',
  staleWallGrace: 0,
  model: { name: 'fixture', hash: 'h', schemaHash: 's', stop: 0.015, target: 0.03, horizonHours: 24, margin: 0.001 },
});

/** No costs but the fee, no latency: prices of fills can be told by heart. */
export const PLAIN: Assumptions = { ...DEFAULT_ASSUMPTIONS, spread: 0, slippage: 0, latency: 0 };

/** Probability 0.9 for the candles that open at these times, nothing worth trading elsewhere. */
export const signalsAt = (series: SymbolSeries, ...times: readonly EpochMs[]): Float32Array =>
  Float32Array.from(series.hourly.openTime, (openTime) => (times.includes(openTime) ? 0.9 : 0.4));

export const options = (
  series: readonly SymbolSeries[],
  predictions: ReadonlyMap<SymbolName, Float32Array>,
  changes: Partial<BacktestOptions> = {},
): BacktestOptions => {
  const symbols = series.map(({ symbol }) => symbol);
  const ends = series.map(({ hourly }) => (hourly.openTime[hourly.length - 1] ?? 0) + HOUR_MS);
  return {
    config: config(symbols),
    engineVersion: 'test',
    instruments: symbols.map(recordedInstrument),
    series,
    predictions,
    assumptions: PLAIN,
    from: FROM - 24 * HOUR_MS,
    to: Math.min(...ends),
    ...changes,
  };
};

/** One entry at FROM, decided on the candle before, into the hours written down. */
export const enterInto = (
  hours: Hours,
  changes: Partial<BacktestOptions> = {},
  finer: Parameters<typeof seriesOf>[2] = [],
): BacktestResult => {
  const series = seriesOf(BTC, quietThen(50_000, hours), finer);
  return runBacktest(options([series], new Map([[BTC, signalsAt(series, FROM - HOUR_MS)]]), changes));
};

/** A generated market with predictions that know a little of it: what follows is the same on every machine. */
export const generated = (
  seed: number,
  symbols: readonly SymbolName[],
  hours: number,
): { series: readonly SymbolSeries[]; predictions: ReadonlyMap<SymbolName, Float32Array> } => {
  const series = symbols.map((symbol) => seriesOf(symbol, generateCandles({ seed, symbol, from: START, hours })));
  const predictions = new Map(series.map(({ symbol, hourly }) => [symbol, momentumOf(hourly)]));
  return { series, predictions };
};

export const momentumOf = (hourly: CandleColumns): Float32Array =>
  Float32Array.from({ length: hourly.length }, (_, row) => momentum(hourly.close, row));

/** A day's momentum as a probability: high after rises, low after falls. */
const momentum = (close: Float64Array, row: number): number => {
  if (row < 24) return Number.NaN;
  const change = (close[row] ?? 1) / (close[row - 24] ?? 1) - 1;
  return Math.min(0.9, Math.max(0.1, 0.4 + 4 * change));
};
