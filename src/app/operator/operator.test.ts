import { beforeEach, describe, expect, test } from 'vitest';
import { decimal, formatDecimal } from '../../core/decimal.ts';
import { BTC, ETH, instrumentText, stopIdOf, World } from '../../core/engine/world.test-helper.ts';
import type { OperatorCommand } from '../../core/engine/input.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../core/units.ts';
import type { Caller, EntryBarView } from '../../ports/operator.ts';
import type { HealthCheckView, OperatorTools } from '../../ports/operator-tools.ts';
import type { EquityPoint, FillRow, Records } from '../../ports/store.ts';
import { equityAt } from './equity-at.ts';
import { createLogTail } from './log-tail.ts';
import { createOperatorTools, type OperatorToolsOptions } from './operator-tools.ts';
import { periodViews } from './periods.ts';
import { pnlView } from './pnl-view.ts';
import { unlockPreview } from './unlock-preview.ts';
import { lockViews, positionViews, riskView, statusView } from './views.ts';

const ADA: Caller = { userId: 7, name: 'Ada', role: 'operator', via: 'telegram' };

let world: World;
let cancelled: string[];
let reconciled: number;
let forgotten: string[];

const noRecords = (overrides: Partial<Records> = {}): Records => ({
  trades: () => ({ total: 0, trades: [] }),
  tradesBetween: () => [],
  equityBetween: () => [],
  equityBefore: () => null,
  depositsBetween: () => 0,
  flowsBetween: () => [],
  feesBetween: () => 0,
  decisions: () => [],
  fills: () => [],
  ...overrides,
});

const now = () => ({ market: world.at, wall: world.wall });

const tools = (overrides: Partial<OperatorToolsOptions> = {}): OperatorTools =>
  createOperatorTools({
    state: world.state,
    records: noRecords(),
    feed: { recent: () => [] },
    now,
    model: null,
    trainedThrough: null,
    drift: { push: () => undefined, report: () => null },
    settings: {
      view: () => ({ mutedUntil: null, modes: {} as never }),
      mute: () => undefined,
      set: () => undefined,
      volume: () => 'on',
    },
    tell: () => undefined,
    logs: () => [],
    readiness: () => null,
    outside: () => [],
    run: (_caller, command: OperatorCommand) => {
      const { ok, code, text } = world.command(command);
      return Promise.resolve({ ok, code, text });
    },
    reconcile: () => {
      reconciled += 1;
      world.account();
      world.account();
      return Promise.resolve();
    },
    evidence: ({ clientOrderId }) =>
      Promise.resolve({
        listed: world.exchange.openOrders().some(({ draft }) => draft.clientOrderId === clientOrderId),
        totals: world.exchange
          .balances()
          .map(({ asset }) => ({ asset, total: formatDecimal(world.exchange.of(asset)) })),
      }),
    forget: (id) => void forgotten.push(id),
    cancelEntry: (record) => void cancelled.push(record.draft.clientOrderId),
    backup: () => Promise.resolve('data/backups/x.db'),
    ...overrides,
  });

beforeEach(() => {
  world = new World().ready();
  cancelled = [];
  reconciled = 0;
  forgotten = [];
});

/** The price of BTC stays away for longer than one keeps. */
const onlyEthIsQuoted = (): void => {
  world.pass(301_000);
  world.apply({ type: 'quotes', quotes: [{ symbol: ETH, last: 2_500, bid: 2_499.9, ask: 2_500.1, at: world.at }] });
};

/** A start at which one of the two was read that have to be. */
const begun = (read: 'account' | 'clock'): void => {
  world = new World();
  world.start();
  for (const symbol of [BTC, ETH]) world.warm(symbol);
  if (read === 'account') world.account();
  else world.apply({ type: 'clock-skew', skew: 0 });
  world.quotes();
  world.quotes();
};

