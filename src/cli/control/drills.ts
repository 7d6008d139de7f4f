import type { ControlEnd, ControlRequest } from '../../adapters/control/protocol.ts';
import { formatDecimal } from '../../core/decimal.ts';
import type { OperatorCommand } from '../../core/engine/input.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { MINUTE_MS, SECOND_MS, type Milliseconds, type SymbolName } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Caller, CommandOutcome } from '../../ports/operator.ts';
import type { AuditStore } from '../../ports/store.ts';

/** Wall time for one leg of a round trip: entry filled and protected, or position closed. */
const LEG_LIMIT: Milliseconds = 2 * MINUTE_MS;
/** Wall time for the start-up. */
const START_LIMIT: Milliseconds = 5 * MINUTE_MS;
/** Wall time for data to be called stale and for its recovery, beyond the age limit. */
const STALE_MARGIN: Milliseconds = 3 * MINUTE_MS;
const LOOK: Milliseconds = 200;
/** Round trips that may win before three in a row have lost. Below the throttle of entries an hour. */
const MOST_TRIPS = 8;

type DrillRequest = Extract<ControlRequest, { kind: 'drill' }>;

export interface DrillDeps {
  readonly state: EngineState;
  readonly clock: Clock;
  readonly run: (caller: Caller, command: OperatorCommand) => Promise<CommandOutcome>;
  readonly audits: Pick<AuditStore, 'addAudit'>;
  /** null = this mode's data cannot be silenced. */
  readonly silence: ((on: boolean) => void) | null;
  /** Whether the start-up is complete: recovered, reconciled, warm. */
  readonly ready: () => boolean;
  /** Ends the process at once, as a crash does. */
  readonly crash: () => void;
}

/** Why a drill did not pass, for the person. */
class DrillFailed extends Error {
  override readonly name = 'DrillFailed';
}

/** What has to be the same after a crash: everything that protects money. */
export const fingerprint = ({ state }: Pick<DrillDeps, 'state'>): Readonly<Record<string, string>> => ({
  instance: state.config?.instanceId ?? '',
  locks: Object.keys(state.guardian.locks)
    .filter((id) => !/^(stale-data|clock-skew|execution|volatility)/.test(id))
    .sort()
    .join(' '),
  streak: String(state.guardian.lossStreak.length),
  baseline: String(state.guardian.dayBaseline),
  'high-water mark': String(state.guardian.highWaterMark),
  positions: Object.values(state.symbols)
    .filter((symbol) => symbol.heldNumber > 0)
    .map((symbol) => `${symbol.symbol} ${symbol.heldNumber}`)
    .join(' '),
  stops: Object.values(state.symbols)
    .map((symbol) => symbol.managed?.stopOrderId ?? '')
    .filter((id) => id !== '')
    .join(' '),
  cash: state.ledger.cash === null ? '' : formatDecimal(state.ledger.cash),
});

