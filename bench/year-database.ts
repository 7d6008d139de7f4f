/**
 * What a database after a year of two symbols costs: the file check at start, a backup, and a day of the journal put
 * away. Usage: npm run bench -- year-database [directory on the disk to measure] [days of journal]
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, connectReadOnly, integrityFault } from '../src/adapters/sqlite/connection.ts';
import { backupFile } from '../src/adapters/sqlite/copies.ts';
import { openDatabase } from '../src/adapters/sqlite/database.ts';
import { putInPlace } from '../src/adapters/sqlite/files.ts';
import { createJournalStore } from '../src/adapters/sqlite/journal-store.ts';
import { archiveDay } from '../src/app/backup-archive.ts';
import { LOOK_EVERY } from '../src/app/polling-pacer.ts';
import { encodeState } from '../src/core/engine/codec.ts';
import { BTC, ETH, World } from '../src/core/engine/world.test-helper.ts';
import { createEngineState } from '../src/core/engine/state.ts';
import { step } from '../src/core/engine/step.ts';
import type { Input } from '../src/core/engine/input.ts';
import { FEATURE_COUNT } from '../src/core/features/catalogue.ts';
import type { Quote } from '../src/core/market/quote.ts';
import { DAY_MS, HOUR_MS, utcDayStart } from '../src/core/units.ts';

const directory = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'guardian-year-'));
const path = join(directory, 'year.db');
/** Whole days that the retention leaves in the database. */
const JOURNAL_DAYS = Number(process.argv[3] ?? 31);

const said = (what: string, ms: number, more = ''): void =>
  console.log(`${what.padEnd(36)}${ms.toFixed(0).padStart(8)} ms${more === '' ? '' : `  ${more}`}`);

const timed = async <T>(what: string, run: () => T | Promise<T>): Promise<T> => {
  const from = performance.now();
  const result = await run();
  said(what, performance.now() - from);
  return result;
};

/** Of figures as long as real ones are. */
const CANDLE = {
  open: 50_000.12,
  high: 50_100.34,
  low: 49_900.56,
  close: 50_050.78,
  volume: 1_234.56789,
  quoteVolume: 61_728_394.51234,
  trades: 98_765,
  takerBuyBase: 617.28394,
  takerBuyQuote: 30_864_197.25617,
};

const look = (at: number): Input[] => {
  const times = { at, wall: at };
  const price = (base: number): number => Number((base * (1 + 0.003 * Math.sin(at / 700_000))).toFixed(2));
  const quoteOf = (symbol: string, index: number): Quote => {
    const scale = 1 + 15 * index;
    return { symbol, last: price(50_000 / scale), bid: price(49_999.99 / scale), ask: price(50_000.01 / scale), at };
  };
  const inputs: Input[] = [{ type: 'quotes', ...times, quotes: [BTC, ETH].map(quoteOf) }];
  if (at % HOUR_MS !== 0) return inputs;
  for (const symbol of [BTC, ETH]) {
    inputs.push({ type: 'candle', ...times, symbol, candle: { openTime: at - HOUR_MS, ...CANDLE } });
    const features = Array.from({ length: FEATURE_COUNT }, (_, index) => Math.fround(Math.sin(index + at)));
    inputs.push({
      type: 'prediction',
      ...times,
      symbol,
      openTime: at - HOUR_MS,
      probability: 0.512_345_678_9,
      failure: null,
      features,
    });
  }
  return inputs;
};

/**
 * Every look of the days that the journal keeps, and of the days before them the hours alone, whose journal is then
 * left out.
 */
const fill = (): number => {
  openDatabase({ path, mode: 'paper', account: 'paper' }).close();
  const opening = new World({ config: { symbols: [BTC, ETH] } }).ready().journal;
  const db = connect(path, 'NORMAL');
  db.pragma('synchronous = OFF');
  const journal = createJournalStore(db);
  const state = createEngineState();
  journal.commit(opening, (input) => step(state, input));
  const begin = utcDayStart(state.at) + DAY_MS;
  const busy = begin + (365 - JOURNAL_DAYS) * DAY_MS;
  const end = begin + 365 * DAY_MS;
  for (let hour = begin; hour < end; hour += HOUR_MS) {
    if (hour % DAY_MS === 0)
      journal.writeSnapshot({ sequence: journal.lastSequence(), at: state.at, state: encodeState(state) });
    if (hour === busy)
      db.exec(
        `DELETE FROM journal WHERE sequence <= ${journal.lastSequence()}; DELETE FROM snapshots WHERE sequence < ${journal.lastSequence()}`,
      );
    const inputs: Input[] = [];
    for (let at = hour; at < hour + HOUR_MS; at += hour < busy ? HOUR_MS : LOOK_EVERY) inputs.push(...look(at));
    journal.commit(inputs, (input) => step(state, input));
  }
  db.close();
  return end;
};

try {
  if (!existsSync(path)) {
    const from = performance.now();
    fill();
    console.log(`made ${path} in ${((performance.now() - from) / 1000).toFixed(0)} s`);
  }
  for (const check of ['quick', 'full'] as const) {
    const db = connectReadOnly(path);
    const from = performance.now();
    const fault = integrityFault(db, check);
    said(
      `${check} check of the file`,
      performance.now() - from,
      fault ?? `${(((db.pragma('page_count', { simple: true }) as number) * 4096) / 1e6).toFixed(0)} MB, sound`,
    );
    db.close();
  }
  const db = await timed('opened as at a start', () => openDatabase({ path, mode: 'paper', account: 'paper' }));
  const copy = join(directory, 'copy.db');
  rmSync(copy, { force: true });
  await timed('backup, checked (on a thread)', () => backupFile(path, copy, Date.now()));
  rmSync(copy, { force: true });
  const now = db.archive.marks().at(-1)?.at ?? 0;
  const keepDays = db.archive.marks().length - 3;
  const archive = {
    journal: db.archive,
    identity: db.identity,
    put: putInPlace,
    directory: join(directory, 'archive'),
    keepDays,
    now,
  };
  const day = await timed('a day written, proved (on a thread)', () => archiveDay(archive));
  if (day !== null) await timed('and deleted (on the trading loop)', () => db.archive.prune(day.through));
  db.close();
} finally {
  if (process.argv[2] === undefined) rmSync(directory, { recursive: true, force: true });
}
