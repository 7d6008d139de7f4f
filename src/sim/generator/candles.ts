import type { Candle } from '../../core/market/candle.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import { createMarketFactor, type MarketHour } from './market-factor.ts';
import { createRandomStream, type RandomStream } from './random.ts';

interface SymbolTraits {
  readonly price: number;
  /** Quote currency traded in an ordinary hour. */
  readonly hourlyTurnover: number;
  readonly beta: number;
  /** Own hourly volatility as a share of the market's. */
  readonly ownShare: number;
  /** Decimals of the base quantity. */
  readonly quantityPlaces: number;
}

const TRAITS: Readonly<Record<SymbolName, SymbolTraits>> = {
  'BTC/USDT': { price: 60_000, hourlyTurnover: 4.2e7, beta: 1, ownShare: 0.25, quantityPlaces: 5 },
  'ETH/USDT': { price: 3_000, hourlyTurnover: 2.1e7, beta: 1.1, ownShare: 0.45, quantityPlaces: 4 },
  'SOL/USDT': { price: 150, hourlyTurnover: 6e6, beta: 1.25, ownShare: 0.7, quantityPlaces: 3 },
};

/** The symbols the generator knows, BTC first. */
export const GENERATED_SYMBOLS: readonly SymbolName[] = Object.keys(TRAITS);

/** Pull toward the starting price per hour: keeps prices of a long series in a believable range. */
const ANCHOR_PULL = 1 / (24 * 25);
const AVERAGE_TRADE = 820;

export interface GenerateOptions {
  /** Any safe integer. The same seed gives the same market; its symbols move together. */
  readonly seed: number;
  readonly symbol: SymbolName;
  /** Open time of the first candle, on the hour (market time). */
  readonly from: EpochMs;
  readonly hours: number;
}

/**
 * A seeded series of hourly candles, oldest first and without gaps. A longer
 * series of the same seed and start begins with the shorter one.
 * @throws RangeError for an unknown symbol, a start off the hour or a length that is not a whole number.
 */
export const generateCandles = (options: GenerateOptions): Candle[] => {
  const { seed, symbol, from, hours } = options;
  const traits = TRAITS[symbol];
  if (traits === undefined)
    throw new RangeError(`no generated market for ${symbol}: use one of ${GENERATED_SYMBOLS.join(', ')}`);
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed ${seed} is not a whole number`);
  if (!Number.isSafeInteger(from) || from % HOUR_MS !== 0) throw new RangeError(`start ${from} is not on the hour`);
  if (!Number.isSafeInteger(hours) || hours < 0)
    throw new RangeError(`${hours} hours is not a whole number of at least zero`);

  const factor = createMarketFactor(createRandomStream(seed, 'market'));
  const random = createRandomStream(seed, symbol);
  const anchor = Math.log(traits.price);
  const candles: Candle[] = [];
  let logPrice = anchor;
  let open = traits.price;
  for (let i = 0; i < hours; i++) {
    const market = factor.next();
    const own = market.volatility * traits.ownShare;
    const start = logPrice;
    logPrice += traits.beta * market.move + own * random.normal() - ANCHOR_PULL * (logPrice - anchor);
    const spread = Math.hypot(traits.beta * market.volatility, own);
    const candle = drawCandle(traits, market, random, {
      openTime: from + i * HOUR_MS,
      open,
      start,
      end: logPrice,
      spread,
    });
    candles.push(candle);
    open = candle.close;
  }
  return candles;
};

interface HourPath {
  readonly openTime: EpochMs;
  /** The price the last candle closed at. */
  readonly open: number;
  /** Log prices at both ends of the hour. */
  readonly start: number;
  readonly end: number;
  /** Standard deviation of the hour's log return. */
  readonly spread: number;
}

const onTick = (price: number): number => Math.max(0.01, Math.round(price * 100) / 100);

/** The extreme of a Brownian bridge above its ends (its law: Karatzas & Shreve 1991, 4.3.40). */
const bridgeExcess = (change: number, spread: number, draw: number): number =>
  (Math.sqrt(change * change - 2 * spread * spread * Math.log(1 - draw)) + change) / 2;

const drawCandle = (traits: SymbolTraits, market: MarketHour, random: RandomStream, path: HourPath): Candle => {
  const change = path.end - path.start;
  // The bridge is cut at three spreads: a full-length tail now and then would be a price nobody traded at.
  const rise = Math.min(bridgeExcess(change, path.spread, random.uniform()), Math.max(0, change) + 3 * path.spread);
  const fall = Math.min(bridgeExcess(-change, path.spread, random.uniform()), Math.max(0, -change) + 3 * path.spread);
  const close = onTick(Math.exp(path.end));
  const high = Math.max(onTick(Math.exp(path.start + rise)), path.open, close);
  const low = Math.min(onTick(Math.exp(path.start - fall)), path.open, close);

  const hourOfDay = (path.openTime / HOUR_MS) % 24;
  const season = 0.3 * Math.sin(((hourOfDay - 9) / 24) * 2 * Math.PI);
  const trending = market.regime === 'range' ? -0.25 : 0.15;
  const stir = 0.3 * Math.min(4, Math.abs(change) / path.spread);
  const turnover =
    traits.hourlyTurnover * Math.exp(0.8 * market.heat + season + trending + stir - 0.3 + 0.25 * random.normal());
  // Takers buy into rises and sell into falls: the flow that a model can learn from.
  const lean = Math.max(-1.5, Math.min(1.5, market.drift / 0.002));
  const takerShare = Math.min(0.95, Math.max(0.05, 0.5 + 0.03 * lean + 1.2 * change + 0.022 * random.normal()));
  const meanPrice = (path.open + high + low + close) / 4;
  const scale = 10 ** traits.quantityPlaces;
  const volume = Math.max(1, Math.round((turnover / meanPrice) * scale)) / scale;
  const takerBuyBase = Math.round(volume * takerShare * scale) / scale;
  return {
    openTime: path.openTime,
    open: path.open,
    high,
    low,
    close,
    volume,
    quoteVolume: onTick(volume * meanPrice),
    trades: Math.max(1, Math.round((turnover / AVERAGE_TRADE) * Math.exp(0.15 * random.normal()))),
    takerBuyBase,
    takerBuyQuote: Math.round(takerBuyBase * meanPrice * 100) / 100,
  };
};
