import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCandleFile } from '../../src/adapters/candles/candle-files.ts';
import type { CandleColumns } from '../../src/core/features/candle-columns.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/core/units.ts';
import { BTC, ETH } from '../../src/core/engine/world.test-helper.ts';
import type { Bar, CrashData } from './crash-replay.test-helper.ts';

const bars = (columns: CandleColumns): Bar[] => {
  const { openTime, open, high, low, close } = columns;
  return Array.from(
    { length: columns.length },
    (_, row) => [openTime[row] ?? 0, open[row] ?? 0, high[row] ?? 0, low[row] ?? 0, close[row] ?? 0] as const,
  );
};

/** The recorded crash of a day (`20210519`), or null where the recordings are not. */
export const recordedCrash = (directory: string | undefined, day: string): CrashData | null => {
  if (directory === undefined || !existsSync(join(directory, 'crash'))) return null;
  const symbols = [BTC, ETH].map((symbol) => {
    const id = symbol.replace('/', '');
    return {
      symbol,
      minutes: bars(readCandleFile(join(directory, 'crash', `${id}-1m-${day}.csv.gz`), '1m')),
      hours: bars(readCandleFile(join(directory, `${id}-1h.csv.gz`))),
    };
  });
  return { name: `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`, symbols };
};

/** A generator of doubles in [0, 1): the same for the same seed. */
const random = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/**
 * A crash that the project makes itself: a calm year, a day that rises by 3 %, a day that falls by 30 % with opening
 * gaps of up to 1.5 %.
 */
export const generatedCrash = (seed: number): CrashData => {
  const begin = Date.UTC(2030, 4, 18);
  const make = (symbol: string, start: number, salt: number) => {
    const next = random(seed * 31 + salt);
    let price = start;
    const hours: Bar[] = [];
    const year = 365 * 24;
    for (let hour = 0; hour < year; hour += 1) {
      const open = price;
      const close = open * (1 + (next() - 0.5) * 0.008);
      const range = open * (0.002 + next() * 0.004 + (hour % 700 < 8 ? 0.02 : 0));
      hours.push([
        begin - (year - hour) * HOUR_MS,
        open,
        Math.max(open, close) + range / 2,
        Math.min(open, close) - range / 2,
        close,
      ]);
      price = start + (close - start) * 0.98;
    }
    const minutes: Bar[] = [];
    for (let minute = 0; minute < (3 * DAY_MS) / MINUTE_MS; minute += 1) {
      const day = Math.floor(minute / 1_440);
      const inCrash = day === 1 && minute % 1_440 >= 600 && minute % 1_440 < 840;
      const drift = day === 0 ? 0.03 / 1_440 : inCrash ? -0.36 / 240 : 0;
      const gap = inCrash && next() < 0.1 ? -0.015 * next() : 0;
      const open = price * (1 + gap);
      const close = open * (1 + drift + (next() - 0.5) * (inCrash ? 0.008 : 0.000_6));
      const range = open * (inCrash ? 0.004 : 0.000_3);
      minutes.push([
        begin + minute * MINUTE_MS,
        open,
        Math.max(open, close) + range * next(),
        Math.min(open, close) - range * next(),
        close,
      ]);
      price = close;
    }
    return { symbol, minutes, hours };
  };
  return { name: `generated, seed ${seed}`, symbols: [make(BTC, 43_000, 1), make(ETH, 3_300, 2)] };
};
