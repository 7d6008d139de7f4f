import type { Alert } from '../../core/engine/alert.ts';
import type { PredictionInput } from '../../core/engine/input.ts';
import type { TradeView } from '../../ports/operator.ts';
import type {
  AlertLine,
  BoardRecords,
  DecisionLine,
  EquityBucket,
  EquityLine,
  FillLine,
  LockLine,
  OrderLine,
  StoredCursor,
  StoredDecision,
} from '../../ports/dashboard.ts';
import type { Connection } from './connection.ts';

const DECISION = `id, symbol, open_time AS openTime, at, probability, expected_value AS expectedValue, margin, outcome, text, client_order_id AS clientOrderId`;
const FILL = `id, client_order_id AS clientOrderId, symbol, side, purpose, price_real AS price, quantity_real AS quantity, quote_quantity_real AS quoteQuantity,
  fee_real AS fee, fee_asset AS feeAsset, realised_real AS realised, at`;
const TRADE = `id, symbol, quantity_real AS quantity, entry_price_real AS entryPrice, exit_price_real AS exitPrice, fees_real AS fees, pnl_real AS pnl,
  pnl_fraction AS pnlFraction, opened_at AS openedAt, closed_at AS closedAt, exit_reason AS exitReason`;
const ORDER = `o.client_order_id AS id, o.symbol, o.side, o.type, o.purpose, o.quantity_real AS quantity, o.executed_real AS executed, o.limit_price_real AS limitPrice,
  o.stop_price_real AS stopPrice, o.status, o.reason, o.detail, o.created_at AS createdAt, o.updated_at AS updatedAt`;
const LOCK = 'id, lock_id AS lockId, change, changed_by AS "by", reason, at';
const ALERT = 'id, alert';
/** Deposits of the operator's (not the balance that opened the books) after one moment and up to another. */
const deposited = (after: string, through: string): string =>
  `(SELECT coalesce(sum(d.amount_real), 0) FROM deposits d WHERE d.opening = 0 AND d.at > ${after} AND d.at <= ${through})`;
const EQUITY = `id, at, equity, exposure, ${deposited('coalesce((SELECT p.at FROM equity p WHERE p.id < equity.id ORDER BY p.id DESC LIMIT 1), equity.at)', 'equity.at')} AS deposited`;

const CURSOR = `SELECT
  (SELECT coalesce(max(id), 0) FROM decisions) AS decisions, (SELECT coalesce(max(id), 0) FROM fills) AS fills, (SELECT coalesce(max(id), 0) FROM trades) AS trades,
  (SELECT coalesce(max(id), 0) FROM order_events) AS orders, (SELECT coalesce(max(id), 0) FROM outbox) AS alerts, (SELECT coalesce(max(id), 0) FROM locks) AS locks,
  (SELECT coalesce(max(id), 0) FROM equity) AS equity`;

const BUCKETS = `SELECT e.at, e.equity, e.exposure, b.high, b.low, ${deposited(':from', 'e.at')} AS deposited
  FROM (SELECT max(id) AS newest, max(net) AS high, min(net) AS low
    FROM (SELECT id, at, equity - ${deposited(':from', 'equity.at')} AS net FROM equity WHERE at >= :from) GROUP BY CAST((at - :from) / :width AS INTEGER)) b
  JOIN equity e ON e.id = b.newest ORDER BY e.id`;

/** A row as SQLite gives it, with what only the queries need. */
type Numbered<T> = T & { readonly id: number };

interface Kind<Row> {
  readonly after: (from: number, until: number, limit: number) => readonly Row[];
  readonly newest: (until: number, count: number) => readonly Row[];
}

const kind = <Row extends object>(db: Connection, columns: string, table: string): Kind<Row> => {
  const after = db.prepare<[number, number, number], Row>(
    `SELECT ${columns} FROM ${table} WHERE id > ? AND id <= ? ORDER BY id LIMIT ?`,
  );
  const newest = db.prepare<[number, number], Row>(
    `SELECT ${columns} FROM ${table} WHERE id <= ? ORDER BY id DESC LIMIT ?`,
  );
  return {
    after: (from, until, limit) => after.all(from, until, limit),
    newest: (until, count) => newest.all(until, count).toReversed(),
  };
};

/** Orders by their newest events: what changed, as it stands now. */
const orderKind = (db: Connection): Kind<OrderLine> => {
  const after = db.prepare<[number, number, number], OrderLine>(
    `SELECT ${ORDER} FROM (SELECT client_order_id, max(id) AS newest FROM order_events WHERE id > ? AND id <= ? GROUP BY client_order_id) e
     JOIN orders o ON o.client_order_id = e.client_order_id ORDER BY e.newest LIMIT ?`,
  );
  const newest = db.prepare<[number], OrderLine>(
    `SELECT ${ORDER} FROM orders o ORDER BY o.sequence DESC, o.rowid DESC LIMIT ?`,
  );
  return {
    after: (from, until, limit) => after.all(from, until, limit),
    newest: (_until, count) => newest.all(count).toReversed(),
  };
};

