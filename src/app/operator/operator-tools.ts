import { toNumber } from '../../core/decimal.ts';
import type { Alert } from '../../core/engine/alert.ts';
import type { OperatorCommand } from '../../core/engine/input.ts';
import { markEquity } from '../../core/engine/marking.ts';
import { heldInHalt, orderNamed, type EngineState, type SymbolState } from '../../core/engine/state.ts';
import { staleness } from '../../core/guardian/data-locks.ts';
import { isHeld } from '../../core/guardian/state.ts';
import { isFinal, type OrderRecord, type OrderStatus } from '../../core/orders/record.ts';
import { HOUR_MS, SECOND_MS, type EpochMs } from '../../core/units.ts';
import { counted, money, noPosition } from '../../core/words.ts';
import type { Caller, CommandOutcome } from '../../ports/operator.ts';
import type {
  CancelPreview,
  ChartView,
  FlattenPreview,
  HealthCheckView,
  LogLineView,
  ModelStatusView,
  OperatorTools,
  OrderView,
  ReadinessView,
  ShownPosition,
} from '../../ports/operator-tools.ts';
import type { ModelDescription } from '../../ports/model.ts';
import type { Records } from '../../ports/store.ts';
import type { MarketFeed } from '../market-feed.ts';
import type { AlertSettings } from '../outbox/alert-settings.ts';
import { createAlertChanging } from './alert-changing.ts';
import type { DriftWatch } from './drift-watch.ts';
import { periodViews } from './periods.ts';
import { createSettling, type SettlingOptions } from './settling.ts';
import { positionViews, type Now } from './views.ts';

/** Fills that a chart of some hundred hours can have. */
const CHART_FILLS = 500;

export interface OperatorToolsOptions {
  readonly state: EngineState;
  readonly records: Records;
  readonly feed: Pick<MarketFeed, 'recent'>;
  readonly now: () => Now;
  readonly model: ModelDescription | null;
  /** End of the training data, from the card; null = not stated. */
  readonly trainedThrough: EpochMs | null;
  readonly drift: DriftWatch;
  readonly settings: AlertSettings;
  /** Puts an alert into the outbox. */
  readonly tell: (alert: Alert) => void;
  readonly logs: (count: number) => readonly LogLineView[];
  readonly readiness: () => ReadinessView | null;
  /** Facts beyond the engine: exchange, outbox, loop, database. */
  readonly outside: () => readonly HealthCheckView[];
  readonly run: (caller: Caller, command: OperatorCommand) => Promise<CommandOutcome>;
  /** Reads the account twice and compares it with the ledger. */
  readonly reconcile: () => Promise<void>;
  /** Cancels a working entry at the exchange. */
  readonly cancelEntry: (record: OrderRecord, by: string) => void;
  readonly evidence: SettlingOptions['evidence'];
  readonly forget: SettlingOptions['forget'];
  /** Makes a backup on the server; resolves to its path. */
  readonly backup: () => Promise<string>;
}

const STATES: Readonly<Record<OrderStatus, string>> = {
  intent: 'sending',
  unknown: 'unknown outcome',
  working: 'working',
  filled: 'filled',
  cancelled: 'cancelled',
  expired: 'expired',
  rejected: 'rejected',
  'never-sent': 'not sent',
  'never-existed': 'never existed',
  settled: 'settled by hand',
};

const orderView = ({ draft, status, executed, createdAt }: OrderRecord): OrderView => ({
  id: draft.clientOrderId,
  symbol: draft.symbol,
  side: draft.side,
  purpose: draft.purpose,
  state: STATES[status],
  quantity: toNumber(draft.quantity),
  filled: toNumber(executed),
  limitPrice: draft.limitPrice === null ? null : toNumber(draft.limitPrice),
  triggerPrice: draft.stopPrice === null ? null : toNumber(draft.stopPrice),
  createdAt,
});

/** A market that is traded no more has prices while something is held there, and no candles. */
const dataHealth = ({ guardian, freshness }: EngineState, symbol: SymbolState, now: Now): HealthCheckView => {
  const held = isHeld(guardian, symbol.staleLockId);
  const stale = staleness(
    symbol.configured ? symbol : { ...symbol, newestCandleOpen: now.market },
    now.market,
    now.wall,
    freshness,
  );
  const fresh = `price ${Math.round(Math.max(0, now.market - (symbol.priceAt ?? now.market)) / SECOND_MS)} s old`;
  return {
    name: `data ${symbol.symbol}`,
    ok: symbol.priceAt === null ? null : stale === null && !held,
    detail: stale ?? (held ? `${fresh}, one more fresh poll clears the lock` : fresh),
  };
};

