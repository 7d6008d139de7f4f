import { hash32 } from './hash.ts';
import { larger, nearestTo, type Fixed } from './fixed.ts';

/** Prices of one candle, on the tick. */
export interface CandlePrices {
  readonly open: Fixed;
  readonly high: Fixed;
  readonly low: Fixed;
  readonly close: Fixed;
}

export type Walk = 'open-high-low-close' | 'open-low-high-close';

/** Which extreme a candle visits first: unknown from the candle itself, so the seed decides. */
export const walkOf = (seed: number, symbol: string, openTime: number): Walk =>
  hash32(seed, symbol, openTime, 'walk') % 2 === 0 ? 'open-high-low-close' : 'open-low-high-close';

export const MIN_STEPS = 4;
export const MAX_STEPS = 60;

/**
 * The price at each of `steps` equally spaced sub-steps of a candle: the first
 * is the open, the last the close, both extremes are reached in between, and
 * the rest lies on straight lines, rounded to the tick.
 * @throws RangeError for fewer than 4 or more than 60 steps.
 */
export const walkCandle = (candle: CandlePrices, walk: Walk, steps: number, tick: Fixed): Fixed[] => {
  if (!Number.isInteger(steps) || steps < MIN_STEPS || steps > MAX_STEPS) {
    throw new RangeError(`steps per hour must be a whole number from ${MIN_STEPS} to ${MAX_STEPS}, not ${steps}`);
  }
  const last = steps - 1;
  const first = walk === 'open-high-low-close' ? candle.high : candle.low;
  const second = walk === 'open-high-low-close' ? candle.low : candle.high;
  const anchors: readonly (readonly [number, Fixed])[] = [
    [0, candle.open],
    [Math.round(last / 3), first],
    [Math.round((2 * last) / 3), second],
    [last, candle.close],
  ];
  const prices: Fixed[] = [];
  for (let leg = 1; leg < anchors.length; leg += 1) {
    const [fromIndex, from] = anchors[leg - 1] ?? [0, candle.open];
    const [toIndex, to] = anchors[leg] ?? [last, candle.close];
    for (let index = fromIndex; index < toIndex; index += 1) {
      const part = from + ((to - from) * BigInt(index - fromIndex)) / BigInt(toIndex - fromIndex);
      prices.push(index === fromIndex ? from : larger(nearestTo(part, tick), tick));
    }
  }
  prices.push(candle.close);
  return prices;
};
