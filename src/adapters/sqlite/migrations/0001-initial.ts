/**
 * Conventions of the schema, for whoever queries it:
 * - times are integer milliseconds since 1970 UTC; `at` is market time, `wall` and `created_at` in the outbox are wall
 * time;
 *   the views named *_iso show them as text;
 * - money and quantities are exact decimal TEXT; the generated *_real columns beside them are doubles for sums and
 * charts;
 * - `sequence` is the journal entry in whose transaction the row was written;
 * - everything but meta, the outbox's deliveries, audit_log and telegram_updates is derived from the journal.
 */
const iso = (column: string): string =>
  `strftime('%Y-%m-%dT%H:%M:%S', ${column} / 1000, 'unixepoch') || printf('.%03dZ', ${column} % 1000)`;

const real = (column: string): string => `${column}_real REAL GENERATED ALWAYS AS (CAST(${column} AS REAL)) VIRTUAL`;

const TABLES = `
CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- The truth: every input with the effects it had. Everything else can be derived from it.
CREATE TABLE journal (
  sequence INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  wall INTEGER NOT NULL,
  type TEXT NOT NULL,
  input TEXT NOT NULL,
  effects TEXT NOT NULL
) STRICT;

CREATE TABLE snapshots (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, utc_day INTEGER NOT NULL, state TEXT NOT NULL) STRICT;
CREATE INDEX snapshots_by_day ON snapshots (utc_day, sequence);

-- A row exists before its order is sent.
CREATE TABLE orders (
  client_order_id TEXT PRIMARY KEY CHECK (length(client_order_id) <= 36),
  sequence INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
  type TEXT NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('entry', 'stop', 'exit')),
  quantity TEXT NOT NULL,
  limit_price TEXT,
  stop_price TEXT,
  time_in_force TEXT,
  expires_at_wall INTEGER,
  reason TEXT NOT NULL,
  status TEXT NOT NULL,
  exchange_order_id TEXT,
  executed TEXT NOT NULL,
  detail TEXT,
  created_at INTEGER NOT NULL,
  created_wall INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  ${real('quantity')},
  ${real('limit_price')},
  ${real('stop_price')},
  ${real('executed')}
) STRICT;
CREATE INDEX orders_by_sequence ON orders (sequence);

CREATE TABLE order_events (
  id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  client_order_id TEXT NOT NULL REFERENCES orders (client_order_id),
  at INTEGER NOT NULL,
  wall INTEGER NOT NULL,
  event TEXT NOT NULL CHECK (event IN ('intent', 'cancel-requested', 'status')),
  status TEXT,
  exchange_order_id TEXT,
  executed TEXT,
  detail TEXT
) STRICT;
CREATE INDEX order_events_by_order ON order_events (client_order_id, id);

-- Trade ids are unique per symbol until an exchange's sandbox is reset; with the order they always are.
CREATE TABLE fills (
  id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  client_order_id TEXT NOT NULL REFERENCES orders (client_order_id),
  trade_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  purpose TEXT NOT NULL,
  price TEXT NOT NULL,
  quantity TEXT NOT NULL,
  quote_quantity TEXT NOT NULL,
  fee TEXT NOT NULL,
  fee_asset TEXT NOT NULL,
  -- In quote currency; null for a fee in a third coin whose price is not on record.
  fee_value TEXT,
  realised TEXT NOT NULL,
  at INTEGER NOT NULL,
  ${real('price')},
  ${real('quantity')},
  ${real('quote_quantity')},
  ${real('fee')},
  ${real('fee_value')},
  ${real('realised')},
  UNIQUE (client_order_id, trade_id)
) STRICT;
CREATE INDEX fills_by_time ON fills (at);

CREATE TABLE trades (
  id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  quantity TEXT NOT NULL,
  entry_price TEXT NOT NULL,
  exit_price TEXT NOT NULL,
  fees TEXT NOT NULL,
  pnl TEXT NOT NULL,
  pnl_fraction REAL NOT NULL,
  opened_at INTEGER NOT NULL,
  closed_at INTEGER NOT NULL,
  exit_reason TEXT NOT NULL,
  entry_order_id TEXT NOT NULL REFERENCES orders (client_order_id),
  ${real('quantity')},
  ${real('entry_price')},
  ${real('exit_price')},
  ${real('fees')},
  ${real('pnl')}
) STRICT;
CREATE INDEX trades_by_close ON trades (closed_at);
CREATE INDEX trades_by_entry ON trades (entry_order_id);

-- Every trip and every clearing; locks_in_force is the newest row of each lock.
CREATE TABLE locks (
  id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  lock_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  symbol TEXT,
  change TEXT NOT NULL CHECK (change IN ('set', 'cleared')),
  changed_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  limit_value REAL,
  value REAL,
  since INTEGER NOT NULL,
  at INTEGER NOT NULL,
  wall INTEGER NOT NULL
) STRICT;
CREATE INDEX locks_by_lock ON locks (lock_id, id);

CREATE TABLE baselines (
  id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  name TEXT NOT NULL,
  value_before REAL,
  value_after REAL NOT NULL,
  cause TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  open_time INTEGER NOT NULL,
  at INTEGER NOT NULL,
  probability REAL,
  expected_value REAL,
  margin REAL NOT NULL,
  outcome TEXT NOT NULL,
  text TEXT NOT NULL,
  client_order_id TEXT,
  sizing TEXT,
  checks TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_by_symbol ON decisions (symbol, id);
CREATE INDEX decisions_by_order ON decisions (client_order_id) WHERE client_order_id IS NOT NULL;

CREATE TABLE equity (
  id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  equity REAL NOT NULL,
  cash REAL NOT NULL,
  exposure REAL NOT NULL
) STRICT;
CREATE INDEX equity_by_time ON equity (at);

CREATE TABLE deposits (
  id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  amount TEXT NOT NULL,
  -- 1 for the balance with which the books were opened.
  opening INTEGER NOT NULL CHECK (opening IN (0, 1)),
  ${real('amount')}
) STRICT;
CREATE INDEX deposits_by_time ON deposits (at);

-- Commands that reached the engine, with their results; audit_log has every attempt.
CREATE TABLE commands (
  id INTEGER PRIMARY KEY,
  sequence INTEGER NOT NULL,
  command_id TEXT NOT NULL,
  issued_by TEXT NOT NULL,
  name TEXT NOT NULL,
  command TEXT NOT NULL,
  ok INTEGER NOT NULL CHECK (ok IN (0, 1)),
  code TEXT NOT NULL,
  text TEXT NOT NULL,
  at INTEGER NOT NULL,
  wall INTEGER NOT NULL
) STRICT;

-- One row an alert; the key suppresses duplicates. sequence is null for alerts of the process itself.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sequence INTEGER,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  alert TEXT NOT NULL,
  at INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE outbox_chats (
  chat_id INTEGER PRIMARY KEY,
  -- Every row up to this one is settled for the chat.
  settled_through INTEGER NOT NULL
) STRICT;
CREATE TABLE outbox_deliveries (
  chat_id INTEGER NOT NULL REFERENCES outbox_chats (chat_id),
  outbox_id INTEGER NOT NULL REFERENCES outbox (id),
  attempts INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'parked')),
  settled_at INTEGER,
  why TEXT,
  PRIMARY KEY (chat_id, outbox_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  user_name TEXT NOT NULL,
  role TEXT NOT NULL,
  via TEXT NOT NULL,
  chat_id INTEGER,
  command TEXT NOT NULL,
  arguments TEXT NOT NULL,
  outcome TEXT NOT NULL
) STRICT;
CREATE TABLE telegram_updates (update_id INTEGER PRIMARY KEY) STRICT;
`;

