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
  const start = (zone = 'UTC', time = '07:00') => {
    const values = new Map<string, string>();
    const sent: string[] = [];
    const days: string[] = [];
    const clock = { now: at('2024-08-05T09:00:00Z') };
    const open = () =>
      createDailyReports({
        memory: { get: (key) => values.get(key) ?? null, set: (key, value) => void values.set(key, value) },
        now: () => clock.now,
        timeZone: zone,
        time,
        report: (day) => {
          days.push(day);
          sent.push(new Date(clock.now).toISOString());
        },
      });
    return { sent, days, clock, open };
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
    reports.send(clock.now);
    clock.now += HOUR_MS;
    reports.catchUp();
    open().catchUp();
    expect(sent).toHaveLength(1);
  });

  test('one that comes late is of its own day, and takes nothing from the next', () => {
    const { days, clock, open } = start();
    open().catchUp();
    clock.now = at('2024-08-07T06:00:00Z');
    const reports = open();
    reports.catchUp();
    clock.now = at('2024-08-07T07:00:00Z');
    reports.send(clock.now);
    expect(days).toEqual(['2024-08-06', '2024-08-07']);
  });

  test('a wake-up a moment too early is of the day for which it was planned', () => {
    const { days, clock, open } = start();
    const reports = open();
    clock.now = at('2024-08-06T06:59:59.990Z');
    reports.send(at('2024-08-06T07:00:00Z'));
    clock.now += HOUR_MS;
    reports.catchUp();
    expect(days).toEqual(['2024-08-06']);
  });

  test.each([
    ['01:30', '2024-03-29T12:00:00Z', ['2024-03-30', '2024-03-31', '2024-04-01']],
    ['02:30', '2024-03-29T12:00:00Z', ['2024-03-30', '2024-03-31', '2024-04-01']],
    ['02:30', '2024-10-25T12:00:00Z', ['2024-10-26', '2024-10-27', '2024-10-28']],
  ])('at %s in Berlin from %s: each day once, whatever the clocks do', (time, from, expected) => {
    const { days, clock, open } = start('Europe/Berlin', time);
    clock.now = at(from);
    const reports = open();
    for (let quarter = 0; quarter < 3 * 96; quarter += 1, clock.now += HOUR_MS / 4) reports.catchUp();
    expect(days).toEqual(expected);
  });
});
