import { candleFault, type Candle } from '../core/market/candle.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../core/units.ts';
import type { Log } from '../ports/log.ts';
import type { MarketData } from '../ports/market-data.ts';

/** Pages read for one symbol in one go: far more than any history has. */
const MAX_PAGES = 500;
/** Gaps of one series that are asked for again; a history with more of them has real outages. */
const MAX_REPAIRS = 24;

export interface CandleReader {
  /**
   * Every sound candle from `from` on that is closed now: each hour once, oldest first, gaps asked for
   * a second time. Null when a read failed: what came before it is no answer.
   */
  read(symbol: SymbolName, from: EpochMs): Promise<readonly Candle[] | null>;
}

/**
 * Reads closed candles, in whatever order and with whatever repetitions and holes the exchange gives them. `marketNow`:
 * the time by which an hour counts as closed.
 */
export const createCandleReader = (marketData: MarketData, marketNow: () => EpochMs, log: Log): CandleReader => {
  /** One page: what was asked for and nothing else, or null when the read failed. */
  const page = async (symbol: SymbolName, from: EpochMs): Promise<readonly Candle[] | null> => {
    const now = marketNow();
    const read = await marketData.closedCandles(symbol, from, now);
    if (!read.ok) {
      log.warn({ symbol, code: read.error.code, why: read.error.message }, 'candles could not be read');
      return null;
    }
    const sound: Candle[] = [];
    let inOrder = true;
    for (const candle of read.value) {
      const fault =
        candle.openTime < from || candle.openTime + HOUR_MS > now
          ? 'is outside of what was asked for'
          : candleFault(candle);
      if (fault !== null) log.warn({ symbol, openTime: candle.openTime, fault }, 'candle left out');
      else {
        if (candle.openTime <= (sound.at(-1)?.openTime ?? Number.NEGATIVE_INFINITY)) inOrder = false;
        sound.push(candle);
      }
    }
    return inOrder ? sound : ordered(sound);
  };

  const readAll = async (symbol: SymbolName, from: EpochMs): Promise<Candle[] | null> => {
    const found: Candle[] = [];
    let next = from;
    for (let count = 0; count < MAX_PAGES && next + HOUR_MS <= marketNow(); count += 1) {
      const candles = await page(symbol, next);
      if (candles === null) return null;
      const last = candles.at(-1);
      if (last === undefined) break;
      found.push(...candles);
      next = last.openTime + HOUR_MS;
    }
    return found;
  };

  /**
   * Asks once more for the hours that are missing between others: an answer may have left them out by mistake. No
   * answer says nothing, least of all that there was an outage.
   */
  const repair = async (symbol: SymbolName, from: EpochMs, candles: Candle[]): Promise<readonly Candle[] | null> => {
    const gaps = gapsOf(from, candles);
    if (gaps.length === 0) return candles;
    const repaired: Candle[] = [];
    for (const gap of gaps.slice(-MAX_REPAIRS)) {
      const again = await page(symbol, gap.from);
      if (again === null) return null;
      for (const candle of again) if (candle.openTime < gap.to) repaired.push(candle);
    }
    log.info({ symbol, gaps: gaps.length, repairedHours: repaired.length }, 'missing candles were asked for again');
    return repaired.length === 0 ? candles : [...candles, ...repaired].sort((a, b) => a.openTime - b.openTime);
  };

  return {
    read: async (symbol, from) => {
      const candles = await readAll(symbol, from);
      return candles === null ? null : await repair(symbol, from, candles);
    },
  };
};

/** By their hours, the first that came of each. */
const ordered = (candles: readonly Candle[]): readonly Candle[] => {
  const byHour = new Map<EpochMs, Candle>();
  for (const candle of candles) if (!byHour.has(candle.openTime)) byHour.set(candle.openTime, candle);
  return [...byHour.values()].sort((a, b) => a.openTime - b.openTime);
};

interface Gap {
  readonly from: EpochMs;
  /** Open time of the next candle that is there. */
  readonly to: EpochMs;
}

/**
 * Hours that are missing before others, from `from` on. What is missing at the end is not a gap yet: it may still come.
 */
export const gapsOf = (from: EpochMs, candles: readonly Candle[]): readonly Gap[] => {
  const gaps: Gap[] = [];
  let expected = from;
  for (const { openTime } of candles) {
    if (openTime > expected) gaps.push({ from: expected, to: openTime });
    expected = openTime + HOUR_MS;
  }
  return gaps;
};
