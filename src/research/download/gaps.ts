import type { CandleColumns } from '../../core/features/candle-columns.ts';
import { HOUR_MS, type EpochMs } from '../../core/units.ts';

/** Hours in a row that a series lacks. */
export interface Gap {
  /** Open time of the first missing candle. */
  readonly from: EpochMs;
  readonly hours: number;
  /** Whether the exchange itself was down then. */
  readonly outage: boolean;
}

/**
 * Outages of the exchange's spot market: the hours that every symbol lacks in its
 * history from 2018 to the middle of 2025. First missing hour (UTC) and how many.
 */
const KNOWN_OUTAGES: readonly (readonly [string, number])[] = [
  ['2018-01-04T04', 1],
  ['2018-02-08T01', 33],
  ['2018-06-26T02', 10],
  ['2018-06-27T13', 1],
  ['2018-07-04T01', 7],
  ['2018-10-19T06', 3],
  ['2018-11-14T02', 7],
  ['2019-03-12T02', 6],
  ['2019-05-15T03', 10],
  ['2019-08-15T02', 8],
  ['2019-11-13T02', 2],
  ['2019-11-25T02', 2],
  ['2020-02-09T02', 1],
  ['2020-02-19T12', 5],
  ['2020-03-04T10', 1],
  ['2020-04-25T02', 2],
  ['2020-06-28T02', 3],
  ['2020-11-30T06', 1],
  ['2020-12-21T14', 4],
  ['2020-12-25T02', 1],
  ['2021-02-11T04', 1],
  ['2021-03-06T02', 1],
  ['2021-04-20T02', 2],
  ['2021-04-25T05', 3],
  ['2021-08-13T02', 4],
  ['2021-09-29T07', 2],
  ['2023-03-24T13', 1],
];

const OUTAGE_HOURS = new Set(
  KNOWN_OUTAGES.flatMap(([first, hours]) =>
    Array.from({ length: hours }, (_, i) => Date.parse(`${first}:00:00Z`) + i * HOUR_MS),
  ),
);

/** Holes of an hourly series; one is an outage when every hour of it is a known one. */
export const findGaps = (series: CandleColumns): Gap[] => {
  const gaps: Gap[] = [];
  for (let row = 1; row < series.length; row++) {
    const from = (series.openTime[row - 1] ?? 0) + HOUR_MS;
    const hours = ((series.openTime[row] ?? 0) - from) / HOUR_MS;
    if (hours < 1) continue;
    gaps.push({
      from,
      hours,
      outage: Array.from({ length: hours }, (_, i) => from + i * HOUR_MS).every((hour) => OUTAGE_HOURS.has(hour)),
    });
  }
  return gaps;
};

/** One line on the holes of a series. */
export const describeGaps = (gaps: readonly Gap[]): string => {
  const hoursOf = (list: readonly Gap[]): number => list.reduce((sum, gap) => sum + gap.hours, 0);
  const unexplained = gaps.filter((gap) => !gap.outage);
  const outages = gaps.length - unexplained.length;
  const known = `${outages} known outages (${hoursOf(gaps) - hoursOf(unexplained)} h)`;
  if (unexplained.length === 0) return `no unexplained gap; ${known}`;
  const first = unexplained
    .slice(0, 3)
    .map((gap) => `${new Date(gap.from).toISOString().slice(0, 13)}h for ${gap.hours} h`);
  return `${unexplained.length} unexplained gaps (${hoursOf(unexplained)} h), the first at ${first.join(', ')}; ${known}`;
};
