import { decimalFromNumber, formatDecimal, mulUp, neg, toNumber, type Decimal } from '../../core/decimal.ts';
import { decimalsAsText } from '../../core/engine/codec.ts';
import type {
  AlertEffect,
  BaselineEffect,
  CancelEffect,
  CommandResultEffect,
  DecisionEffect,
  DepositEffect,
  Effect,
  EquityEffect,
  FillEffect,
  LockEffect,
  OrderEffect,
  PlaceEffect,
  TradeEffect,
} from '../../core/engine/effect.ts';
import type { Input } from '../../core/engine/input.ts';
import { assertNever } from '../../core/units.ts';
import type { Connection } from './connection.ts';

/** The journal entry whose effects are projected. */
export interface Entry {
  readonly sequence: number;
  readonly input: Input;
}

export type Project = (entry: Entry, effect: Effect) => void;

/** Columns of a row in the order of its table; better-sqlite3 binds them by position. */
type Row = readonly (string | number | null)[];

const text = (value: Decimal | null): string | null => (value === null ? null : formatDecimal(value));

/** JSON for people and queries: decimals as plain text, as in the journal. */
const json = (value: unknown): string => JSON.stringify(decimalsAsText(value));

const insert = (db: Connection, table: string, columns: string): ((...row: Row) => void) => {
  const places = columns
    .split(',')
    .map(() => '?')
    .join(', ');
  const statement = db.prepare(`INSERT INTO ${table} (${columns}) VALUES (${places})`);
  return (...row) => void statement.run(...row);
};

/**
 * Writes the tables that are derived from the journal, one small function an
 * effect. Runs inside the transaction of its entry: a row that cannot be
 * written (an order twice, a fill without its order) undoes the whole entry.
 */
export const createProjection = (db: Connection): Project => {
  const orders = orderTables(db);
  const books = bookTables(db);
  const safety = safetyTables(db);
  const people = peopleTables(db);
  return (entry, effect) => {
    switch (effect.type) {
      case 'place':
        return orders.place(entry, effect);
      case 'cancel':
        return orders.cancel(entry, effect);
      case 'order':
        return orders.order(entry, effect);
      case 'fill':
        return books.fill(entry, effect);
      case 'trade':
        return books.trade(entry, effect);
      case 'equity':
        return books.equity(entry, effect);
      case 'deposit':
        return books.deposit(entry, effect);
      case 'lock':
        return safety.lock(entry, effect);
      case 'baseline':
        return safety.baseline(entry, effect);
      case 'decision':
        return safety.decision(entry, effect);
      case 'alert':
        return people.alert(entry, effect);
      case 'command-result':
        return people.commandResult(entry, effect);
      default:
        return assertNever(effect, 'effect');
    }
  };
};

const orderTables = (db: Connection) => {
  const insertOrder = insert(
    db,
    'orders',
    'client_order_id, sequence, symbol, side, type, purpose, quantity, limit_price, stop_price, time_in_force, expires_at_wall, reason, status, executed, created_at, created_wall, updated_at',
  );
  const updateOrder = db.prepare(
    'UPDATE orders SET status = ?, exchange_order_id = ?, executed = ?, detail = ?, updated_at = ? WHERE client_order_id = ?',
  );
  const insertEvent = insert(
    db,
    'order_events',
    'sequence, client_order_id, at, wall, event, status, exchange_order_id, executed, detail',
  );
  return {
    /** The intent: on disk before anything is sent. */
    place: ({ sequence, input }: Entry, { order }: PlaceEffect): void => {
      const { draft } = order;
      insertOrder(
        draft.clientOrderId,
        sequence,
        draft.symbol,
        draft.side,
        draft.type,
        draft.purpose,
        formatDecimal(draft.quantity),
        text(draft.limitPrice),
        text(draft.stopPrice),
        draft.timeInForce,
        draft.expiresAtWall,
        draft.reason,
        'intent',
        '0',
        input.at,
        input.wall,
        input.at,
      );
      insertEvent(sequence, draft.clientOrderId, input.at, input.wall, 'intent', 'intent', null, null, draft.reason);
    },
    cancel: ({ sequence, input }: Entry, effect: CancelEffect): void =>
      insertEvent(
        sequence,
        effect.clientOrderId,
        input.at,
        input.wall,
        'cancel-requested',
        null,
        null,
        null,
        effect.reason,
      ),
    order: ({ sequence, input }: Entry, effect: OrderEffect): void => {
      const { clientOrderId, status, exchangeOrderId, detail } = effect;
      const executed = formatDecimal(effect.executed);
      updateOrder.run(status, exchangeOrderId, executed, detail, input.at, clientOrderId);
      insertEvent(sequence, clientOrderId, input.at, input.wall, 'status', status, exchangeOrderId, executed, detail);
    },
  };
};

