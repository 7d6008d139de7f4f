import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { UserError } from '../../adapters/system/user-error.ts';
import { takeHostLock } from '../../adapters/control/host-lock.ts';
import { openDatabase } from '../../adapters/sqlite/database.ts';
import { recover } from '../../app/replay.ts';
import type { Input } from '../../core/engine/input.ts';
import { step } from '../../core/engine/step.ts';
import { HOUR_MS, hourStart, MINUTE_MS } from '../../core/units.ts';
import { createMemoryStore } from '../../sim/exchange/store.ts';
import type { SimulatorOptions } from '../../sim/exchange/simulator.ts';
import { SYMBOL } from '../audit/phase.test-helper.ts';
import { readReport } from '../audit/report-files.ts';
import type { Base, StartHalt } from './base.ts';
import { loadOrGuard } from '../process-context.ts';
import { openWorld, preparePhases, type LiveWorld } from './live-world.test-helper.ts';
import { openLive } from './live.ts';
import { runMode } from './run-mode.ts';

let prepared: Awaited<ReturnType<typeof preparePhases>>;
let world: LiveWorld | null = null;
/** A live database with an open position, and the exchange's books at that moment. */
const held = { directory: '', entries: [] as readonly (readonly [string, string])[], startTime: 0 };

const eventually = async (what: string, look: () => boolean): Promise<void> => {
  const deadline = performance.now() + 60_000;
  while (!look()) {
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const stops = ({ exchange }: LiveWorld): readonly unknown[] =>
  exchange.control.state().openOrders.filter((order) => order['type'] === 'STOP_LOSS_LIMIT');

/** The whole bot in live mode until `done`, then told to end. */
const runUntil = async (
  at: LiveWorld,
  what: string,
  done: () => boolean,
  changes: Readonly<Record<string, string>> = {},
  base: Partial<Base> = {},
): Promise<number> => {
  const start = at.base(at.config(changes), base);
  let code: number | null = null;
  const running = runMode(start.base).then((result) => (code = result));
  try {
    await eventually(what, () => done() || code !== null);
    start.stop();
    return await running;
  } finally {
    await start.close();
  }
};

beforeAll(async () => {
  process.umask(0o077);
  prepared = await preparePhases();
  const store = createMemoryStore();
  held.startTime = hourStart(Date.now());
  const first = await openWorld(prepared.directory, { store, startTime: held.startTime });
  // The first live run: every gate passes, the model sees an entry, the stop rests on the exchange.
  expect(await runUntil(first, 'a protected position', () => stops(first).length === 1)).toBe(0);
  held.entries = [...store.load()];
  held.directory = `${prepared.directory}-held`;
  renameSync(first.directory, held.directory);
  mkdirSync(first.directory);
  await first.close();
}, 180_000);

afterAll(() => {
  prepared.remove();
  rmSync(held.directory, { recursive: true, force: true });
});
afterEach(async () => {
  await world?.close();
  world = null;
});

interface Setup {
  readonly name: string;
  /** Checks that have to fail: its own, and what follows from it by definition. */
  readonly fails: readonly string[];
  readonly config?: Readonly<Record<string, string>>;
  readonly simulator?: Partial<SimulatorOptions>;
  readonly tamper?: (directory: string) => void;
}

const sql = (path: string, statement: string): void => {
  const database = new Sqlite(path);
  database.exec(statement);
  database.close();
  chmodSync(path, 0o600);
};

/** Steps the engine of a database further, as a bot would, and leaves it there. */
const goOn = (path: string, mode: string, inputs: (at: number) => readonly object[]): void => {
  const database = openDatabase({ path, mode, account: mode });
  const { state } = recover(database.journal);
  const at = state.at;
  const timed = inputs(at).map((input) => ({ at, wall: at, ...input }) as unknown as Input);
  for (const input of timed) database.journal.commit([input], (given) => step(state, given));
  database.close();
};
const data = (directory: string, name: string): string => join(directory, 'data', name);
const unlockAll = {
  type: 'command',
  commandId: 'u',
  by: 'test',
  command: {
    name: 'unlock',
    reason: '',
    lockIds: ['kill-switch', 'daily-drawdown', 'total-drawdown'],
    newLossPermitted: null,
  },
};

const DRILLS = ['kill-switch-drill', 'round-trip-drill', 'restart-drill', 'stale-data-drill'];

const SETUPS: readonly Setup[] = [
  {
    name: 'a world-readable .env',
    fails: ['env-file'],
    tamper: (directory) => chmodSync(join(directory, '.env'), 0o644),
  },
  { name: 'a key with withdrawal rights', fails: ['key-rights'], simulator: { keyRights: { withdrawals: true } } },
  {
    name: 'other limits than the tested ones',
    fails: ['limits-as-tested', 'dry-run', 'testnet', 'closed-trades', ...DRILLS],
    config: { RISK_PER_TRADE: '0.005' },
  },
  {
    name: 'a foreign model',
    fails: ['same-model', 'limits-as-tested', 'dry-run', 'testnet', 'closed-trades', ...DRILLS],
    config: { MODEL_DIR: 'other-model' },
  },
  {
    name: 'no kill-switch drill',
    fails: ['kill-switch-drill'],
    tamper: (directory) =>
      sql(data(directory, 'testnet.db'), "DELETE FROM audit_log WHERE command = 'drill' AND arguments = 'kill-switch'"),
  },
  {
    name: 'gaps in the candles',
    fails: ['candle-gaps'],
    tamper: (directory) => {
      renameSync(data(directory, 'gaps.db'), data(directory, 'paper.db'));
    },
  },
  { name: 'a clock that is off', fails: ['clock-skew'], simulator: { wallNow: () => Date.now() + 4_000 } },
  {
    name: 'an order with an unknown outcome',
    fails: ['outcomes-known'],
    tamper: (directory) =>
      goOn(data(directory, 'testnet.db'), 'testnet', (at) => [
        { type: 'clock-skew', skew: 0 },
        unlockAll,
        { type: 'quotes', quotes: [{ symbol: SYMBOL, last: 60_000, bid: 59_999, ask: 60_001, at }] },
        { type: 'command', commandId: 'r', by: 'test', command: { name: 'round-trip', symbol: SYMBOL } },
      ]),
  },
  {
    name: 'a testnet week that was none',
    fails: ['testnet'],
    tamper: (directory) =>
      sql(data(directory, 'testnet.db'), 'DELETE FROM journal WHERE sequence > 500; DELETE FROM snapshots'),
  },
  {
    name: 'drills on record that no journal bears out',
    fails: ['testnet', 'kill-switch-drill', 'stale-data-drill'],
    tamper: (directory) =>
      sql(
        data(directory, 'testnet.db'),
        "DELETE FROM journal WHERE sequence > (SELECT max(sequence) FROM journal WHERE type = 'started'); DELETE FROM snapshots",
      ),
  },
  {
    name: 'no dry run',
    fails: ['dry-run', 'limits-as-tested', 'evidence-age'],
    tamper: (directory) => rmSync(data(directory, 'paper.db')),
  },
  {
    name: 'an edited journal',
    fails: ['journal-replays'],
    tamper: (directory) =>
      sql(
        data(directory, 'paper.db'),
        `UPDATE journal SET effects = replace(effects, 'equity', 'equitx') WHERE sequence = (SELECT min(sequence) FROM journal WHERE effects LIKE '%"type":"equity"%')`,
      ),
  },
  {
    name: 'a model without an edge',
    fails: ['demonstrated-edge', 'same-model', 'limits-as-tested', 'dry-run', 'testnet', 'closed-trades', ...DRILLS],
    config: { MODEL_DIR: 'no-edge' },
  },
  {
    name: 'no model at all',
    fails: [
      'model-loads',
      'demonstrated-edge',
      'same-model',
      'limits-as-tested',
      'dry-run',
      'testnet',
      'closed-trades',
      ...DRILLS,
    ],
    config: { MODEL_DIR: 'nowhere' },
  },
  {
    name: 'a database that others may read',
    fails: ['database-files'],
    tamper: (directory) => chmodSync(data(directory, 'testnet.db'), 0o644),
  },
  { name: 'root', fails: ['dedicated-user'] },
  { name: 'nobody to unlock', fails: ['operators'], config: { TELEGRAM_BOT_TOKEN: '', TELEGRAM_OPERATORS: '' } },
  {
    name: 'a corrupt backup',
    fails: ['backups'],
    tamper: (directory) => {
      mkdirSync(data(directory, 'backups'));
      writeFileSync(data(directory, 'backups/live-2026-01-01T000000.db'), 'x'.repeat(4096));
    },
  },
  {
    name: 'ledger and exchange that disagree',
    fails: ['books-agree'],
    tamper: (directory) => {
      const account = {
        type: 'account',
        balances: [{ asset: 'USDT', free: '1', locked: '0' }],
        failure: null,
        foreignOrders: [],
      };
      goOn(data(directory, 'testnet.db'), 'testnet', () => [account, account, account]);
    },
  },
];

const prepare = async (
  setup: Setup,
  holding: boolean,
): Promise<{
  readonly at: LiveWorld;
  readonly start: ReturnType<LiveWorld['base']>;
  readonly config: Readonly<Record<string, string>>;
}> => {
  const simulator = {
    ...setup.simulator,
    ...(holding ? { store: createMemoryStore(held.entries), startTime: held.startTime } : {}),
  };
  const at = await openWorld(holding ? held.directory : prepared.directory, simulator);
  world = at;
  setup.tamper?.(at.directory);
  const config = Object.fromEntries(
    Object.entries(setup.config ?? {}).map(([key, value]) => [
      key,
      key === 'MODEL_DIR' ? join(at.directory, value) : value,
    ]),
  );
  const base =
    setup.name === 'root'
      ? {
          host: (of: Parameters<NonNullable<Base['host']>>[0]) => ({
            ...(at.base(of).base.host?.(of) ?? never()),
            uid: 0,
          }),
        }
      : {};
  return { at, config, start: at.base(at.config(config), base) };
};
const never = (): never => {
  throw new Error('no host');
};

const refusalsOf = async (setup: Setup): Promise<readonly string[]> => {
  const { start } = await prepare(setup, false);
  try {
    await openLive(start.base);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.exitCode).toBe(3);
    return error.message.split('\n');
  } finally {
    await start.close();
  }
};

const haltsOf = async (setup: Setup): Promise<readonly StartHalt[]> => {
  const { start } = await prepare(setup, true);
  try {
    return (await openLive(start.base)).halts;
  } finally {
    await start.close();
  }
};

describe('live', () => {
  test('starts when everything passes, and says so in its report', { timeout: 60_000 }, async () => {
    const { at, start } = await prepare({ name: 'nothing', fails: [] }, false);
    expect((await openLive(start.base)).halts).toEqual([]);
    expect(readReport(at.config())?.checks.filter(({ verdict }) => verdict === 'FAIL')).toEqual([]);
    expect(readReport(at.config())?.score).toBeGreaterThan(90);
    await start.close();
  });

  test('goes on with its position when everything passes', { timeout: 60_000 }, async () => {
    expect(await haltsOf({ name: 'nothing', fails: [] })).toEqual([]);
  });

  test.each(SETUPS.map((setup) => [setup.name, setup] as const))(
    '%s: refused when flat, each condition named',
    { timeout: 60_000 },
    async (_name, setup) => {
      const lines = await refusalsOf(setup);
      expect(lines.map((line) => /^refused \(audit: ([^)]+)\)/.exec(line)?.[1]).sort()).toEqual(
        [...setup.fails].sort(),
      );
    },
  );

  test.each(SETUPS.map((setup) => [setup.name, setup] as const))(
    '%s: with a position it starts halted until a start at which the gate passes',
    { timeout: 60_000 },
    async (_name, setup) => {
      const halts = await haltsOf(setup);
      expect(halts.map(({ code }) => code)).toEqual(
        expect.arrayContaining(setup.fails.map((name) => `audit: ${name}`)),
      );
      expect(halts.every(({ clears }) => clears === 'restart')).toBe(true);
    },
  );

  test('another bot on the account: with a position it starts halted and names the order', {
    timeout: 60_000,
  }, async () => {
    const halts = await haltsOf({
      name: 'second',
      fails: [],
      tamper: (directory) =>
        sql(data(directory, 'live.db'), "UPDATE meta SET value = 'zzzzzzzz' WHERE key = 'instance_id'"),
    });
    expect(halts).toEqual([expect.objectContaining({ code: 'second-instance', clears: 'restart' })]);
  });

  test('an older copy of the database gives itself away by the orders of the account', {
    timeout: 60_000,
  }, async () => {
    const halts = await haltsOf({
      name: 'older',
      fails: [],
      tamper: (directory) =>
        sql(
          data(directory, 'live.db'),
          'DELETE FROM journal WHERE sequence >= (SELECT min(sequence) FROM journal WHERE effects LIKE \'%"type":"place"%\'); DELETE FROM snapshots',
        ),
    }).catch((error: unknown) => error);
    expect(halts).toEqual([expect.objectContaining({ code: 'older-copy' })]);
  });

  test('a limit beyond its ceiling is refused when flat; with a position the standard limits hold and the start is halted', {
    timeout: 60_000,
  }, async () => {
    const { at } = await prepare({ name: 'nothing', fails: [] }, true);
    const environment = {
      MODE: 'live',
      EXCHANGE_API_KEY: 'k'.repeat(10),
      EXCHANGE_API_SECRET: 's'.repeat(10),
      MAX_DAILY_DRAWDOWN: '0.05',
    };
    expect(() =>
      loadOrGuard({ environment: { ...environment, DATABASE_PATH: data(at.directory, 'nothing.db') }, envFile: null }),
    ).toThrow('MAX_DAILY_DRAWDOWN=0.05');
    const { loaded, configHalts } = loadOrGuard({
      environment: { ...environment, DATABASE_PATH: data(at.directory, 'live.db') },
      envFile: null,
    });
    expect(loaded.config.limits.maxDailyDrawdown).toBe(0.02);
    expect(configHalts).toEqual([
      expect.objectContaining({
        clears: 'restart',
        text: expect.stringContaining('MAX_DAILY_DRAWDOWN=0.05') as string,
      }),
    ]);
    // Released is a start whose limits are right alone: what else would refuse live is told with it.
    const open = loadOrGuard({
      environment: { ...environment, NODE_TLS_REJECT_UNAUTHORIZED: '0', DATABASE_PATH: data(at.directory, 'live.db') },
      envFile: null,
    });
    expect(open.loaded.liveRefusals).toEqual([expect.stringMatching(/^NODE_TLS_REJECT_UNAUTHORIZED=0 /)]);
    // Anything else that is wrong stops it in any case.
    expect(() =>
      loadOrGuard({
        environment: { ...environment, MAX_DAILY_DRAWDWON: '1', DATABASE_PATH: data(at.directory, 'live.db') },
        envFile: null,
      }),
    ).toThrow('MAX_DAILY_DRAWDWON');
  });

  test('fees in a coin that is traded: refused when flat; with a position the start is halted', {
    timeout: 60_000,
  }, async () => {
    const paying: Setup = { name: 'fees in a traded coin', fails: [], simulator: { fees: { coin: 'BTC' } } };
    expect(await refusalsOf(paying)).toEqual([
      expect.stringMatching(/^refused \(fee-coin\): the account pays fees in BTC, which SYMBOLS trades as BTC\/USDT/),
    ]);
    await world?.close();
    expect(await haltsOf(paying)).toEqual([expect.objectContaining({ code: 'fee-coin', clears: 'restart' })]);
  });

  test('GO_LIVE, less than 100 USDT, another bot on the account: refused and named', { timeout: 60_000 }, async () => {
    const poor = await refusalsOf({
      name: 'poor',
      fails: [],
      config: { GO_LIVE: 'false' },
      simulator: { balances: { USDT: '99.99' } },
    });
    expect(poor).toEqual([
      expect.stringContaining('refused (go-live)'),
      expect.stringContaining('worth 99.99 USDT, at least 100 USDT'),
    ]);
    await world?.close();

    // The held exchange has an order of a minute ago, of a database that is not this one.
    const at = await openWorld(prepared.directory, {
      store: createMemoryStore(held.entries),
      startTime: held.startTime,
    });
    world = at;
    const config = at.config();
    openDatabase({ path: config.databasePath, mode: 'live', account: 'x' }).close();
    rmSync(config.databasePath);
    const start = at.base(config);
    const surroundings = await openLive(start.base);
    expect(surroundings.halts[0]?.text).toContain('the database is new and the account has orders of this bot');
    await start.close();
  });
});