const engineHealth = (state: EngineState, now: Now): readonly HealthCheckView[] => {
  const equity = markEquity(state, now.market, now.wall);
  const { skew } = state.guardian;
  return [
    {
      name: 'equity',
      ok: equity.value !== null,
      detail: equity.unknown ?? `${money(equity.value ?? 0)} ${state.config?.quoteAsset ?? ''}`,
    },
    ...state.symbolList
      .filter(({ configured, managed }) => configured || managed !== null)
      .map((symbol) => dataHealth(state, symbol, now)),
    {
      name: 'exchange clock',
      ok: skew === undefined || skew === null ? null : state.guardian.locks['clock-skew'] === undefined,
      detail: skew === undefined || skew === null ? 'not measured' : `${Math.round(skew)} ms apart`,
    },
    {
      name: 'orders',
      ok: state.guardian.locks['execution'] === undefined,
      detail:
        state.guardian.locks['execution']?.reason ?? `${counted(state.guardian.orderFailures, 'failure')} in a row`,
    },
    booksHealth(state),
  ];
};

/** A reading that failed says nothing of the books, whatever the one before it said. */
const booksHealth = ({ guardian, accountAt, accountFailed, suspicion }: EngineState): HealthCheckView => {
  const lock = guardian.locks['reconciliation'];
  if (lock !== undefined) return { name: 'books', ok: false, detail: lock.reason };
  if (accountFailed) return { name: 'books', ok: null, detail: 'the account could not be read' };
  if (suspicion !== null)
    return { name: 'books', ok: null, detail: `a difference is being looked at again: ${suspicion.key}` };
  return {
    name: 'books',
    ok: accountAt === null ? null : true,
    detail: accountAt === null ? 'not compared yet' : 'ledger equals exchange',
  };
};