export const createDrills = (deps: DrillDeps) => {
  const { state, clock, run, audits } = deps;
  let busy = false;

  /** @throws DrillFailed when it has not come true in time */
  const until = async (what: string, limit: Milliseconds, look: () => boolean): Promise<void> => {
    const end = clock.monotonicNow() + limit;
    while (!look()) {
      if (clock.monotonicNow() > end)
        throw new DrillFailed(`${what} did not happen within ${Math.round(limit / SECOND_MS)} s`);
      await clock.sleep(LOOK);
    }
  };

  const managed = (symbol: SymbolName) => state.symbols[symbol]?.managed ?? null;
  const isHeld = (id: string): boolean => state.guardian.locks[id] !== undefined;
  const symbolOf = (wanted: string): SymbolName => {
    const symbols = state.config?.symbols ?? [];
    const symbol =
      wanted === ''
        ? symbols.find((name) => managed(name) === null)
        : symbols.find((name) => name === wanted || name.startsWith(`${wanted.toUpperCase()}/`));
    if (symbol === undefined)
      throw new DrillFailed(
        wanted === ''
          ? 'every symbol has a position: there is none to drill with'
          : `${wanted} is not traded; there are ${symbols.join(', ')}`,
      );
    if (managed(symbol) !== null)
      throw new DrillFailed(`${symbol} has a position: a drill never touches one; name another symbol`);
    return symbol;
  };

  const tripOnce = async (caller: Caller, symbol: SymbolName, say: (text: string) => void): Promise<void> => {
    const closed = state.tradesClosed;
    const entered = await run(caller, { name: 'round-trip', symbol });
    if (!entered.ok) throw new DrillFailed(`the entry was refused: ${entered.text}`);
    say(`${symbol}: ${entered.text}`);
    await until(
      'an entry with its stop on the exchange',
      LEG_LIMIT,
      () => managed(symbol)?.phase === 'protected' || managed(symbol) === null,
    );
    if (managed(symbol) === null) throw new DrillFailed('the entry did not fill');
    const flattened = await run(caller, { name: 'flatten', symbol });
    if (!flattened.ok) throw new DrillFailed(`the exit was refused: ${flattened.text}`);
    await until('the exit', LEG_LIMIT, () => managed(symbol) === null && state.tradesClosed > closed);
    say(`${symbol}: entered, protected, closed`);
  };

  const roundTrip = async (caller: Caller, wanted: string, say: (text: string) => void): Promise<string> => {
    const symbol = symbolOf(wanted);
    await tripOnce(caller, symbol, say);
    return `${symbol} entered, protected by a stop on the exchange, and closed`;
  };

  const killSwitch = async (caller: Caller, wanted: string, say: (text: string) => void): Promise<string> => {
    const symbol = symbolOf(wanted);
    for (let trip = 0; trip < MOST_TRIPS && !isHeld('kill-switch'); trip += 1) await tripOnce(caller, symbol, say);
    if (!isHeld('kill-switch'))
      throw new DrillFailed(
        `${MOST_TRIPS} round trips did not lose ${state.config?.limits.maxConsecutiveLosses ?? 3} times in a row`,
      );
    say(`kill-switch: ${state.guardian.locks['kill-switch']?.reason ?? ''}`);
    const denied = await run(caller, { name: 'round-trip', symbol });
    if (denied.ok || denied.code !== 'state-halted')
      throw new DrillFailed(`an entry under the kill-switch was answered ${denied.code}`);
    say(`the next entry was refused (${denied.code}); /unlock ends it`);
    return 'the kill-switch was thrown by losing trades and denied the next entry';
  };

  const staleData = async (caller: Caller, wanted: string, say: (text: string) => void): Promise<string> => {
    if (deps.silence === null) throw new DrillFailed('market data cannot be silenced in this mode');
    const symbol = symbolOf(wanted);
    const id = `stale-data:${symbol}`;
    const limit = (state.config?.limits.maxDataAgeSeconds ?? 300) * SECOND_MS + STALE_MARGIN;
    try {
      deps.silence(true);
      say(`market data is silenced; waiting up to ${Math.round(limit / MINUTE_MS)} minutes for the lock`);
      await until(`the lock ${id}`, limit, () => isHeld(id));
      const denied = await run(caller, { name: 'round-trip', symbol });
      if (denied.ok) throw new DrillFailed('an entry on stale data was approved');
      say(`locked, and an entry was refused (${denied.code})`);
    } finally {
      deps.silence(false);
    }
    await until(`the end of ${id}`, STALE_MARGIN, () => !isHeld(id));
    return 'data that fell silent locked the symbol, an entry was refused, and fresh data released it';
  };

  const restartCheck = (before: string): string => {
    const now = fingerprint(deps);
    const then = JSON.parse(before) as Readonly<Record<string, string>>;
    // What a price moves is no loss of memory: the mark may rise.
    const kept = Object.keys(now).filter((name) => name !== 'high-water mark' && now[name] !== then[name]);
    if (kept.length > 0)
      throw new DrillFailed(
        `not as before the crash: ${kept.map((name) => `${name} "${then[name]}" -> "${now[name]}"`).join('; ')}`,
      );
    return 'killed without warning and started again with the same positions, stops, locks, baselines and cash';
  };

  const carryOut = async (request: DrillRequest, caller: Caller, say: (text: string) => void): Promise<string> => {
    switch (request.name) {
      case 'round-trip':
        return await roundTrip(caller, request.arguments, say);
      case 'kill-switch':
        return await killSwitch(caller, request.arguments, say);
      case 'stale-data':
        return await staleData(caller, request.arguments, say);
      case 'restart':
        return JSON.stringify(fingerprint(deps));
      case 'restart-check':
        return restartCheck(request.arguments);
    }
  };

  /** Carries a drill out and puts its outcome on record: the audit reads it there. */
  const drill = async (request: DrillRequest, say: (text: string) => void): Promise<ControlEnd> => {
    const caller: Caller = {
      userId: 0,
      name: request.user === '' ? 'guardian drill' : `${request.user} (drill)`,
      role: 'operator',
      via: 'control-socket',
    };
    const name = request.name === 'restart-check' ? 'restart' : request.name;
    const record = (outcome: string): void =>
      audits.addAudit({ at: clock.wallNow(), caller, chatId: null, command: 'drill', arguments: name, outcome });
    if (state.config?.mode === 'live')
      return {
        kind: 'end',
        ok: false,
        lines: ['drills run in demo, paper and testnet, never with real money'],
        question: null,
      };
    if (busy) return { kind: 'end', ok: false, lines: ['another drill is under way'], question: null };
    busy = true;
    try {
      await until('the start-up', START_LIMIT, deps.ready);
      const text = await carryOut(request, caller, say);
      if (request.name === 'restart') {
        record('begun');
        // After the answer has left.
        setTimeout(deps.crash, 100);
      } else record(`passed: ${text}`);
      return { kind: 'end', ok: true, lines: [text], question: null };
    } catch (error) {
      if (!(error instanceof DrillFailed)) throw error;
      record(`failed: ${error.message}`);
      return { kind: 'end', ok: false, lines: [error.message], question: null };
    } finally {
      busy = false;
    }
  };
  return { drill };
};
