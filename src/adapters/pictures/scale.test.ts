import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { axisLabel, offsetIn } from './times.ts';
import { decimalsFor, linear, padded, roundTicks, spread, timeTicks } from './scale.ts';

const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe('scales', () => {
  test('a linear scale maps its ends to its ends, and an empty range to something finite', () => {
    const scale = linear(10, 20, 100, 300);
    expect([scale.at(10), scale.at(15), scale.at(20)]).toEqual([100, 200, 300]);
    expect(Number.isFinite(linear(5, 5, 0, 100).at(5))).toBe(true);
  });

  test('a padded range holds every value and is never empty', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1 }), (values) => {
        const [low, high] = padded(values, 0.05);
        expect(high).toBeGreaterThan(low);
        for (const value of values) expect(value >= low && value <= high).toBe(true);
      }),
    );
    expect(padded([], 0.1)).toEqual([0, 1]);
    const [low, high] = padded([1_175.29, 1_175.31], 0.08, 0.004);
    expect(high - low, 'two cents are shown as two cents').toBeCloseTo(1_175.31 * 0.004, 6);
    expect((low + high) / 2).toBeCloseTo(1_175.3, 6);
  });

  test('a time axis says hours, with the day at midnight of the zone; over days it says days', () => {
    const hours = axisLabel('UTC', 18 * 3_600_000);
    expect([hours(Date.UTC(2024, 0, 9)), hours(Date.UTC(2024, 0, 9, 3))]).toEqual(['09 Jan', '03:00']);
    expect(axisLabel('Europe/Berlin', 18 * 3_600_000)(Date.UTC(2024, 0, 8, 23))).toBe('09 Jan');
    expect(axisLabel('UTC', 7 * 86_400_000)(Date.UTC(2024, 8, 9, 3))).toBe('09 Sep');
  });

  test('ticks lie inside the range, on round values, never too many', () => {
    fc.assert(
      fc.property(finite, fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (low, span) => {
        const ticks = roundTicks(low, low + span, 5);
        expect(ticks.length).toBeLessThanOrEqual(12);
        for (const tick of ticks) expect(tick >= low - span * 1e-6 && tick <= low + span * (1 + 1e-6)).toBe(true);
      }),
    );
    expect(roundTicks(993, 1_041, 5)).toEqual([1_000, 1_010, 1_020, 1_030, 1_040]);
    expect(decimalsFor([0.0012, 0.0014])).toBe(4);
    expect(decimalsFor([1_000, 1_010])).toBe(0);
  });

  test('time ticks stand on whole hours', () => {
    const from = Date.UTC(2024, 7, 2, 3, 17);
    const ticks = timeTicks(from, from + 72 * 3_600_000, 5, () => 0);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(6);
    for (const tick of ticks) expect(tick % 3_600_000).toBe(0);
  });

  test.each([
    ['Europe/Berlin', 0, 60, ['12:00', '02 Jan', '12:00', '03 Jan', '12:00']],
    ['America/New_York', 5, 24, ['01 Jan', '06:00', '12:00', '18:00']],
    ['Asia/Kolkata', 0, 12, ['06:00', '08:00', '10:00', '12:00', '14:00', '16:00']],
  ])(
    'and on those of the zone whose clock they are labelled with, midnight among them: %s',
    (zone, first, last, labels) => {
      const [from, to] = [Date.UTC(2024, 0, 1, first), Date.UTC(2024, 0, 1, last)];
      expect(timeTicks(from, to, 6, offsetIn(zone)).map(axisLabel(zone, to - from))).toEqual(labels);
    },
  );

  test('days begin at midnight of the zone on both sides of a change of its clocks', () => {
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'Europe/Berlin',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    for (const change of [Date.UTC(2024, 2, 31), Date.UTC(2024, 9, 27)]) {
      const ticks = timeTicks(change - 2 * 86_400_000, change + 3 * 86_400_000, 5, offsetIn('Europe/Berlin'));
      expect(ticks.map((tick) => clock.format(tick))).toEqual(ticks.map(() => '00:00'));
      expect(ticks.length).toBeGreaterThanOrEqual(5);
    }
  });

  test('spread keeps the order and the gap', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 900, noNaN: true }), { maxLength: 6 }), (positions) => {
        const placed = [...spread(positions, 40)].sort((left, right) => left - right);
        for (let index = 1; index < placed.length; index += 1)
          expect((placed[index] ?? 0) - (placed[index - 1] ?? 0)).toBeGreaterThanOrEqual(40 - 1e-9);
      }),
    );
    expect(spread([100, 50], 40)).toEqual([100, 50]);
  });
});
