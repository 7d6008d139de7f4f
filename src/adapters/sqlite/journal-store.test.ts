import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { decimal } from '../../core/decimal.ts';
import { encodeEffects } from '../../core/engine/codec.ts';
import type { Effect } from '../../core/engine/effect.ts';
import type { Input, PredictionInput } from '../../core/engine/input.ts';
import { DAY_MS } from '../../core/units.ts';
import type { Database } from './database.ts';
import { alertEffect, decision, fill, lockChange, NOON, order, place, timer, trade } from './effects.test-helper.ts';
import { StoreWriteError } from './errors.ts';
import { openForTest, temporaryDirectory, thrownBy } from './sqlite.test-helper.ts';

const commit = (db: Database, effects: readonly Effect[], input: Input = timer()): void =>
  void db.journal.commit([input], () => effects);

/** A second look at the file, as a person would have it. */
const look = (path: string): Sqlite.Database => {
  const raw = new Sqlite(path, { readonly: true });
  onTestFinished(() => void raw.close());
  return raw;
};

const openPair = (options: { maxPageCount?: number } = {}): { db: Database; raw: Sqlite.Database } => {
  const path = join(temporaryDirectory(), 'paper.db');
  return { db: openForTest(path, options), raw: look(path) };
};

const prediction = (features: readonly (number | null)[]): PredictionInput => ({
  type: 'prediction',
  at: NOON,
  wall: NOON,
  symbol: 'BTC/USDT',
  openTime: NOON - 3_600_000,
  probability: 0.5,
  failure: null,
  features,
});

