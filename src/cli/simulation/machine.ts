import { createMarketData } from '../../adapters/exchange/market-data.ts';
import { createVenue } from '../../adapters/exchange/venue.ts';
import { createBot, type Bot } from '../../app/bot.ts';
import { createOutboxRunner } from '../../app/outbox/outbox-runner.ts';
import { describeDifference, recover } from '../../app/replay.ts';
import { decimalFromNumber, formatDecimal, ZERO } from '../../core/decimal.ts';
import type { EngineConfig } from '../../core/engine/config.ts';
import type { Effect } from '../../core/engine/effect.ts';
import type { Input, OperatorCommand } from '../../core/engine/input.ts';
import { markEquity } from '../../core/engine/marking.ts';
import { createEngineState, type EngineState } from '../../core/engine/state.ts';
import { tradingState } from '../../core/guardian/state.ts';
import { quantityOf } from '../../core/ledger/ledger.ts';
import type { OrderDraft, OrderSnapshot } from '../../core/orders/order.ts';
import type { FeatureEngine } from '../../core/features/engine.ts';
import { DEFAULT_LIMITS } from '../../core/risk/limits.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds, type SymbolName } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Model } from '../../ports/model.ts';
import type { Pacer } from '../../ports/pacer.ts';
import type { JournalStore } from '../../ports/store.ts';
import type { AssetBalance, OwnTrade, Venue } from '../../ports/venue.ts';
import type { RandomStream } from '../../sim/generator/random.ts';
import { ProcessDeath, type CrashPlan, type CrashPoint } from '../../sim/simulation/crash.ts';
import type { Violation } from '../../sim/simulation/invariants.ts';
import { sameState } from '../../sim/simulation/same-state.ts';
import { createTelegram, watchOutbox, type ChatHistory } from '../../sim/simulation/telegram.ts';
import type { Trace } from '../../sim/simulation/trace.ts';
import { minuteAfter, type World } from '../../sim/simulation/world.ts';
import type { Disk, Stores } from './disk.ts';
import { fastMarketData, fastVenue } from './fast-reads.ts';
import { createNetworkClient, RECEIVE_WINDOW } from './network.ts';

export const CHAT = 1;
/** The outbox looks by itself this seldom here; news wake it at once. */
const OUTBOX_IDLE: Milliseconds = 60 * MINUTE_MS;
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** One life of the bot's process. */
export interface Machine {
  readonly alive: boolean;
  readonly state: EngineState;
  readonly bot: Bot;
  readonly stores: Stores;
  /** Ends it at once, wherever it stands. */
  kill(why: string): void;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** An operator's command, as the operator service would pass it on. */
  command(command: OperatorCommand): void;
}

/** Deliberate faults of the bot: each takes one safeguard away, and some rule has to notice. */
export type Mutant = 'send-before-commit' | 'no-second-look' | 'no-stop' | 'no-reconciliation';

export interface MachineOptions {
  readonly world: World;
  readonly disk: Disk;
  readonly chat: ChatHistory;
  readonly crashes: CrashPlan;
  readonly trace: Trace;
  readonly network: RandomStream;
  readonly jitter: RandomStream;
  readonly answers: RandomStream;
  readonly violate: (violation: Violation) => void;
  /** Told once, when the process has ended by itself or was killed. */
  readonly onEnd: (why: string) => void;
  readonly mutant: Mutant | null;
}

/** How often the scripted model finds something worth buying; as a rule it neither buys nor sells. */
const EAGERNESS = 0.25;

const createFeatures = (symbols: readonly SymbolName[]): FeatureEngine => {
  const newest = new Map<SymbolName, EpochMs>();
  return {
    requiredSymbols: symbols,
    warmUpHours: 1,
    push: (symbol, candle) => {
      if (candle.openTime <= (newest.get(symbol) ?? 0)) return false;
      newest.set(symbol, candle.openTime);
      return true;
    },
    vector: () => new Float32Array(1),
    writeVector: () => false,
    newestClose: (symbol) => {
      const open = newest.get(symbol);
      return open === undefined ? null : open + HOUR_MS;
    },
  };
};

const TERMS = { name: 'scripted', hash: 'none', schemaHash: 'none', stop: DEFAULT_LIMITS.stopLoss, target: DEFAULT_LIMITS.takeProfit, horizonHours: DEFAULT_LIMITS.horizonHours, margin: 0.001 };

