import type { EpochMs } from '../../core/units.ts';
import type { ChatMemory } from '../../ports/chat.ts';

/** Sends one report a day, also when the hour of a day was missed: the process was down, or the machine asleep. */
export interface DailyReports {
  /** The hour has come. */
  send(): void;
  /** Sends the report of an hour that was missed; nothing where none was. The first look only takes note of the day. */
  catchUp(): void;
}

const KEY = 'daily-report/day';

/** Day in the zone whose report is the newest that should have been sent by now: today's after `time` ("07:00"), else yesterday's. */
export const reportDay = (now: EpochMs, zone: string, time: string): string => {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((candidate) => candidate.type === type)?.value ?? '';
  const today = `${part('year')}-${part('month')}-${part('day')}`;
  if (`${part('hour')}:${part('minute')}` >= time) return today;
  return new Date(Date.parse(`${today}T00:00:00Z`) - 1).toISOString().slice(0, 10);
};

export const createDailyReports = (options: {
  readonly memory: ChatMemory;
  readonly wallNow: () => EpochMs;
  readonly timeZone: string;
  /** HH:MM. */
  readonly time: string;
  readonly report: () => void;
}): DailyReports => {
  const { memory, wallNow, timeZone, time } = options;
  const today = (): string => reportDay(wallNow(), timeZone, time);
  /** The report first: should the process end between the two, it comes twice at most, under one key. */
  const send = (): void => {
    options.report();
    memory.set(KEY, today());
  };
  return {
    send,
    catchUp: () => {
      const last = memory.get(KEY);
      if (last === null) memory.set(KEY, today());
      else if (last < today()) send();
    },
  };
};
