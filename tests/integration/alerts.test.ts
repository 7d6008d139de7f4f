import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildDailyReport } from '../../commands/support/daily-report.ts';
import { createStrangerWatch } from '../../src/adapters/telegram/access.ts';
import { createAlertRenderer } from '../../src/adapters/telegram/render.ts';
import { watchDisk } from '../../src/app/disk-watch.ts';
import { rulesReadAlert, rulesUnreadAlert } from '../../src/app/instrument-watch.ts';
import { createAlertChanging } from '../../src/app/operator/alert-changing.ts';
import { createDriftWatch } from '../../src/app/operator/drift-watch.ts';
import { ALERT_KINDS, createAlertSettings } from '../../src/app/outbox/alert-settings.ts';
import { createFakeStore } from '../../src/app/outbox/fakes.test-helper.ts';
import { createOutboxRunner } from '../../src/app/outbox/outbox-runner.ts';
import { planParcels } from '../../src/app/outbox/parcels.ts';
import { decimal, formatDecimal } from '../../src/core/decimal.ts';
import type { Alert, AlertKind } from '../../src/core/engine/alert.ts';
import { BTC, ETH, instrumentText, MONDAY, seconds, stopIdOf, World } from '../../src/core/engine/world.test-helper.ts';
import { FEATURE_COUNT, FEATURE_NAMES } from '../../src/core/features/catalogue.ts';
import { DAY_MS, HOUR_MS } from '../../src/core/units.ts';
import { createVirtualClock } from '../../src/sim/simulation/virtual-clock.ts';
import { createFakeService, killSwitch } from './telegram/fake-service.ts';
import { createTestClock, OPERATOR, startHarness } from './telegram/harness.ts';

/**
 * Every alert, caused for real and as it reads on a phone. docs/alerts.md is written from here
 * (`UPDATE_DOCS=1 npx vitest run tests/integration/alerts.test.ts`).
 */
interface Case {
  /** What happened, in the words of the table. */
  readonly what: string;
  readonly kind: AlertKind;
  /** Part of the title by which the alert is found among those that the cause has. */
  readonly title: string | RegExp;
  readonly cause: () => readonly Alert[] | Promise<readonly Alert[]>;
}

const nothing = (): void => undefined;

const alertsOf = (world: World): readonly Alert[] =>
  world.effects.flatMap((effect) => (effect.type === 'alert' ? [effect.alert] : []));

/** Down through the stop by a quarter of a percent. */
const stopOut = (world: World, symbol: string): void => {
  world.enter(symbol);
  world.quotes({ [symbol]: (world.exchange.prices[symbol] ?? 0) * 0.9825 });
  world.hours(8);
};

const threeLosses = (): World => {
  const world = new World().ready();
  for (const symbol of [BTC, ETH, BTC]) {
    stopOut(world, symbol);
    world.hours(16);
  }
  return world;
};

const orderCase =
  (change: (world: World) => void): (() => readonly Alert[]) =>
  () => {
    const world = new World().ready();
    change(world);
    return alertsOf(world);
  };