const createModel = (answers: RandomStream): Model => ({
  description: { ...TERMS, featureCount: 1, demonstratedEdge: false, purpose: 'fixture' },
  predict: () => {
    const draw = answers.uniform();
    return Promise.resolve(draw < EAGERNESS ? 0.9 : draw < 0.95 ? 0.38 : 0.05);
  },
  predictBatch: () => Promise.reject(new Error('not used')),
  close: () => Promise.resolve(),
});

const configOf = (symbols: readonly SymbolName[]): EngineConfig => ({
  mode: 'testnet',
  symbols,
  quoteAsset: 'USDT',
  feeAsset: null,
  limits: DEFAULT_LIMITS,
  takerFee: 0.001,
  orderPrefix: 'gb',
  instanceId: 'sim0',
  staleWallGrace: 0,
  model: TERMS,
});

const isWeighty = (effects: readonly Effect[]): boolean => effects.some(({ type }) => type === 'place' || type === 'cancel' || type === 'fill' || type === 'lock' || type === 'trade');

/** Starts a process on what the disk holds. */
export const startMachine = (options: MachineOptions): Machine => {
  const { world, disk, crashes, trace, violate } = options;
  let alive = true;
  const clock = world.clock.forProcess(() => alive);

  const kill = (why: string): void => {
    if (!alive) return;
    alive = false;
    trace.note(world.clock.wallNow(), `process ends: ${why}`);
    disk.crashed();
    options.onEnd(why);
  };
  const dies = (point: CrashPoint, weighty: boolean): boolean => {
    if (!alive) return true;
    if (!crashes.strikes(point, weighty)) return false;
    if (point !== 'commit:inside' && point !== 'commit:before') disk.lastState = state;
    kill(`crash ${point}`);
    return true;
  };
  const live = (): void => {
    if (!alive) throw new ProcessDeath('dead');
  };

  const stores = disk.open();
  const recovered = recover(stores.journal);
  if (recovered.difference !== null) violate({ rule: 'replays-bit-for-bit', detail: describeDifference(recovered.difference) });
  const state = disk.starts === 0 ? createEngineState() : recovered.state;
  if (disk.lastState !== null && !sameState(state, disk.lastState)) violate({ rule: 'locks-survive', detail: 'the recovered state is not the one after the last commit' });
  disk.lastState = null;
  disk.starts += 1;

  const store = guardStore({ journal: stores.journal, disk, world, trace, dies, live, lazy: options.mutant === 'send-before-commit' });
  const entryCeiling = () => {
    const { value } = markEquity(state, clock.marketNow(), clock.wallNow());
    return value === null ? null : decimalFromNumber(value * DEFAULT_LIMITS.maxSymbolExposure);
  };
  const client = createNetworkClient({ world, clock, random: options.network, trace, alive: () => alive, dies });
  const long = createVenue({ client, clock, entryCeiling, receiveWindow: RECEIVE_WINDOW });
  const venue = mutate(watchVenue(fastVenue(world, long), { disk, state, clock, trace, violate }), state, options.mutant);

  const bot = createBot({
    state,
    store,
    clock,
    log: silent,
    venue,
    marketData: fastMarketData(world, createMarketData(client, silent)),
    features: createFeatures(world.symbols),
    model: createModel(options.answers),
    pacer: createPacer(clock, () => isBusy(state, bot)),
    config: configOf(world.symbols),
    engineVersion: 'simulation',
    halts: [],
    random: () => options.jitter.uniform(),
    onFatal: (error) => {
      if (!alive || error instanceof ProcessDeath) return;
      if (!(error instanceof DiskFull)) violate({ rule: 'process-does-not-fail', detail: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      kill(`failed: ${error instanceof Error ? error.message : String(error)}`);
    },
  });

  const outbox = createOutboxRunner({
    store: watchOutbox(stores.outbox, options.chat, violate, live),
    notifier: createTelegram({ world, chat: options.chat, random: options.network, clock, dies: (point) => dies(point, true) }),
    chats: [CHAT],
    clock: { ...clock, sleep: (span, signal) => clock.sleep(span === SECOND_MS ? OUTBOX_IDLE : span, signal) },
    log: silent,
    silenceSeconds: 1_000_000_000,
    hook: null,
  });
  bot.host.onEffect((effect) => {
    if (effect.type === 'alert') outbox.wake();
  });

  let commands = 0;
  trace.note(world.clock.wallNow(), `process starts (${disk.starts})`);
  bot.start();
  outbox.start();
  return {
    get alive() {
      return alive;
    },
    state,
    bot,
    stores,
    kill,
    stop: async () => {
      try {
        await bot.stop('simulated');
        await outbox.stop(SECOND_MS);
      } catch (error) {
        // It died while it was being stopped: the engine takes no more inputs.
        if (alive) violate({ rule: 'process-does-not-fail', detail: `the stop failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` });
      }
      kill('stopped');
    },
    command: (command) => {
      if (!alive || state.config === null) return;
      commands += 1;
      try {
        bot.host.apply({ type: 'command', commandId: `c${disk.starts}-${commands}`, by: 'operator', command });
      } catch (error) {
        if (!(error instanceof ProcessDeath) && !(error instanceof DiskFull)) throw error;
      }
    },
  };
};

/** The disk is full: nothing of the commit is kept. */
class DiskFull extends Error {
  override readonly name = 'DiskFull';
}

/** The journal with deaths, a full disk, and a record of what is safe. */
const guardStore = (parts: {
  readonly journal: JournalStore;
  readonly disk: Disk;
  readonly world: World;
  readonly trace: Trace;
  readonly dies: (point: CrashPoint, weighty: boolean) => boolean;
  readonly live: () => void;
  readonly lazy: boolean;
}): JournalStore => {
  const { disk, world, trace, dies, live } = parts;
  const inner = parts.lazy ? lazily(parts.journal) : parts.journal;
  const clock = world.clock;
  const commit = (inputs: readonly Input[], apply: (input: Input) => readonly Effect[]): readonly (readonly Effect[])[] => {
    live();
    const heavy = inputs.some(({ type }) => HEAVY_INPUTS.has(type));
    if (dies('commit:before', heavy)) throw new ProcessDeath('before a commit');
    let left = inputs.length;
    const effects = inner.commit(inputs, (input) => {
      const list = apply(input);
      left -= 1;
      if (left > 0) return list;
      if (world.active('disk') !== null) throw new DiskFull('the disk is full');
      if (dies('commit:inside', isWeighty(list))) throw new ProcessDeath('within a commit');
      return list;
    });
    for (const list of effects) {
      for (const effect of list) {
        if (effect.type === 'place' && !parts.lazy) disk.intents.add(effect.order.draft.clientOrderId);
        else if (effect.type === 'alert') disk.alerts.add(effect.alert.key);
        if (effect.type !== 'alert' && effect.type !== 'equity' && effect.type !== 'decision') trace.note(clock.wallNow(), noteOf(effect));
      }
    }
    if (dies('commit:after', effects.some(isWeighty))) throw new ProcessDeath('after a commit');
    return effects;
  };
  return {
    ...inner,
    commit,
    writeSnapshot: (snapshot) => {
      live();
      inner.writeSnapshot(snapshot);
    },
  };
};

/** A store that writes a commit down when the next one comes: what a bot without "intent before network" would do. */
const lazily = (inner: JournalStore): JournalStore => {
  let write = (): void => undefined;
  return {
    ...inner,
    commit: (inputs, apply) => {
      write();
      const effects = inputs.map((input) => apply(input));
      let next = 0;
      write = () => void inner.commit(inputs, () => effects[next++] ?? []);
      return effects;
    },
    writeSnapshot: (snapshot) => {
      if (snapshot.sequence <= inner.lastSequence()) inner.writeSnapshot(snapshot);
    },
  };
};

/** Inputs that as a rule have consequences. */
const HEAVY_INPUTS: ReadonlySet<Input['type']> = new Set<Input['type']>(['started', 'prediction', 'order-report', 'cancel-failed', 'account', 'command']);

const noteOf = (effect: Effect): string => {
  switch (effect.type) {
    case 'place': {
      const { clientOrderId, symbol, purpose, quantity } = effect.order.draft;
      return `place ${clientOrderId} ${symbol} ${purpose} ${formatDecimal(quantity)}`;
    }
    case 'cancel':
      return `cancel ${effect.clientOrderId} ${effect.reason}`;
    case 'order':
      return `order ${effect.clientOrderId} ${effect.status} ${formatDecimal(effect.executed)}`;
    case 'fill':
      return `fill ${effect.clientOrderId} ${effect.tradeId} ${formatDecimal(effect.quantity)} @ ${formatDecimal(effect.price)}`;
    case 'lock':
      return `lock ${effect.change} ${effect.lock.id}`;
    default:
      return effect.type;
  }
};

/** Every send is held against what is on disk and in force at that moment. */
const watchVenue = (venue: Venue, { disk, state, clock, trace, violate }: { readonly disk: Disk; readonly state: EngineState; readonly clock: Clock; readonly trace: Trace; readonly violate: (violation: Violation) => void }): Venue => ({
  ...venue,
  send: async (order) => {
    const { clientOrderId, purpose, symbol } = order.draft;
    if (!disk.intents.has(clientOrderId)) violate({ rule: 'intent-before-network', detail: `${clientOrderId} (${purpose}) was sent before its intent was committed` });
    const trading = tradingState(state.guardian, symbol);
    if (purpose === 'entry' && trading !== 'active') violate({ rule: 'no-entry-under-a-lock', detail: `${clientOrderId} was sent while ${trading}: ${Object.keys(state.guardian.locks).join(', ')}` });
    const outcome = await venue.send(order);
    trace.note(clock.wallNow(), `send ${clientOrderId} ${purpose} ${outcome.kind}${outcome.kind === 'accepted' ? ` ${outcome.order.status}` : ` ${outcome.error.code}`}`);
    return outcome;
  },
});

/** Takes one safeguard away. */
const mutate = (venue: Venue, state: EngineState, mutant: Mutant | null): Venue => {
  switch (mutant) {
    case 'no-second-look':
      // The second look comes at once: within the time in which the request may still arrive.
      return { ...venue, receiveWindow: -999 };
    case 'no-stop':
      return { ...venue, send: (order) => (order.draft.purpose === 'stop' ? Promise.resolve({ kind: 'accepted', order: believed(order.draft) }) : venue.send(order)), openOrders: (symbol) => Promise.resolve({ ok: true, value: workingOf(state, symbol) }) };
    case 'no-reconciliation':
      return { ...venue, openOrders: (symbol) => Promise.resolve({ ok: true, value: workingOf(state, symbol) }), tradesAfter: (...asked) => venue.tradesAfter(...asked).then((read) => (read.ok ? { ok: true, value: read.value.filter((trade) => isKnown(state, trade)) } : read)), balances: () => venue.balances().then((read) => (read.ok && state.ledger.cash !== null ? { ok: true, value: totalsOf(state) } : read)) };
    default:
      return venue;
  }
};

const believed = (draft: OrderDraft, fills: OrderSnapshot['fills'] = []): OrderSnapshot => ({
  clientOrderId: draft.clientOrderId,
  exchangeOrderId: `believed-${draft.clientOrderId}`,
  symbol: draft.symbol,
  side: draft.side,
  status: 'new',
  quantity: formatDecimal(draft.quantity),
  executedQuantity: '0',
  fills,
});

/** Whether the books have the trade: what they do not have is not seen without reconciliation. */
const isKnown = (state: EngineState, { symbol, tradeId }: OwnTrade): boolean =>
  Object.values(state.orders).some((record) => record.draft.symbol === symbol && record.tradeIds.includes(tradeId));

/** The balances as the books have them. */
const totalsOf = ({ ledger, symbolList }: EngineState): AssetBalance[] =>
  [['USDT', ledger.cash ?? ZERO] as const, ...symbolList.map(({ symbol, instrument }) => [instrument.base, quantityOf(ledger, symbol)] as const)].map(([asset, total]) => ({ asset, free: formatDecimal(total), locked: '0' }));

const workingOf = (state: EngineState, symbol: SymbolName): OrderSnapshot[] =>
  Object.values(state.orders).filter((record) => record.status === 'working' && record.draft.symbol === symbol).map((record) => believed(record.draft));

/** Whether something has a deadline of seconds: a real bot looks every few seconds, here it does so when it matters. */
const isBusy = (state: EngineState, bot: Bot): boolean => {
  if (!bot.executor.idle || state.unsettled > 0 || state.suspicion?.times === 1) return true;
  for (const name in state.symbols) {
    const managed = state.symbols[name]?.managed;
    if (managed !== null && managed !== undefined && (managed.phase !== 'protected' || managed.triggeredSince !== null || managed.exitReason !== null)) return true;
  }
  return false;
};

/** Looks at the market once a minute, and each second while a deadline runs. */
const createPacer = (clock: Clock, busy: () => boolean): Pacer => ({
  next: async (signal) => {
    const now = clock.wallNow();
    await clock.sleep(busy() ? SECOND_MS : minuteAfter(now) + 200 - now, signal);
    return 'wake';
  },
});
