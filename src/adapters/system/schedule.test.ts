import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createSchedule, type Schedule } from './schedule.ts';

const START = Date.UTC(2024, 2, 30, 22, 59, 30);
const HOUR = 3_600_000;

let schedule: Schedule;
let missed: [string, number][];
let errors: [string, unknown][];

const create = (timeZone: string): void => {
  schedule = createSchedule({
    timeZone,
    onError: (job, error) => errors.push([job, error]),
    onMissed: (job, at) => missed.push([job, at]),
  });
};

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  missed = [];
  errors = [];
});
afterEach(async () => {
  await schedule.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('the schedule', () => {
  test('wakes at each full hour plus the seconds asked for', async () => {
    create('UTC');
    const at: number[] = [];
    schedule.hourly('decide', 3, (planned) => void at.push(planned));
    await vi.advanceTimersByTimeAsync(3 * HOUR);
    expect(at.map((time) => new Date(time).toISOString())).toEqual([
      '2024-03-30T23:00:03.000Z',
      '2024-03-31T00:00:03.000Z',
      '2024-03-31T01:00:03.000Z',
    ]);
    expect(missed).toEqual([]);
  });

  test('daily jobs keep to the zone over the change of daylight saving', async () => {
    create('Europe/Berlin');
    const at: string[] = [];
    schedule.daily('report', '08:00', (planned) => void at.push(new Date(planned).toISOString()));
    await vi.advanceTimersByTimeAsync(48 * HOUR);
    expect(at).toEqual(['2024-03-31T06:00:00.000Z', '2024-04-01T06:00:00.000Z']);
  });

  test.each([
    ['Europe/Berlin', '02:30', '2024-03-30T12:00Z', ['2024-03-31T01:00:00.000Z', '2024-04-01T00:30:00.000Z']],
    ['Europe/Berlin', '03:00', '2024-03-30T12:00Z', ['2024-03-31T01:00:00.000Z', '2024-04-01T01:00:00.000Z']],
    // The clock goes from 23:59 to 01:00.
    ['Asia/Beirut', '00:00', '2024-03-30T12:00Z', ['2024-03-30T22:00:00.000Z', '2024-03-31T21:00:00.000Z']],
    // By half an hour.
    ['Australia/Lord_Howe', '02:15', '2024-10-05T12:00Z', ['2024-10-05T15:30:00.000Z', '2024-10-06T15:15:00.000Z']],
    // Set back, it has the time once all the same.
    ['Europe/Berlin', '02:30', '2024-10-26T12:00Z', ['2024-10-27T01:30:00.000Z', '2024-10-28T01:30:00.000Z']],
    ['Asia/Kathmandu', '08:15', '2024-03-30T12:00Z', ['2024-03-31T02:30:00.000Z', '2024-04-01T02:30:00.000Z']],
  ])('a daily time that daylight saving skips is not left out: %s %s', async (timeZone, time, from, expected) => {
    vi.setSystemTime(Date.parse(from));
    create(timeZone);
    const at: string[] = [];
    schedule.daily('report', time, (planned) => void at.push(new Date(planned).toISOString()));
    await vi.advanceTimersByTimeAsync(44 * HOUR);
    expect(at).toEqual(expected);
  });

  test('a job that throws is reported and the next one runs', async () => {
    create('UTC');
    let runs = 0;
    schedule.hourly('decide', 0, () => {
      runs += 1;
      throw new Error('broken');
    });
    await vi.advanceTimersByTimeAsync(2 * HOUR);
    expect(runs).toBe(2);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toEqual(['decide', expect.objectContaining({ message: 'broken' })]);
  });

  test('a job still busy is not started twice: that wake-up is reported as missed', async () => {
    create('UTC');
    let running = 0;
    let most = 0;
    schedule.everyMinute('slow', async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 150_000));
      running -= 1;
    });
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(most).toBe(1);
    expect(missed.length).toBeGreaterThanOrEqual(2);
    expect(missed[0]?.[0]).toBe('slow');
    await vi.advanceTimersByTimeAsync(0);
    await schedule.stop();
    await vi.advanceTimersByTimeAsync(200_000);
  });

  test('what fails or is missed is told to the handlers alone: the log has lines of one kind', async () => {
    const written: string[] = [];
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
      vi.spyOn(console, method).mockImplementation((...words: unknown[]) => void written.push(words.join(' ')));
    create('UTC');
    schedule.everyMinute('broken', () => {
      throw new Error('broken');
    });
    schedule.everyMinute('slow', () => new Promise((resolve) => setTimeout(resolve, 150_000)));
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    await schedule.stop();
    await vi.advanceTimersByTimeAsync(200_000);
    vi.restoreAllMocks();
    expect(errors.length).toBeGreaterThanOrEqual(4);
    expect(missed.some(([job]) => job === 'slow')).toBe(true);
    expect(written).toEqual([]);
  });

  test('wake-ups slept through (a suspended machine) are reported', async () => {
    create('UTC');
    let runs = 0;
    schedule.hourly('decide', 0, () => void (runs += 1));
    // The wall clock jumps by hours while timers have barely moved.
    vi.setSystemTime(START + 5 * HOUR);
    await vi.advanceTimersByTimeAsync(2 * HOUR);
    expect(missed.length).toBeGreaterThanOrEqual(1);
    expect(runs).toBeGreaterThanOrEqual(1);
  });

  test('after days asleep each job says once that it missed something, not once for every wake-up', async () => {
    create('UTC');
    schedule.hourly('decide', 0, () => undefined);
    schedule.daily('report', '08:00', () => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    vi.setSystemTime(START + 60 * HOUR);
    // The half-hourly look at daylight saving has slept through 120 of its moments, the hourly job through 60.
    await vi.advanceTimersByTimeAsync(2 * HOUR);
    expect(missed.map(([job]) => job).toSorted()).toEqual(['decide', 'report']);
    expect(new Date(missed.find(([job]) => job === 'report')?.[1] ?? 0).toISOString()).toBe('2024-03-30T23:30:00.000Z');
  });

  test('stopped, it wakes no more', async () => {
    create('UTC');
    let runs = 0;
    schedule.hourly('decide', 0, () => void (runs += 1));
    await schedule.stop();
    await vi.advanceTimersByTimeAsync(3 * HOUR);
    expect(runs).toBe(0);
  });

  test('a wrong time is an error at once', () => {
    create('UTC');
    expect(() => schedule.daily('report', '8:00', () => undefined)).toThrow(RangeError);
    expect(() => schedule.hourly('decide', 60, () => undefined)).toThrow(RangeError);
  });
});
