import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Names of the library's own metrics that break the conventions: gauges that end in _total. */
const UNCONVENTIONAL = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;
const NANOSECONDS = 1e9;

/** Fast work inside the process: a tenth of a millisecond to a second. */
const WORK_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
/** Calls over a network: a millisecond to a minute. */
const CALL_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Makes metrics that belong to a registry. */
const makersFor = (registry: Registry) => {
  const registers = [registry];
  return {
    gauge: <const L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) => {
      const made = new Gauge({ name, help, labelNames, registers });
      // One without labels begins at zero, which would be told of figures that nobody knows yet.
      if (labelNames.length === 0) made.remove();
      return made;
    },
    counter: <const L extends string = never>(name: string, help: string, labelNames: readonly L[] = []) =>
      new Counter({ name, help, labelNames, registers }),
    histogram: <const L extends string = never>(
      name: string,
      help: string,
      buckets: readonly number[],
      labelNames: readonly L[] = [],
    ) => new Histogram({ name, help, labelNames, buckets: [...buckets], registers }),
  };
};
type Makers = ReturnType<typeof makersFor>;

/** What the account is worth, in quote currency. */
const accountMetrics = ({ gauge }: Makers) => ({
  equity: gauge('guardian_equity', 'Equity in quote currency, unrealised included; absent while it is not known', [
    'currency',
  ]),
  equityKnown: gauge('guardian_equity_known', 'Whether equity is known (1) or not (0)'),
  cash: gauge('guardian_cash', 'Quote cash of the bot in quote currency', ['currency']),
  dayBaseline: gauge(
    'guardian_day_baseline',
    'Equity from which the loss of the UTC day is counted, in quote currency',
  ),
  dayLoss: gauge('guardian_day_loss_ratio', 'Loss of the UTC day as a fraction of its baseline'),
  dayLossLimit: gauge('guardian_day_loss_limit_ratio', 'Loss of the UTC day at which trading halts and flattens'),
  drawdown: gauge('guardian_drawdown_ratio', 'Fall from the high-water mark as a fraction'),
  drawdownLimit: gauge(
    'guardian_drawdown_limit_ratio',
    'Fall from the high-water mark at which trading halts and flattens',
  ),
  lossStreak: gauge('guardian_loss_streak', 'Losing trades in a row'),
  lossStreakLimit: gauge('guardian_loss_streak_limit', 'Losing trades in a row at which the kill-switch trips'),
  exposure: gauge('guardian_exposure_ratio', 'Exposure as a fraction of equity; symbol "all" is gross', ['symbol']),
  exposureLimit: gauge(
    'guardian_exposure_limit_ratio',
    'Cap of exposure as a fraction of equity; symbol "all" is gross',
    ['symbol'],
  ),
  positionValue: gauge('guardian_position_value', 'Value of the open position at the last price, in quote currency', [
    'symbol',
  ]),
  positionUnprotected: gauge(
    'guardian_position_unprotected',
    'Whether a position is open whose stop is not known to rest on the exchange (1) or not (0)',
    ['symbol'],
  ),
  unrealised: gauge('guardian_unrealised_pnl', 'Unrealised profit or loss in quote currency', ['symbol']),
});

/** What the Guardian holds, and what it refused. */
const guardianMetrics = ({ gauge, counter }: Makers) => ({
  state: gauge('guardian_trading_state', 'The trading state that holds is 1, the others are 0', ['state']),
  locks: gauge('guardian_locks_held', 'Locks in force by kind', ['kind']),
  lockChanges: counter('guardian_lock_changes_total', 'Locks set and cleared', ['kind', 'change']),
  decisions: counter('guardian_decisions_total', 'Decisions by outcome', ['symbol', 'outcome']),
  denials: counter('guardian_denials_total', 'Entries that the Guardian denied, by the rule', ['code']),
});

