import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { Database } from './database.ts';
import { openDatabase } from './database.ts';
import { alertEffect, alertOf, NOON, timer } from './effects.test-helper.ts';
import { openForTest, temporaryDirectory } from './sqlite.test-helper.ts';

const say = (db: Database, ...keys: readonly string[]): void =>
  void db.journal.commit([timer(NOON, NOON + 5)], () => keys.map(alertEffect));
const waiting = (db: Database, chat: number, limit = 100): readonly string[] =>
  db.outbox.pending(chat, limit).map((row) => row.alert.key);

describe('delivery', () => {
  test('rows wait for each chat apart, oldest first, with the wall time of their commit', () => {
    const db = openForTest();
    say(db, 'a', 'b');
    db.outbox.add(alertOf('security:stranger', { kind: 'security' }), NOON + 7);
    expect(db.outbox.pending(1, 2)).toEqual([
      { id: 1, alert: alertOf('a'), createdAt: NOON + 5, attempts: 0 },
      { id: 2, alert: alertOf('b'), createdAt: NOON + 5, attempts: 0 },
    ]);
    expect(waiting(db, -100)).toEqual(['a', 'b', 'security:stranger']);
    db.outbox.markDelivered(1, [1], NOON);
    expect(waiting(db, 1)).toEqual(['b', 'security:stranger']);
    expect(waiting(db, -100)).toEqual(['a', 'b', 'security:stranger']);
    expect(db.outbox.pendingCount()).toBe(5);
  });

  test('out of order, parked and repeated: each row is settled once, none is lost', () => {
    const db = openForTest();
    say(db, 'a', 'b', 'c', 'd');
    expect(waiting(db, 1)).toHaveLength(4);
    db.outbox.markDelivered(1, [3], NOON);
    expect(waiting(db, 1)).toEqual(['a', 'b', 'd']);
    db.outbox.park(1, [1], 'blocked', NOON);
    db.outbox.markDelivered(1, [1], NOON);
    expect(waiting(db, 1)).toEqual(['b', 'd']);
    db.outbox.markDelivered(1, [2], NOON);
    expect(waiting(db, 1)).toEqual(['d']);
    db.outbox.markDelivered(1, [2], NOON);
    db.outbox.markDelivered(1, [4], NOON);
    expect(waiting(db, 1)).toEqual([]);
    expect(db.outbox.pendingCount()).toBe(0);
    say(db, 'e');
    expect(waiting(db, 1)).toEqual(['e']);
  });

  test('many rows are one write: all of them are settled, or none', () => {
    const db = openForTest();
    say(db, 'a', 'b', 'c', 'd');
    expect(waiting(db, 1)).toHaveLength(4);
    const unknown = 99;
    for (const write of [
      () => db.outbox.recordAttempt(1, [1, unknown]),
      () => db.outbox.markDelivered(1, [1, 2, unknown], NOON),
      () => db.outbox.park(1, [3, unknown], 'no', NOON),
    ])
      expect(write).toThrow(/FOREIGN KEY/);
    expect(db.outbox.pending(1, 9).map(({ id, attempts }) => [id, attempts])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
    ]);
    db.outbox.recordAttempt(1, [1, 2, 4]);
    db.outbox.markDelivered(1, [1, 2, 4], NOON);
    expect(waiting(db, 1)).toEqual(['c']);
    db.outbox.park(1, [], 'nothing', NOON);
    db.outbox.markDelivered(1, [3], NOON);
    expect(db.outbox.pendingCount()).toBe(0);
  });

  test('a closed chat is parked at once, and opens again in order, without what is delivered or too old', () => {
    const db = openForTest();
    say(db, 'a', 'b', 'c');
    expect(waiting(db, 1)).toHaveLength(3);
    expect(waiting(db, 2)).toHaveLength(3);
    db.outbox.recordAttempt(1, [1]);
    db.outbox.markDelivered(1, [2], NOON);
    db.outbox.parkAll(1, 'chat not found', NOON);
    expect(waiting(db, 1)).toEqual([]);
    expect(waiting(db, 2)).toEqual(['a', 'b', 'c']);
    say(db, 'd');
    expect(waiting(db, 1)).toEqual(['d']);
    db.outbox.markDelivered(1, [4], NOON);
    db.outbox.reopen(1, NOON);
    expect(waiting(db, 1)).toEqual(['a', 'c']);
    expect(waiting(db, 2)).toEqual(['a', 'b', 'c', 'd']);
    db.outbox.parkAll(1, 'blocked', NOON);
    // All were committed at NOON + 5.
    db.outbox.reopen(1, NOON + 6);
    expect(waiting(db, 1)).toEqual([]);
    db.outbox.reopen(1, NOON + 5);
    db.outbox.markDelivered(1, [1], NOON);
    db.outbox.markDelivered(1, [3], NOON);
    db.outbox.reopen(1, 0);
    expect(waiting(db, 1)).toEqual([]);
    say(db, 'e');
    expect(waiting(db, 1)).toEqual(['e']);
  });

  test('a chat that was never met can be closed and opened', () => {
    const db = openForTest();
    db.outbox.reopen(5, 0);
    db.outbox.parkAll(6, 'chat not found', NOON);
    say(db, 'a');
    expect(waiting(db, 5)).toEqual(['a']);
    expect(waiting(db, 6)).toEqual(['a']);
  });

  test('what was parked stays on record as parked, with why', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const db = openForTest(path);
    say(db, 'a');
    db.outbox.recordAttempt(1, [1]);
    db.outbox.park(1, [1], 'bot was blocked', NOON);
    db.outbox.markDelivered(1, [1], NOON + 1);
    const raw = new Sqlite(path, { readonly: true });
    expect(raw.prepare('SELECT state, why, attempts, settled_at FROM outbox_deliveries').all()).toEqual([
      { state: 'parked', why: 'bot was blocked', attempts: 1, settled_at: NOON },
    ]);
    raw.close();
  });

  test('attempts are counted and survive a restart, as does what was delivered', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const first = openDatabase({ path, mode: 'paper', account: 'paper' });
    say(first, 'a', 'b');
    first.outbox.recordAttempt(1, [1]);
    first.outbox.recordAttempt(1, [2]);
    first.outbox.recordAttempt(1, [2]);
    first.outbox.markDelivered(1, [1], NOON);
    first.close();
    const second = openForTest(path);
    expect(second.outbox.pending(1, 9)).toEqual([{ id: 2, alert: alertOf('b'), createdAt: NOON + 5, attempts: 2 }]);
  });

  test('the same key twice is one row, whoever adds it', () => {
    const db = openForTest();
    say(db, 'a');
    db.outbox.add(alertOf('a'), NOON);
    db.outbox.add(alertOf('b'), NOON);
    db.outbox.add(alertOf('b'), NOON);
    expect(waiting(db, 1)).toEqual(['a', 'b']);
  });
});

