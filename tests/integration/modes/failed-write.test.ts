import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/sqlite/database.ts';
import { StoreWriteError } from '../../../src/adapters/sqlite/errors.ts';
import { createEngineHost } from '../../../src/app/engine-host.ts';
import { FIXTURE_START, runFixture } from '../../../src/app/replay.test-helper.ts';
import { recover } from '../../../src/app/replay.ts';
import { encodeState } from '../../../src/core/engine/codec.ts';
import type { Effect } from '../../../src/core/engine/effect.ts';
import { createEngineState } from '../../../src/core/engine/state.ts';
import { HOUR_MS } from '../../../src/core/units.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-full-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a full disk stops everything at once: no order leaves, nothing is half-written, and a start with room goes on from the last commit', () => {
  const path = join(directory, 'paper.db');
  const first = openDatabase({ path, mode: 'paper', account: 'paper' });
  runFixture(first.journal, createEngineState(), 1, 5);
  const pages = Math.ceil(first.sizeBytes() / 4096);
  first.close();

  const full = openDatabase({ path, mode: 'paper', account: 'paper', maxPageCount: pages + 2 });
  const { state } = recover(full.journal);
  const failures: unknown[] = [];
  const effects: Effect[] = [];
  let now = FIXTURE_START + 6 * HOUR_MS;
  const clock = { marketNow: () => now, wallNow: () => now, monotonicNow: () => now, sleep: () => Promise.resolve() };
  const host = createEngineHost({ state, store: full.journal, clock, onFatal: (error) => void failures.push(error) });
  host.onEffect((effect) => void effects.push(effect));
  const write = (): void => {
    for (let count = 0; count < 10_000; count += 1) {
      now += 1_000;
      host.apply({ type: 'quotes', quotes: [{ symbol: 'BTC/USDT', last: 60_000, bid: 59_999, ask: 60_001, at: now }] });
    }
  };
  expect(write).toThrow(StoreWriteError);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ code: 'disk-full' });
  const left = effects.length;
  // Whatever comes now, an operator's command or the surest signal: the engine is not asked any more.
  expect(() =>
    host.apply({
      type: 'prediction',
      symbol: 'BTC/USDT',
      openTime: now,
      probability: 0.99,
      failure: null,
      features: [],
    }),
  ).toThrow('has failed');
  expect(() => host.apply({ type: 'command', commandId: 'c', by: 'ada', command: { name: 'resume' } })).toThrow(
    'has failed',
  );
  expect(effects).toHaveLength(left);
  const committed = full.journal.lastSequence();
  full.close();

  const again = openDatabase({ path, mode: 'paper', account: 'paper', check: 'full' });
  const recovered = recover(again.journal);
  expect(recovered.sequence).toBe(committed);
  expect(recovered.difference).toBeNull();
  const next = createEngineHost({ state: recovered.state, store: again.journal, clock, onFatal: () => undefined });
  next.apply({ type: 'timer' });
  expect(encodeState(recover(again.journal).state)).toBe(encodeState(next.state));
  again.close();
});