/** Orders, fills and the calls to the exchange. */
const orderMetrics = ({ gauge, counter, histogram }: Makers) => ({
  orders: counter('guardian_orders_total', 'Orders by purpose and how they ended', ['purpose', 'outcome']),
  ordersPlaced: counter('guardian_orders_placed_total', 'Orders approved and recorded', ['purpose']),
  ordersOpen: gauge('guardian_orders_open', 'Orders that are not final', ['status']),
  fills: counter('guardian_fills_total', 'Fills booked', ['symbol', 'side']),
  trades: counter('guardian_trades_total', 'Round trips closed', ['symbol', 'result']),
  exchangeCalls: counter('guardian_exchange_requests_total', 'Calls to the exchange by operation and outcome', [
    'operation',
    'outcome',
  ]),
  retries: counter('guardian_order_retries_total', 'Orders sent again after one that certainly did not arrive', [
    'purpose',
  ]),
  exchangeSeconds: histogram(
    'guardian_exchange_request_duration_seconds',
    'Time of calls to the exchange, waits of the rate limit included',
    CALL_SECONDS,
    ['operation'],
  ),
  settleSeconds: histogram(
    'guardian_order_settle_duration_seconds',
    'Wall time from the approval of an order to the first word of the exchange',
    CALL_SECONDS,
    ['purpose'],
  ),
});

/** The process: engine, journal, outbox, data and health. */
const machineMetrics = ({ gauge, counter, histogram }: Makers) => ({
  inputs: counter('guardian_inputs_total', 'Inputs that the engine applied', ['type']),
  stepSeconds: histogram(
    'guardian_step_duration_seconds',
    'Time of one step of the engine, Guardian included, without the write',
    WORK_SECONDS,
  ),
  commitSeconds: histogram(
    'guardian_commit_duration_seconds',
    'Time of one journal transaction, steps and synchronous write included',
    WORK_SECONDS,
  ),
  predictionSeconds: histogram(
    'guardian_prediction_duration_seconds',
    "Time of the model's answer for one hour",
    WORK_SECONDS,
  ),
  alerts: counter('guardian_alerts_total', 'Alerts put into the outbox', ['kind']),
  outboxDepth: gauge('guardian_outbox_depth', 'Alerts that are not delivered to every chat yet'),
  commands: counter('guardian_commands_total', 'Commands that reached the engine', ['ok']),
  journalEntries: gauge('guardian_journal_entries', 'Entries of the journal'),
  databaseBytes: gauge('guardian_database_size_bytes', 'Size of the database file'),
  priceAge: gauge('guardian_price_age_seconds', 'Market time since the newest price', ['symbol']),
  candleAge: gauge('guardian_candle_age_seconds', 'Market time since the close of the newest candle held', ['symbol']),
  clockSkew: gauge('guardian_clock_skew_seconds', 'Exchange clock less ours; absent while it is not known'),
  drift: gauge(
    'guardian_prediction_drift_index',
    'Population stability index of the prediction against training; absent before 500 hours',
  ),
  healthy: gauge('guardian_healthy', 'Whether engine, Guardian and market loop make progress (1) or not (0)'),
  checkOk: gauge('guardian_health_check', 'One thing that was looked at: 1 good, 0 bad or unknown', ['check']),
  lastInput: gauge('guardian_last_input_timestamp_seconds', 'Wall time of the newest input'),
  marketTime: gauge('guardian_market_timestamp_seconds', 'Market time'),
  readers: gauge('guardian_dashboard_readers', 'Pages that are open'),
  info: gauge('guardian_info', 'Versions of what runs; always 1', ['version', 'engine', 'mode', 'model', 'model_hash']),
});

/** Everything that is counted, with its labels. Units are base units; names follow Prometheus' conventions. */
export const createMetricSet = () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of UNCONVENTIONAL) registry.removeSingleMetric(name);
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  const worstLag = new Gauge({
    name: 'guardian_event_loop_lag_p99_seconds',
    help: 'Delay of the event loop since the last scrape, 99th percentile',
    registers: [registry],
    collect() {
      this.set(Number.isFinite(lag.percentile(99)) ? lag.percentile(99) / NANOSECONDS : 0);
      lag.reset();
    },
  });

  const makers = makersFor(registry);
  return {
    registry,
    worstLag,
    close: () => {
      lag.disable();
      registry.clear();
    },
    ...accountMetrics(makers),
    ...guardianMetrics(makers),
    ...orderMetrics(makers),
    ...machineMetrics(makers),
  };
};

export type MetricSet = ReturnType<typeof createMetricSet>;
