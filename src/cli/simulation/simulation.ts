import { markEquity } from '../../core/engine/marking.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { isForUnlock, LOCKS } from '../../core/guardian/lock.ts';
import { newestWish } from '../../core/guardian/state.ts';
import { DEFAULT_LIMITS } from '../../core/risk/limits.ts';
import { encodeState, readableState } from '../../core/engine/codec.ts';
import { describeDifference, verify } from '../../app/replay.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import { createRandomStream } from '../../sim/generator/random.ts';
import { fixed } from '../../sim/matching/fixed.ts';
import { createCrashPlan, type CrashPoint } from '../../sim/simulation/crash.ts';
import { planFaults, slowNetwork, type OtherFault } from '../../sim/simulation/fault-plan.ts';
import {
  checkBooks,
  checkIntents,
  checkRest,
  createProtectionWatch,
  type Violation,
} from '../../sim/simulation/invariants.ts';
import { createChatHistory } from '../../sim/simulation/telegram.ts';
import { createTrace } from '../../sim/simulation/trace.ts';
import { createWorld, MINUTES_A_DAY, type World } from '../../sim/simulation/world.ts';
import { createFileDisk, createMemoryDisk } from './disk.ts';
import { CHAT, startMachine, type Machine } from './machine.ts';
import type { Mutant } from './mutants.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Days with faults; a quiet time follows in which everything has to come to rest. */
  readonly days: number;
  /** Left out: two, and in every third seed one. */
  readonly symbols?: readonly SymbolName[];
  readonly mutant?: Mutant | null;
  /** USDT from outside half-way, of which only the balances tell. */
  readonly deposit?: string;
  /** `mixed` (the default): every kind of fault. */
  readonly weather?: 'mixed' | 'slow-network';
  /** Whether to step the whole journal again at the end. */
  readonly verifyJournal?: boolean;
  /** Whether the database is on real files, crashes included, instead of in memory. */
  readonly files?: boolean;
  /** Told of every note of the trace. */
  readonly listener?: (line: string) => void;
}

export interface SimulationResult {
  readonly seed: number;
  readonly days: number;
  readonly violations: readonly Violation[];
  /** The same seed and days give the same. */
  readonly hash: string;
  readonly crashes: Readonly<Record<CrashPoint, number>>;
  readonly starts: number;
  readonly orders: number;
  readonly fills: number;
  readonly trades: number;
  readonly alerts: number;
  /** The newest notes of the trace, for a failure. */
  readonly recent: readonly string[];
}

/** Of ten seeds one has its whole journal stepped again, and another runs on real files: both cost time. */
export const variantOf = (seed: number): Pick<SimulationOptions, 'verifyJournal' | 'files'> => ({
  verifyJournal: seed % 10 === 0,
  files: seed % 10 === 5,
});

const BALANCE = '5000';
/** Quiet hours at the end: two full comparisons, an operator's round, the longest slow-down. */
const QUIET_HOURS = 4;
/** RestartSec of the service, and now and then a longer absence. */
const RESTART = 10 * SECOND_MS;
const LONGEST_ABSENCE = 40 * MINUTE_MS;
const OPERATOR_ROUND = 30;
const MOST_VIOLATIONS = 5;