describe('what people see', () => {
  test('a protected position with its stop, target and distance', () => {
    world.predict(BTC);
    const [position] = positionViews(world.state);
    expect(position).toMatchObject({ symbol: BTC, stopWorking: true });
    expect(position?.stopPrice ?? 0).toBeCloseTo((position?.entryPrice ?? 0) * 0.985, -1);
    expect(position?.targetPrice).toBeCloseTo((position?.entryPrice ?? 0) * 1.03, 6);
  });

  test('why the exchange would not take the sale of a position, while it would not', () => {
    world.predict(BTC);
    expect(positionViews(world.state)[0]).not.toHaveProperty('unsellable');
    for (const [minNotional, why] of [
      ['100000', /min-notional 100000/],
      ['5', undefined],
    ] as const) {
      world.apply({ type: 'instruments', instruments: [instrumentText(BTC, { minNotional })] });
      expect(positionViews(world.state)[0]?.unsellable).toEqual(
        why === undefined ? undefined : expect.stringMatching(why),
      );
    }
  });

  test('equity that is not known is said to be unknown, with the reason, never zero', () => {
    world.predict(BTC);
    world.pass(2 * HOUR_MS);
    const status = statusView(world.state, now());
    expect(status.equity).toBeNull();
    expect(status.equityUnknown).toContain(BTC);
    expect(status.dayPnl).toBeNull();
    expect(riskView(world.state, now()).limits.find((limit) => limit.name === 'daily drawdown')?.value).toBeNull();
  });

  test('that the day was rebased by /unlock, until the day is over', () => {
    expect(statusView(world.state, now()).dayRebased).toBe(false);
    world.enter();
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 47_500 });
    const { newLossPermitted } = unlockPreview(world.state, now());
    expect(world.unlock(['daily-drawdown'], newLossPermitted).ok).toBe(true);
    expect(statusView(world.state, now())).toMatchObject({ dayRebased: true, dayPnl: 0 });
    world.hours(17);
    expect(statusView(world.state, now()).dayRebased).toBe(false);
  });

  test('what /unlock would clear, and what stays', () => {
    world.command({ name: 'halt', reason: 'look' });
    world.command({ name: 'pause', reason: 'look' });
    const preview = unlockPreview(world.state, now());
    expect(preview.locks.map((lock) => lock.kind)).toEqual(['operator-halt']);
    expect(preview.staying.map((lock) => lock.kind)).toEqual(['operator-pause']);
    expect(preview.shown.shownAt).toBe(world.at);
  });

  test('what /unlock would forgive and accept, as it is now: the lock says what it was when it was set', () => {
    const drift = (value: number): void =>
      void world.apply({ type: 'model-status', valid: true, detail: '', drift: { value, limit: 0.25 } });
    expect(unlockPreview(world.state, now()).shown).toMatchObject({ shownLosses: 0, shownDrift: null });
    drift(0.31);
    expect(unlockPreview(world.state, now())).toMatchObject({
      shown: { shownDrift: 0.31 },
      baselines: ['accepted drift none -> 0.31'],
    });
    drift(0.44);
    expect(unlockPreview(world.state, now()).baselines).toEqual(['accepted drift none -> 0.44']);
    expect(unlockPreview(world.state, now()).shown.shownLossAt).toBeNull();
    world.state.guardian.lossStreak = [
      { symbol: BTC, pnlFraction: -0.02, closedAt: 5 },
      { symbol: ETH, pnlFraction: -0.02, closedAt: 7 },
    ];
    expect(unlockPreview(world.state, now()).shown).toMatchObject({ shownLossAt: 7, shownLosses: 2 });
  });

  test('what /unlock would book as withdrawn, and the baselines as they are then', () => {
    world.enter();
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 47_500 });
    world.exchange.move('USDT', decimal('-25'));
    world.account();
    world.account();
    // Not compared at an operator's wish yet: it would be refused, and is not shown as cleared.
    const early = unlockPreview(world.state, now());
    expect(early).toMatchObject({
      locks: [{ id: 'daily-drawdown' }],
      staying: [{ id: 'reconciliation', clearing: 'send /reconcile first' }],
      baselines: [expect.stringMatching(/^day baseline/)],
    });
    world.command({ name: 'reconcile' });
    world.account();
    const { baselines, newLossPermitted, locks } = unlockPreview(world.state, now());
    expect(locks.map(({ id }) => id)).toEqual(['reconciliation', 'daily-drawdown']);
    expect(
      world.unlock(
        locks.map(({ id }) => id),
        newLossPermitted,
      ).ok,
    ).toBe(true);
    const after = world.state.guardian.dayBaseline ?? 0;
    expect(baselines).toEqual([
      '25.00 USDT out of the books as withdrawn: no loss, the baselines move with it',
      `day baseline 10,000.00 -> ${after.toFixed(2).replace(/^9/, '9,')}`,
    ]);
  });

  test.each([
    ['before', true],
    ['after', false],
  ])('what equity is left, and may be lost, once a shortage that was found %s the fall has been booked', (_, first) => {
    const lose = (): void => {
      world.exchange.move('USDT', decimal('-400'));
      world.account();
      world.account();
      world.command({ name: 'reconcile' });
      world.account();
    };
    const fall = (): void => void world.quotes({ [BTC]: 45_000 });
    world.enter();
    world.exchange.stopsFill = false;
    world.state.guardian.highWaterMark = 10_500;
    for (const act of first ? [lose, fall] : [fall, lose]) act();
    const { shown, locks, newLossPermitted } = unlockPreview(world.state, now());
    expect(locks.map(({ id }) => id).sort()).toEqual(['daily-drawdown', 'reconciliation', 'total-drawdown']);
    expect(
      world.command({ name: 'unlock', reason: '', ...shown, lockIds: locks.map(({ id }) => id), newLossPermitted }),
    ).toMatchObject({ ok: true });
    expect(world.state.guardian.dayBaseline).toBe(shown.shownEquity);
    expect(newLossPermitted).toBeCloseTo((shown.shownEquity ?? 0) * 0.02, 9);
  });

  test('that what is left once a shortage has been booked is less than the minimum', () => {
    world.exchange.move('USDT', decimal('-9950'));
    world.state.guardian.locks = {
      'minimum-balance': {
        id: 'minimum-balance',
        kind: 'minimum-balance',
        symbol: null,
        since: world.at,
        reason: 'x',
        limit: 100,
        value: 50,
      },
    };
    world.account();
    world.account();
    world.command({ name: 'reconcile' });
    world.account();
    const { shown, locks, staying } = unlockPreview(world.state, now());
    expect([locks, staying]).toMatchObject([
      [{ id: 'reconciliation' }],
      [{ id: 'minimum-balance', clearing: 'equity 50.00 is still below 100.00' }],
    ]);
    expect(
      world.command({
        name: 'unlock',
        reason: '',
        ...shown,
        lockIds: ['reconciliation', 'minimum-balance'],
        newLossPermitted: null,
      }),
    ).toMatchObject({ ok: false, code: 'partly' });
  });

  test('that accepting a withdrawal trips a drawdown, of which positions are closed', () => {
    world.enter();
    world.quotes({ [BTC]: 49_300 });
    const withdraw = (amount: string): readonly string[] => {
      world.exchange.move('USDT', decimal(amount));
      for (let reading = 0; reading < 2; reading += 1) world.account();
      world.command({ name: 'reconcile' });
      world.account();
      return unlockPreview(world.state, now()).baselines;
    };
    expect(withdraw('-0.001')).toEqual([
      '0.001 USDT out of the books as withdrawn: no loss, the baselines move with it',
    ]);
    world.exchange.move('BTC', decimal('-0.05'));
    world.exchange.total['BTC'] = decimal('0');
    const all = withdraw(`-${formatDecimal(world.exchange.of('USDT'))}`);
    expect(all.slice(2)).toEqual([
      expect.stringMatching(
        /^then 0.00 is 100.00 % below 83.*: Daily drawdown locks, and positions are closed at market$/,
      ),
      expect.stringMatching(/: Total drawdown locks, and positions are closed at market$/),
      'then 0.00 is below 100.00: Minimum balance locks',
    ]);
    world.unlock(['reconciliation']);
    expect(world.locks()).toEqual(['daily-drawdown', 'minimum-balance', 'total-drawdown']);
  });

  test('that a day which was unlocked once asks for no amount any more while another lock can be cleared', () => {
    world.enter();
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 47_500 });
    world.unlock(['daily-drawdown'], unlockPreview(world.state, now()).newLossPermitted);
    world.command({ name: 'halt', reason: 'look' });
    world.exchange.move('USDT', decimal('300'));
    world.account();
    world.account();
    world.state.guardian.dayBaseline = 20_000;
    world.quotes();
    const preview = unlockPreview(world.state, now());
    expect(preview).toMatchObject({ locks: [{ id: 'operator-halt' }], newLossPermitted: null, baselines: [] });
    expect(preview.staying).toMatchObject([
      { id: 'daily-drawdown', clearing: 'it has been unlocked once today already; next UTC day' },
    ]);
  });

  test('when a pause that holds was asked for again', () => {
    world.command({ name: 'pause', reason: 'look' });
    expect(lockViews(world.state)[0]).not.toHaveProperty('renewed');
    world.pass(1000);
    world.command({ name: 'pause', reason: 'look again' });
    expect(lockViews(world.state)).toMatchObject([{ since: world.at - 1000, renewed: world.at }]);
  });

  test.each<readonly [string, () => void, readonly EntryBarView[], boolean]>([
    ['nothing', () => undefined, [], true],
    ['a stale symbol', onlyEthIsQuoted, [{ code: 'symbol-locked', why: 'Stale data', symbols: [BTC] }], true],
    [
      'a bot that is paused',
      () => void world.command({ name: 'pause', reason: 'look' }),
      [{ code: 'state-reducing', why: 'Paused by operator', symbols: [BTC, ETH] }],
      false,
    ],
    [
      'an account that could not be read',
      () => void world.apply({ type: 'account', balances: null, failure: '503', foreignOrders: [] }),
      [{ code: 'equity-unknown', why: 'The account could not be read', symbols: [BTC, ETH] }],
      false,
    ],
    [
      'a start at which no account was read',
      () => begun('clock'),
      [{ code: 'baseline-unknown', why: "The day's baseline is not known yet", symbols: [BTC, ETH] }],
      false,
    ],
    [
      'a start at which no clock was measured',
      () => begun('account'),
      [{ code: 'clock-unknown', why: 'The exchange clock is not known', symbols: [BTC, ETH] }],
      false,
    ],
  ])('what bars entries under %s is what an order would be refused for', (_what, happen, entryBars, mayEnter) => {
    happen();
    const status = statusView(world.state, now());
    expect(status).toMatchObject({ entryBars, mayEnter });
    for (const symbol of [BTC, ETH]) {
      world.predict(symbol);
      const bar = status.entryBars.find(({ symbols }) => symbols.includes(symbol));
      expect([symbol, world.decision().text]).toEqual([
        symbol,
        expect.stringMatching(bar === undefined ? /^entry / : new RegExp(`^denied, ${bar.code}: `)),
      ]);
    }
  });

  test('a day that has begun since the newest input bars nothing; data that has grown old since does', () => {
    const midnight = Math.ceil(world.at / DAY_MS) * DAY_MS;
    while (world.at + HOUR_MS < midnight) world.hour();
    world.at = midnight - 5;
    world.quotes();
    world.pass(10);
    expect(statusView(world.state, now())).toMatchObject({ entryBars: [], mayEnter: true });
    world.pass(301_000);
    expect(statusView(world.state, now())).toMatchObject({
      entryBars: [{ code: 'price-unknown', why: 'No fresh price', symbols: [BTC, ETH] }],
      mayEnter: false,
    });
  });

  test('health says unknown where nothing is known', () => {
    world = new World();
    world.start();
    const checks = tools().health();
    expect(checks.find((check) => check.name === 'equity')).toMatchObject({ ok: false });
    expect(checks.find((check) => check.name === `data ${BTC}`)).toMatchObject({ ok: null, detail: 'no price yet' });
    expect(checks.find((check) => check.name === 'books')).toMatchObject({ ok: null });
  });

  test('health tells how old stale data is now, and what fresh data waits for', () => {
    const data = (): HealthCheckView | undefined =>
      tools()
        .health()
        .find((check) => check.name === `data ${BTC}`);
    onlyEthIsQuoted();
    world.pass(9_000);
    expect(data()).toMatchObject({ ok: false, detail: 'price is 310 s old (limit 300 s)' });
    world.quotes();
    expect(data()).toMatchObject({ ok: false, detail: 'price 0 s old, one more fresh poll clears the lock' });
    world.quotes();
    expect(data()).toMatchObject({ ok: true, detail: 'price 0 s old' });
  });

  test('health asks no data of a market that is traded no more, and of what is held there the price alone', () => {
    const data = (): readonly [string, boolean | null][] =>
      tools()
        .health()
        .flatMap(({ name, ok }) => (name.startsWith('data ') ? [[name, ok]] : []));
    world.enter();
    world.config = { ...world.config, symbols: [ETH] };
    world.restart();
    world.hours(3);
    const prices = (): void =>
      void world.apply({
        type: 'quotes',
        quotes: [BTC, ETH].map((symbol) => ({
          symbol,
          last: world.exchange.prices[symbol] ?? 0,
          bid: world.exchange.prices[symbol] ?? 0,
          ask: world.exchange.prices[symbol] ?? 0,
          at: world.at,
        })),
      });
    prices();
    expect(data()).toEqual([
      [`data ${BTC}`, true],
      [`data ${ETH}`, true],
    ]);
    world.command({ name: 'flatten', symbol: BTC });
    world.hours(1);
    expect(data()).toEqual([[`data ${ETH}`, true]]);
  });
});

