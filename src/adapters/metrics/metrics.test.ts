import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { decimal } from '../../core/decimal.ts';
import type { Effect } from '../../core/engine/effect.ts';
import { createEngineState } from '../../core/engine/state.ts';
import type { ApprovedOrder } from '../../core/guardian/approved-order.ts';
import type { OrderStatus } from '../../core/orders/record.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MarketData } from '../../ports/market-data.ts';
import type { RiskView, StatusView } from '../../ports/operator.ts';
import type { JournalStore } from '../../ports/store.ts';
import type { Venue } from '../../ports/venue.ts';
import { createMetrics, type Metrics, type MetricSource } from './metrics.ts';

const DEPLOYMENT = new URL('../../../deployment/', import.meta.url);

const now = { wall: 1_700_000_000_000, span: 0 };
const clock: Clock = {
  marketNow: () => now.wall,
  wallNow: () => now.wall,
  monotonicNow: () => now.span,
  sleep: () => Promise.resolve(),
};

const open: Metrics[] = [];
const start = (): Metrics => {
  const metrics = createMetrics(clock);
  open.push(metrics);
  return metrics;
};
afterEach(() => {
  for (const metrics of open.splice(0)) metrics.close();
});

const status: StatusView = {
  mode: 'paper',
  state: 'reducing',
  why: { reason: 'Paused', clearing: '/resume' },
  entryBars: [{ code: 'state-reducing', why: 'Paused', symbols: ['BTC/USDT'] }],
  mayEnter: false,
  equity: 990,
  equityUnknown: null,
  dayBaseline: 1_000,
  dayPnl: -10,
  dayPnlFraction: -0.01,
  maxDailyDrawdown: 0.02,
  drawdownFraction: 0.03,
  maxTotalDrawdown: 0.1,
  lossStreak: 2,
  maxConsecutiveLosses: 3,
  positions: [
    {
      symbol: 'BTC/USDT',
      quantity: 0.01,
      entryPrice: 50_000,
      lastPrice: 51_000,
      unrealised: 10,
      unrealisedFraction: 0.02,
      stopPrice: 49_250,
      stopWorking: false,
      closing: null,
      targetPrice: 51_500,
      openedAt: 0,
      horizonAt: 0,
    },
  ],
  locks: [],
  symbols: [],
  marketNow: 0,
  nextDecisionAt: 0,
  wallNow: 0,
  startedAt: 0,
};
const risk: RiskView = {
  riskPerTrade: 0.01,
  stopLoss: 0.015,
  takeProfit: 0.03,
  horizonHours: 24,
  maxLeverage: 1,
  limits: [
    { name: 'gross exposure', limit: 0.8, value: 0.5, unit: 'fraction' },
    { name: 'exposure BTC/USDT', limit: 0.7, value: null, unit: 'fraction' },
  ],
};

const source = (rest: Partial<MetricSource> = {}): MetricSource => {
  const state = createEngineState();
  state.config = {} as NonNullable<typeof state.config>;
  state.wall = now.wall;
  return {
    state,
    clock,
    status: () => status,
    risk: () => risk,
    balance: () => ({
      quoteAsset: 'USDT',
      cash: 480,
      positions: [],
      feeAsset: null,
      external: [],
      equity: 990,
      asOf: null,
    }),
    health: () => ({
      ok: true,
      checks: [
        { name: 'engine', ok: true, detail: 'x' },
        { name: 'books', ok: null, detail: 'x' },
      ],
    }),
    outboxDepth: () => 4,
    journalEntries: () => 77,
    databaseBytes: () => 4096,
    readers: () => 2,
    version: { version: '1', engine: 'e', mode: 'paper' },
    model: null,
    ...rest,
  };
};

/** Samples by name and labels. */
const samples = async (metrics: Metrics): Promise<ReadonlyMap<string, number>> =>
  new Map(
    (await metrics.text())
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );

const place = (clientOrderId: string, purpose: 'entry' | 'stop'): Effect => ({
  type: 'place',
  order: { draft: { clientOrderId, purpose } } as unknown as ApprovedOrder,
});
const order = (clientOrderId: string, state: OrderStatus): Effect => ({
  type: 'order',
  clientOrderId,
  symbol: 'BTC/USDT',
  status: state,
  exchangeOrderId: null,
  executed: decimal('0'),
  detail: null,
});

