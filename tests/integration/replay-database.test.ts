import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase, openReadOnly } from '../../src/adapters/sqlite/database.ts';
import { describeDifference, explain, recover, verify } from '../../src/app/replay.ts';
import { FIXTURE_START, runFixture } from '../../src/app/replay.test-helper.ts';
import { add, decimal, formatDecimal, sum, ZERO } from '../../src/core/decimal.ts';
import { encodeState } from '../../src/core/engine/codec.ts';
import type { Effect } from '../../src/core/engine/effect.ts';
import { createEngineState, type EngineState } from '../../src/core/engine/state.ts';
import { DAY_MS } from '../../src/core/units.ts';

const DAYS = 10;

const newPath = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-replay-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'paper.db');
};

const open = (path: string) => openDatabase({ path, mode: 'paper', account: 'paper' });

/** Ten days with a snapshot and a restart half-way, as the bot would have them. */
const record = (path: string): { readonly state: EngineState; readonly effects: readonly Effect[] } => {
  const first = open(path);
  const half = runFixture(first.journal, createEngineState(), 3, (DAYS / 2) * 24);
  first.journal.writeSnapshot({
    sequence: first.journal.lastSequence(),
    at: half.state.at,
    state: encodeState(half.state),
  });
  first.close();
  const second = open(path);
  const { state, difference, replayed } = recover(second.journal);
  expect({ difference, replayed }).toEqual({ difference: null, replayed: 0 });
  const rest = runFixture(second.journal, state, 4, (DAYS / 2) * 24, FIXTURE_START + (DAYS / 2) * DAY_MS);
  second.close();
  return { state: rest.state, effects: [...half.effects, ...rest.effects] };
};

test('a journal in a database replays bit for bit, over a restart, and the derived tables say the same', () => {
  const path = newPath();
  const { state, effects } = record(path);
  const db = openReadOnly(path, 'full');
  onTestFinished(() => db.close());
  const result = verify(db.journal);
  expect(result).toEqual({
    ok: true,
    entries: db.journal.lastSequence(),
    effects: effects.length,
    firstDifference: null,
    engineVersions: ['fixture-engine'],
  });
  const recovered = recover(db.journal);
  expect(recovered.snapshotSequence).toBeGreaterThan(0);
  expect(encodeState(recovered.state)).toBe(encodeState(state));

  const of = <Type extends Effect['type']>(type: Type): Extract<Effect, { type: Type }>[] =>
    effects.filter((effect): effect is Extract<Effect, { type: Type }> => effect.type === type);
  const raw = new Sqlite(path, { readonly: true });
  onTestFinished(() => void raw.close());
  const count = (table: string): unknown => raw.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  for (const [table, type] of [
    ['orders', 'place'],
    ['fills', 'fill'],
    ['trades', 'trade'],
    ['locks', 'lock'],
    ['baselines', 'baseline'],
    ['decisions', 'decision'],
    ['equity', 'equity'],
    ['deposits', 'deposit'],
    ['commands', 'command-result'],
  ] as const) {
    expect([table, count(table)]).toEqual([table, of(type).length]);
    expect(of(type).length).toBeGreaterThan(0);
  }
  expect(count('order_events')).toBe(of('place').length + of('order').length + of('cancel').length);
  expect(count('outbox')).toBe(new Set(of('alert').map(({ alert }) => alert.key)).size);
  // The books in SQL are those of the ledger, to the last decimal.
  const realised = sum(raw.prepare<[], string>('SELECT realised FROM fills').pluck().all().map(decimal));
  expect(formatDecimal(realised)).toBe(formatDecimal(state.ledger.realised));
  const deposits = raw.prepare<[], string>('SELECT amount FROM deposits').pluck().all().map(decimal).reduce(add, ZERO);
  expect(formatDecimal(deposits)).toBe(formatDecimal(state.ledger.deposits));
  expect(raw.prepare<[], string>('SELECT lock_id FROM locks_in_force ORDER BY lock_id').pluck().all()).toEqual(
    Object.keys(state.guardian.locks).sort(),
  );
  for (const [id, order] of Object.entries(state.orders)) {
    expect(
      raw.prepare('SELECT status, executed, exchange_order_id FROM orders WHERE client_order_id = ?').get(id),
    ).toEqual({
      status: order.status,
      executed: formatDecimal(order.executed),
      exchange_order_id: order.exchangeOrderId,
    });
  }
  // No order without an intent recorded in the very entry that caused it, and no fill without its order.
  expect(raw.pragma('foreign_key_check')).toEqual([]);
  expect(
    raw
      .prepare(
        "SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM order_events e WHERE e.client_order_id = o.client_order_id AND e.event = 'intent' AND e.sequence = o.sequence)",
      )
      .pluck()
      .get(),
  ).toBe(0);
});

test('one edited number in the file is named, with both values', () => {
  const path = newPath();
  record(path);
  const raw = new Sqlite(path);
  const sequence =
    raw
      .prepare<[], number>('SELECT sequence FROM decisions WHERE probability IS NOT NULL ORDER BY id DESC LIMIT 1')
      .pluck()
      .get() ?? 0;
  raw
    .prepare(
      "UPDATE journal SET input = json_set(input, '$.probability', json_extract(input, '$.probability') + 1e-12) WHERE sequence = ?",
    )
    .run(sequence);
  raw.close();
  const db = openReadOnly(path);
  onTestFinished(() => db.close());
  const { ok, entries, firstDifference } = verify(db.journal);
  expect(ok).toBe(false);
  expect(entries).toBe(sequence - 1);
  expect(firstDifference).toMatchObject({ sequence, inputType: 'prediction' });
  expect(firstDifference === null ? '' : describeDifference(firstDifference)).toMatch(
    new RegExp(`^entry ${sequence} \\(prediction, .*recorded .*replayed `),
  );
  // The start is not failed by it: the snapshot and what follows are another matter, and the caller is told.
  const { difference, sequence: last } = recover(db.journal);
  expect(difference).toMatchObject({ sequence });
  expect(last).toBe(db.journal.lastSequence());
});

test('an order of the database is explained', () => {
  const path = newPath();
  record(path);
  const db = openReadOnly(path);
  onTestFinished(() => db.close());
  const trade = db.records.trades(1, 0).trades[0];
  expect(trade).toBeDefined();
  const raw = new Sqlite(path, { readonly: true });
  const id = raw.prepare<[], string>('SELECT entry_order_id FROM trades ORDER BY id DESC LIMIT 1').pluck().get() ?? '';
  raw.close();
  const lines = explain(db.journal, id) ?? [];
  expect(lines[0]).toMatch(new RegExp(`^Order ${id}, entry: buy [0-9.]+ BTC/USDT limit at [0-9.]+ IOC$`));
  expect(lines.join('\n')).toContain(`Trade closed`);
});
