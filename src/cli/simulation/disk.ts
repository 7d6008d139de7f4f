import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Connection } from '../../adapters/sqlite/connection.ts';
import { openDatabase, type Database } from '../../adapters/sqlite/database.ts';
import { createJournalStore } from '../../adapters/sqlite/journal-store.ts';
import { migrate } from '../../adapters/sqlite/migrate.ts';
import { createOutboxStore } from '../../adapters/sqlite/outbox-store.ts';
import type { EngineState } from '../../core/engine/state.ts';
import type { OutboxStore } from '../../ports/outbox.ts';
import type { JournalStore } from '../../ports/store.ts';
import type { RandomStream } from '../../sim/generator/random.ts';

/** What one process sees of the database. */
export interface Stores {
  readonly journal: JournalStore;
  readonly outbox: OutboxStore;
}

/** What stays when a process ends. */
export interface Disk {
  /** The database as the next process finds it. */
  open(): Stores;
  /** The process ends now, possibly in the middle of a write: what was not committed is lost. */
  crashed(): void;
  close(): void;
  /** Client order ids whose intent is on disk. */
  readonly intents: Set<string>;
  /** Keys of the alerts that are on disk. */
  readonly alerts: Set<string>;
  /**
   * The state after the last commit of a process that ended between two commits, which nobody changes any more; null
   * when it cannot be told.
   */
  lastState: EngineState | null;
  starts: number;
}

/** Files in memory, where the system has them: what a flush costs is not the question here. */
const MEMORY_FILES = '/dev/shm';

const record = (): Pick<Disk, 'intents' | 'alerts' | 'lastState' | 'starts'> => ({
  intents: new Set(),
  alerts: new Set(),
  lastState: null,
  starts: 0,
});

/**
 * The real store in memory: quick. A transaction under way at a crash is rolled back; everything else was committed.
 */
export const createMemoryDisk = (): Disk => {
  const db = connect(':memory:', 'FULL');
  migrate(db, 0);
  keepStatements(db);
  return {
    ...record(),
    open: () => ({ journal: createJournalStore(db), outbox: createOutboxStore(db) }),
    crashed: () => undefined,
    close: () => void db.close(),
  };
};

/** Each process reads the database anew; only that SQLite understands the same text again at every start is spared. */
const keepStatements = (db: Connection): void => {
  const prepare = db.prepare.bind(db);
  const kept = new Map<string, unknown>();
  Object.assign(db, {
    prepare: (source: string): unknown => {
      const statement = kept.get(source) ?? prepare(source);
      kept.set(source, statement);
      return statement;
    },
  });
};

/**
 * The real store on real files. At a crash the files are taken as they are at that instant, with the
 * torn beginning of a write that was never synced behind them, and the next process opens that.
 */
export const createFileDisk = (random: RandomStream, now: () => number): Disk => {
  const folder = mkdtempSync(join(existsSync(MEMORY_FILES) ? MEMORY_FILES : tmpdir(), 'guardian-simulation-'));
  let generation = 0;
  let open: Database | null = null;
  const pathOf = (count: number): string => join(folder, String(count), 'bot.db');
  mkdirSync(join(folder, '0'));

  const takeImage = (): void => {
    const from = pathOf(generation);
    const to = pathOf(generation + 1);
    mkdirSync(join(folder, String(generation + 1)));
    copyFileSync(from, to);
    if (existsSync(`${from}-wal`)) {
      copyFileSync(`${from}-wal`, `${to}-wal`);
      const torn = Math.floor(random.uniform() * 6_000);
      appendFileSync(`${to}-wal`, Buffer.from(Array.from({ length: torn }, () => Math.floor(random.uniform() * 256))));
    }
  };

  const leave = (): void => {
    open?.close();
    open = null;
    rmSync(join(folder, String(generation)), { recursive: true, force: true });
    generation += 1;
  };

  return {
    ...record(),
    open: () => {
      open = openDatabase({ path: pathOf(generation), mode: 'testnet', account: 'simulation', now });
      return { journal: open.journal, outbox: open.outbox };
    },
    crashed: () => {
      takeImage();
      // A transaction under way still runs in the old handle: it is left to the dead.
      const dead = open;
      open = null;
      const old = generation;
      generation += 1;
      setImmediate(() => {
        dead?.close();
        rmSync(join(folder, String(old)), { recursive: true, force: true });
      });
    },
    close: () => {
      leave();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