describe('chats', () => {
  test('what was said before anyone listened is delivered', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const first = openDatabase({ path, mode: 'paper', account: 'paper' });
    say(first, 'a');
    first.close();
    const second = openForTest(path);
    say(second, 'b');
    expect(waiting(second, 1)).toEqual(['a', 'b']);
  });

  test('a chat added later hears what was said since that start, not the whole past', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const first = openDatabase({ path, mode: 'paper', account: 'paper' });
    say(first, 'old');
    expect(waiting(first, 1)).toEqual(['old']);
    first.outbox.markDelivered(1, [1], NOON);
    first.close();
    const second = openForTest(path);
    say(second, 'started');
    expect(waiting(second, 1)).toEqual(['started']);
    expect(waiting(second, 2)).toEqual(['started']);
  });

  test('and what the others have not heard either: a crash before it was met loses nothing', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const first = openDatabase({ path, mode: 'paper', account: 'paper' });
    say(first, 'lock');
    expect(waiting(first, 1)).toEqual(['lock']);
    first.close();
    const second = openForTest(path);
    expect(waiting(second, 2)).toEqual(['lock']);
  });

  test('but not all that one has missed which was dropped long ago', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const first = openDatabase({ path, mode: 'paper', account: 'paper' });
    for (const chat of [1, 2]) expect(waiting(first, chat)).toEqual([]);
    say(first, 'while the second is not configured', 'another');
    first.outbox.markDelivered(1, [1, 2], NOON);
    first.close();
    const later = openForTest(path);
    say(later, 'started');
    expect(waiting(later, 3)).toEqual(['started']);
    expect(waiting(later, 1)).toEqual(['started']);
  });

  test('one that is listed again hears what has been said since that start; what it missed, or was kept for it, never waits again', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const first = openDatabase({ path, mode: 'paper', account: 'paper' });
    say(first, 'delivered', 'tried', 'kept');
    for (const chat of [1, 2]) expect(waiting(first, chat)).toHaveLength(3);
    first.outbox.markDelivered(1, [1, 2, 3], NOON);
    first.outbox.markDelivered(2, [1], NOON);
    first.outbox.recordAttempt(2, [2]);
    first.outbox.park(2, [3], 'blocked', NOON);
    say(first, 'without the second', 'another');
    first.outbox.markDelivered(1, [4, 5], NOON);
    first.close();

    const back = openDatabase({ path, mode: 'paper', account: 'paper' });
    say(back, 'started');
    expect(waiting(back, 1)).toEqual(['started']);
    back.outbox.rejoin(2, 'not listed', NOON + 9);
    back.outbox.rejoin(3, 'never seen before', NOON + 9);
    expect(waiting(back, 2)).toEqual(['started']);
    expect(waiting(back, 3)).toEqual(['started']);
    // Neither a start nor the person's own message brings it back.
    back.outbox.reopen(2, 0);
    expect(waiting(back, 2)).toEqual(['started']);
    back.close();
    const next = openForTest(path);
    next.outbox.reopen(2, 0);
    expect(waiting(next, 2)).toEqual(['started']);
    next.outbox.parkAll(2, 'blocked', NOON);
    next.outbox.reopen(2, 0);
    expect(waiting(next, 2)).toEqual(['started']);
    const raw = new Sqlite(path, { readonly: true });
    expect(
      raw
        .prepare(
          "SELECT outbox_id, state, why FROM outbox_deliveries WHERE chat_id = 2 AND why LIKE '%not listed%' ORDER BY outbox_id",
        )
        .all(),
    ).toEqual([
      { outbox_id: 2, state: 'parked', why: 'left: not listed' },
      { outbox_id: 3, state: 'parked', why: 'left: not listed (blocked)' },
      { outbox_id: 4, state: 'parked', why: 'left: not listed' },
      { outbox_id: 5, state: 'parked', why: 'left: not listed' },
    ]);
    raw.close();
  });

  test('one that is listed again hears what none of the others has heard', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const first = openDatabase({ path, mode: 'paper', account: 'paper' });
    for (const chat of [1, 2]) expect(waiting(first, chat)).toEqual([]);
    say(first, 'a', 'lock');
    first.outbox.markDelivered(1, [1], NOON);
    first.close();
    const second = openForTest(path);
    second.outbox.rejoin(2, 'not listed', NOON);
    expect(waiting(second, 2)).toEqual(['lock']);
  });

  test('one that is no longer configured does not count as waiting', () => {
    const path = join(temporaryDirectory(), 'paper.db');
    const first = openDatabase({ path, mode: 'paper', account: 'paper' });
    say(first, 'a', 'b');
    expect(waiting(first, 1)).toHaveLength(2);
    expect(waiting(first, 2)).toHaveLength(2);
    expect(first.outbox.pendingCount()).toBe(4);
    first.close();
    const second = openForTest(path);
    expect(waiting(second, 2)).toHaveLength(2);
    expect(second.outbox.pendingCount()).toBe(2);
  });
});
