import { expect, test } from 'vitest';
import type { Alert } from '../core/engine/alert.ts';
import { MINUTE_MS } from '../core/units.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { watchDisk } from './disk-watch.ts';

const GIB = 1024 ** 3;

const world = (gibibytes: number) => {
  const alerts: Alert[] = [];
  const lines: string[] = [];
  const say = (_fields: unknown, text: string): void => void lines.push(text);
  const clock = createVirtualClock(Date.UTC(2026, 0, 5));
  const disk = { free: gibibytes, full: false };
  const outbox = {
    add: (alert: Alert): void => {
      if (disk.full) throw new Error('the disk is full');
      alerts.push(alert);
    },
  };
  const free = (): number => {
    if (Number.isNaN(disk.free)) throw new Error('no such directory');
    return disk.free * GIB;
  };
  const ending = new AbortController();
  void watchDisk(
    { free, least: GIB, outbox, clock, log: { debug: say, info: say, warn: say, error: say } },
    ending.signal,
  );
  const pass = async (minutes: number): Promise<readonly string[]> => {
    const before = alerts.length;
    await clock.runTo(clock.wallNow() + minutes * MINUTE_MS);
    return alerts.slice(before).map(({ title }) => title);
  };
  return { alerts, lines, disk, pass, end: () => ending.abort() };
};

test('a disk with room leads to nothing', async () => {
  const { lines, pass } = world(5);
  expect(await pass(600)).toEqual([]);
  expect(lines).toEqual([]);
});

test('a disk that fills is told while there is room, again at half of it, and when there is room again', async () => {
  const { alerts, disk, pass } = world(1.1);
  expect(await pass(10)).toEqual([]);
  disk.free = 0.9;
  expect(await pass(600)).toEqual(['⚠️ The disk is nearly full: 0.9 GiB free (least 1.0 GiB)']);
  expect(alerts[0]).toMatchObject({ kind: 'lifecycle', commands: ['/health'] });
  disk.free = 0.5;
  expect(await pass(10)).toEqual([]);
  disk.free = 0.04;
  expect(await pass(10)).toEqual(['⚠️ The disk is nearly full: 40 MiB free (least 1.0 GiB)']);
  disk.free = 1.1;
  expect(await pass(10)).toEqual([]);
  disk.free = 3;
  expect(await pass(600)).toEqual(['There is room on the disk again: 3.0 GiB free']);
  disk.free = 0.9;
  expect(await pass(10)).toHaveLength(1);
  expect(new Set(alerts.map(({ key }) => key)).size).toBe(alerts.length);
});

test('a start on a disk that is nearly full says so at once', () => {
  expect(world(0.2).alerts.map(({ title }) => title)).toEqual([
    '⚠️ The disk is nearly full: 0.2 GiB free (least 1.0 GiB)',
  ]);
});

test('what cannot be looked at or told ends nothing and is tried again', async () => {
  const { disk, lines, pass, end } = world(Number.NaN);
  expect(await pass(2)).toEqual([]);
  Object.assign(disk, { free: 0.3, full: true });
  expect(await pass(2)).toEqual([]);
  disk.full = false;
  expect(await pass(1)).toHaveLength(1);
  expect(lines).toContain('the room on the disk could not be looked at or told');
  end();
  disk.free = 0.01;
  expect(await pass(10)).toEqual([]);
});
