import { CANDLE_COLUMN_NAMES, emptyColumns, type CandleColumns } from '../../core/features/candle-columns.ts';
import type { Candle } from '../../core/market/candle.ts';
import type { SymbolName } from '../../core/units.ts';
import type { CandleStore } from '../../ports/candle-store.ts';
import { connect, type Connection } from './connection.ts';
import { asWriteError } from './errors.ts';
import { makeDirectoryOf, makeFile } from './files.ts';
import { inspect, lookAt, refusalFor, type Expectation } from './inspect.ts';

/** "GBCH": candle history, told from a bot's database. */
const CANDLES_APPLICATION_ID = 0x47_42_43_48;
const CANDLES_DATABASE: Expectation = {
  applicationId: CANDLES_APPLICATION_ID,
  schemaVersion: 1,
  what: 'candle history of this program',
};

const SCHEMA = `CREATE TABLE candles (
  symbol TEXT NOT NULL,
  open_time INTEGER NOT NULL,
  open REAL NOT NULL,
  high REAL NOT NULL,
  low REAL NOT NULL,
  close REAL NOT NULL,
  volume REAL NOT NULL,
  quote_volume REAL NOT NULL,
  trades INTEGER NOT NULL,
  taker_buy_base REAL NOT NULL,
  taker_buy_quote REAL NOT NULL,
  PRIMARY KEY (symbol, open_time)
) STRICT, WITHOUT ROWID`;

const FIELDS = 'open_time, open, high, low, close, volume, quote_volume, trades, taker_buy_base, taker_buy_quote';

/** Hourly candles in a database of their own. @throws DatabaseRefused for a file that is something else. */
export const createCandleStore = (path: string): CandleStore => {
  let db: Connection | null = null;
  try {
    if (path === ':memory:') return handle(initialise(open(path)));
    makeDirectoryOf(path);
    if (lookAt(path) === 'file') inspect(path, CANDLES_DATABASE, 'quick');
    else makeFile(path, (file) => initialise(open(file)).close());
    db = open(path);
    return handle(db);
  } catch (error) {
    db?.close();
    throw refusalFor(error, path, CANDLES_DATABASE);
  }
};

/** What is lost with the machine's power can be downloaded again, so it need not wait for the disk. */
const open = (path: string): Connection => connect(path, 'NORMAL');

const initialise = (db: Connection): Connection => {
  db.transaction(() => {
    db.exec(SCHEMA);
    db.pragma('user_version = 1');
    db.pragma(`application_id = ${CANDLES_APPLICATION_ID}`);
  }).immediate();
  return db;
};

const handle = (db: Connection): CandleStore => {
  const symbols = db.prepare<[], string>('SELECT DISTINCT symbol FROM candles ORDER BY symbol').pluck();
  const range = db.prepare<[string], { first: number | null; last: number | null }>(
    'SELECT min(open_time) AS first, max(open_time) AS last FROM candles WHERE symbol = ?',
  );
  const count = db.prepare<[string], number>('SELECT count(*) FROM candles WHERE symbol = ?').pluck();
  const rows = db
    .prepare<[string], number[]>(`SELECT ${FIELDS} FROM candles WHERE symbol = ? ORDER BY open_time`)
    .raw();
  const insert = db.prepare(
    `INSERT OR REPLACE INTO candles (symbol, ${FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const putAll = db.transaction((symbol: SymbolName, candles: readonly Candle[]): number => {
    const before = count.get(symbol) ?? 0;
    for (const candle of candles) insert.run(symbol, ...CANDLE_COLUMN_NAMES.map((name) => candle[name]));
    return (count.get(symbol) ?? 0) - before;
  });
  const series = (symbol: SymbolName): CandleColumns => {
    const columns = emptyColumns(count.get(symbol) ?? 0);
    let row = 0;
    for (const values of rows.iterate(symbol)) {
      CANDLE_COLUMN_NAMES.forEach((name, i) => (columns[name][row] = values[i] ?? Number.NaN));
      row++;
    }
    return columns;
  };
  return {
    symbols: () => symbols.all(),
    range: (symbol) => {
      const found = range.get(symbol);
      return found === undefined || found.first === null || found.last === null
        ? null
        : { first: found.first, last: found.last };
    },
    put: (symbol, candles) => {
      try {
        return putAll.immediate(symbol, candles);
      } catch (error) {
        throw asWriteError(error, 'the candle history');
      }
    },
    series,
    close: () => db.close(),
  };
};