/** One history: a market, an exchange, a bot that dies and comes back, and what has to hold all along. */
export const runSimulation = async (options: SimulationOptions): Promise<SimulationResult> => {
  const { seed, days } = options;
  const symbols = options.symbols ?? (seed % 3 === 0 ? ['BTC/USDT'] : ['BTC/USDT', 'ETH/USDT']);
  const stream = (name: string) => createRandomStream(seed, `simulation ${name}`);
  const trace = createTrace(options.listener ?? null);
  const violations: Violation[] = [];
  const violate = (violation: Violation): void => {
    trace.note(world.clock.wallNow(), `VIOLATION ${violation.rule}: ${violation.detail}`);
    violations.push(violation);
  };
  const operator = stream('operator');
  const world = createWorld({
    seed,
    days,
    symbols,
    balance: BALANCE,
    trace,
    faults: (from) =>
      options.weather === 'slow-network'
        ? slowNetwork(from, from + days * DAY_MS)
        : planFaults(stream('faults'), from + HOUR_MS, from + days * DAY_MS, symbols),
    onOther: (fault) => strike(machine, fault),
    onInternalError: (error) =>
      violate({ rule: 'process-does-not-fail', detail: `the exchange simulator failed: ${String(error)}` }),
  });
  const disk =
    options.files === true ? createFileDisk(stream('disk'), () => world.clock.wallNow()) : createMemoryDisk();
  const chat = createChatHistory(violate);
  const crashes = createCrashPlan(stream('crashes'));
  const absence = stream('absence');
  const shared = { network: stream('network'), jitter: stream('jitter'), answers: stream('answers') };
  const protection = createProtectionWatch(world, violate);
  let upSince: EpochMs = world.start;
  let calm = false;

  const start = (): Machine => {
    upSince = world.clock.wallNow();
    return startMachine({
      world,
      disk,
      chat,
      crashes,
      trace,
      violate,
      ...shared,
      mutant: options.mutant ?? null,
      onEnd: () => void restart(),
    });
  };
  const restart = async (): Promise<void> => {
    const away = !calm && absence.uniform() < 0.1 ? Math.floor(absence.uniform() * LONGEST_ABSENCE) : 0;
    await world.clock.sleep(RESTART + away);
    machine = start();
  };
  let machine = start();

  /**
   * The operator looks at the exchange's own page before accepting that coins are missing: what is taken off the books
   * there would be external for ever.
   */
  const liesAboutBase = (): boolean =>
    world.faults.list().some(({ request }) => request.name === 'wrong-balance' && request['asset'] !== 'USDT');

  const minutes = async (count: number): Promise<void> => {
    for (let minute = 0; minute < count && violations.length < MOST_VIOLATIONS; minute += 1) {
      await world.clock.runTo(world.clock.wallNow() + MINUTE_MS);
      const now = world.clock.wallNow();
      const impaired = !machine.alive || world.active('disk') !== null;
      protection.look(now, impaired ? now : Math.max(world.disturbedAt, upSince));
      world.step();
      // Simulated time needs no turn of the event loop; whoever else lives in this process does.
      if (minute % MINUTES_A_DAY === 0) await new Promise((resolve) => void setImmediate(resolve));
      if (minute % OPERATOR_ROUND === 0 && (calm || operator.uniform() < 0.4)) operate(machine, liesAboutBase());
    }
  };

  const half = Math.floor((days * MINUTES_A_DAY) / 2);
  await minutes(half);
  if (options.deposit !== undefined) world.exchange.deposit('USDT', fixed(options.deposit));
  await minutes(days * MINUTES_A_DAY - half);
  calm = true;
  crashes.end();
  world.calm();
  trace.note(world.clock.wallNow(), 'all faults cease');
  await minutes(QUIET_HOURS * 60);
  // Whatever the last minute has set going.
  await world.clock.runTo(world.clock.wallNow() + 30 * SECOND_MS);

  const { state } = machine;
  if (violations.length === 0) checkEnd(machine, world, disk.alerts.size, options.verifyJournal === true, violate);
  trace.note(world.clock.wallNow(), JSON.stringify(readableState(encodeState(state))));
  const result: SimulationResult = {
    seed,
    days,
    violations,
    hash: trace.hash(),
    crashes: crashes.coverage,
    starts: disk.starts,
    orders: world.exchange.engine.files.orderCount,
    fills: world.exchange.engine.files.tradeCount,
    trades: state.tradesClosed,
    alerts: disk.alerts.size,
    recent: trace.recent().slice(0, -1),
  };
  machine.kill('the run is over');
  world.clock.end();
  disk.close();
  return result;
};

/** A fault that comes from a person or from the machine's own service manager. */
const strike = (machine: Machine, fault: OtherFault): void => {
  if (fault.where === 'process') void machine.stop();
  if (fault.where !== 'operator') return;
  if (fault.name === 'flatten') machine.command({ name: 'flatten', symbol: null });
  else machine.command({ name: fault.name, reason: 'simulated' });
};

/** What has to hold when all faults have ceased. `alerts`: how many were committed in the whole run. */
const checkEnd = (
  machine: Machine,
  world: World,
  alerts: number,
  verifyJournal: boolean,
  violate: (violation: Violation) => void,
): void => {
  if (!machine.alive) violate({ rule: 'process-does-not-fail', detail: 'no process is up at the end' });
  checkIntents(world, violate);
  checkRest(world, machine.state, violate);
  checkBooks(world, machine.state, violate);
  const waiting = machine.stores.outbox.pending(CHAT, 1_000).length;
  if (waiting > 0) violate({ rule: 'no-alert-lost', detail: `${waiting} of ${alerts} alerts were never delivered` });
  if (!verifyJournal) return;
  const { firstDifference } = verify(machine.stores.journal);
  if (firstDifference !== null) violate({ rule: 'replays-bit-for-bit', detail: describeDifference(firstDifference) });
};

/** A round of the operator: looks at the locks that want a person and clears what may be cleared. */
const operate = (machine: Machine, unbelievable: boolean): void => {
  if (!machine.alive) return;
  const { state } = machine;
  const locks = Object.values(state.guardian.locks).filter(({ kind }) => !(unbelievable && kind === 'reconciliation'));
  if (locks.some(({ kind }) => LOCKS[kind].clearing === 'resume')) machine.command({ name: 'resume' });
  const waiting = locks.filter(({ kind }) => isForUnlock(kind));
  if (waiting.length === 0) return;
  const reconciledAt = state.guardian.reconciledAt ?? 0;
  if (
    waiting.some(
      (lock) => (lock.kind === 'reconciliation' || lock.kind === 'start-gate') && reconciledAt < newestWish(lock),
    )
  )
    machine.command({ name: 'reconcile' });
  machine.command({
    name: 'unlock',
    reason: 'looked at',
    lockIds: waiting.map(({ id }) => id),
    newLossPermitted: permitted(state),
  });
};

const permitted = (state: EngineState): number | null => {
  const { value } = markEquity(state, state.at, state.wall);
  return value === null ? null : value * DEFAULT_LIMITS.maxDailyDrawdown;
};
