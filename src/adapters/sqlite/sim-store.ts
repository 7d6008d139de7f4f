import { connect, type Connection } from './connection.ts';
import { asWriteError } from './errors.ts';
import { makeDirectoryOf, makeFile } from './files.ts';
import { inspect, lookAt, refusalFor, type Expectation } from './inspect.ts';

/** "GBSM": the simulator's account, told from a bot's database. */
const SIM_APPLICATION_ID = 0x47_42_53_4d;

const SIM_DATABASE: Expectation = {
  applicationId: SIM_APPLICATION_ID,
  schemaVersion: 1,
  what: "a simulator's account of this program",
};

/** Keeps the simulated exchange's account; the shape that the simulator asks for, and a way to end. */
export interface SimStoreHandle {
  /** Everything written and not deleted, in the order of the keys. */
  load(): Iterable<readonly [key: string, value: string]>;
  /** All entries or none; null deletes. Safe from the loss of the process when it returns. */
  write(entries: readonly (readonly [key: string, value: string | null])[]): void;
  close(): void;
}

/** @throws DatabaseRefused for a file that is something else. */
export const createSimStore = (path: string): SimStoreHandle => {
  let db: Connection | null = null;
  try {
    if (path === ':memory:') return handle(initialise(open(path)));
    makeDirectoryOf(path);
    if (lookAt(path) === 'file') inspect(path, SIM_DATABASE, 'quick');
    else makeFile(path, (file) => initialise(open(file)).close());
    db = open(path);
    return handle(db);
  } catch (error) {
    db?.close();
    throw refusalFor(error, path, SIM_DATABASE);
  }
};

/** A simulated account may lose its last moments with the machine's power, so it need not wait for the disk. */
const open = (path: string): Connection => connect(path, 'NORMAL');

const initialise = (db: Connection): Connection => {
  db.transaction(() => {
    db.exec('CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID');
    db.pragma('user_version = 1');
    db.pragma(`application_id = ${SIM_APPLICATION_ID}`);
  }).immediate();
  return db;
};

const handle = (db: Connection): SimStoreHandle => {
  const all = db.prepare<[], [string, string]>('SELECT key, value FROM entries ORDER BY key').raw();
  const put = db.prepare(
    'INSERT INTO entries (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  const remove = db.prepare('DELETE FROM entries WHERE key = ?');
  const writeAll = db.transaction((entries: readonly (readonly [string, string | null])[]) => {
    for (const [key, value] of entries) {
      if (value === null) remove.run(key);
      else put.run(key, value);
    }
  });
  return {
    load: () => all.all(),
    write: (entries) => {
      try {
        writeAll.immediate(entries);
      } catch (error) {
        throw asWriteError(error, "the simulator's account");
      }
    },
    close: () => void db.close(),
  };
};
