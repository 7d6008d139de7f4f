import { createMarketData } from '../../adapters/exchange/market-data.ts';
import { createVenue } from '../../adapters/exchange/venue.ts';
import { createBot, type Bot } from '../../app/bot.ts';
import { createOutboxRunner } from '../../app/outbox/outbox-runner.ts';
import { describeDifference, recover } from '../../app/replay.ts';
import { decimalFromNumber } from '../../core/decimal.ts';
import type { EngineConfig } from '../../core/engine/config.ts';
import type { OperatorCommand } from '../../core/engine/input.ts';
import { markEquity } from '../../core/engine/marking.ts';
import { createEngineState, type EngineState } from '../../core/engine/state.ts';
import { tradingState } from '../../core/guardian/state.ts';
import { DEFAULT_LIMITS } from '../../core/risk/limits.ts';
import { MINUTE_MS, SECOND_MS, type Milliseconds, type SymbolName } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Pacer } from '../../ports/pacer.ts';
import type { Venue } from '../../ports/venue.ts';
import type { RandomStream } from '../../sim/generator/random.ts';
import { ProcessDeath, type CrashPlan, type CrashPoint } from '../../sim/simulation/crash.ts';
import type { Violation } from '../../sim/simulation/invariants.ts';
import { sameState } from '../../sim/simulation/same-state.ts';
import { createTelegram, watchOutbox, type ChatHistory } from '../../sim/simulation/telegram.ts';
import type { Trace } from '../../sim/simulation/trace.ts';
import { minuteAfter, type World } from '../../sim/simulation/world.ts';
import type { Disk, Stores } from './disk.ts';
import { fastMarketData, fastVenue } from './fast-reads.ts';
import { DiskFull, guardJournal } from './guarded-journal.ts';
import { mutateVenue, writeLate, type Mutant } from './mutants.ts';
import { createNetworkClient, RECEIVE_WINDOW } from './network.ts';
import { createScriptedFeatures, createScriptedModel, SCRIPTED_TERMS } from './scripted-model.ts';

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
  model: SCRIPTED_TERMS,
});

/** Whether the process lives, and the ways in which it ends. */
interface Life {
  readonly alive: boolean;
  /** Ends it at once; the second time does nothing. */
  kill(why: string): void;
  /** Whether the plan of crashes ends it here, or it has ended already. */
  dies(point: CrashPoint, weighty: boolean): boolean;
  /** @throws ProcessDeath when it has ended */
  live(): void;
}

/** @param committed the engine's state as of the last commit: what the next process has to come up with */
const createLife = ({ world, disk, crashes, trace, onEnd }: MachineOptions, committed: () => EngineState): Life => {
  let alive = true;
  const kill = (why: string): void => {
    if (!alive) return;
    alive = false;
    trace.note(world.clock.wallNow(), `process ends: ${why}`);
    disk.crashed();
    onEnd(why);
  };
  return {
    get alive() {
      return alive;
    },
    kill,
    dies: (point, weighty) => {
      if (!alive) return true;
      if (!crashes.strikes(point, weighty)) return false;
      if (point !== 'commit:inside' && point !== 'commit:before') disk.lastState = committed();
      kill(`crash ${point}`);
      return true;
    },
    live: () => {
      if (!alive) throw new ProcessDeath('dead');
    },
  };
};

/** The state that the journal leads to, held against the one that the last process ended with. */
const recoverState = (stores: Stores, { disk, violate }: MachineOptions): EngineState => {
  const recovered = recover(stores.journal);
  if (recovered.difference !== null)
    violate({ rule: 'replays-bit-for-bit', detail: describeDifference(recovered.difference) });
  const state = disk.starts === 0 ? createEngineState() : recovered.state;
  if (disk.lastState !== null && !sameState(state, disk.lastState))
    violate({ rule: 'locks-survive', detail: 'the recovered state is not the one after the last commit' });
  disk.lastState = null;
  disk.starts += 1;
  return state;
};

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** The bot on the stores of this life, with the exchange of the world behind a network that fails. */
const createBotOf = (options: MachineOptions, clock: Clock, life: Life, stores: Stores, state: EngineState): Bot => {
  const { world, disk, trace, violate } = options;
  const late = options.mutant === 'send-before-commit';
  const store = guardJournal({
    journal: late ? writeLate(stores.journal) : stores.journal,
    disk,
    world,
    trace,
    dies: life.dies,
    live: life.live,
    notesIntents: !late,
  });
  const entryCeiling = () => {
    const { value } = markEquity(state, clock.marketNow(), clock.wallNow());
    return value === null ? null : decimalFromNumber(value * DEFAULT_LIMITS.maxSymbolExposure);
  };
  const network = { world, clock, random: options.network, trace, alive: () => life.alive, dies: life.dies };
  const client = createNetworkClient(network);
  const long = createVenue({ client, clock, entryCeiling, receiveWindow: RECEIVE_WINDOW });
  const watched = watchVenue(fastVenue(world, long), { disk, state, clock, trace, violate });

  const bot = createBot({
    state,
    store,
    clock,
    log: silent,
    venue: mutateVenue(watched, state, options.mutant),
    marketData: fastMarketData(world, createMarketData(client, silent)),
    features: createScriptedFeatures(world.symbols),
    model: createScriptedModel(options.answers),
    pacer: createPacer(clock, () => isBusy(state, bot)),
    config: configOf(world.symbols),
    engineVersion: 'simulation',
    halts: [],
    random: () => options.jitter.uniform(),
    onFatal: (error) => {
      if (!life.alive || error instanceof ProcessDeath) return;
      if (!(error instanceof DiskFull)) violate({ rule: 'process-does-not-fail', detail: stackOf(error) });
      life.kill(`failed: ${textOf(error)}`);
    },
  });
  return bot;
};

