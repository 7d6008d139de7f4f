import { describe, expect, test } from 'vitest';
import { HOUR_MS } from '../units.ts';
import { candleFault, closeTime, type Candle } from './candle.ts';

const sound: Candle = {
  openTime: 1_722_816_000_000,
  open: 100,
  high: 110,
  low: 90,
  close: 105,
  volume: 5,
  quoteVolume: 500,
  trades: 7,
  takerBuyBase: 2,
  takerBuyQuote: 200,
};

describe('a candle', () => {
  test('that is sound has no fault, and closes an hour after it opened', () => {
    expect(candleFault(sound)).toBeNull();
    expect(
      candleFault({ ...sound, volume: 0, quoteVolume: 0, trades: 0, takerBuyBase: 0, takerBuyQuote: 0 }),
    ).toBeNull();
    expect(closeTime(sound)).toBe(sound.openTime + HOUR_MS);
  });

  test.each([
    [{ openTime: sound.openTime + 1 }, 'open time 1722816000001 is not on the hour'],
    [{ openTime: Number.NaN }, 'open time NaN is not on the hour'],
    [{ open: 0 }, 'open 0 is not a positive price'],
    [{ high: Number.POSITIVE_INFINITY }, 'high Infinity is not a positive price'],
    [{ low: -1 }, 'low -1 is not a positive price'],
    [{ close: Number.NaN }, 'close NaN is not a positive price'],
    [{ high: 104 }, 'high 104 and low 90 do not enclose open 100 and close 105'],
    [{ low: 101 }, 'high 110 and low 101 do not enclose open 100 and close 105'],
    [{ volume: -1 }, 'volume -1 is not a number of at least zero'],
    [{ quoteVolume: Number.NaN }, 'quote volume NaN is not a number of at least zero'],
    [{ trades: -1 }, 'trades -1 is not a number of at least zero'],
    [{ takerBuyBase: -1 }, 'taker buy base -1 is not a number of at least zero'],
    [{ takerBuyQuote: Number.POSITIVE_INFINITY }, 'taker buy quote Infinity is not a number of at least zero'],
  ])('with %j has a fault that names it', (changes, fault) => {
    expect(candleFault({ ...sound, ...changes })).toBe(fault);
  });
});