describe('what people may do', () => {
  test('a protective stop is never cancelled by hand', async () => {
    world.predict(BTC);
    const stop = tools()
      .orders()
      .find((order) => order.purpose === 'stop');
    expect(stop?.triggerPrice).not.toBeNull();
    const outcome = await tools().cancel(ADA, stop?.id ?? '');
    expect(outcome).toMatchObject({ ok: false, code: 'refused' });
    expect(cancelled).toEqual([]);
  });

  test('neither is an exit: the position would stay open', async () => {
    world.enter();
    world.fate = (draft) => (draft.purpose === 'exit' ? { kind: 'silence' } : { kind: 'accept' });
    world.command({ name: 'flatten', symbol: BTC });
    const exit = tools()
      .orders()
      .find((order) => order.purpose === 'exit');
    expect(tools().cancelPreview(exit?.id ?? '')).toMatchObject({
      order: { purpose: 'exit' },
      refusal: 'An exit is never cancelled by hand.',
    });
    expect(await tools().cancel(ADA, exit?.id ?? '')).toMatchObject({ ok: false, code: 'refused' });
    expect(cancelled).toEqual([]);
  });

  test('an order that the exchange never answers for is settled as shown, then books and account are compared', async () => {
    world.enter();
    world.account();
    const stop = stopIdOf(world);
    world.cancelWorks = false;
    world.apply({
      type: 'order-report',
      symbol: BTC,
      clientOrderId: stop,
      outcome: { kind: 'unknown', code: '503', message: 'no answer' },
    });
    world.timer(2 * MINUTE_MS);
    const side = tools();
    expect(side.unsettled()).toEqual([
      expect.stringMatching(new RegExp(`^${stop}: stop, sell .* unknown for 2 min \\(.*503 no answer\\)$`)),
    ]);
    const request = { orderId: stop, claim: 'filled', price: null } as const;
    expect(await side.settlePreview(request)).toMatchObject({
      what: [],
      refusal: expect.stringContaining('among its open orders'),
    });
    const order = world.exchange.orders.get(stop);
    if (order === undefined) throw new Error('no stop');
    world.exchange.fill(order, order.draft.quantity, decimal('49000'), world.at);
    const preview = await side.settlePreview(request);
    expect(preview).toMatchObject({
      refusal: null,
      what: [
        expect.stringContaining(stop),
        expect.stringMatching(/BTC less and .* USDT more/),
        expect.stringContaining('Books sold'),
        expect.any(String),
      ],
    });
    world.exchange.move('USDT', decimal('5'));
    expect(await side.settle(ADA, request, preview.shown)).toMatchObject({ ok: false, code: 'changed' });
    world.exchange.move('USDT', decimal('-5'));
    expect(await side.settle(ADA, request, preview.shown)).toMatchObject({ ok: true, code: 'done' });
    expect([forgotten, reconciled, world.locks().includes('reconciliation')]).toEqual([[stop], 1, false]);
    expect(await side.settle(ADA, request, preview.shown)).toMatchObject({ ok: false });
  });

  test.each(['constructor', '__proto__', 'toString'])('an order called %s is none', async (orderId) => {
    expect(tools().cancelPreview(orderId)).toEqual({
      order: null,
      refusal: `No order ${orderId}. /orders lists them.`,
    });
    expect(await tools().cancel(ADA, orderId)).toMatchObject({ ok: false, code: 'refused' });
    expect(await tools().settlePreview({ orderId, claim: 'gone', price: null })).toMatchObject({
      what: [],
      refusal: expect.stringContaining(orderId),
    });
  });

  test('nothing is settled by what could not be read', async () => {
    const side = tools({ evidence: () => Promise.resolve('the balances could not be read (503)') });
    const request = { orderId: stopIdOf(world.enter()), claim: 'gone', price: null } as const;
    expect(await side.settlePreview(request)).toMatchObject({
      refusal: 'Not now: the balances could not be read (503).',
    });
    expect(await side.settle(ADA, request, '')).toMatchObject({ ok: false, code: 'no-evidence' });
  });

  test('a working entry may be cancelled', async () => {
    world.fate = () => ({ kind: 'silence' });
    world.predict(BTC);
    const entry = tools()
      .orders()
      .find((order) => order.purpose === 'entry');
    expect(await tools().cancel(ADA, entry?.id ?? '')).toMatchObject({ ok: true });
    expect(cancelled).toEqual([entry?.id]);
    expect(await tools().cancel(ADA, 'gb-none')).toMatchObject({ ok: false });
  });

  test('/flatten says of a halted market that what is held there waits', () => {
    world.predict(BTC);
    expect(tools().flattenPreview(BTC).positions[0]).not.toHaveProperty('halted');
    world.apply({ type: 'instruments', instruments: [instrumentText(BTC, { trading: false })] });
    expect(tools().flattenPreview(BTC).positions).toMatchObject([{ symbol: BTC, halted: true }]);
  });

  test('/flatten shows the proceeds after fees, then sells exactly these', async () => {
    world.predict(BTC);
    world.predict(ETH);
    const preview = tools().flattenPreview(BTC);
    const [position] = preview.positions;
    expect(preview.positions).toHaveLength(1);
    expect(position?.estimatedProceeds).toBeCloseTo((position?.quantity ?? 0) * (position?.lastPrice ?? 0) * 0.999, 6);
    expect(await tools().flatten(ADA, preview.positions)).toMatchObject({ ok: true });
    expect(positionViews(world.state).map((view) => view.symbol)).toEqual([ETH]);
    expect(tools().flattenPreview(BTC)).toEqual({ positions: [], refusal: null });
  });

  test('/reconcile compares, and says whether the books agree', async () => {
    expect(await tools().reconcile(ADA)).toMatchObject({ ok: true, code: 'done' });
    expect(reconciled).toBe(1);
    world.exchange.total['USDT'] = decimal('1');
    const differs = await tools().reconcile(ADA);
    expect(differs).toMatchObject({ code: 'differs' });
    expect(differs.text).toContain('USDT');
  });

  test('/reconcile names the orders that /unlock would have cancelled', async () => {
    world.start({ halts: [{ code: 'restored', text: 'this is a restored copy' }] });
    const read = (): void =>
      void world.apply({
        type: 'account',
        balances: world.exchange.balances(),
        failure: null,
        foreignOrders: [],
        orphanOrders: ['BTC/USDT gbother-1'],
      });
    const told = await tools({ reconcile: () => Promise.resolve(read()) }).reconcile(ADA);
    expect(told.text).toBe(
      'Ledger and exchange agree. Orders of an earlier database or another instance rest there: BTC/USDT gbother-1. /unlock lets them go, and they are cancelled.',
    );
  });

  test('/reconcile does not say that the books agree when nothing was compared', async () => {
    const unread = () =>
      Promise.resolve(void world.apply({ type: 'account', balances: null, failure: '503', foreignOrders: [] }));
    expect(await tools({ reconcile: unread }).reconcile(ADA)).toMatchObject({
      ok: false,
      code: 'not-compared',
      text: expect.stringContaining('The account could not be read') as string,
    });
    expect(
      tools()
        .health()
        .find((check) => check.name === 'books'),
    ).toMatchObject({ ok: null, detail: 'the account could not be read' });
    world.account();
    expect(
      tools()
        .health()
        .find((check) => check.name === 'books'),
    ).toMatchObject({ ok: true, detail: 'ledger equals exchange' });
    // While an order's outcome is open, balances prove nothing.
    world.fate = () => ({ kind: 'silence' });
    world.predict(BTC);
    expect(await tools().reconcile(ADA)).toMatchObject({
      ok: false,
      code: 'not-compared',
      text: expect.stringContaining('An order is under way') as string,
    });
  });

  test('/reconcile does not either when a difference was seen once and the second look failed', async () => {
    world.exchange.total['USDT'] = decimal('1');
    const halfway = () => {
      world.account();
      world.apply({ type: 'account', balances: null, failure: '503', foreignOrders: [] });
      return Promise.resolve();
    };
    expect(await tools({ reconcile: halfway }).reconcile(ADA)).toMatchObject({ ok: false, code: 'not-compared' });
    world.account();
    expect(world.locks()).toContain('reconciliation');
  });

  test('/flatten without a position names the entry that is under way, and what withdraws it', () => {
    world.fate = () => ({ kind: 'silence' });
    world.predict(ETH);
    expect(world.managed(ETH)?.phase).toBe('entering');
    expect(tools().flattenPreview(ETH).refusal).toBe(
      `There is no open position in ${ETH}. An entry in ${ETH} is under way: /halt withdraws it.`,
    );
    expect(tools().flattenPreview(BTC)).toEqual({ positions: [], refusal: null });
  });

  test('/flatten of two, one of which has closed meanwhile, says that the other is being sold', async () => {
    world.predict(BTC);
    world.predict(ETH);
    const { positions } = tools().flattenPreview(null);
    world.quotes({ [ETH]: 2_400 });
    expect(await tools().flatten(ADA, positions.toReversed())).toEqual({
      ok: true,
      code: 'done',
      text: `Closing ${BTC}. No open position in ${ETH}.`,
    });
    expect(await tools().flatten(ADA, positions)).toEqual({
      ok: true,
      code: 'nothing-to-do',
      text: `Closed meanwhile. No open position in ${BTC}. No open position in ${ETH}.`,
    });
  });

  test('locks cannot be silenced', async () => {
    expect(await tools().setAlertMode(ADA, 'lock', 'off')).toMatchObject({ ok: false });
    // What they are already is nothing to refuse.
    expect(await tools().setAlertMode(ADA, 'lock', 'on')).toMatchObject({
      ok: true,
      text: 'lock: on, for everybody who gets alerts.',
    });
  });
});

