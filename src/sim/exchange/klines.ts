import { HOUR_MS, hourStart, type EpochMs } from '../../core/units.ts';
import type { Market, ServedCandle } from './market.ts';

export interface KlineQuestion {
  readonly startTime: EpochMs | undefined;
  readonly endTime: EpochMs | undefined;
  readonly limit: number;
}

/** Hours searched before the history counts as over: the longest gap that is looked across. */
const LONGEST_GAP_HOURS = 24 * 30;

/**
 * The exchange's paging: with a start, the oldest candles from there; without,
 * the newest up to the end. Gaps do not shorten a page, so the search widens
 * by windows until it is full.
 */
export const selectKlines = (market: Market, id: string, question: KlineQuestion): ServedCandle[] => {
  const last = Math.min(question.endTime ?? market.time, market.time);
  const end = hourStart(last) + HOUR_MS;
  return question.startTime === undefined
    ? newest(market, id, end, question.limit)
    : oldest(market, id, Math.ceil(question.startTime / HOUR_MS) * HOUR_MS, end, question.limit);
};

const oldest = (market: Market, id: string, from: EpochMs, end: EpochMs, limit: number): ServedCandle[] => {
  const found: ServedCandle[] = [];
  let at = from;
  while (at < end && found.length < limit) {
    const to = Math.min(end, at + Math.max(limit - found.length, LONGEST_GAP_HOURS) * HOUR_MS);
    found.push(...market.candles(id, at, to));
    at = to;
  }
  return found.slice(0, limit);
};

const newest = (market: Market, id: string, end: EpochMs, limit: number): ServedCandle[] => {
  let found: ServedCandle[] = [];
  let to = end;
  while (found.length < limit) {
    const from = to - (limit - found.length) * HOUR_MS;
    const page = market.candles(id, from, to);
    if (page.length === 0 && market.candles(id, to - LONGEST_GAP_HOURS * HOUR_MS, to).length === 0) break;
    found = [...page, ...found];
    to = from;
  }
  return found.slice(-limit);
};
