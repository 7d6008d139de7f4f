import type { TradeView } from '../../ports/operator.ts';
import type { DecisionRow, EquityPoint, FillRow, Records } from '../../ports/store.ts';
import type { Connection } from './connection.ts';

const TRADE = `id, symbol, quantity_real AS quantity, entry_price_real AS entryPrice, exit_price_real AS exitPrice, fees_real AS fees, pnl_real AS pnl,
  pnl_fraction AS pnlFraction, opened_at AS openedAt, closed_at AS closedAt, exit_reason AS exitReason`;
const DECISION = 'symbol, open_time AS openTime, probability, expected_value AS expectedValue, outcome, text';
const FILL =
  'symbol, side, purpose, price_real AS price, quantity_real AS quantity, fee_real AS fee, fee_asset AS feeAsset, at';

/** Queries for people. Money comes as doubles, for display. Works on a read-only connection. */
export const createRecords = (db: Connection): Records => {
  const tradeCount = db.prepare<[], number>('SELECT count(*) FROM trades').pluck();
  const newestTrades = db.prepare<[number, number], TradeView>(
    `SELECT ${TRADE} FROM trades ORDER BY id DESC LIMIT ? OFFSET ?`,
  );
  const tradesBetween = db.prepare<[number, number], TradeView>(
    `SELECT ${TRADE} FROM trades WHERE closed_at >= ? AND closed_at < ? ORDER BY closed_at, id`,
  );
  const equityBetween = db.prepare<[number, number], EquityPoint>(
    'SELECT at, equity FROM equity WHERE at >= ? AND at < ? ORDER BY at, id',
  );
  const equityBefore = db.prepare<[number], EquityPoint>(
    'SELECT at, equity FROM equity WHERE at < ? ORDER BY at DESC, id DESC LIMIT 1',
  );
  const deposits = db
    .prepare<[number, number], number>(
      'SELECT total(amount_real) FROM deposits WHERE opening = 0 AND at >= ? AND at < ?',
    )
    .pluck();
  const flows = db.prepare<[number, number], { at: number; amount: number }>(
    'SELECT at, amount_real AS amount FROM deposits WHERE opening = 0 AND at >= ? AND at < ? ORDER BY at, id',
  );
  const fees = db
    .prepare<[number, number], number>('SELECT total(fee_value_real) FROM fills WHERE at >= ? AND at < ?')
    .pluck();
  const decisions = db.prepare<[number], DecisionRow>(`SELECT ${DECISION} FROM decisions ORDER BY id DESC LIMIT ?`);
  const decisionsOf = db.prepare<[string, number], DecisionRow>(
    `SELECT ${DECISION} FROM decisions WHERE symbol = ? ORDER BY id DESC LIMIT ?`,
  );
  const fills = db.prepare<[number], FillRow>(`SELECT ${FILL} FROM fills ORDER BY id DESC LIMIT ?`);
  return {
    trades: (limit, offset) => ({ total: tradeCount.get() ?? 0, trades: newestTrades.all(limit, offset) }),
    tradesBetween: (from, to) => tradesBetween.all(from, to),
    equityBetween: (from, to) => equityBetween.all(from, to),
    equityBefore: (at) => equityBefore.get(at) ?? null,
    depositsBetween: (from, to) => deposits.get(from, to) ?? 0,
    flowsBetween: (from, to) => flows.all(from, to),
    feesBetween: (from, to) => fees.get(from, to) ?? 0,
    decisions: (limit, symbol) => (symbol === null ? decisions.all(limit) : decisionsOf.all(symbol, limit)),
    fills: (limit) => fills.all(limit),
  };
};