describe('charts', () => {
  test('mark the fills of the candles shown, entries and exits apart, oldest first', () => {
    const at = world.at;
    const fill = (symbol: string, purpose: string, when: number): FillRow => ({
      symbol,
      side: purpose === 'entry' ? 'buy' : 'sell',
      purpose,
      price: 1,
      quantity: 1,
      fee: 0,
      feeAsset: 'USDT',
      at: when,
    });
    const candle = {
      openTime: at - 2 * HOUR_MS,
      open: 1,
      high: 1,
      low: 1,
      close: 1,
      volume: 0,
      quoteVolume: 0,
      trades: 0,
      takerBuyBase: 0,
      takerBuyQuote: 0,
    };
    const records = noRecords({
      fills: () => [
        fill(BTC, 'stop', at),
        fill(ETH, 'entry', at),
        fill(BTC, 'entry', at - HOUR_MS),
        fill(BTC, 'entry', at - DAY_MS),
      ],
    });
    const { marks } = tools({ records, feed: { recent: () => [candle] } }).chart(BTC, 2);
    expect(marks.map((mark) => mark.side)).toEqual(['entry', 'exit']);
  });
});

describe('results by period', () => {
  test('change of equity without deposits, the running period first, back to the first point', () => {
    const day = Date.UTC(2026, 0, 5);
    const points: readonly EquityPoint[] = [
      { at: day - DAY_MS, equity: 1000 },
      { at: day - HOUR_MS, equity: 1010 },
      { at: day + HOUR_MS, equity: 1210 },
    ];
    const records = noRecords({
      equityBetween: (from, to) => points.filter((point) => point.at >= from && point.at < to),
      equityBefore: (at) => points.findLast((point) => point.at < at) ?? null,
      depositsBetween: (from, to) => (from <= day + 1 && day + 1 < to ? 200 : 0),
    });
    const views = periodViews(records, 'day', 5, day + 2 * HOUR_MS, 1220);
    expect(views.map((view) => [view.from, view.pnl])).toEqual([
      [day, 10],
      [day - DAY_MS, 10],
    ]);
  });
});

