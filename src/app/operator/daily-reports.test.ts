import { describe, expect, test } from 'vitest';
import { HOUR_MS } from '../../core/units.ts';
import { createDailyReports, reportDay } from './daily-reports.ts';

const at = (text: string): number => Date.parse(text);

describe('the day of a report', () => {
  test.each([
    ['2024-08-05T06:59:00Z', 'UTC', '2024-08-04'],
    ['2024-08-05T07:00:00Z', 'UTC', '2024-08-05'],
    ['2024-08-05T03:59:00Z', 'Europe/Athens', '2024-08-04'],
    ['2024-08-05T04:00:00Z', 'Europe/Athens', '2024-08-05'],
    ['2024-03-01T06:00:00Z', 'UTC', '2024-02-29'],
    ['2024-01-01T11:00:00Z', 'America/New_York', '2023-12-31'],
  ])('%s in %s at 07:00 is %s', (now, zone, day) => {
    expect(reportDay(at(now), zone, '07:00')).toBe(day);
  });
});

describe('daily reports', () => {
  const start = () => {
    const values = new Map<string, string>();
    const sent: string[] = [];
    const clock = { now: at('2024-08-05T09:00:00Z') };
    const open = () =>
      createDailyReports({
        memory: { get: (key) => values.get(key) ?? null, set: (key, value) => void values.set(key, value) },
        wallNow: () => clock.now,
        timeZone: 'UTC',
        time: '07:00',
        report: () => sent.push(new Date(clock.now).toISOString()),
      });
    return { sent, clock, open };
  };

  test('a first start sends none, a start after the hour was missed sends it, once', () => {
    const { sent, clock, open } = start();
    open().catchUp();
    expect(sent).toEqual([]);
    clock.now += 21 * HOUR_MS;
    open().catchUp();
    expect(sent).toEqual([]);
    clock.now += 3 * HOUR_MS;
    open().catchUp();
    open().catchUp();
    expect(sent).toEqual(['2024-08-06T09:00:00.000Z']);
  });

  test('what came in time is not caught up', () => {
    const { sent, clock, open } = start();
    const reports = open();
    reports.catchUp();
    clock.now = at('2024-08-06T07:00:00Z');
    reports.send();
    clock.now += HOUR_MS;
    reports.catchUp();
    open().catchUp();
    expect(sent).toHaveLength(1);
  });
});