const VIEWS = `
CREATE VIEW journal_iso AS SELECT sequence, ${iso('at')} AS at, ${iso('wall')} AS wall, type, input, effects FROM journal;
CREATE VIEW orders_iso AS
  SELECT client_order_id, symbol, purpose, side, type, quantity, limit_price, stop_price, status, executed, exchange_order_id, detail, reason,
         ${iso('created_at')} AS created, ${iso('updated_at')} AS updated, sequence FROM orders;
CREATE VIEW order_events_iso AS SELECT client_order_id, ${iso('at')} AS at, ${iso('wall')} AS wall, event, status, executed, detail, sequence FROM order_events;
CREATE VIEW fills_iso AS
  SELECT ${iso('at')} AS at, symbol, purpose, side, price, quantity, quote_quantity, fee, fee_asset, realised, client_order_id, trade_id, sequence FROM fills;
CREATE VIEW trades_iso AS
  SELECT id, symbol, ${iso('opened_at')} AS opened, ${iso('closed_at')} AS closed, quantity, entry_price, exit_price, fees, pnl, pnl_fraction, exit_reason, entry_order_id FROM trades;
CREATE VIEW locks_iso AS SELECT ${iso('at')} AS at, ${iso('wall')} AS wall, lock_id, change, changed_by, reason, limit_value, value, ${iso('since')} AS since, sequence FROM locks;
CREATE VIEW locks_in_force AS
  SELECT lock_id, kind, symbol, reason, limit_value, value, ${iso('since')} AS since, sequence FROM locks
  WHERE id IN (SELECT max(id) FROM locks GROUP BY lock_id) AND change = 'set';
CREATE VIEW baselines_iso AS SELECT ${iso('at')} AS at, name, value_before, value_after, cause, sequence FROM baselines;
CREATE VIEW decisions_iso AS
  SELECT ${iso('open_time')} AS candle, symbol, probability, expected_value, margin, outcome, text, client_order_id, sequence FROM decisions;
CREATE VIEW equity_iso AS SELECT ${iso('at')} AS at, equity, cash, exposure FROM equity;
CREATE VIEW deposits_iso AS SELECT ${iso('at')} AS at, amount, opening, sequence FROM deposits;
CREATE VIEW commands_iso AS SELECT ${iso('wall')} AS wall, issued_by, name, command, ok, code, text, sequence FROM commands;
CREATE VIEW outbox_iso AS
  SELECT o.id, ${iso('o.created_at')} AS created, o.kind, o.title, d.chat_id, coalesce(d.state, 'waiting') AS state, d.attempts, d.why
  FROM outbox o LEFT JOIN outbox_deliveries d ON d.outbox_id = o.id;
CREATE VIEW audit_log_iso AS SELECT ${iso('at')} AS at, user_id, user_name, role, via, chat_id, command, arguments, outcome FROM audit_log;
CREATE VIEW daily_results AS
  SELECT strftime('%Y-%m-%d', closed_at / 1000, 'unixepoch') AS utc_day, count(*) AS trades, sum(pnl_real > 0) AS wins, sum(pnl_real) AS pnl, sum(fees_real) AS fees
  FROM trades GROUP BY utc_day;
`;

export const initial = TABLES + VIEWS;