describe('figures of a scrape', () => {
  test('what is known is there, in base units', async () => {
    const metrics = start();
    metrics.watch(source());
    const found = await samples(metrics);
    expect(found.get('guardian_equity{currency="USDT"}')).toBe(990);
    expect(found.get('guardian_day_loss_ratio')).toBe(0.01);
    expect(found.get('guardian_drawdown_limit_ratio')).toBe(0.1);
    expect(found.get('guardian_exposure_ratio{symbol="all"}')).toBe(0.5);
    expect(found.get('guardian_exposure_limit_ratio{symbol="BTC/USDT"}')).toBe(0.7);
    expect(found.get('guardian_trading_state{state="reducing"}')).toBe(1);
    expect(found.get('guardian_trading_state{state="active"}')).toBe(0);
    expect(found.get('guardian_position_unprotected{symbol="BTC/USDT"}')).toBe(1);
    expect(found.get('guardian_locks_held{kind="kill-switch"}')).toBe(0);
    expect(found.get('guardian_outbox_depth')).toBe(4);
    expect(found.get('guardian_last_input_timestamp_seconds')).toBe(1_700_000_000);
    expect(found.get('guardian_health_check{check="books"}')).toBe(0);
  });

  test('what is not known is absent, never zero; it comes and goes', async () => {
    const metrics = start();
    let view: StatusView = status;
    metrics.watch(source({ status: () => view }));
    expect((await samples(metrics)).has('guardian_drawdown_ratio')).toBe(true);
    view = { ...status, equity: null, dayPnlFraction: null, drawdownFraction: null, dayBaseline: null, positions: [] };
    const without = await samples(metrics);
    for (const name of [
      'guardian_equity{currency="USDT"}',
      'guardian_day_loss_ratio',
      'guardian_drawdown_ratio',
      'guardian_day_baseline',
      'guardian_clock_skew_seconds',
      'guardian_prediction_drift_index',
      'guardian_exposure_ratio{symbol="BTC/USDT"}',
      'guardian_position_value{symbol="BTC/USDT"}',
    ])
      expect(without.has(name), name).toBe(false);
    expect(without.get('guardian_equity_known')).toBe(0);
    view = status;
    expect((await samples(metrics)).get('guardian_drawdown_ratio')).toBe(0.03);
  });

  test('before the engine knows its configuration only the machine is shown', async () => {
    const metrics = start();
    metrics.watch(
      source({
        state: createEngineState(),
        status: () => {
          throw new Error('not yet');
        },
      }),
    );
    const found = await samples(metrics);
    expect(found.get('guardian_healthy')).toBe(1);
    // A zero here would be a loss at its limit for the alert rules, since the limit would be zero, too.
    expect(
      [...found.keys()].filter(
        (name) =>
          name.startsWith('guardian_') &&
          !/^guardian_(healthy|health_check|equity_known|info|outbox_depth|journal_entries|database_size_bytes|dashboard_readers|event_loop_lag_p99_seconds|\w+_(bucket|sum|count))\b/.test(
            name,
          ),
      ),
    ).toEqual([]);
    expect(found.get('guardian_equity_known')).toBe(0);
  });
});