describe('a deposit between the start of a span and the point of equity beside it', () => {
  const day = Date.UTC(2026, 0, 5);
  const recordsOf = (points: readonly EquityPoint[], deposit: number) =>
    noRecords({
      equityBetween: (from, to) => points.filter((point) => point.at >= from && point.at < to),
      equityBefore: (at) => points.findLast((point) => point.at < at) ?? null,
      depositsBetween: (from, to) => (deposit >= from && deposit < to ? 500 : 0),
    });

  test.each([
    [
      'after the point of the hour before: it is no profit of the day',
      [{ at: day - HOUR_MS, equity: 1000 }],
      day - HOUR_MS / 2,
    ],
    [
      'before the point of the hour after: it is no loss of the day',
      [
        { at: day - HOUR_MS, equity: 1000 },
        { at: day + HOUR_MS / 4, equity: 1500 },
      ],
      day + HOUR_MS / 8,
    ],
    ['at the very moment of the point, which holds it', [{ at: day + 5, equity: 1500 }], day + 5],
  ])('%s', (_case, points, deposit) => {
    const records = recordsOf(points, deposit);
    const [today] = periodViews(records, 'day', 1, day + 2 * HOUR_MS, 1507);
    expect(today?.pnl).toBe(7);
    world.at = day + 2 * HOUR_MS;
    world.wall = world.at;
    world.quotes();
    const view = pnlView(world.state, records, 'today', now());
    expect((view.equity ?? 0) - view.deposits - (view.startEquity ?? 0)).toBe((view.equity ?? 0) - 1500);
  });
});

