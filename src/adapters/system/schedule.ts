import { createTask, type Logger, type ScheduledTask } from 'node-cron';

import { MINUTE_MS, SECOND_MS, type EpochMs } from '../../core/units.ts';

export interface ScheduleOptions {
  /** Zone of daily jobs. Hourly ticks need none: every zone in use here is judged by its minute in UTC. */
  readonly timeZone: string;
  /** A job that threw: schedules go on. */
  readonly onError: (job: string, error: unknown) => void;
  /** Wake-ups that did not happen in time (busy process, suspended machine), by wall time. The loop catches them up. */
  readonly onMissed: (job: string, at: EpochMs) => void;
}

/** Receives the wall time that the wake-up was planned for. */
export type Job = (plannedAt: EpochMs) => void | Promise<void>;

export interface Schedule {
  /** Wakes at every full hour plus `seconds` (so that the exchange has closed the candle). */
  hourly(name: string, seconds: number, job: Job): void;
  /** Wakes every minute at second 0. */
  everyMinute(name: string, job: Job): void;
  /** Wakes at HH:MM in the zone of the options. A time that daylight saving skips runs at the next valid one. */
  daily(name: string, time: string, job: Job): void;
  stop(): Promise<void>;
}

const DAY_MINUTES = 24 * 60;

const nothing = (): void => undefined;
/**
 * Left alone, node-cron writes what the two handlers are told of to standard output and error as well: coloured, with a
 * stack, past log level and redaction.
 */
const SILENT: Logger = { info: nothing, warn: nothing, error: nothing, debug: nothing };

/** Minutes since midnight by the clock on the wall of a zone. */
const wallClock = (timeZone: string): ((at: EpochMs) => number) => {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return (at) => {
    const [hour = 0, minute = 0] = format.format(at).split(':').map(Number);
    return hour * 60 + minute;
  };
};

/**
 * Whether the clock on the wall jumps over `wanted` in the minute that ends at `at`. One that is set back jumps over
 * nothing.
 */
const jumpsOver = (clock: (at: EpochMs) => number, wanted: number, at: EpochMs): boolean => {
  const before = clock(at - MINUTE_MS);
  const since = (minute: number): number => (minute - before + DAY_MINUTES) % DAY_MINUTES;
  const jump = since(clock(at));
  return jump < DAY_MINUTES / 2 && since(wanted) > 0 && since(wanted) < jump;
};

/**
 * Wake-ups by node-cron. They are hints, not truth: the loop decides from the clock port what is
 * due, so a late, missed or double wake-up changes nothing but the moment it looks.
 */
export const createSchedule = (options: ScheduleOptions): Schedule => {
  const tasks: ScheduledTask[] = [];
  const add = (name: string, pattern: string, timezone: string, job: Job): void => {
    const task = createTask(pattern, async (context) => job(context.date.getTime()), {
      name,
      timezone,
      noOverlap: true,
      suppressMissedWarning: true,
      logger: SILENT,
    });
    task.on('execution:failed', (context) =>
      options.onError(name, context.execution?.error ?? new Error('failed without a reason')),
    );
    let toldAt = Number.NEGATIVE_INFINITY;
    /** A machine that has slept for days misses a hundred wake-ups in one moment: the first of them is told. */
    const miss = (at: EpochMs): void => {
      const now = Date.now();
      if (Math.abs(now - toldAt) < SECOND_MS) return;
      toldAt = now;
      options.onMissed(name, at);
    };
    task.on('execution:missed', (context) => miss(context.date.getTime()));
    task.on('execution:overlap', (context) => miss(context.date.getTime()));
    tasks.push(task);
    void task.start();
  };
  return {
    hourly: (name, seconds, job) => {
      if (!(Number.isInteger(seconds) && seconds >= 0 && seconds < 60))
        throw new RangeError(`not a second of a minute: ${seconds}`);
      add(name, `${seconds} 0 * * * *`, 'UTC', job);
    },
    everyMinute: (name, job) => add(name, '0 * * * * *', 'UTC', job),
    daily: (name, time, job) => {
      const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time);
      if (match === null) throw new RangeError(`not a time HH:MM: ${time}`);
      const [hour, minute] = [Number(match[1]), Number(match[2])];
      add(name, `0 ${minute} ${hour} * * *`, options.timeZone, job);
      // node-cron leaves out a time that its day does not have. Clocks are set forward at a full or half hour of UTC.
      const clock = wallClock(options.timeZone);
      add(name, '0 0,30 * * * *', 'UTC', (plannedAt) =>
        jumpsOver(clock, hour * 60 + minute, plannedAt) ? job(plannedAt) : undefined,
      );
    },
    stop: async () => {
      for (const task of tasks.splice(0)) await task.destroy();
    },
  };
};
