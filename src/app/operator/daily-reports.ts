import type { EpochMs } from '../../core/units.ts';
import type { ChatMemory } from '../../ports/chat.ts';

/** Sends one report a day, also when the hour of a day was missed: the process was down, or the machine asleep. */
export interface DailyReports {
  /** The hour planned for `plannedAt` has come. */
  send(plannedAt: EpochMs): void;
  /** Sends the report of an hour that was missed; nothing where none was. The first look only takes note of the day. */
  catchUp(): void;
}

const KEY = 'daily-report/day';

/**
 * Day in the zone whose report is the newest that should have been sent by now: today's after `time` ("07:00"), else
 * yesterday's.
 */
export const reportDay = (now: EpochMs, zone: string, time: string): string => {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((candidate) => candidate.type === type)?.value ?? '';
  const today = `${part('year')}-${part('month')}-${part('day')}`;
  if (`${part('hour')}:${part('minute')}` >= time) return today;
  return new Date(Date.parse(`${today}T00:00:00Z`) - 1).toISOString().slice(0, 10);
};

export const createDailyReports = (options: {
  readonly memory: ChatMemory;
  readonly now: () => EpochMs;
  readonly timeZone: string;
  /** HH:MM. */
  readonly time: string;
  /**
   * `day`: the report's, in the zone ("2024-08-05"). It is not the UTC day: two reports, 23 hours apart in spring, can
   * share that one.
   */
  readonly report: (day: string) => void;
}): DailyReports => {
  const { memory, now, timeZone, time } = options;
  /** The report first: should the process end between the two, it comes twice at most, under one key. */
  const send = (day: string): void => {
    options.report(day);
    memory.set(KEY, day);
  };
  return {
    // A wake-up may come a moment before its time.
    send: (plannedAt) => send(reportDay(Math.max(now(), plannedAt), timeZone, time)),
    catchUp: () => {
      const last = memory.get(KEY);
      const day = reportDay(now(), timeZone, time);
      if (last === null) memory.set(KEY, day);
      else if (last < day) send(day);
    },
  };
};
