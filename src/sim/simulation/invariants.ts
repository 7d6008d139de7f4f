import { decimal, formatDecimal, sub, ZERO, type Decimal } from '../../core/decimal.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { isFinal } from '../../core/orders/record.ts';
import { MINUTE_MS, type EpochMs, type Milliseconds, type SymbolName } from '../../core/units.ts';
import { formatFixed, times } from '../matching/fixed.ts';
import { isOpen, isWorking, remaining } from '../matching/order.ts';
import { isTriggerType } from '../matching/rules.ts';
import type { World } from './world.ts';

/** What has to hold in every history. */
export type Rule =
  | 'one-order-per-intent'
  | 'intent-before-network'
  | 'ledger-equals-exchange'
  | 'position-protected'
  | 'locks-survive'
  | 'no-entry-under-a-lock'
  | 'no-alert-lost'
  | 'outbox-in-order'
  | 'no-unknown-outcome-left'
  | 'no-stray-order-left'
  | 'replays-bit-for-bit'
  | 'process-does-not-fail'
  /** The lists that the engine derives from its orders hold those orders, in their order. */
  | 'lists-equal-orders';

export interface Violation {
  readonly rule: Rule;
  readonly detail: string;
}

/**
 * Undisturbed time that a position may be without a stop: the 15 s after which it is closed at market, the
 * receive window of a second look and a try or two.
 */
const PROTECTION_BUDGET: Milliseconds = MINUTE_MS;
/** After a fault, time for back-offs, slow-downs and looks to run out. */
const AFTERMATH: Milliseconds = 3 * MINUTE_MS;

/** Watches over positions minute by minute: each has a stop on the exchange, or is closed within its budget. */
export interface ProtectionWatch {
  /** `undisturbedSince`: since when no fault was in force and a process was up. */
  look(now: EpochMs, undisturbedSince: EpochMs): void;
}

export const createProtectionWatch = (world: World, violate: (violation: Violation) => void): ProtectionWatch => {
  const bareSince = new Map<SymbolName, EpochMs>();
  return {
    look: (now, undisturbedSince) => {
      for (const symbol of world.symbols) {
        if (!isBare(world, symbol)) {
          bareSince.delete(symbol);
          continue;
        }
        const since = bareSince.get(symbol) ?? now;
        bareSince.set(symbol, since);
        const clean = now - Math.max(since, undisturbedSince + AFTERMATH);
        if (clean <= PROTECTION_BUDGET) continue;
        bareSince.set(symbol, now);
        violate({
          rule: 'position-protected',
          detail: `${symbol} has been held without a stop for ${Math.round((now - since) / 1000)} s, ${Math.round(clean / 1000)} s of them undisturbed`,
        });
      }
    },
  };
};

/** Whether more than dust is held that no resting stop covers. */
const isBare = (world: World, symbol: SymbolName): boolean => {
  const id = world.idOf(symbol);
  const { engine } = world.exchange;
  const { rules, last } = engine.symbol(id);
  const { free, locked } = engine.accounts.get(rules.base);
  let covered = 0n;
  for (const order of engine.files.open(id))
    if (isTriggerType(order.type) && !isWorking(order)) covered += remaining(order);
  const bare = free + locked - covered;
  const lots = bare - (bare % rules.step);
  return lots > 0n && times(last, lots) >= rules.minNotional;
};

/** The bot's books against the exchange's own, to the last decimal. */
export const checkBooks = (world: World, state: EngineState, violate: (violation: Violation) => void): void => {
  const { accounts } = world.exchange.engine;
  const total = (asset: string): Decimal => {
    const { free, locked } = accounts.get(asset);
    return decimal(formatFixed(free + locked));
  };
  const compare = (asset: string, ours: Decimal): void => {
    const difference = sub(ours, total(asset));
    if (difference !== ZERO)
      violate({
        rule: 'ledger-equals-exchange',
        detail: `${asset}: ledger ${formatDecimal(ours)}, exchange ${formatDecimal(total(asset))}`,
      });
  };
  compare('USDT', state.ledger.cash ?? ZERO);
  for (const symbol of world.symbols)
    compare(symbol.split('/')[0] ?? symbol, state.ledger.positions[symbol]?.quantity ?? ZERO);
};

/** After all faults have ceased and some quiet time: nothing is left open that should not be. */
export const checkRest = (world: World, state: EngineState, violate: (violation: Violation) => void): void => {
  const records = Object.values(state.orders);
  const same = (list: readonly unknown[], of: readonly unknown[]): boolean =>
    list.length === of.length && list.every((item, index) => item === of[index]);
  if (
    !same(state.orderList, records) ||
    !same(
      state.openOrders,
      records.filter((record) => !isFinal(record)),
    )
  )
    violate({
      rule: 'lists-equal-orders',
      detail: `${state.orderList.length} listed and ${state.openOrders.length} open of ${records.length}`,
    });
  for (const record of records) {
    if (record.status === 'intent' || record.status === 'unknown')
      violate({
        rule: 'no-unknown-outcome-left',
        detail: `${record.draft.clientOrderId} is ${record.status}: ${record.detail ?? ''}`,
      });
  }
  for (const symbol of world.symbols) {
    for (const order of world.exchange.engine.files.open(world.idOf(symbol))) {
      const record = state.orders[order.clientOrderId];
      const managed = state.symbols[symbol]?.managed;
      const needed =
        managed !== null &&
        managed !== undefined &&
        [managed.entryOrderId, managed.stopOrderId, managed.exitOrderId].includes(order.clientOrderId);
      if (record === undefined || record.status !== 'working' || !needed)
        violate({
          rule: 'no-stray-order-left',
          detail: `${order.clientOrderId} (${order.type}) is open on the exchange, the bot holds it ${record?.status ?? 'unknown'}`,
        });
    }
  }
  for (const record of records) {
    if (isFinal(record)) continue;
    const order = world.exchange.engine.files.byClientId(world.idOf(record.draft.symbol), record.draft.clientOrderId);
    if (order === undefined || !isOpen(order))
      violate({
        rule: 'no-unknown-outcome-left',
        detail: `${record.draft.clientOrderId} is ${record.status} in the books and ${order?.status ?? 'unknown'} on the exchange`,
      });
  }
};

/** No client order id was ever taken twice. */
export const checkIntents = (world: World, violate: (violation: Violation) => void): void => {
  const seen = new Set<string>();
  for (const symbol of world.symbols) {
    for (const order of world.exchange.engine.files.orders(world.idOf(symbol))) {
      if (seen.has(order.clientOrderId))
        violate({ rule: 'one-order-per-intent', detail: `${order.clientOrderId} was accepted twice` });
      seen.add(order.clientOrderId);
    }
  }
};