const alertLine = (row: { readonly id: number; readonly alert: string }): AlertLine => {
  const { kind: what, title, lines, symbol, at } = JSON.parse(row.alert) as Alert;
  return { id: row.id, kind: what, title, lines, symbol, at };
};

const equityLine = ({ at, equity, exposure, deposited }: Numbered<EquityLine>): EquityLine => ({
  at,
  equity,
  exposure,
  deposited,
});

/** Row queries of the page. Works on a read-only connection. */
export const createBoardRecords = (db: Connection): BoardRecords => {
  const cursor = db.prepare<[], StoredCursor>(CURSOR);
  const kinds = {
    decisions: kind<DecisionLine>(db, DECISION, 'decisions'),
    fills: kind<FillLine>(db, FILL, 'fills'),
    trades: kind<TradeView>(db, TRADE, 'trades'),
    orders: orderKind(db),
    alerts: kind<{ readonly id: number; readonly alert: string }>(db, ALERT, 'outbox'),
    locks: kind<LockLine>(db, LOCK, 'locks'),
    equity: kind<Numbered<EquityLine>>(db, EQUITY, 'equity'),
  };
  const buckets = db.prepare<[{ from: number; width: number }], EquityBucket>(BUCKETS);
  const span = db.prepare<[number], { readonly first: number | null; readonly last: number | null }>(
    'SELECT min(at) AS first, max(at) AS last FROM equity WHERE at >= ?',
  );
  const fillsSince = db.prepare<[number, string], FillLine>(
    `SELECT ${FILL} FROM fills WHERE at >= ? AND symbol = ? ORDER BY at, id`,
  );
  const fillsOf = db.prepare<[string], FillLine>(`SELECT ${FILL} FROM fills WHERE client_order_id = ? ORDER BY id`);
  const order = db.prepare<[string], OrderLine>(`SELECT ${ORDER} FROM orders o WHERE client_order_id = ?`);
  const tradeOf = db.prepare<[string], TradeView>(
    `SELECT ${TRADE} FROM trades WHERE entry_order_id = ? ORDER BY id DESC LIMIT 1`,
  );
  const decision = db.prepare<[string, number], Omit<StoredDecision, 'features'>>(
    `SELECT ${DECISION}, sequence, sizing, checks FROM decisions WHERE symbol = ? AND open_time = ? ORDER BY id DESC LIMIT 1`,
  );
  const cause = db.prepare<[number], string>('SELECT input FROM journal WHERE sequence = ?').pluck();

  const featuresOf = (sequence: number): StoredDecision['features'] => {
    const text = cause.get(sequence);
    if (text === undefined) return null;
    const input = JSON.parse(text) as Partial<PredictionInput>;
    return input.type === 'prediction' && Array.isArray(input.features) ? input.features : null;
  };

  return {
    cursor: () => cursor.get() ?? { decisions: 0, fills: 0, trades: 0, orders: 0, alerts: 0, locks: 0, equity: 0 },
    between: (from, until, limit) => {
      const after = <Row>(name: keyof StoredCursor, rows: Kind<Row>): readonly Row[] =>
        from[name] === until[name] ? [] : rows.after(from[name], until[name], limit + 1);
      const found = {
        decisions: after('decisions', kinds.decisions),
        fills: after('fills', kinds.fills),
        trades: after('trades', kinds.trades),
        orders: after('orders', kinds.orders),
        alerts: after('alerts', kinds.alerts),
        locks: after('locks', kinds.locks),
        equity: after('equity', kinds.equity),
      };
      if (Object.values(found).some((rows) => rows.length > limit)) return null;
      return { ...found, alerts: found.alerts.map(alertLine), equity: found.equity.map(equityLine) };
    },
    newest: (until, count) => ({
      decisions: kinds.decisions.newest(until.decisions, count),
      fills: kinds.fills.newest(until.fills, count),
      trades: kinds.trades.newest(until.trades, count),
      orders: kinds.orders.newest(until.orders, count),
      alerts: kinds.alerts.newest(until.alerts, count).map(alertLine),
      locks: kinds.locks.newest(until.locks, count),
      equity: [],
    }),
    decision: (symbol, openTime) => {
      const row = decision.get(symbol, openTime);
      return row === undefined ? null : { ...row, features: featuresOf(row.sequence) };
    },
    equity: (from, count) => {
      const { first, last } = span.get(from) ?? { first: null, last: null };
      if (first === null || last === null) return [];
      const width = Math.max(1, Math.ceil((last - first + 1) / count));
      return buckets.all({ from: first, width });
    },
    fillsSince: (symbol, from) => fillsSince.all(from, symbol),
    order: (id) => order.get(id) ?? null,
    fillsOf: (orderId) => fillsOf.all(orderId),
    tradeOf: (entryOrderId) => tradeOf.get(entryOrderId) ?? null,
  };
};