describe('a commit', () => {
  test('keeps inputs and effects, in order, and gives the effects back', () => {
    const { db } = openPair();
    const lists = [[alertEffect('a')], [], [alertEffect('b'), alertEffect('c')]];
    let calls = 0;
    const given = db.journal.commit([timer(1), timer(2), timer(3)], () => lists[calls++] ?? []);
    expect(given).toEqual(lists);
    expect([...db.journal.entriesAfter(0)]).toEqual(
      lists.map((effects, index) => ({
        sequence: index + 1,
        input: timer(index + 1),
        effects: encodeEffects(effects),
      })),
    );
    expect([...db.journal.entriesAfter(2)].map((entry) => entry.sequence)).toEqual([3]);
    expect(db.journal.lastSequence()).toBe(3);
    expect(db.journal.commit([], () => [])).toEqual([]);
  });

  test('is visible to others only as a whole, and before it returns', () => {
    const { db, raw } = openPair();
    const rows = raw
      .prepare('SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM orders) + (SELECT count(*) FROM outbox)')
      .pluck();
    db.journal.commit([timer(1), timer(2)], (input) => {
      expect(rows.get()).toBe(0);
      return [place(`gb-${input.at}`), alertEffect(`k${input.at}`)];
    });
    expect(rows.get()).toBe(6);
  });

  test('of which one step fails is not kept at all, and the next one goes on from there', () => {
    const { db, raw } = openPair();
    commit(db, [place('gb-1')]);
    const error = thrownBy(() =>
      db.journal.commit([timer(2), timer(3)], (input) => {
        if (input.at === 3) throw new RangeError('the engine failed');
        return [place('gb-2'), alertEffect('two')];
      }),
    );
    expect(error).toBeInstanceOf(RangeError);
    expect(raw.prepare('SELECT client_order_id FROM orders').pluck().all()).toEqual(['gb-1']);
    expect(raw.prepare('SELECT count(*) FROM outbox').pluck().get()).toBe(0);
    commit(db, [], timer(4));
    expect(db.journal.lastSequence()).toBe(2);
  });

  test('with a second intent for one client order id, or a fill of no order, is refused whole', () => {
    const { db, raw } = openPair();
    commit(db, [place('gb-1')]);
    for (const effects of [
      [alertEffect('x'), place('gb-1')],
      [alertEffect('x'), fill('gb-9', '1')],
      [alertEffect('x'), order('gb-9')],
      [place('g'.repeat(37))],
    ]) {
      expect(thrownBy(() => commit(db, effects))).toMatchObject({ name: 'StoreWriteError', code: 'constraint' });
    }
    expect(raw.prepare('SELECT count(*) FROM outbox').pluck().get()).toBe(0);
    expect(db.journal.lastSequence()).toBe(1);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'with %s in an input is refused: JSON would say null',
    (value) => {
      const db = openForTest();
      const error = thrownBy(() => commit(db, [], prediction([1, value])));
      expect(error).toMatchObject({
        code: 'not-plain-json',
        message: `an input cannot be journaled: prediction.features[1] is ${value}`,
      });
      expect(db.journal.lastSequence()).toBe(0);
    },
  );

  test.each([
    ['a date', new Date(NOON), ' is an object of a kind of its own'],
    ['a map', new Map(), ' is an object of a kind of its own'],
    ['a function', () => 1, ' is a function'],
    ['a hole', Object.assign(Array.from({ length: 0 }), { 1: 1 }), '[0] is a undefined'],
    ['a big number', { a: [1n] }, '.a[0] is a bigint'],
    ['a name that would be taken for the prototype', JSON.parse('{"__proto__":1}'), '.__proto__ is no name'],
  ])('with %s in an input is refused: JSON would say something else', (_what, external, fault) => {
    const db = openForTest();
    const error = thrownBy(() => commit(db, [], Object.assign(timer(), { external })));
    expect(error).toMatchObject({
      code: 'not-plain-json',
      message: `an input cannot be journaled: timer.external${fault}`,
    });
    expect(db.journal.lastSequence()).toBe(0);
  });

  test('applies what reading its text back would give, whatever is in it, and never the object itself', () => {
    const db = openForTest();
    // The one name that is refused: a copy would have it as its prototype.
    const key = fc.string().filter((name) => name !== '__proto__');
    const anything = fc.anything({
      key,
      withBigInt: false,
      withSparseArray: false,
      withNullPrototype: true,
      withObjectString: false,
      values: [
        fc.string({ unit: 'binary' }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      ],
    });
    fc.assert(
      fc.property(anything, (external) => {
        const given: Input = Object.assign(timer(), { external, left: undefined });
        let applied: unknown = null;
        db.journal.commit([given], (input) => {
          applied = input;
          return [];
        });
        expect(applied).toStrictEqual(JSON.parse(JSON.stringify(given)));
        expect(Object.keys(applied as object)).toEqual(Object.keys(JSON.parse(JSON.stringify(given)) as object));
        if (typeof external === 'object' && external !== null)
          expect((applied as { external: unknown }).external).not.toBe(external);
      }),
      { numRuns: 200 },
    );
  });

  test('applies exactly what is journaled, and doubles come back to the last bit', () => {
    const db = openForTest();
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)), { maxLength: 40 }),
        fc.string({ unit: 'binary' }),
        (features, failure) => {
          const before = db.journal.lastSequence();
          let applied: Input | null = null;
          db.journal.commit([{ ...prediction(features), failure }], (input) => {
            applied = input;
            return [];
          });
          const [entry] = [...db.journal.entriesAfter(before)];
          expect(entry?.input).toEqual(applied);
          const back = entry?.input.type === 'prediction' ? entry.input : prediction([]);
          expect(back.failure).toBe(failure);
          // A zero loses its sign on the way in, for the engine and the journal alike.
          expect(back.features.map((value) => Object.is(value, -0))).not.toContain(true);
          expect(back.features).toEqual(features.map((value) => (value === 0 ? 0 : value)));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('can be made while the journal is being read, page by page', () => {
    const db = openForTest();
    for (let index = 1; index <= 600; index += 1) commit(db, [], timer(index));
    const seen: number[] = [];
    for (const entry of db.journal.entriesAfter(0)) {
      seen.push(entry.sequence);
      if (entry.sequence === 10) commit(db, [], timer(601));
    }
    expect(seen).toEqual(Array.from({ length: 601 }, (_, index) => index + 1));
  });
});

describe('a disk that is full', () => {
  test('fails the commit with a typed error, and nothing of it is kept', () => {
    const { db, raw } = openPair({ maxPageCount: 90 });
    let last = 0;
    const fillUp = (): void => {
      for (let index = 1; index < 10_000; index += 1) {
        db.journal.commit([timer(index), timer(index)], () => [
          alertEffect(`${index}-${Math.random()}`),
          place(`gb-${db.journal.lastSequence()}-${Math.random()}`.slice(0, 36)),
        ]);
        last = db.journal.lastSequence();
      }
    };
    const error = thrownBy(fillUp);
    expect(error).toBeInstanceOf(StoreWriteError);
    expect(error).toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/^journal entry \d+ could not be written: the disk is full/) as string,
    });
    expect(db.journal.lastSequence()).toBe(last);
    expect(raw.prepare('SELECT max(sequence) FROM journal').pluck().get()).toBe(last);
    expect(raw.prepare('SELECT max(sequence) FROM orders').pluck().get()).toBe(last);
    expect(raw.prepare('SELECT max(sequence) FROM outbox').pluck().get()).toBe(last);
    expect(raw.prepare('SELECT count(*) FROM orders').pluck().get()).toBe(last);
    expect(
      thrownBy(() => db.journal.writeSnapshot({ sequence: last, at: NOON, state: 'x'.repeat(100_000) })),
    ).toMatchObject({ code: 'disk-full' });
    expect(raw.pragma('integrity_check', { simple: true })).toBe('ok');
  });
});