/** The alerts' way to a chat that fails as the network does. */
const createOutboxOf = (options: MachineOptions, clock: Clock, life: Life, stores: Stores) =>
  createOutboxRunner({
    store: watchOutbox(stores.outbox, options.chat, options.violate, life.live),
    notifier: createTelegram({
      world: options.world,
      chat: options.chat,
      random: options.network,
      clock,
      dies: (point) => life.dies(point, true),
    }),
    chats: [CHAT],
    clock: { ...clock, sleep: (span, signal) => clock.sleep(span === SECOND_MS ? OUTBOX_IDLE : span, signal) },
    log: silent,
    silenceSeconds: 1_000_000_000,
    hook: null,
  });

/** Starts a process on what the disk holds. */
export const startMachine = (options: MachineOptions): Machine => {
  const { world, disk, violate } = options;
  const life: Life = createLife(options, () => state);
  const clock = world.clock.forProcess(() => life.alive);
  const stores = disk.open();
  const state = recoverState(stores, options);
  const bot = createBotOf(options, clock, life, stores, state);
  const outbox = createOutboxOf(options, clock, life, stores);
  bot.host.onEffect((effect) => {
    if (effect.type === 'alert') outbox.wake();
  });

  let commands = 0;
  options.trace.note(world.clock.wallNow(), `process starts (${disk.starts})`);
  bot.start();
  outbox.start();
  return {
    get alive() {
      return life.alive;
    },
    state,
    bot,
    stores,
    kill: life.kill,
    stop: async () => {
      try {
        await bot.stop('simulated');
        await outbox.stop(SECOND_MS);
      } catch (error) {
        // It died while it was being stopped: the engine takes no more inputs.
        if (life.alive) violate({ rule: 'process-does-not-fail', detail: `the stop failed: ${stackOf(error)}` });
      }
      life.kill('stopped');
    },
    command: (command) => {
      if (!life.alive || state.config === null) return;
      commands += 1;
      try {
        bot.host.apply({ type: 'command', commandId: `c${disk.starts}-${commands}`, by: 'operator', command });
      } catch (error) {
        if (!(error instanceof ProcessDeath) && !(error instanceof DiskFull)) throw error;
      }
    },
  };
};

/** Every send is held against what is on disk and in force at that moment. */
const watchVenue = (
  venue: Venue,
  {
    disk,
    state,
    clock,
    trace,
    violate,
  }: Pick<MachineOptions, 'disk' | 'trace' | 'violate'> & { readonly state: EngineState; readonly clock: Clock },
): Venue => ({
  ...venue,
  send: async (order) => {
    const { clientOrderId, purpose, symbol } = order.draft;
    if (!disk.intents.has(clientOrderId))
      violate({
        rule: 'intent-before-network',
        detail: `${clientOrderId} (${purpose}) was sent before its intent was committed`,
      });
    const trading = tradingState(state.guardian, symbol);
    if (purpose === 'entry' && trading !== 'active')
      violate({
        rule: 'no-entry-under-a-lock',
        detail: `${clientOrderId} was sent while ${trading}: ${Object.keys(state.guardian.locks).join(', ')}`,
      });
    const outcome = await venue.send(order);
    trace.note(
      clock.wallNow(),
      `send ${clientOrderId} ${purpose} ${outcome.kind}${outcome.kind === 'accepted' ? ` ${outcome.order.status}` : ` ${outcome.error.code}`}`,
    );
    return outcome;
  },
});

/** Whether something has a deadline of seconds: a real bot looks every few seconds, here it does so when it matters. */
const isBusy = (state: EngineState, bot: Bot): boolean => {
  if (!bot.executor.idle || state.unsettled > 0 || state.suspicion?.times === 1) return true;
  for (const name in state.symbols) {
    const managed = state.symbols[name]?.managed;
    if (
      managed !== null &&
      managed !== undefined &&
      (managed.phase !== 'protected' || managed.triggeredSince !== null || managed.exitReason !== null)
    )
      return true;
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