describe('counts', () => {
  test('orders by purpose and end, an unknown outcome counted as well; the time to the first word', async () => {
    const metrics = start();
    metrics.effect(place('a', 'entry'));
    metrics.effect(place('b', 'stop'));
    now.span += 250;
    metrics.effect(order('a', 'unknown'));
    now.span += 5_000;
    metrics.effect(order('a', 'filled'));
    metrics.effect(order('b', 'working'));
    metrics.effect(order('b', 'cancelled'));
    metrics.effect(order('b', 'cancelled'));
    const found = await samples(metrics);
    expect(found.get('guardian_orders_total{purpose="entry",outcome="unknown"}')).toBe(1);
    expect(found.get('guardian_orders_total{purpose="entry",outcome="filled"}')).toBe(1);
    expect(found.get('guardian_orders_total{purpose="stop",outcome="cancelled"}')).toBe(1);
    expect(found.get('guardian_order_settle_duration_seconds_bucket{le="0.25",purpose="entry"}')).toBe(1);
    expect(found.get('guardian_order_settle_duration_seconds_sum{purpose="stop"}')).toBe(5.25);
  });

  test('an order that an earlier run placed is counted when it ends in this one', async () => {
    const metrics = start();
    const figures = source();
    const record = (clientOrderId: string, purpose: string, state: OrderStatus) => ({
      draft: { clientOrderId, purpose },
      status: state,
    });
    Object.assign(figures.state.orders, {
      s: record('s', 'stop', 'working'),
      u: record('u', 'exit', 'unknown'),
      f: record('f', 'entry', 'filled'),
    });
    metrics.watch(figures);
    for (const id of ['s', 'u', 'f']) metrics.effect(order(id, 'filled'));
    const found = await samples(metrics);
    expect(found.get('guardian_orders_total{purpose="stop",outcome="filled"}')).toBe(1);
    expect(found.get('guardian_orders_total{purpose="exit",outcome="filled"}')).toBe(1);
    expect(found.has('guardian_orders_total{purpose="entry",outcome="filled"}')).toBe(false);
    // How long the exchange took is not known of them.
    expect(found.has('guardian_order_settle_duration_seconds_sum{purpose="stop"}')).toBe(false);
  });

  test('a trade at exactly zero is neither won nor lost', async () => {
    const metrics = start();
    for (const pnl of ['1', '0', '-1'])
      metrics.effect({
        type: 'trade',
        symbol: 'BTC/USDT',
        quantity: decimal('0.01'),
        entryPrice: decimal('50000'),
        exitPrice: decimal('50000'),
        fees: decimal('0'),
        pnl: decimal(pnl),
        pnlFraction: 0,
        openedAt: 0,
        closedAt: 1,
        exitReason: 'horizon',
        entryOrderId: 'a',
      });
    const found = await samples(metrics);
    for (const result of ['win', 'loss', 'even'])
      expect(found.get(`guardian_trades_total{symbol="BTC/USDT",result="${result}"}`)).toBe(1);
  });

  test('denials by the rule that refused', async () => {
    const metrics = start();
    const checks = [
      { ok: true, code: 'cash', limit: null, value: null },
      { ok: false, code: 'spread-collar', limit: 0.005, value: 0.006 },
    ] as const;
    metrics.effect({
      type: 'decision',
      symbol: 'BTC/USDT',
      openTime: 0,
      probability: 0.6,
      expectedValue: 0.01,
      margin: 0.002,
      outcome: 'denied',
      text: '',
      sizing: null,
      checks,
      clientOrderId: null,
    });
    expect((await samples(metrics)).get('guardian_denials_total{code="spread-collar"}')).toBe(1);
  });

  test('a metered venue answers as the venue does; a second sending of an order is a retry', async () => {
    const metrics = start();
    const failure = { kind: 'unreachable', code: 'x', message: 'x', retryAfter: null } as const;
    const venue = {
      receiveWindow: 5_000,
      send: () => Promise.resolve({ kind: 'not-sent' as const, error: failure }),
      balances: () => Promise.resolve({ ok: false as const, error: failure }),
      serverTime: () => Promise.reject(new Error('broken')),
    } as unknown as Venue;
    const metered = metrics.venue(venue);
    const approved = { draft: { clientOrderId: 'a', purpose: 'stop' } } as unknown as ApprovedOrder;
    expect(await metered.send(approved)).toEqual({ kind: 'not-sent', error: failure });
    await metered.send(approved);
    expect(await metered.balances()).toEqual({ ok: false, error: failure });
    await expect(metered.serverTime()).rejects.toThrow('broken');
    expect(metered.receiveWindow).toBe(5_000);
    const found = await samples(metrics);
    expect(found.get('guardian_order_retries_total{purpose="stop"}')).toBe(1);
    expect(found.get('guardian_exchange_requests_total{operation="send",outcome="not-sent"}')).toBe(2);
    expect(found.get('guardian_exchange_requests_total{operation="balances",outcome="unreachable"}')).toBe(1);
    expect(found.get('guardian_exchange_requests_total{operation="time",outcome="threw"}')).toBe(1);
  });

  test('a series that an alert rule waits for to rise is there before its first event: from nothing to one is no rise', async () => {
    const rules = readFileSync(new URL('prometheus/guardian.rules.yml', DEPLOYMENT), 'utf8');
    const awaited = [...rules.matchAll(/increase\((\w+)\{outcome="([a-z-]+)"\}/g)].map(
      ([, name = '', outcome = '']) => ({ name, outcome }),
    );
    expect(awaited.length).toBeGreaterThan(1);
    const metrics = start();
    const refused = { kind: 'authentication', code: '-2015', message: 'x', retryAfter: null } as const;
    const venue = metrics.venue({
      balances: () => Promise.resolve({ ok: false as const, error: refused }),
    } as unknown as Venue);
    metrics.marketData({} as MarketData);
    const before = await samples(metrics);
    for (const { name, outcome } of awaited)
      for (const operation of ['balances', 'trades', 'open-orders', 'time', 'quotes', 'candles', 'instruments'])
        expect(before.get(`${name}{operation="${operation}",outcome="${outcome}"}`), `${operation} ${outcome}`).toBe(0);
    await venue.balances();
    expect(
      (await samples(metrics)).get('guardian_exchange_requests_total{operation="balances",outcome="authentication"}'),
    ).toBe(1);
  });

  test('a metered journal applies and throws as the journal does; steps are timed inside it', async () => {
    const metrics = start();
    const journal = {
      commit: (inputs: readonly unknown[], apply: (input: never) => unknown) => {
        if (inputs.length === 2) throw new Error('disk full');
        return inputs.map((input) => apply(input as never));
      },
      lastSequence: () => 9,
    } as unknown as JournalStore;
    const metered = metrics.journal(journal);
    const input = { type: 'timer', at: 0, wall: 0 } as const;
    expect(
      metered.commit([input], () => {
        now.span += 2;
        return [];
      }),
    ).toEqual([[]]);
    expect(() => metered.commit([input, input], () => [])).toThrow('disk full');
    expect(metered.lastSequence()).toBe(9);
    const found = await samples(metrics);
    expect(found.get('guardian_step_duration_seconds_sum')).toBeCloseTo(0.002, 9);
    expect(found.get('guardian_inputs_total{type="timer"}')).toBe(1);
  });
});

describe('conventions', () => {
  const exposed = async (): Promise<string> => {
    const metrics = start();
    metrics.watch(source());
    metrics.effect(place('a', 'entry'));
    metrics.effect(order('a', 'filled'));
    return metrics.text();
  };

  test('every metric of ours has help, and a name that says its unit and kind', async () => {
    const text = await exposed();
    const types = [...text.matchAll(/^# TYPE (guardian_\w+) (\w+)$/gm)];
    expect(types.length).toBeGreaterThan(45);
    for (const [, name = '', type] of types) {
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
      expect(name, name).not.toMatch(/milliseconds|_ms$|percent/);
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    }
  });

  test("promtool finds nothing wrong (needs Debian's prometheus package)", async (context) => {
    if (spawnSync('promtool', ['--version']).error !== undefined)
      return context.skip("needs promtool, from Debian's prometheus package");
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: await exposed(), encoding: 'utf8' });
    expect(`${checked.stdout}${checked.stderr}`).toBe('');
    expect(checked.status).toBe(0);
    for (const args of [
      ['check', 'rules', 'guardian.rules.yml'],
      ['test', 'rules', 'guardian.rules.test.yml'],
      ['check', 'config', '--syntax-only', 'prometheus.yml'],
    ]) {
      const {
        status: code,
        stdout,
        stderr,
      } = spawnSync('promtool', args, { cwd: new URL('prometheus/', DEPLOYMENT), encoding: 'utf8' });
      expect(code, `${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
    }
  });

  test('the Grafana dashboard and the alert rules name only metrics that there are', async () => {
    const known = new Set(
      [...(await exposed()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    const used = ['grafana/guardian-bot.json', 'prometheus/guardian.rules.yml'].flatMap((path) =>
      [
        ...readFileSync(new URL(path, DEPLOYMENT), 'utf8').matchAll(
          /\b(guardian_[a-z0-9_]+|process_[a-z_]+|nodejs_[a-z_]+)\b/g,
        ),
      ].map(([, name = '']) => name),
    );
    expect(used.length).toBeGreaterThan(60);
    expect([...new Set(used)].filter((name) => !known.has(name))).toEqual([]);
  });
});