const bookTables = (db: Connection) => {
  const insertFill = insert(
    db,
    'fills',
    'sequence, client_order_id, trade_id, symbol, side, purpose, price, quantity, quote_quantity, fee, fee_asset, fee_value, realised, at',
  );
  const insertTrade = insert(
    db,
    'trades',
    'sequence, symbol, quantity, entry_price, exit_price, fees, pnl, pnl_fraction, opened_at, closed_at, exit_reason, entry_order_id',
  );
  const insertEquity = insert(db, 'equity', 'sequence, at, equity, cash, exposure');
  const insertDeposit = insert(db, 'deposits', 'sequence, at, amount, opening');
  const firstDeposit = db.prepare<[], number>('SELECT NOT EXISTS (SELECT 1 FROM deposits)').pluck();
  const coinPrice = db
    .prepare<[string], number>(
      "SELECT fee_value_real / fee_real FROM fills WHERE fee_asset = ? AND side = 'buy' AND fee_real > 0 ORDER BY id DESC LIMIT 1",
    )
    .pluck();
  const thirdCoinValue = (effect: FillEffect): string | null => {
    // A buy's realised result is exactly the value of its third-coin fee; a sale hides it among its profit.
    if (effect.side === 'buy') return formatDecimal(neg(effect.realised));
    const price = coinPrice.get(effect.feeAsset);
    return price === undefined ? null : formatDecimal(decimalFromNumber(price * toNumber(effect.fee)));
  };
  return {
    fill: ({ sequence }: Entry, effect: FillEffect): void => {
      const [base, quote] = effect.symbol.split('/');
      const { fee, feeAsset } = effect;
      const feeValue =
        feeAsset === quote
          ? formatDecimal(fee)
          : feeAsset === base
            ? formatDecimal(mulUp(fee, effect.price))
            : thirdCoinValue(effect);
      insertFill(
        sequence,
        effect.clientOrderId,
        effect.tradeId,
        effect.symbol,
        effect.side,
        effect.purpose,
        formatDecimal(effect.price),
        formatDecimal(effect.quantity),
        formatDecimal(effect.quoteQuantity),
        formatDecimal(fee),
        feeAsset,
        feeValue,
        formatDecimal(effect.realised),
        effect.at,
      );
    },
    trade: ({ sequence }: Entry, effect: TradeEffect): void =>
      insertTrade(
        sequence,
        effect.symbol,
        formatDecimal(effect.quantity),
        formatDecimal(effect.entryPrice),
        formatDecimal(effect.exitPrice),
        formatDecimal(effect.fees),
        formatDecimal(effect.pnl),
        effect.pnlFraction,
        effect.openedAt,
        effect.closedAt,
        effect.exitReason,
        effect.entryOrderId,
      ),
    equity: ({ sequence }: Entry, effect: EquityEffect): void =>
      insertEquity(sequence, effect.at, effect.equity, effect.cash, effect.exposure),
    /** The first one opens the books; it is no deposit of the operator's. */
    deposit: ({ sequence }: Entry, effect: DepositEffect): void =>
      insertDeposit(sequence, effect.at, formatDecimal(effect.amount), firstDeposit.get() ?? 0),
  };
};

const safetyTables = (db: Connection) => {
  const insertLock = insert(
    db,
    'locks',
    'sequence, lock_id, kind, symbol, change, changed_by, reason, limit_value, value, since, at, wall',
  );
  const insertBaseline = insert(db, 'baselines', 'sequence, name, value_before, value_after, cause, at');
  const insertDecision = insert(
    db,
    'decisions',
    'sequence, symbol, open_time, at, probability, expected_value, margin, outcome, text, client_order_id, sizing, checks',
  );
  return {
    lock: ({ sequence, input }: Entry, { change, lock, by }: LockEffect): void =>
      insertLock(
        sequence,
        lock.id,
        lock.kind,
        lock.symbol,
        change,
        by,
        lock.reason,
        lock.limit,
        lock.value,
        lock.since,
        input.at,
        input.wall,
      ),
    baseline: ({ sequence, input }: Entry, effect: BaselineEffect): void =>
      insertBaseline(sequence, effect.name, effect.before, effect.after, effect.cause, input.at),
    decision: ({ sequence, input }: Entry, effect: DecisionEffect): void =>
      insertDecision(
        sequence,
        effect.symbol,
        effect.openTime,
        input.at,
        effect.probability,
        effect.expectedValue,
        effect.margin,
        effect.outcome,
        effect.text,
        effect.clientOrderId,
        effect.sizing === null ? null : json(effect.sizing),
        json(effect.checks),
      ),
  };
};

const peopleTables = (db: Connection) => {
  const insertAlert = db.prepare(
    'INSERT INTO outbox (sequence, key, kind, title, alert, at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING',
  );
  const insertCommand = insert(
    db,
    'commands',
    'sequence, command_id, issued_by, name, command, ok, code, text, at, wall',
  );
  return {
    /** The same key is the same alert: it is not said twice. */
    alert: ({ sequence, input }: Entry, { alert }: AlertEffect): void =>
      void insertAlert.run(sequence, alert.key, alert.kind, alert.title, JSON.stringify(alert), alert.at, input.wall),
    commandResult: ({ sequence, input }: Entry, effect: CommandResultEffect): void => {
      const { by, command } = input.type === 'command' ? input : { by: '', command: { name: '' } };
      insertCommand(
        sequence,
        effect.commandId,
        by,
        command.name,
        JSON.stringify(command),
        effect.ok ? 1 : 0,
        effect.code,
        effect.text,
        input.at,
        input.wall,
      );
    },
  };
};
