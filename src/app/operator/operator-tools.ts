import type { Alert } from '../../core/engine/alert.ts';
import { markEquity } from '../../core/engine/marking.ts';
import { isFinal, type OrderRecord } from '../../core/orders/record.ts';
import type { CommandOutcome } from '../../ports/operator.ts';
import type { HealthCheckView, LogLineView, OperatorTools, ReadinessView } from '../../ports/operator-tools.ts';
import type { AlertSettings } from '../outbox/alert-settings.ts';
import { createAlertChanging } from './alert-changing.ts';
import { createCancelling } from './cancelling.ts';
import { createFlattening, type Run } from './flattening.ts';
import { engineHealth } from './health-view.ts';
import { chartView, modelView, type MarketViewOptions } from './market-views.ts';
import { orderView } from './order-views.ts';
import { periodViews } from './periods.ts';
import { reconcile } from './reconciling.ts';
import { createSettling, type SettlingOptions } from './settling.ts';
import type { Now } from './views.ts';

export interface OperatorToolsOptions extends MarketViewOptions {
  readonly now: () => Now;
  readonly settings: AlertSettings;
  /** Puts an alert into the outbox. */
  readonly tell: (alert: Alert) => void;
  readonly logs: (count: number) => readonly LogLineView[];
  readonly readiness: () => ReadinessView | null;
  /** Facts beyond the engine: exchange, outbox, loop, database. */
  readonly outside: () => readonly HealthCheckView[];
  readonly run: Run;
  /** Reads the account twice and compares it with the ledger. */
  readonly reconcile: () => Promise<void>;
  /** Cancels a working entry at the exchange. */
  readonly cancelEntry: (record: OrderRecord, by: string) => void;
  readonly evidence: SettlingOptions['evidence'];
  readonly forget: SettlingOptions['forget'];
  /** Makes a backup on the server; resolves to its path. */
  readonly backup: () => Promise<string>;
}

const backUp = async (backup: () => Promise<string>): Promise<CommandOutcome> => {
  try {
    return { ok: true, code: 'done', text: `Backup written on the server: ${await backup()}` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, code: 'failed', text: `No backup was made: ${why}.` };
  }
};

/** The rest of what people may see and do. Views read the engine's state; deeds go through its journal. */
export const createOperatorTools = (options: OperatorToolsOptions): OperatorTools => {
  const { state, records, now, run } = options;
  const equity = (): number | null => markEquity(state, now().market, now().wall).value;
  return {
    orders: () =>
      Object.values(state.orders)
        .filter((record) => !isFinal(record))
        .map(orderView),
    health: () => [...engineHealth(state, now()), ...options.outside()],
    model: () => modelView(options),
    symbols: () => Object.keys(state.symbols),
    chart: (symbol, hours) => chartView(options, symbol, hours),
    periods: (kind, count) => periodViews(records, kind, count, now().market, equity()),
    logs: options.logs,
    readiness: options.readiness,
    equityHistory: () => records.equityBetween(0, Number.MAX_SAFE_INTEGER),
    halt: (caller, reason) => run(caller, { name: 'halt', reason }),
    ...createFlattening(state, run),
    ...createCancelling(state, options.cancelEntry),
    ...createSettling({
      state,
      wallNow: () => now().wall,
      run,
      evidence: options.evidence,
      forget: options.forget,
      reconcile: options.reconcile,
    }),
    reconcile: (caller) => reconcile(state, run, options.reconcile, caller),
    backup: () => backUp(options.backup),
    ...createAlertChanging({ settings: options.settings, now, tell: options.tell }),
  };
};