/** The rest of what people may see and do. Views read the engine's state; deeds go through its journal. */
export const createOperatorTools = (options: OperatorToolsOptions): OperatorTools => {
  const { state, records, feed, now, model, drift, run } = options;
  const open = (): readonly OrderRecord[] => Object.values(state.orders).filter((record) => !isFinal(record));
  const equity = (): number | null => markEquity(state, now().market, now().wall).value;

  const modelView = (): ModelStatusView | null => {
    if (model === null) return null;
    const report = drift.report();
    return {
      name: model.name,
      hash: model.hash,
      purpose: model.purpose,
      trainedThrough: options.trainedThrough,
      edge: model.demonstratedEdge ? 'edge after costs demonstrated out of sample' : 'no demonstrated edge after costs',
      stopLoss: model.stop,
      takeProfit: model.target,
      horizonHours: model.horizonHours,
      predictions: Object.keys(state.symbols).flatMap((symbol) => {
        const [row] = records.decisions(1, symbol);
        return row === undefined || row.probability === null
          ? []
          : [{ symbol, probability: row.probability, at: row.openTime + HOUR_MS }];
      }),
      drift: report === null ? null : { hours: report.hours, prediction: report.prediction, features: report.features },
    };
  };

  const chart = (symbol: string, hours: number): ChartView => {
    const candles = feed.recent(symbol, hours);
    const from = candles[0]?.openTime ?? Number.POSITIVE_INFINITY;
    const position = positionViews(state).find((view) => view.symbol === symbol);
    return {
      symbol,
      candles,
      marks: records
        .fills(CHART_FILLS)
        .filter((fill) => fill.symbol === symbol && fill.at >= from)
        .map((fill) => ({
          at: fill.at,
          price: fill.price,
          side: fill.purpose === 'entry' ? ('entry' as const) : ('exit' as const),
        }))
        .reverse(),
      entryPrice: position?.entryPrice ?? null,
      stopPrice: position?.stopPrice ?? null,
      targetPrice: position?.targetPrice ?? null,
    };
  };

  const flattenPreview = (symbol: string | null): FlattenPreview => {
    const { takerFee } = state.config ?? { takerFee: 0 };
    const wanted = positionViews(state).filter((view) => symbol === null || view.symbol === symbol);
    const stranded = wanted.filter((view) => state.symbols[view.symbol]?.unlisted === true).map((view) => view.symbol);
    const positions = wanted
      .filter((view) => !stranded.includes(view.symbol))
      .map((view) => ({
        symbol: view.symbol,
        openedBy: openedBy(view.symbol) ?? '',
        quantity: view.quantity,
        lastPrice: view.lastPrice,
        estimatedProceeds: view.lastPrice === null ? null : view.quantity * view.lastPrice * (1 - takerFee),
        ...(heldInHalt(state).includes(view.symbol) ? { halted: true as const } : {}),
      }));
    if (positions.length === 0 && stranded.length > 0)
      return {
        positions,
        refusal: `The exchange no longer lists ${stranded.join(', ')}: it cannot be sold here. Convert or withdraw it at the exchange.`,
      };
    return { positions, refusal: positions.length > 0 ? null : underWay(symbol) };
  };

  /** An entry that may become a position yet: whoever wants none is not there. */
  const underWay = (symbol: string | null): string | null => {
    const entries = state.openOrders.filter(
      ({ draft }) => draft.purpose === 'entry' && (symbol === null || draft.symbol === symbol),
    );
    return entries.length === 0
      ? null
      : `${noPosition(symbol)} An entry in ${entries.map(({ draft }) => draft.symbol).join(', ')} is under way: /halt withdraws it.`;
  };

  const openedBy = (symbol: string): string | null => state.symbols[symbol]?.managed?.entryOrderId ?? null;

  /** Looked at in the very moment of the sale: the engine steps before anything else can happen. */
  const sell = (caller: Caller, shown: ShownPosition): Promise<CommandOutcome> => {
    const { symbol } = shown;
    const now = openedBy(symbol);
    if (now === null || now === shown.openedBy) return run(caller, { name: 'flatten', symbol });
    return Promise.resolve({
      ok: false,
      code: 'another-position',
      text: `${symbol}: the position that was shown, opened by ${shown.openedBy}, has closed. The one opened since by ${now} is not sold; send /flatten ${symbol} for it.`,
    });
  };

  const flatten = async (caller: Caller, shown: readonly ShownPosition[]): Promise<CommandOutcome> => {
    const outcomes: CommandOutcome[] = [];
    for (const position of shown) outcomes.push(await sell(caller, position));
    // First what is being sold: the first sentence is read as the whole.
    const text = [...outcomes]
      .sort((one, other) => Number(other.ok) - Number(one.ok))
      .map((outcome) => outcome.text)
      .join(' ');
    // What has closed meanwhile, by its stop or another's hand, is what was wanted; what cannot be sold must not hide
    // that the others are being.
    const failed = outcomes.find(({ ok, code }) => !ok && code !== 'no-position');
    const sold = outcomes.some(({ ok }) => ok);
    if (failed === undefined)
      return sold
        ? { ok: true, code: 'done', text }
        : { ok: true, code: 'nothing-to-do', text: `Closed meanwhile. ${text}` };
    return sold ? { ok: true, code: 'partly', text } : { ok: false, code: failed.code, text };
  };

  const cancelPreview = (orderId: string): CancelPreview => {
    const record = orderNamed(state, orderId);
    if (record === undefined) return { order: null, refusal: `No order ${orderId}. /orders lists them.` };
    const order = orderView(record);
    if (record.draft.purpose === 'stop')
      return {
        order,
        refusal: 'A protective stop is never cancelled by hand. /flatten closes the position, stop included.',
      };
    if (isFinal(record)) return { order, refusal: `The order is ${STATES[record.status]} already.` };
    if (record.draft.purpose === 'exit') return { order, refusal: 'An exit is never cancelled by hand.' };
    return { order, refusal: null };
  };

  const cancel = (caller: Caller, orderId: string): Promise<CommandOutcome> => {
    const { refusal } = cancelPreview(orderId);
    const record = orderNamed(state, orderId);
    if (refusal !== null || record === undefined)
      return Promise.resolve({ ok: false, code: 'refused', text: refusal ?? `No order ${orderId}.` });
    options.cancelEntry(record, caller.name);
    return Promise.resolve({ ok: true, code: 'done', text: `Cancelling ${orderId}; /orders shows what became of it.` });
  };

  /** Under a start gate they are no difference, and /unlock has them cancelled all the same. */
  const strays = (): string => {
    const { orphans } = state;
    return orphans.length === 0
      ? ''
      : ` Orders of an earlier database or another instance rest there: ${orphans.join(', ')}. /unlock lets them go, and they are cancelled.`;
  };

  const reconcile = async (caller: Caller): Promise<CommandOutcome> => {
    const asked = await run(caller, { name: 'reconcile' });
    if (!asked.ok) return asked;
    await options.reconcile();
    const lock = state.guardian.locks['reconciliation'];
    const doubt = state.reconcileRequested || state.accountFailed || (lock === undefined && state.suspicion !== null);
    if (doubt)
      return {
        ok: false,
        code: 'not-compared',
        text: `${state.accountFailed ? 'The account could not be read' : 'An order is under way or the account has just moved'}. It is tried again by itself; /health shows the outcome.`,
      };
    return lock === undefined
      ? { ok: true, code: 'done', text: `Ledger and exchange agree.${strays()}` }
      : { ok: true, code: 'differs', text: `Compared: ${lock.reason}. /unlock accepts the exchange's numbers.` };
  };

  return {
    orders: () => open().map(orderView),
    health: () => [...engineHealth(state, now()), ...options.outside()],
    model: modelView,
    symbols: () => Object.keys(state.symbols),
    chart,
    periods: (kind, count) => periodViews(records, kind, count, now().market, equity()),
    logs: options.logs,
    readiness: options.readiness,
    equityHistory: () => records.equityBetween(0, Number.MAX_SAFE_INTEGER),
    halt: (caller, reason) => run(caller, { name: 'halt', reason }),
    flattenPreview,
    flatten,
    cancelPreview,
    cancel,
    ...createSettling({
      state,
      wallNow: () => now().wall,
      run,
      evidence: options.evidence,
      forget: options.forget,
      reconcile: options.reconcile,
    }),
    reconcile,
    backup: async () => {
      try {
        return { ok: true, code: 'done', text: `Backup written on the server: ${await options.backup()}` };
      } catch (error) {
        return {
          ok: false,
          code: 'failed',
          text: `No backup was made: ${error instanceof Error ? error.message : String(error)}.`,
        };
      }
    },
    ...createAlertChanging({ settings: options.settings, now, tell: options.tell }),
  };
};