describe('snapshots', () => {
  test('the first of each UTC day and the newest stay', () => {
    const { db, raw } = openPair();
    for (let index = 1; index <= 9; index += 1) commit(db, [], timer(index));
    const day = Date.UTC(2024, 7, 5);
    const times = [
      day,
      day + 1000,
      day + DAY_MS - 1,
      day + DAY_MS,
      day + DAY_MS + 5,
      day + 2 * DAY_MS + 1,
      day + 2 * DAY_MS + 2,
      day + 2 * DAY_MS + 3,
    ];
    for (const [index, at] of times.entries()) {
      db.journal.writeSnapshot({ sequence: index + 1, at, state: `{"n":${index + 1}}` });
      expect(db.journal.latestSnapshot()).toEqual({ sequence: index + 1, at, state: `{"n":${index + 1}}` });
    }
    expect(raw.prepare('SELECT sequence FROM snapshots ORDER BY sequence').pluck().all()).toEqual([1, 4, 6, 8]);
  });

  test('none at first; one ahead of the journal is refused', () => {
    const db = openForTest();
    expect(db.journal.latestSnapshot()).toBeNull();
    expect(() => db.journal.writeSnapshot({ sequence: 1, at: NOON, state: '{}' })).toThrow('the journal ends at 0');
  });
});

