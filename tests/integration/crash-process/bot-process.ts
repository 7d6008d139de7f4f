import { createHash } from 'node:crypto';
import { lookup } from 'node:dns';
import { appendFileSync, writeSync } from 'node:fs';
import { createExchange } from '../../../src/adapters/exchange/create-exchange.ts';
import { openDatabase } from '../../../src/adapters/sqlite/database.ts';
import { createSystemClock } from '../../../src/adapters/system/clock.ts';
import { createBot } from '../../../src/app/bot.ts';
import { createOutboxRunner } from '../../../src/app/outbox/outbox-runner.ts';
import { describeDifference, recover, verify } from '../../../src/app/replay.ts';
import { decimalFromNumber, formatDecimal } from '../../../src/core/decimal.ts';
import { encodeState } from '../../../src/core/engine/codec.ts';
import type { OperatorCommand } from '../../../src/core/engine/input.ts';
import { markEquity } from '../../../src/core/engine/marking.ts';
import type { FeatureEngine } from '../../../src/core/features/engine.ts';
import { LOCKS } from '../../../src/core/guardian/lock.ts';
import { isFinal } from '../../../src/core/orders/record.ts';
import { DEFAULT_LIMITS } from '../../../src/core/risk/limits.ts';
import { HOUR_MS } from '../../../src/core/units.ts';
import type { Log } from '../../../src/ports/log.ts';
import type { Model } from '../../../src/ports/model.ts';
import type { JournalStore } from '../../../src/ports/store.ts';
import type { Venue } from '../../../src/ports/venue.ts';
import { createRandomStream } from '../../../src/sim/generator/random.ts';
import { connectLockstep } from '../../../src/sim/lockstep/lockstep.ts';
import type { Line, Orders } from './points.ts';

/**
 * A real process of the bot on a real database, against the simulator over HTTP, that kills itself at a
 * named point. The hooks are wrappers made here, in the tests: the product has none.
 */
const orders = JSON.parse(process.argv[2] ?? '{}') as Orders;
const say = (line: Line): void => void writeSync(1, `${JSON.stringify(line)}\n`);
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

// Whoever started it has gone: nothing is left to prove.
process.stdin.on('end', () => process.exit(1)).resume();

const system = createSystemClock();
const wall = {
  ...system,
  marketNow: () => system.wallNow() + orders.wallOffset,
  wallNow: () => system.wallNow() + orders.wallOffset,
  monotonicNow: () => system.monotonicNow(),
  sleep: system.sleep.bind(system),
};
const lockstep = await connectLockstep({ controlUrl: orders.controlUrl, wall, log: silent });
const { clock } = lockstep;
const database = openDatabase({ path: orders.database, mode: 'paper', account: 'crash test' });
const recovered = recover(database.journal);
const { state } = recovered;
const digest = (): string => createHash('sha256').update(encodeState(state)).digest('hex');
say({
  kind: 'recovered',
  state: digest(),
  difference: recovered.difference === null ? null : describeDifference(recovered.difference),
});

