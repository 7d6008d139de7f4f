import { HOUR_MS, type EpochMs } from '../units.ts';

/**
 * One closed candle as the exchange's raw klines state it. Prices in quote
 * currency per base unit. Doubles: candles feed features and limits; money is
 * converted where an order is priced.
 */
export interface Candle {
  /** Open time: the candle covers [openTime, openTime + 1 h). */
  readonly openTime: EpochMs;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Base currency traded. Zero in an exchange outage. */
  readonly volume: number;
  /** Quote currency traded. */
  readonly quoteVolume: number;
  /** Number of trades. */
  readonly trades: number;
  /** Base currency bought by takers. */
  readonly takerBuyBase: number;
  /** Quote currency spent by takers who bought. */
  readonly takerBuyQuote: number;
}

/** The time at which a candle is complete. */
export const closeTime = (candle: Candle): EpochMs => candle.openTime + HOUR_MS;

/**
 * What is wrong with a candle, in words, or null when it is sound. A candle
 * that fails is never fed to anything: unknown is not a price.
 */
export const candleFault = (candle: Candle): string | null => {
  const { openTime, open, high, low, close, volume, quoteVolume, trades, takerBuyBase, takerBuyQuote } = candle;
  if (!Number.isSafeInteger(openTime) || openTime % HOUR_MS !== 0) return `open time ${openTime} is not on the hour`;
  const price =
    priceFault('open', open) ?? priceFault('high', high) ?? priceFault('low', low) ?? priceFault('close', close);
  if (price !== null) return price;
  if (high < Math.max(open, close) || low > Math.min(open, close)) {
    return `high ${high} and low ${low} do not enclose open ${open} and close ${close}`;
  }
  return (
    amountFault('volume', volume) ??
    amountFault('quote volume', quoteVolume) ??
    amountFault('trades', trades) ??
    amountFault('taker buy base', takerBuyBase) ??
    amountFault('taker buy quote', takerBuyQuote)
  );
};

const priceFault = (name: string, value: number): string | null =>
  Number.isFinite(value) && value > 0 ? null : `${name} ${value} is not a positive price`;
const amountFault = (name: string, value: number): string | null =>
  Number.isFinite(value) && value >= 0 ? null : `${name} ${value} is not a number of at least zero`;
