import type { Effect, OrderEffect } from '../../core/engine/effect.ts';
import { outcomeOf } from '../../core/ledger/outcome.ts';
import type { OrderPurpose } from '../../core/orders/order.ts';
import type { OrderRecord, OrderStatus } from '../../core/orders/record.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MetricSet } from './registry.ts';

const FINAL: ReadonlySet<OrderStatus> = new Set<OrderStatus>([
  'filled',
  'cancelled',
  'expired',
  'rejected',
  'never-sent',
  'never-existed',
  'settled',
]);

interface Placed {
  readonly purpose: OrderPurpose;
  readonly at: number;
  heard: boolean;
}

export interface EffectCounter {
  /** To be called with every effect after its commit. */
  readonly effect: (effect: Effect) => void;
  /** Takes over orders that an earlier run has placed: they end in this one. */
  adopt(orders: Iterable<OrderRecord>): void;
}

/** Counts what the engine did. */
export const createEffectCounter = (clock: Clock, metrics: MetricSet): EffectCounter => {
  const open = new Map<string, Placed>();

  const order = ({ clientOrderId, status }: OrderEffect): void => {
    const placed = open.get(clientOrderId);
    if (placed === undefined) return;
    if (!placed.heard && status !== 'intent') {
      placed.heard = true;
      metrics.settleSeconds.observe({ purpose: placed.purpose }, (clock.monotonicNow() - placed.at) / 1000);
    }
    if (status === 'unknown') metrics.orders.inc({ purpose: placed.purpose, outcome: 'unknown' });
    if (!FINAL.has(status)) return;
    metrics.orders.inc({ purpose: placed.purpose, outcome: status });
    open.delete(clientOrderId);
  };

  const adopt = (orders: Iterable<OrderRecord>): void => {
    for (const { draft, status } of orders) {
      // When the exchange first heard of it is not known here.
      if (!FINAL.has(status) && !open.has(draft.clientOrderId))
        open.set(draft.clientOrderId, { purpose: draft.purpose, at: clock.monotonicNow(), heard: true });
    }
  };

  const count = (effect: Effect): void => {
    switch (effect.type) {
      case 'place': {
        const { clientOrderId, purpose } = effect.order.draft;
        open.set(clientOrderId, { purpose, at: clock.monotonicNow(), heard: false });
        metrics.ordersPlaced.inc({ purpose });
        return;
      }
      case 'order':
        return order(effect);
      case 'fill':
        return metrics.fills.inc({ symbol: effect.symbol, side: effect.side });
      case 'trade':
        return metrics.trades.inc({ symbol: effect.symbol, result: outcomeOf(effect.pnl) });
      case 'lock':
        return metrics.lockChanges.inc({ kind: effect.lock.kind, change: effect.change });
      case 'decision': {
        metrics.decisions.inc({ symbol: effect.symbol, outcome: effect.outcome });
        const refused = effect.outcome === 'denied' ? effect.checks.find(({ ok }) => !ok) : undefined;
        if (refused !== undefined) metrics.denials.inc({ code: refused.code });
        return;
      }
      case 'alert':
        return metrics.alerts.inc({ kind: effect.alert.kind });
      case 'command-result':
        return metrics.commands.inc({ ok: String(effect.ok) });
      case 'cancel':
      case 'baseline':
      case 'equity':
      case 'deposit':
        return;
    }
  };
  return { effect: count, adopt };
};