describe('the derived tables', () => {
  test('an order from its intent to its end', () => {
    const { db, raw } = openPair();
    commit(db, [place('gb-1', { reason: 'signal 0.61' })], timer(NOON, NOON + 5));
    expect(raw.prepare('SELECT * FROM orders').get()).toMatchObject({
      client_order_id: 'gb-1',
      sequence: 1,
      side: 'buy',
      purpose: 'entry',
      quantity: '0.1',
      quantity_real: 0.1,
      limit_price: '60000.5',
      limit_price_real: 60000.5,
      stop_price: null,
      stop_price_real: null,
      status: 'intent',
      executed: '0',
      created_at: NOON,
      created_wall: NOON + 5,
    });
    commit(db, [order('gb-1', { status: 'working', executed: decimal('0.04') })]);
    commit(db, [{ type: 'cancel', symbol: 'BTC/USDT', clientOrderId: 'gb-1', reason: 'halted' }]);
    commit(db, [order('gb-1', { status: 'cancelled', executed: decimal('0.04'), detail: 'by us' })], timer(NOON + 9));
    expect(raw.prepare('SELECT status, exchange_order_id, executed, detail, updated_at FROM orders').get()).toEqual({
      status: 'cancelled',
      exchange_order_id: '77',
      executed: '0.04',
      detail: 'by us',
      updated_at: NOON + 9,
    });
    expect(raw.prepare('SELECT sequence, event, status, executed, detail FROM order_events ORDER BY id').all()).toEqual(
      [
        { sequence: 1, event: 'intent', status: 'intent', executed: null, detail: 'signal 0.61' },
        { sequence: 2, event: 'status', status: 'working', executed: '0.04', detail: null },
        { sequence: 3, event: 'cancel-requested', status: null, executed: null, detail: 'halted' },
        { sequence: 4, event: 'status', status: 'cancelled', executed: '0.04', detail: 'by us' },
      ],
    );
  });

  test('fees of fills at their value in quote currency', () => {
    const { db, raw } = openPair();
    commit(db, [place('gb-1'), fill('gb-1', '1')]);
    commit(db, [fill('gb-1', '2', { fee: decimal('0.0001'), feeAsset: 'BTC', price: decimal('60000.5') })]);
    commit(db, [fill('gb-1', '3', { fee: decimal('0.01'), feeAsset: 'BNB', realised: decimal('-5.5') })]);
    commit(db, [fill('gb-1', '4', { side: 'sell', fee: decimal('0.02'), feeAsset: 'BNB', realised: decimal('80') })]);
    commit(db, [fill('gb-1', '5', { side: 'sell', fee: decimal('0.02'), feeAsset: 'XYZ', realised: decimal('80') })]);
    expect(raw.prepare('SELECT fee_value FROM fills ORDER BY id').pluck().all()).toEqual([
      '6.00005',
      '6.00005',
      '5.5',
      '11',
      null,
    ]);
  });

  test('a trade id may come again under another order (a sandbox was reset), not under the same', () => {
    const { db } = openPair();
    commit(db, [place('gb-1'), fill('gb-1', '1'), place('gb-2'), fill('gb-2', '1')]);
    expect(thrownBy(() => commit(db, [fill('gb-2', '1')]))).toMatchObject({ code: 'constraint' });
  });

  test('locks keep their history; those in force are the newest that were not cleared', () => {
    const { db, raw } = openPair();
    commit(db, [lockChange('set'), lockChange('set', 'volatility:BTC/USDT')]);
    commit(db, [lockChange('cleared')], timer(NOON + 1));
    commit(db, [lockChange('set', 'kill-switch', NOON + 2)], timer(NOON + 2));
    commit(db, [lockChange('cleared', 'volatility:BTC/USDT')]);
    expect(
      raw.prepare('SELECT lock_id, change, changed_by, limit_value, value FROM locks ORDER BY id LIMIT 3').all(),
    ).toEqual([
      { lock_id: 'kill-switch', change: 'set', changed_by: 'rule', limit_value: 3, value: 3 },
      { lock_id: 'volatility:BTC/USDT', change: 'set', changed_by: 'rule', limit_value: 3, value: 3 },
      { lock_id: 'kill-switch', change: 'cleared', changed_by: 'telegram 1', limit_value: 3, value: 3 },
    ]);
    expect(raw.prepare('SELECT lock_id, since FROM locks_in_force').all()).toEqual([
      { lock_id: 'kill-switch', since: '2024-08-05T12:00:00.002Z' },
    ]);
  });

  test('baselines, equity, deposits, decisions, trades and commands', () => {
    const { db, raw } = openPair();
    commit(db, [
      { type: 'deposit', amount: decimal('1000'), at: NOON },
      { type: 'baseline', name: 'day', before: null, after: 1000, cause: 'new day' },
    ]);
    commit(db, [
      { type: 'deposit', amount: decimal('-12.34'), at: NOON },
      { type: 'equity', at: NOON, equity: 987.66, cash: 900, exposure: 87.66 },
    ]);
    commit(db, [
      place('gb-1'),
      decision({
        clientOrderId: 'gb-1',
        sizing: {
          equity: 1000,
          riskAmount: decimal('10'),
          lossPerUnit: decimal('1050.25'),
          limitPrice: decimal('60000'),
          steps: [{ rule: 'cash', quantity: decimal('0.009') }],
        },
      }),
      trade('gb-1'),
    ]);
    commit(db, [{ type: 'command-result', commandId: 'c1', ok: false, code: 'refused', text: 'no' }], {
      type: 'command',
      at: NOON,
      wall: NOON,
      commandId: 'c1',
      by: 'telegram 1 (Ada)',
      command: { name: 'pause', reason: 'x' },
    });
    expect(raw.prepare('SELECT amount, opening FROM deposits').all()).toEqual([
      { amount: '1000', opening: 1 },
      { amount: '-12.34', opening: 0 },
    ]);
    expect(raw.prepare('SELECT name, value_before, value_after, cause FROM baselines').all()).toEqual([
      { name: 'day', value_before: null, value_after: 1000, cause: 'new day' },
    ]);
    expect(raw.prepare('SELECT at, equity, cash, exposure FROM equity_iso').all()).toEqual([
      { at: '2024-08-05T12:00:00.000Z', equity: 987.66, cash: 900, exposure: 87.66 },
    ]);
    expect(
      raw
        .prepare(
          "SELECT json_extract(sizing, '$.steps[0].quantity') AS q, json_extract(checks, '$[0].code') AS c FROM decisions",
        )
        .get(),
    ).toEqual({ q: '0.009', c: 'cash' });
    expect(raw.prepare('SELECT pnl, pnl_real, entry_order_id FROM trades').get()).toEqual({
      pnl: '87.85',
      pnl_real: 87.85,
      entry_order_id: 'gb-1',
    });
    expect(raw.prepare('SELECT * FROM daily_results').all()).toEqual([
      { utc_day: '2024-08-05', trades: 1, wins: 1, pnl: 87.85, fees: 12.1 },
    ]);
    expect(raw.prepare('SELECT issued_by, name, ok, code FROM commands').get()).toEqual({
      issued_by: 'telegram 1 (Ada)',
      name: 'pause',
      ok: 0,
      code: 'refused',
    });
  });

  test('an alert with a key that is known already is not said again', () => {
    const { db, raw } = openPair();
    commit(db, [alertEffect('a'), alertEffect('b')]);
    commit(db, [alertEffect('a')]);
    expect(raw.prepare('SELECT key, sequence FROM outbox ORDER BY id').all()).toEqual([
      { key: 'a', sequence: 1 },
      { key: 'b', sequence: 1 },
    ]);
  });
});