let skip = orders.skip;
/** Dies here when it is time to. SIGKILL leaves no chance to anybody. */
const reach = (point: string): void => {
  if (point !== orders.point || --skip >= 0) return;
  say({ kind: 'dying', point, state: digest() });
  process.kill(process.pid, 'SIGKILL');
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

const store: JournalStore = {
  ...database.journal,
  commit: (inputs, apply) => {
    const type = inputs[0]?.type ?? 'nothing';
    reach(`commit:${type}:before`);
    const effects = database.journal.commit(inputs, apply);
    reach(`commit:${type}:after`);
    return effects;
  },
};

const exchange = await createExchange({
  credentials: { apiKey: orders.apiKey, secret: orders.secret },
  apiRoot: orders.url,
  sandbox: false,
  clock,
  log: silent,
  lookUp: lookup,
  entryCeiling: () => {
    const { value } = markEquity(state, clock.marketNow(), clock.wallNow());
    return value === null ? null : decimalFromNumber(value);
  },
  receiveWindow: 500,
  requestInterval: 0,
});
const venue: Venue = {
  ...exchange.venue,
  send: async (order) => {
    reach(`send:${order.draft.purpose}:before`);
    const outcome = await exchange.venue.send(order);
    reach(`send:${order.draft.purpose}:after`);
    return outcome;
  },
  cancel: async (reference) => {
    reach('cancel:before');
    const outcome = await exchange.venue.cancel(reference);
    reach('cancel:after');
    return outcome;
  },
};

const newest = new Map<string, number>();
const features: FeatureEngine = {
  requiredSymbols: orders.symbols,
  warmUpHours: 1,
  push: (symbol, candle) => {
    newest.set(symbol, candle.openTime);
    return true;
  },
  vector: () => new Float32Array(1),
  writeVector: () => false,
  newestClose: (symbol) => (newest.has(symbol) ? (newest.get(symbol) ?? 0) + HOUR_MS : null),
};
const terms = {
  name: 'scripted',
  hash: 'none',
  schemaHash: 'none',
  stop: DEFAULT_LIMITS.stopLoss,
  target: DEFAULT_LIMITS.takeProfit,
  horizonHours: DEFAULT_LIMITS.horizonHours,
  margin: 0.001,
};
const draws = createRandomStream(orders.seed, 'answers');
const model: Model = {
  description: { ...terms, featureCount: 1, demonstratedEdge: false, purpose: 'fixture' },
  // In and out, hour by hour: every kind of order comes up soon.
  predict: () => Promise.resolve(draws.uniform() < 0.6 ? 0.9 : 0.05),
  predictBatch: () => Promise.reject(new Error('not used')),
  close: () => Promise.resolve(),
};

let rounds = 0;
const done = Promise.withResolvers<void>();
const bot = createBot({
  state,
  store,
  clock,
  log: silent,
  venue,
  marketData: exchange.marketData,
  features,
  model,
  pacer: {
    next: async (signal) => {
      rounds += 1;
      if (orders.point === null && rounds >= orders.rounds) {
        done.resolve();
        await wall.sleep(60_000, signal);
        return 'wake';
      }
      if (rounds % 8 === 0) operate();
      return await lockstep.pacer.next(signal);
    },
  },
  config: {
    mode: 'paper',
    symbols: orders.symbols,
    quoteAsset: 'USDT',
    feeAsset: null,
    limits: DEFAULT_LIMITS,
    takerFee: 0.001,
    orderPrefix: 'gb',
    instanceId: database.identity.instanceId,
    staleWallGrace: 2_000,
    model: terms,
  },
  engineVersion: 'crash test',
  halts: [],
  random: Math.random,
  onFatal: (error) => {
    say({ kind: 'fatal', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exit(1);
  },
});

let commands = 0;
/** An operator at work: every lock that wants one is cleared, so that trading goes on. */
const operate = (): void => {
  const command = (given: OperatorCommand): void => {
    commands += 1;
    bot.host.apply({
      type: 'command',
      commandId: `${process.pid}-${orders.wallOffset}-${commands}`,
      by: 'operator',
      command: given,
    });
  };
  const locks = Object.values(state.guardian.locks);
  if (locks.some(({ kind }) => kind === 'reconciliation')) command({ name: 'reconcile' });
  const ids = locks
    .filter(({ kind }) => LOCKS[kind].clearing !== 'self' && LOCKS[kind].clearing !== 'resume')
    .map(({ id }) => id);
  const { value } = markEquity(state, state.at, state.wall);
  command({
    name: 'unlock',
    reason: 'test',
    lockIds: ids,
    newLossPermitted: value === null ? null : value * DEFAULT_LIMITS.maxDailyDrawdown,
  });
};

const CHAT = 1;
const outbox = createOutboxRunner({
  store: database.outbox,
  notifier: {
    deliver: (_chatId, alert) => {
      reach('alert:before');
      appendFileSync(orders.chat, `${alert.key}\n`);
      reach('alert:after');
      return Promise.resolve({ kind: 'delivered' });
    },
  },
  chats: [CHAT],
  clock: wall,
  log: silent,
  silenceSeconds: 1_000_000,
  hook: null,
});
bot.host.onEffect((effect) => {
  if (effect.type === 'alert') outbox.wake();
});
bot.start();
outbox.start();

await done.promise;
await bot.stop('the end');
await outbox.stop(5_000);
const { firstDifference } = verify(database.journal);
say({
  kind: 'final',
  cash: formatDecimal(state.ledger.cash ?? (0n as never)),
  positions: Object.fromEntries(
    orders.symbols.map((symbol) => [symbol, formatDecimal(state.ledger.positions[symbol]?.quantity ?? (0n as never))]),
  ),
  unsettled: Object.values(state.orders)
    .filter((record) => record.status === 'intent' || record.status === 'unknown')
    .map((record) => record.draft.clientOrderId),
  working: Object.values(state.orders)
    .filter((record) => !isFinal(record))
    .map((record) => record.draft.clientOrderId),
  pendingAlerts: database.outbox.pending(CHAT, 1_000).length,
  journal: firstDifference === null ? null : describeDifference(firstDifference),
  trades: state.tradesClosed,
});
await exchange.close();
lockstep.close();
database.close();
process.exit(0);
