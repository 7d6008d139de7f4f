import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fc, test as property } from '@fast-check/vitest';
import { createBoardStream, decodeCursor, encodeCursor, type BoardStream, type Reader } from './board-stream.ts';
import { createFakeDashboard, type FakeDashboard } from './fake-dashboard.test-helper.ts';

const streams: BoardStream[] = [];
const errors: unknown[] = [];
const INTERVAL = 1_000;
const open = (dashboard: FakeDashboard): BoardStream => {
  const stream = createBoardStream(dashboard, INTERVAL, (error) => errors.push(error));
  streams.push(stream);
  return stream;
};
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  errors.length = 0;
  for (const stream of streams.splice(0)) stream.close();
});

/** Decisions of the messages up to the one that holds `id`, and the last id seen. */
const decisionsUntil = async (
  reader: Reader,
  id: number,
): Promise<{ readonly ids: readonly number[]; readonly last: string | null }> => {
  const ids: number[] = [];
  let last: string | null = null;
  while (!ids.includes(id)) {
    vi.advanceTimersByTime(INTERVAL);
    const message = await reader.next();
    if (message === null) throw new Error('the stream is over');
    if (message.id !== null) last = message.id;
    if (message.event === 'rows')
      ids.push(...(JSON.parse(message.data) as { decisions: { id: number }[] }).decisions.map((row) => row.id));
  }
  return { ids, last };
};

describe('the stream of the board', () => {
  test('a reader gets every row once, in order, and the newest board', async () => {
    const dashboard = createFakeDashboard();
    const reader = open(dashboard).join(encodeCursor('db1', dashboard.cursor()));
    const first = await reader?.next();
    expect(first?.event).toBe('board');
    for (let count = 0; count < 3; count += 1) dashboard.decide();
    expect(reader === null || reader === undefined ? null : (await decisionsUntil(reader, 3)).ids).toEqual([1, 2, 3]);
  });

  test('a reader that comes back goes on where it was, after a restart too', async () => {
    const dashboard = createFakeDashboard();
    const before = open(dashboard).join(encodeCursor('db1', dashboard.cursor()));
    dashboard.decide();
    const { last } = before === null ? { last: null } : await decisionsUntil(before, 1);
    before?.leave();
    for (let count = 0; count < 3; count += 1) dashboard.decide();
    // Another stream, as after a restart of the process on the same database.
    const after = open(dashboard).join(last);
    expect(after === null ? null : (await decisionsUntil(after, 4)).ids).toEqual([2, 3, 4]);
  });

  test('who is too far behind, has another database or has nothing begins anew', async () => {
    const dashboard = createFakeDashboard();
    const stream = open(dashboard);
    const old = encodeCursor('db1', dashboard.cursor());
    for (let count = 0; count < 9; count += 1) dashboard.decide();
    for (const after of [old, encodeCursor('other', dashboard.cursor()), null, 'nonsense', '']) {
      const reader = stream.join(after);
      expect((await reader?.next())?.event, String(after)).toBe('reset');
      reader?.leave();
    }
  });

  test('looks at the board only while somebody reads', async () => {
    const dashboard = createFakeDashboard();
    let looks = 0;
    const counted = Object.assign(Object.create(dashboard) as FakeDashboard, {
      board: () => ((looks += 1), dashboard.board()),
    });
    const stream = open(counted);
    const reader = stream.join(null);
    await reader?.next();
    reader?.leave();
    expect(stream.readers).toBe(0);
    const after = looks;
    vi.advanceTimersByTime(50 * INTERVAL);
    expect(looks).toBe(after);
  });

  test('a hundred readers and no more; one that never reads is let go', async () => {
    const dashboard = createFakeDashboard('db1', 1_000);
    const stream = open(dashboard);
    const readers = Array.from({ length: 100 }, () => stream.join(null));
    expect(readers.every((reader) => reader !== null)).toBe(true);
    expect(stream.join(null)).toBeNull();
    for (const reader of readers.slice(1)) reader?.leave();
    // Boards replace each other; rows may not be lost, so a reader with too many waiting is dropped instead.
    while (stream.readers > 0) {
      dashboard.decide();
      vi.advanceTimersByTime(INTERVAL);
    }
    expect(await readers[0]?.next()).toBeNull();
  });

  test('of boards only the newest waits', async () => {
    const dashboard = createFakeDashboard();
    const stream = open(dashboard);
    const reader = stream.join(encodeCursor('db1', dashboard.cursor()));
    dashboard.equityNow = 1_234;
    const probe = stream.join(null);
    expect(JSON.parse((await reader?.next())?.data ?? '{}')).toMatchObject({ status: { equity: 1_234 } });
    probe?.leave();
  });

  test('a look that fails is reported, and the next one goes on: it never reaches the bot', async () => {
    const dashboard = createFakeDashboard();
    const stream = open(dashboard);
    const reader = stream.join(encodeCursor('db1', dashboard.cursor()));
    const cursor = dashboard.cursor.bind(dashboard);
    Object.assign(dashboard, {
      cursor: () => {
        throw new Error('disk I/O error');
      },
    });
    vi.advanceTimersByTime(3 * INTERVAL);
    expect(errors).toHaveLength(3);
    expect(() => open(dashboard).join(null)).toThrow('disk I/O error');
    Object.assign(dashboard, { cursor });
    dashboard.decide();
    expect(reader === null ? null : (await decisionsUntil(reader, 1)).ids).toEqual([1]);
  });

  test('rows that came before a look which failed half-way are not lost to a reader', async () => {
    const dashboard = createFakeDashboard();
    const stream = open(dashboard);
    const reader = stream.join(encodeCursor('db1', dashboard.cursor()));
    const board = dashboard.board.bind(dashboard);
    Object.assign(dashboard, {
      board: () => {
        throw new Error('disk I/O error');
      },
    });
    dashboard.decide();
    vi.advanceTimersByTime(INTERVAL);
    expect(errors).toHaveLength(1);
    Object.assign(dashboard, { board });
    dashboard.decide();
    expect(reader === null ? null : (await decisionsUntil(reader, 2)).ids).toEqual([1, 2]);
  });

  const count = fc.integer({ min: 0, max: 2 ** 40 });
  property.prop([
    fc.record({
      decisions: count,
      fills: count,
      trades: count,
      orders: count,
      alerts: count,
      locks: count,
      equity: count,
      candles: count,
    }),
  ])('a cursor survives being written down', (cursor) => {
    expect(decodeCursor('db1', encodeCursor('db1', cursor))).toEqual(cursor);
    expect(decodeCursor('db2', encodeCursor('db1', cursor))).toBeNull();
  });
});