describe('results by period, at midnight', () => {
  test('the point of midnight ends one day and begins the next, and the days add up', () => {
    const day = Date.UTC(2026, 0, 5);
    // Two percent are lost in the last hour of the 4th; the baseline of the 5th is after it.
    const points: readonly EquityPoint[] = [
      { at: day - DAY_MS, equity: 1000 },
      { at: day - HOUR_MS, equity: 1020 },
      { at: day + 5, equity: 1000 },
      { at: day + HOUR_MS, equity: 995 },
    ];
    const records = noRecords({
      equityBetween: (from, to) => points.filter((point) => point.at >= from && point.at < to),
      equityBefore: (at) => points.findLast((point) => point.at < at) ?? null,
    });
    const views = periodViews(records, 'day', 5, day + 2 * HOUR_MS, 990);
    expect(views.map(({ pnl }) => pnl)).toEqual([-10, 0]);
    expect(equityAt(records, day)).toEqual(points[2]);
    // Taken long after midnight (the bot was down), the last one before is nearer.
    expect(
      equityAt(
        noRecords({
          equityBefore: () => ({ at: day - 60_000, equity: 7 }),
          equityBetween: () => [{ at: day + 50 * 60_000, equity: 8 }],
        }),
        day,
      )?.equity,
    ).toBe(7);
    expect(equityAt(noRecords(), day)).toBeNull();
  });
});

describe('the log on the phone', () => {
  test('keeps the newest lines, redacted', () => {
    const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const tail = createLogTail(
      silent,
      (text) => text.replaceAll('hunter2', '[redacted]'),
      () => 5,
    );
    for (let index = 0; index < 600; index += 1) tail.info({ index }, 'line');
    tail.error({ key: 'hunter2', why: new Error('hunter2 refused') }, 'failed');
    expect(tail.newest(2)).toEqual([
      { at: 5, level: 'info', text: 'line index=599' },
      { at: 5, level: 'error', text: 'failed key=[redacted] why=[redacted] refused' },
    ]);
    expect(tail.newest(10_000)).toHaveLength(500);
  });
});

test('a backup that fails says why to whoever asked for it, who may be far from the log', async () => {
  const failing = tools({
    backup: () => Promise.reject(new Error('the backup x.db could not be written: the disk is full')),
  });
  expect(await failing.backup(ADA)).toEqual({
    ok: false,
    code: 'failed',
    text: 'No backup was made: the backup x.db could not be written: the disk is full.',
  });
  expect(await tools().backup(ADA)).toMatchObject({
    ok: true,
    text: 'Backup written on the server: data/backups/x.db',
  });
});