const CASES: readonly Case[] = [
  { what: 'a lock is set: the kill-switch', kind: 'lock', title: 'Kill-switch', cause: () => alertsOf(threeLosses()) },
  {
    what: 'a lock that closes positions is set',
    kind: 'lock',
    title: 'Daily drawdown: equity',
    cause: orderCase((world) => {
      // A gap over the stop, whose limit is then too high to fill.
      world.enter();
      world.exchange.stopsFill = false;
      world.quotes({ [BTC]: 46_000 });
    }),
  },
  {
    what: 'data are stale',
    kind: 'lock',
    title: 'Stale data',
    cause: orderCase((world) => void world.timer(seconds(301))),
  },
  {
    what: 'data are fresh again',
    kind: 'data',
    title: 'fresh again',
    cause: orderCase((world) => {
      world.timer(seconds(301));
      world.pass(seconds(60)).quotes();
      world.pass(seconds(5)).quotes();
    }),
  },
  {
    what: 'equity is not known for ten minutes, by a price that no lock tells of',
    kind: 'data',
    title: 'Equity is not known',
    cause: () => {
      const world = new World({ balances: { USDT: '10000', BNB: '1' }, config: { feeAsset: 'BNB' } }).ready();
      world.timer(seconds(301));
      world.timer(seconds(600));
      return alertsOf(world);
    },
  },
  {
    what: '`/pause` or `/halt`',
    kind: 'lock',
    title: 'Paused by operator',
    cause: orderCase((world) => void world.command({ name: 'pause', reason: 'news at 14:30' })),
  },
  {
    what: 'a lock is cleared, by whom and why',
    kind: 'unlock',
    title: 'Kill-switch cleared',
    cause: () => {
      const world = threeLosses();
      world.command({
        name: 'unlock',
        reason: 'reviewed the three losses',
        lockIds: ['kill-switch'],
        newLossPermitted: null,
      });
      return alertsOf(world);
    },
  },
  { what: 'an entry is filled', kind: 'fill', title: 'BTC bought', cause: orderCase((world) => void world.enter()) },
  {
    what: 'an order was charged more than the known fee',
    kind: 'reconciliation',
    title: 'are charged',
    cause: orderCase((world) => {
      world.exchange.feeRate = decimal('0.004');
      world.enter();
    }),
  },
  {
    what: 'for 30 days no order has shown that fee',
    kind: 'reconciliation',
    title: 'count again',
    cause: orderCase((world) => {
      world.exchange.feeRate = decimal('0.02');
      stopOut(world, BTC);
      world.pass(30 * DAY_MS).ready();
      world.predict(BTC);
    }),
  },
  {
    what: 'its stop rests on the exchange',
    kind: 'stop',
    title: 'stop placed',
    cause: orderCase((world) => void world.enter()),
  },
  {
    what: 'a stop has triggered',
    kind: 'stop',
    title: 'stop triggered',
    cause: orderCase((world) => stopOut(world, BTC)),
  },
  {
    what: 'a position is closed, with its result',
    kind: 'fill',
    title: /BTC closed -/,
    cause: orderCase((world) => stopOut(world, BTC)),
  },
  {
    what: 'a take-profit, a horizon, a reversal or a lock has closed it',
    kind: 'fill',
    title: /BTC closed \+/,
    cause: orderCase((world) => {
      world.enter();
      world.quotes({ [BTC]: 51_600 });
      world.timer();
    }),
  },
  {
    what: 'half, three quarters or nine tenths of a drawdown limit are used',
    kind: 'drawdown',
    title: /^Daily drawdown 1\.24 %: 62 % of the limit 2\.00 % used$/,
    cause: orderCase((world) => {
      world.enter();
      world.quotes({ [BTC]: 49_260 });
      world.enter(ETH);
      world.quotes({ [ETH]: 2_466 });
    }),
  },
  {
    what: 'the disk of the database is nearly full',
    kind: 'lifecycle',
    title: 'The disk is nearly full',
    cause: () => {
      const alerts: Alert[] = [];
      const clock = createVirtualClock(MONDAY + 8 * HOUR_MS);
      void watchDisk(
        {
          free: () => 0.9 * 1024 ** 3,
          least: 1024 ** 3,
          outbox: { add: (alert) => void alerts.push(alert) },
          clock,
          log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
        },
        new AbortController().signal,
      );
      return alerts;
    },
  },
  {
    what: 'an order has failed',
    kind: 'order-failure',
    title: 'entry rejected',
    cause: orderCase((world) => {
      world.fate = () => ({ kind: 'reject' });
      world.predict(BTC);
    }),
  },
  {
    what: 'a position should be sold, and the exchange would not take the sale: told once a position',
    kind: 'order-failure',
    title: 'cannot be sold',
    cause: orderCase((world) => {
      world.enter();
      world.apply({
        type: 'instruments',
        instruments: [instrumentText(BTC, { minNotional: '6000' }), instrumentText(ETH)],
      });
      world.quotes({ [BTC]: 51_600 });
    }),
  },
  {
    what: 'what is held can neither be sold nor protected: it is no position any more',
    kind: 'fill',
    title: 'stay behind as dust',
    cause: orderCase((world) => {
      world.fate = () => ({ kind: 'accept', part: 0.0005 });
      world.enter();
    }),
  },
  {
    what: "a position's stops and exits go on failing, once an hour after the first six",
    kind: 'order-failure',
    title: /exit rejected/,
    cause: () => {
      const world = new World().ready().enter();
      world.fate = () => ({ kind: 'reject' });
      world.command({ name: 'flatten', symbol: BTC });
      for (let look = 0; look < 720; look += 1) {
        world.pass(seconds(5));
        world.quotes();
      }
      world.take();
      while (!world.take().some((effect) => effect.type === 'alert' && effect.alert.kind === 'order-failure')) {
        world.pass(seconds(5));
        world.quotes();
      }
      return alertsOf(world)
        .filter(({ kind }) => kind === 'order-failure')
        .slice(-1);
    },
  },
  {
    what: 'a stop rests and cannot be cancelled; at 60 s the execution lock follows',
    kind: 'order-failure',
    title: 'could not be cancelled',
    cause: orderCase((world) => {
      world.enter();
      world.cancelWorks = false;
      world.command({ name: 'flatten', symbol: BTC });
    }),
  },
  {
    what: 'reconciliation: a fill was missing from the books',
    kind: 'reconciliation',
    title: 'books repaired',
    cause: orderCase((world) => {
      world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'accept', part: 0 } : { kind: 'accept' });
      world.predict(BTC);
      const clientOrderId = world.placed('entry')[0]?.clientOrderId ?? '';
      const snapshot = world.exchange.snapshot(clientOrderId);
      if (snapshot === null) throw new Error('the entry is not there');
      const fill = {
        tradeId: '900',
        price: '50010',
        quantity: '0.05',
        quoteQuantity: '2500.5',
        fee: '2.5005',
        feeAsset: 'USDT',
        at: world.at,
      } as const;
      world.apply({
        type: 'order-report',
        symbol: BTC,
        clientOrderId,
        outcome: { kind: 'known', order: { ...snapshot, executedQuantity: '0.05', fills: [fill] } },
      });
    }),
  },
  {
    what: 'reconciliation: a stop was cancelled, and not by a rule of the bot',
    kind: 'reconciliation',
    title: 'cancelled outside the rules',
    cause: orderCase((world) => {
      world.enter();
      const stop = stopIdOf(world);
      world.exchange.end(stop, 'cancelled');
      world.report(stop);
    }),
  },
  {
    what: 'reconciliation: a stop is gone, and the exchange does not say what became of it',
    kind: 'reconciliation',
    title: 'nobody can say',
    cause: orderCase((world) => {
      world.enter();
      world.apply({
        type: 'order-report',
        symbol: BTC,
        clientOrderId: world.managed()?.stopOrderId ?? '',
        outcome: { kind: 'unknown', code: '503', message: 'Service Unavailable' },
      });
    }),
  },
  {
    what: 'reconciliation: such an order is found again',
    kind: 'reconciliation',
    title: 'found again',
    cause: orderCase((world) => {
      world.enter();
      const stop = stopIdOf(world);
      world.apply({
        type: 'order-report',
        symbol: BTC,
        clientOrderId: stop,
        outcome: { kind: 'unknown', code: '503', message: 'Service Unavailable' },
      });
      world.report(stop);
    }),
  },
  {
    what: 'reconciliation: an order that is not in the books cannot be looked up, and nothing but it keeps the account from being compared',
    kind: 'reconciliation',
    title: 'the account is not compared',
    cause: orderCase(
      (world) =>
        void world.apply({
          type: 'account',
          balances: null,
          failure: 'gbtest01-2 cannot be looked up',
          foreignOrders: [],
          hindrances: ['gbtest01-2'],
        }),
    ),
  },
  {
    what: 'reconciliation: an operator has settled such an order by hand',
    kind: 'reconciliation',
    title: 'settled by hand',
    cause: orderCase((world) => {
      world.enter();
      world.account();
      const stop = stopIdOf(world);
      world.cancelWorks = false;
      world.apply({
        type: 'order-report',
        symbol: BTC,
        clientOrderId: stop,
        outcome: { kind: 'unknown', code: '503', message: 'Service Unavailable' },
      });
      world.timer(seconds(120));
      const order = world.exchange.orders.get(stop);
      if (order === undefined) throw new Error('the stop is not there');
      world.exchange.fill(order, order.draft.quantity, decimal('49000'), world.at);
      const totals = ['BTC', 'USDT'].map((asset) => ({ asset, total: formatDecimal(world.exchange.of(asset)) }));
      world.command({
        name: 'settle',
        clientOrderId: stop,
        claim: 'filled',
        price: null,
        evidence: { listed: false, totals },
      });
    }),
  },
  {
    what: 'reconciliation: an order states what it has executed, its trades cannot be read, and the balances bear it out',
    kind: 'reconciliation',
    title: 'booked by what it states itself',
    cause: orderCase((world) => {
      world.account();
      world.fate = (draft) => (draft.purpose === 'entry' ? { kind: 'unknown', arrives: true } : { kind: 'accept' });
      world.predict(BTC);
      world.timer(seconds(120));
      world.quotes();
      const entry = world.placed('entry').at(-1);
      if (entry === undefined) throw new Error('no entry');
      const totals = ['BTC', 'USDT'].map((asset) => ({ asset, total: formatDecimal(world.exchange.of(asset)) }));
      world.command({
        name: 'settle',
        clientOrderId: entry.clientOrderId,
        claim: 'filled',
        price: null,
        evidence: { listed: false, totals, stated: formatDecimal(entry.quantity) },
      });
    }),
  },
  {
    what: 'reconciliation: the exchange has taken a market off its list while it is held',
    kind: 'reconciliation',
    title: 'not listed any more',
    cause: orderCase((world) => {
      world.enter(ETH);
      world.apply({
        type: 'account',
        balances: world.exchange.balances(),
        failure: null,
        foreignOrders: [],
        unlisted: [ETH],
      });
    }),
  },
  {
    what: 'the exchange has changed the rules of a market, or halted it',
    kind: 'data',
    title: 'changed its rules',
    cause: orderCase((world) => {
      world.apply({
        type: 'instruments',
        instruments: [instrumentText(BTC, { stepSize: '0.001', minQuantity: '0.001' })],
      });
    }),
  },
  {
    what: 'the rules of the markets could not be read for ten minutes, one of them halted when they were read last',
    kind: 'data',
    title: 'could not be read',
    cause: () => [rulesUnreadAlert('503 Service Unavailable', [BTC], MONDAY)],
  },
  {
    what: 'they are read again',
    kind: 'data',
    title: 'are read again',
    cause: () => [rulesReadAlert(MONDAY)],
  },
  {
    what: 'reconciliation: an order of an earlier database was taken off the exchange',
    kind: 'reconciliation',
    title: 'not in the books',
    cause: orderCase((world) => {
      world.enter();
      const snapshot = world.exchange.snapshot(stopIdOf(world));
      if (snapshot === null) throw new Error('the stop is not there');
      world.apply({
        type: 'order-report',
        symbol: BTC,
        clientOrderId: 'gbold999-3',
        outcome: { kind: 'known', order: { ...snapshot, clientOrderId: 'gbold999-3', status: 'cancelled', fills: [] } },
      });
    }),
  },
  {
    what: 'reconciliation: somebody else trades on the account',
    kind: 'reconciliation',
    title: 'Somebody else trades',
    cause: orderCase(
      (world) =>
        void world.apply({
          type: 'account',
          balances: world.exchange.balances(),
          failure: null,
          foreignOrders: ['BTC/USDT order web_83'],
        }),
    ),
  },
  {
    what: 'reconciliation: a difference that nothing explains',
    kind: 'lock',
    title: 'Reconciliation',
    cause: orderCase((world) => {
      world.exchange.move('USDT', decimal('-100'));
      world.account();
      world.account();
    }),
  },
  {
    what: 'reconciliation: the account could not be compared for ten minutes',
    kind: 'reconciliation',
    title: 'has not been compared',
    cause: orderCase((world) => {
      for (const span of [0, 600]) {
        world.pass(seconds(span));
        world.apply({
          type: 'account',
          balances: null,
          failure:
            'orders and trades could not be compared (open orders of BTC/USDT: -2015 Invalid API-key, IP, or permissions for action.)',
          foreignOrders: [],
        });
      }
    }),
  },
  {
    what: 'reconciliation: fees are paid in a coin that the books do not hold',
    kind: 'reconciliation',
    title: 'Fees are paid in',
    cause: () => {
      const world = new World({ balances: { USDT: '10000', BNB: '1' } });
      world.exchange.feeCoin = 'third';
      world.ready().enter();
      return alertsOf(world);
    },
  },
  {
    what: 'money came from outside',
    kind: 'deposit',
    title: 'Deposit',
    cause: orderCase((world) => {
      world.exchange.move('USDT', decimal('500'));
      world.account();
      world.account();
    }),
  },
  { what: 'the bot has started', kind: 'lifecycle', title: 'started', cause: orderCase(() => undefined) },
  {
    what: 'the bot was stopped in order',
    kind: 'lifecycle',
    title: 'stopped',
    cause: orderCase((world) => void world.apply({ type: 'stopping', reason: 'SIGTERM' })),
  },
  {
    what: 'the bot has started after a crash',
    kind: 'lifecycle',
    title: 'recovered after a crash',
    cause: orderCase((world) => {
      world.enter();
      world.fate = () => ({ kind: 'silence' });
      world.predict(ETH);
      world.restart();
    }),
  },
  {
    what: 'features of the model have drifted from training',
    kind: 'model',
    title: 'Model drift: 2 features',
    cause: () => {
      const alerts: Alert[] = [];
      const halves = { edges: [0], shares: [0.5, 0.5] };
      let hour = 0;
      const watch = createDriftWatch({
        memory: null,
        reference: { features: Object.fromEntries(FEATURE_NAMES.map((name) => [name, halves])), prediction: halves },
        symbols: 1,
        host: () => ({ apply: () => undefined }),
        tell: (alert) => alerts.push(alert),
        now: () => MONDAY + hour * HOUR_MS,
      });
      for (; hour < 502; hour += 1)
        watch.push(
          Array.from({ length: FEATURE_COUNT }, (_, index) => (index < 2 || hour % 2 === 0 ? 1 : -1)),
          hour % 2 === 0 ? 1 : -1,
        );
      return alerts;
    },
  },
  {
    what: 'the prediction itself has drifted',
    kind: 'lock',
    title: 'Model drift: drift',
    cause: orderCase(
      (world) =>
        void world.apply({
          type: 'model-status',
          valid: true,
          detail: 'drift measured',
          drift: { value: 0.31, limit: 0.25 },
        }),
    ),
  },
  {
    what: 'the daily report, at `DAILY_REPORT_AT`',
    kind: 'report',
    title: '',
    cause: () => [buildDailyReport('2024-08-05', createFakeService(createTestClock()), 'UTC')],
  },
  {
    what: 'strangers have written, at most once an hour',
    kind: 'security',
    title: 'not allowed in',
    cause: () => {
      const alerts: Alert[] = [];
      const watch = createStrangerWatch(
        { get: () => null, set: () => undefined },
        () => MONDAY,
        (alert) => alerts.push(alert),
      );
      watch.note({ id: 9001, name: 'Mallory' }, { chatId: 9001, threadId: null, isPrivate: true }, 'not listed');
      return alerts;
    },
  },
  {
    what: 'five one-time codes were wrong',
    kind: 'security',
    title: 'Codes are blocked',
    cause: async () => {
      const bot = await startHarness({ unlockTotpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DP' });
      try {
        bot.service.setLocks([killSwitch]);
        for (let count = 1; count <= 5; count += 1) {
          await bot.ask(OPERATOR, '/unlock');
          await bot.ask(OPERATOR, 'wrong');
        }
        return bot.reported.map((alert) => ({ ...alert, at: MONDAY }));
      } finally {
        await bot.close();
      }
    },
  },
  {
    what: '`/alerts` or `/mute` has made alerts quieter for everybody, or louder again; not told to the one who did it',
    kind: 'security',
    title: 'are off',
    cause: async () => {
      const told: Alert[] = [];
      const memory = new Map<string, string>();
      const settings = createAlertSettings(
        { get: (key) => memory.get(key) ?? null, set: (key, value) => void memory.set(key, value) },
        () => MONDAY,
      );
      const { setAlertMode } = createAlertChanging({
        settings,
        now: () => ({ market: MONDAY, wall: MONDAY }),
        tell: (alert) => void told.push(alert),
      });
      await setAlertMode({ userId: 7, name: 'Ada', role: 'operator', via: 'telegram' }, 'data', 'off');
      return told;
    },
  },
  {
    what: 'two bots poll with one token, or the token was revoked',
    kind: 'security',
    title: 'Two bots',
    cause: async () => {
      const bot = await startHarness();
      try {
        await bot.settle();
        bot.server.faults.inject({ name: 'conflict', times: 1 });
        bot.server.person.send(2001, 2001, '/version');
        await expect
          .poll(() => (bot.clock.jump(31_000), bot.reported.length), { interval: 10, timeout: 8_000 })
          .toBe(1);
        return bot.reported.map((alert) => ({ ...alert, at: MONDAY }));
      } finally {
        await bot.close();
      }
    },
  },
  {
    what: 'Telegram refuses the text of an alert; it is kept on record, and the chat itself hears of it',
    kind: 'security',
    title: 'could not be delivered',
    cause: async () => {
      const clock = createTestClock(MONDAY);
      const store = createFakeStore();
      const runner = createOutboxRunner({
        store,
        notifier: {
          deliver: (_chat, { key }) =>
            Promise.resolve(
              key === 'x'
                ? { kind: 'impossible', why: '400: Bad Request: message is too long' }
                : { kind: 'delivered' },
            ),
        },
        chats: [1003],
        clock,
        log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
        silenceSeconds: 900,
        hook: null,
      });
      store.add(
        { kind: 'lock', key: 'x', title: 'Paused: by Ada (7)', lines: [], commands: [], symbol: null, at: MONDAY },
        MONDAY,
      );
      runner.start();
      await expect.poll(() => store.rows().length, { interval: 5 }).toBe(2);
      await runner.stop(0);
      return store.rows().map(({ alert }) => alert);
    },
  },
  {
    what: 'a chat is closed to the bot (never started, blocked, thrown out); what waits comes when it opens',
    kind: 'security',
    title: 'cannot be delivered',
    cause: async () => {
      const clock = createTestClock(MONDAY);
      const store = createFakeStore();
      const runner = createOutboxRunner({
        store,
        notifier: {
          deliver: (chatId) =>
            Promise.resolve(
              chatId === 1003 ? { kind: 'closed', why: '400: Bad Request: chat not found' } : { kind: 'delivered' },
            ),
        },
        chats: [1003],
        clock,
        log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
        silenceSeconds: 900,
        hook: null,
      });
      store.add(
        {
          kind: 'lock',
          key: 'x',
          title: 'Paused by operator: Ada (7)',
          lines: [],
          commands: [],
          symbol: null,
          at: MONDAY,
        },
        MONDAY,
      );
      runner.start();
      await expect.poll(() => store.rows().length, { interval: 5 }).toBe(2);
      await runner.stop(0);
      return store.rows().map(({ alert }) => alert);
    },
  },
  {
    what: 'more than 20 wait after an outage: runs of lesser ones in one message',
    kind: 'lifecycle',
    title: 'earlier alerts in one',
    cause: () => {
      const row = (index: number) => ({
        id: index,
        alert: {
          kind: 'data' as const,
          key: `k${index}`,
          title: `${index % 2 === 0 ? BTC : ETH}: data are fresh again`,
          lines: [],
          commands: [],
          symbol: BTC,
          at: MONDAY,
        },
        createdAt: MONDAY,
        attempts: 0,
      });
      return planParcels(
        Array.from({ length: 24 }, (_, index) => row(index + 1)),
        MONDAY,
      ).map(({ alert }) => alert);
    },
  },
];

const render = createAlertRenderer('UTC', (text) => text);

const alertOf = async ({ cause, title, kind, what }: Case): Promise<Alert> => {
  const alerts = await cause();
  const found = alerts.find(
    (alert) =>
      alert.kind === kind && (typeof title === 'string' ? alert.title.includes(title) : title.test(alert.title)),
  );
  if (found === undefined)
    throw new Error(
      `${what}: no alert of ${kind} like ${String(title)} among\n${alerts.map((alert) => `${alert.kind} ${alert.title}`).join('\n')}`,
    );
  return found;
};

/** With plain blanks between numbers and units, so that people find "2.00 %" in the page. */
const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\u00A0', ' ').replace(/\n+/g, '<br>');

describe('alerts', () => {
  test('every kind is caused by something', () => {
    expect([...new Set(CASES.map(({ kind }) => kind))].sort()).toEqual([...ALERT_KINDS].sort());
  });

  test.each(CASES.map((each) => [each.what, each] as const))('%s', async (_what, each) => {
    const alert = await alertOf(each);
    const { text } = render(alert);
    // Short enough for a phone's lock screen; no raw moment, no object, no long tail of digits anywhere.
    expect(alert.title.length).toBeLessThanOrEqual(140);
    expect(text.text.length).toBeLessThanOrEqual(700);
    expect(text.text).not.toMatch(/\b1[5-9]\d{11}\b|\[object|undefined|null|NaN|\d\.\d{9,}/);
    for (const command of alert.commands) expect(command).toMatch(/^\/[a-z]+$/);
  });

  test('the kill-switch says what was lost, over how long, and what follows', async () => {
    const found = CASES.find(({ title }) => title === 'Kill-switch');
    if (found === undefined) throw new Error('no case');
    const alert = await alertOf(found);
    expect(alert.title).toMatch(
      /^Kill-switch: 3 losses in a row \(BTC -1\.\d\d %, ETH -1\.\d\d %, BTC -1\.\d\d %, over 2 days\)$/,
    );
    expect(alert.lines).toEqual(['Trading halted, no open positions.']);
    expect(alert.commands).toEqual(['/pnl', '/unlock']);
  });

  test('the table in docs/alerts.md is what the code says', async () => {
    const rows: string[] = [];
    for (const each of CASES) {
      const alert = await alertOf(each);
      const buttons =
        alert.commands.length === 0 ? '' : `<br>${alert.commands.map((command) => `[${command}]`).join(' ')}`;
      rows.push(`| ${cell(each.what)} | \`${each.kind}\` | ${cell(render(alert).text.text)}${buttons} |`);
    }
    const table = ['| when | kind | on the phone |', '|---|---|---|', ...rows].join('\n');
    const path = new URL('../../docs/alerts.md', import.meta.url);
    const document = readFileSync(path, 'utf8');
    const [before = '', rest = ''] = document.split('<!-- alerts:begin -->\n');
    const after = rest.split('<!-- alerts:end -->')[1] ?? '';
    const written = `${before}<!-- alerts:begin -->\n${table}\n<!-- alerts:end -->${after}`;
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, written);
    expect(readFileSync(path, 'utf8')).toBe(written);
  });
});