test('a refused start is told by the webhook, since nobody reads the log of a service that stays down', {
  timeout: 60_000,
}, async () => {
  const told: string[] = [];
  const hook = createServer((incoming, response) => {
    incoming.on('data', (part: Buffer) => told.push(part.toString()));
    incoming.on('end', () => response.end('ok'));
  }).listen(0, '127.0.0.1');
  await once(hook, 'listening');
  const { at, start, config } = await prepare(
    {
      name: 'told',
      fails: [],
      config: { GO_LIVE: 'false', ALERT_WEBHOOK_URL: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/x` },
    },
    false,
  );
  await expect(runMode(start.base)).rejects.toThrow('GO_LIVE is not true');
  await start.close();
  expect(told.join('')).toContain('Guardian Bot did not start. refused (go-live)');
  // So is a database that may not be used.
  writeFileSync(start.base.config.databasePath, 'x'.repeat(4096));
  const again = at.base(at.config(config));
  await expect(runMode(again.base)).rejects.toThrow('is not a database of this program');
  await again.close();
  hook.close();
  expect(told.join('')).toContain('live.db is not a database of this program');
});

test('a journal that another engine version wrote is no damage', { timeout: 60_000 }, async () => {
  const { start } = await prepare(
    {
      name: 'older engine',
      fails: [],
      tamper: (directory) =>
        sql(
          data(directory, 'paper.db'),
          `UPDATE journal SET input = json_set(input, '$.engineVersion', 'older') WHERE type = 'started'; UPDATE journal SET effects = replace(effects, 'equity', 'equitx') WHERE sequence = (SELECT min(sequence) FROM journal WHERE effects LIKE '%"type":"equity"%')`,
        ),
    },
    false,
  );
  expect((await openLive(start.base)).halts).toEqual([]);
  await start.close();
});

describe('a gate never abandons a position', () => {
  test.each([
    ['GO_LIVE is not true', { GO_LIVE: 'false' }],
    ['the exchange does not list GONE/USDT', { SYMBOLS: `${SYMBOL},GONE/USDT` }],
  ] as const)(
    'halted (%s), it reconciles, keeps the stop, tells why, and sells when the stop is reached',
    { timeout: 90_000 },
    async (why, changes) => {
      const { at } = await prepare({ name: 'root', fails: [] }, true);
      const before = stops(at);
      expect(before).toHaveLength(1);
      let code: number | null = null;
      const start = at.base(at.config(changes));
      const running = runMode(start.base).then((result) => (code = result));
      const messages = () => at.telegram.person.messages(42).map((message) => message.text ?? '');
      await eventually('the alert', () => messages().some((text) => text.includes(why)) || code !== null);
      expect(messages().find((text) => text.includes(why))).toContain('Start gate');
      const { marketTime } = at.exchange.control.state();
      await eventually('some market hours', () => at.exchange.control.state().marketTime > marketTime + 2 * HOUR_MS);
      const [stop] = at.exchange.control.state().openOrders.filter((order) => order['type'] === 'STOP_LOSS_LIMIT');
      if (stop !== undefined) at.exchange.control.price(SYMBOL, (Number(stop['stopPrice']) * 0.999).toFixed(2), true);
      await eventually('the exit', () => messages().some((text) => /BTC closed/.test(text)));
      await eventually('some more hours', () => at.exchange.control.state().marketTime > marketTime + 8 * HOUR_MS);
      // Flat now, and halted: nothing is bought any more.
      expect(at.exchange.control.orders().received.filter((order) => order.side === 'BUY')).toHaveLength(1);
      start.stop();
      expect(await running).toBe(0);
      await start.close();
    },
  );

  test('an end because the books take nothing is told, though they take no alert either', {
    timeout: 60_000,
  }, async () => {
    const { at } = await prepare({ name: 'end', fails: [] }, true);
    const clock = createSystemClock();
    let later = 0;
    const start = at.base(at.config(), { wall: { ...clock, monotonicNow: () => clock.monotonicNow() + later } });
    let code: number | null = null;
    const running = runMode(start.base).then((result) => (code = result));
    const { marketTime } = at.exchange.control.state();
    await eventually(
      'the first hours',
      () => at.exchange.control.state().marketTime > marketTime + 2 * HOUR_MS || code !== null,
    );
    const other = new Sqlite(data(at.directory, 'live.db'));
    other.exec('BEGIN IMMEDIATE');
    later = 11 * MINUTE_MS;
    expect(await running).toBe(1);
    expect(at.telegram.person.messages(42).map(({ text }) => text ?? '')).toContainEqual(
      expect.stringMatching(/Guardian Bot \(live\) has ended by itself\s+journal entry \d+ could not be written/),
    );
    other.exec('ROLLBACK');
    other.close();
    await start.close();
  });

  test('nor does a bot token that another bot on the host has: it starts, and says so', {
    timeout: 60_000,
  }, async () => {
    const { at } = await prepare({ name: 'token', fails: [] }, true);
    const config = at.config();
    const other = await takeHostLock('the bot token', config.secrets.telegramBotToken ?? '');
    const start = at.base(config);
    const running = runMode(start.base);
    await Promise.race([
      running,
      eventually('the alert', () =>
        at.telegram.person
          .messages(42)
          .some(({ text }) => text?.includes('the bot token is in use by another running bot') === true),
      ),
    ]);
    expect(stops(at)).toHaveLength(1);
    start.stop();
    expect(await running).toBe(0);
    await start.close();
    await other.release();
  });
});
