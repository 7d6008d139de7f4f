import { impose, lift } from '../guardian/lock-changes.ts';
import { isAccepted } from '../guardian/health-locks.ts';
import { isForUnlock, LOCKS, type Lock } from '../guardian/lock.ts';
import { newestWish, removeLock, renewLock, type GuardianState } from '../guardian/state.ts';
import { isFinal } from '../orders/record.ts';
import { utcDayStart, type Fraction } from '../units.ts';
import { money } from '../words.ts';
import { acceptOrphans } from './orphans.ts';
import { acceptShortage } from './account-bookings.ts';
import type { CommandResultEffect } from './effect.ts';
import type { CommandInput, OperatorCommand } from './input.ts';
import { acceptLostHistory } from './lost-history.ts';
import { disbelieved, markEquity } from './marking.ts';
import { orderOf, requestCancel } from './orders-out.ts';
import { roundTrip } from './round-trip.ts';
import { settle } from './settle.ts';
import { whyUnsellable } from './reducing-orders.ts';
import { heldInHalt } from './state.ts';
import { lockNames } from './words.ts';
import { emit, type Moment, type Turn } from './turn.ts';

type Result = Omit<CommandResultEffect, 'type' | 'commandId'>;

const done = (text: string): Result => ({ ok: true, code: 'done', text });
const refused = (code: string, text: string): Result => ({ ok: false, code, text });

/** Carries out an operator's command. Who may, and whether it was confirmed, has been settled before. */
export const onCommand = (turn: Turn, input: CommandInput): void => {
  const result = run(turn, input.command, input.by);
  emit(turn, { type: 'command-result', commandId: input.commandId, ...result });
};

const run = (turn: Turn, command: OperatorCommand, by: string): Result => {
  const { guardian } = turn.state;
  switch (command.name) {
    case 'pause': {
      if (asksAgain(turn, 'operator-pause'))
        return done('Already paused: no entries. Stops and exits go on. /resume ends it.');
      impose(guardian, turn.changes, {
        kind: 'operator-pause',
        symbol: null,
        since: turn.at,
        reason: signed(by, command.reason),
        limit: null,
        value: null,
      });
      return done('Paused: no entries. Stops and exits go on. /resume ends it.');
    }
    case 'halt': {
      if (asksAgain(turn, 'operator-halt')) return done('Already halted. /unlock ends it.');
      impose(guardian, turn.changes, {
        kind: 'operator-halt',
        symbol: null,
        since: turn.at,
        reason: signed(by, command.reason),
        limit: null,
        value: null,
      });
      return done('Halted: exits only, working entries cancelled. /unlock ends it.');
    }
    case 'resume': {
      if (guardian.locks['operator-pause'] === undefined)
        return refused('not-paused', 'Not paused: nothing to resume.');
      lift(guardian, turn.changes, 'operator-pause', because(by, ''));
      const left = lockNames(guardian);
      return done(left.length === 0 ? 'Resumed.' : `Resumed, but still locked: ${left.join(', ')}.`);
    }
    case 'reconcile':
      turn.state.reconcileRequested = true;
      return done('The account is being compared with the ledger. /locks shows what it found; then /unlock.');
    case 'unlock':
      return unlock(turn, command, by);
    case 'flatten':
      return flatten(turn, command.symbol, by);
    case 'settle':
      return settle(turn, command, by);
    case 'round-trip':
      return roundTrip(turn, command.symbol, by);
  }
};

/**
 * Whether the lock holds already. It is wanted anew then: a confirmation that is under way was shown before this wish.
 */
const asksAgain = ({ state: { guardian }, at }: Turn, kind: 'operator-pause' | 'operator-halt'): boolean => {
  const lock = guardian.locks[kind];
  if (lock !== undefined) renewLock(guardian, lock, at);
  return lock !== undefined;
};

/**
 * Under a title that ends in "by operator": a name may be any word, and is read as one only behind a colon or the word
 * operator.
 */
const signed = (by: string, reason: string): string => (reason === '' ? by : `${by}: ${reason}`);

const because = (by: string, reason: string): string => `by operator ${signed(by, reason)}`;

type Unlock = Extract<OperatorCommand, { name: 'unlock' }>;

/** Clears exactly the locks that were shown; each rebases what belongs to it. */
const unlock = (turn: Turn, command: Unlock, by: string): Result => {
  const { guardian } = turn.state;
  const cleared: string[] = [];
  const staying: string[] = [];
  for (const id of command.lockIds) {
    const lock = guardian.locks[id];
    if (lock === undefined) continue;
    if (command.shownAt !== undefined && newestWish(lock) > command.shownAt) {
      staying.push(`${LOCKS[lock.kind].title}: set again since it was shown`);
      continue;
    }
    const why = unlockRefusal(turn, lock, command);
    if (why !== null) {
      staying.push(`${LOCKS[lock.kind].title}: ${why}`);
      continue;
    }
    removeLock(guardian, id);
    rebase(turn, lock, command);
    turn.changes.push({ type: 'lock-cleared', lock, by: because(by, command.reason) });
    cleared.push(LOCKS[lock.kind].title);
  }
  if (cleared.length === 0)
    return refused(
      staying.length > 0 ? 'refused' : 'nothing-locked',
      staying.length > 0 ? staying.join('; ') : 'None of these locks is in force.',
    );
  const rest = lockNames(guardian);
  const tail = [...staying, ...(rest.length > 0 ? [`still locked: ${rest.join(', ')}`] : [])];
  return {
    ok: staying.length === 0,
    code: staying.length === 0 ? 'done' : 'partly',
    text: `Unlocked: ${cleared.join(', ')}.${tail.length > 0 ? ` ${tail.join('; ')}.` : ''}`,
  };
};

/**
 * Why /unlock may not clear this lock now, or null. `withdrawn`: value that an earlier lock of the same command would
 * book out of the ledger first; none while it is carried out.
 */
export const unlockRefusal = (
  turn: Moment,
  lock: Lock,
  command: Pick<
    Unlock,
    'newLossPermitted' | 'shownEquity' | 'shownBaseline' | 'shownLossAt' | 'shownLosses' | 'shownDrift'
  >,
  withdrawn = 0,
): string | null => {
  const { guardian } = turn.state;
  if (!isForUnlock(lock.kind)) return `clears ${LOCKS[lock.kind].clears}`;
  const { limits } = turn.config;
  switch (lock.kind) {
    case 'daily-drawdown':
    case 'total-drawdown':
    case 'minimum-balance': {
      const { value, unknown } = markEquity(turn.state, turn.at, turn.wall);
      if (value === null) return `equity is not known (${unknown})`;
      const equity = value - withdrawn;
      const baseline = equity - disbelieved(turn.state);
      if (lock.kind === 'minimum-balance')
        return equity < limits.minBalance ? `equity ${money(equity)} is still below ${money(limits.minBalance)}` : null;
      if (lock.kind === 'total-drawdown')
        return equity > 0
          ? (fallenSince(equity, command.shownEquity) ?? fallenSince(baseline, command.shownBaseline))
          : 'there is no equity left';
      if (guardian.unlockDay === utcDayStart(turn.at)) return 'it has been unlocked once today already; next UTC day';
      const permitted = newLossPermitted(equity, limits.maxDailyDrawdown);
      const typed = command.newLossPermitted;
      // "Not within" instead of "beyond": what is no number is no permission.
      return typed !== null && permitted > 0 && Math.abs(typed / permitted - 1) <= PERMITTED_TOLERANCE
        ? fallenSince(baseline, command.shownBaseline)
        : `type the amount of new loss permitted, ${money(permitted)}`;
    }
    case 'kill-switch':
      return lostSince(guardian, command);
    case 'model-drift':
      return driftedSince(guardian, command.shownDrift);
    case 'reconciliation':
      return reconciledSince(guardian, lock) ? null : 'send /reconcile first';
    case 'start-gate': {
      const failing = guardian.gates.find((gate) => gate.clears === 'restart');
      if (failing !== undefined) return `the gate has to pass at a new start: ${failing.text}`;
      return guardian.gates.every((gate) => gate.clears === 'unlock') || reconciledSince(guardian, lock)
        ? null
        : 'send /reconcile first';
    }
    default:
      return null;
  }
};

/**
 * The mark moves to what was shown, give or take; further down nobody has agreed to. Asked of equity and of the part of
 * it to which the mark moves: a fall of one position may be made up for by a leap of another that nothing has
 * confirmed.
 */
const fallenSince = (equity: number, shown: number | undefined): string | null =>
  shown === undefined || equity >= shown * (1 - PERMITTED_TOLERANCE)
    ? null
    : `equity has fallen to ${money(equity)} since ${money(shown)} was shown; send /unlock again`;

/** The streak that is forgiven is the one that was shown. */
const lostSince = (
  { lossStreak }: GuardianState,
  { shownLossAt, shownLosses = lossStreak.length }: Pick<Unlock, 'shownLossAt' | 'shownLosses'>,
): string | null => {
  const newest = lossStreak.at(-1);
  if (shownLossAt === undefined || newest === undefined) return null;
  return newest.closedAt === shownLossAt && lossStreak.length === shownLosses
    ? null
    : `another loss since it was shown, ${lossStreak.length} in a row now; send /unlock again`;
};

/** A drift that would lock again at once is not what was shown. */
const driftedSince = ({ drift }: GuardianState, shown: number | null | undefined): string | null => {
  if (shown === undefined || drift === null) return null;
  if (shown === null)
    return drift.value <= drift.limit
      ? null
      : `a drift of ${drift.value.toFixed(2)} has been measured since none was shown; send /unlock again`;
  return isAccepted(drift, shown)
    ? null
    : `the drift has grown to ${drift.value.toFixed(2)} since ${shown.toFixed(2)} was shown; send /unlock again`;
};

/** Whether the account has been compared, at an operator's wish, since the lock was set for what it says now. */
const reconciledSince = (guardian: GuardianState, lock: Lock): boolean =>
  guardian.reconciledAt !== null && guardian.reconciledAt >= newestWish(lock);

/** The typed amount may differ by rounding of what was shown, and by the little that equity moved meanwhile. */
const PERMITTED_TOLERANCE: Fraction = 0.02;

/** What the day may lose after it is rebased to the present equity, in quote currency. */
export const newLossPermitted = (equity: number, maxDailyDrawdown: number): number => equity * maxDailyDrawdown;

const rebase = (turn: Turn, lock: Lock, { shownDrift }: Unlock): void => {
  const { guardian } = turn.state;
  const { value } = markEquity(turn.state, turn.at, turn.wall);
  const equity = value === null ? null : value - disbelieved(turn.state);
  switch (lock.kind) {
    case 'kill-switch':
      guardian.lossStreak = [];
      return;
    case 'daily-drawdown':
      guardian.unlockDay = utcDayStart(turn.at);
      if (equity === null) return;
      turn.changes.push({
        type: 'baseline',
        name: 'day',
        before: guardian.dayBaseline,
        after: equity,
        cause: 'unlock',
      });
      guardian.dayBaseline = equity;
      guardian.announced.daily = 0;
      return;
    case 'total-drawdown':
      if (equity === null) return;
      turn.changes.push({
        type: 'baseline',
        name: 'high-water-mark',
        before: guardian.highWaterMark,
        after: equity,
        cause: 'unlock',
      });
      guardian.highWaterMark = equity;
      guardian.announced.total = 0;
      return;
    case 'crash-loop':
      guardian.starts = guardian.starts.slice(-1);
      return;
    case 'reconciliation':
      acceptShortage(turn);
      acceptLostHistory(turn);
      acceptOrphans(turn.state);
      turn.state.suspicion = null;
      return;
    case 'start-gate':
      return acceptOrphans(turn.state);
    case 'model-drift':
      // Never more than was shown: what has been added since counts towards the next lock.
      guardian.acceptedDrift =
        guardian.drift === null || shownDrift === null
          ? null
          : Math.min(guardian.drift.value, shownDrift ?? guardian.drift.value);
      return;
    default:
      return;
  }
};

const flatten = (turn: Turn, symbol: string | null, by: string): Result => {
  const targets = Object.values(turn.state.symbols).filter(
    (state) => state.managed !== null && (symbol === null || state.symbol === symbol),
  );
  const stranded = targets.filter((state) => state.unlisted);
  const names = stranded.map((state) => state.symbol).join(', ');
  if (stranded.length > 0 && stranded.length === targets.length)
    return refused('unlisted', `The exchange no longer lists ${names}: it cannot be sold here.`);
  if (targets.length === 0)
    return refused('no-position', symbol === null ? 'No open positions.' : `No open position in ${symbol}.`);
  for (const { managed, unlisted } of targets) {
    if (managed === null || unlisted) continue;
    managed.exitReason = `flatten by operator ${by}`;
    managed.retryAt = null;
    const entry = orderOf(turn, managed.entryOrderId);
    // Not sent yet, it is withdrawn: nothing is bought to be sold at once.
    if (entry !== null && !isFinal(entry)) requestCancel(turn, entry, 'flatten');
  }
  const halted = heldInHalt(turn.state);
  const listed = targets.filter((state) => !state.unlisted);
  const unsellable = listed.flatMap((target) => {
    const why = whyUnsellable(turn.state, target);
    return why === null ? [] : [{ name: target.symbol, why }];
  });
  const waiting = listed.map((target) => target.symbol).filter((target) => halted.includes(target));
  const closing = listed
    .map((target) => target.symbol)
    .filter((target) => !halted.includes(target) && !unsellable.some(({ name }) => name === target));
  return done(
    [
      ...(closing.length === 0 ? [] : [`Closing ${closing.join(', ')}.`]),
      ...unsellable.map(
        ({ name, why }) =>
          `${name} cannot be sold now (${why}): its stop stays, and it is sold as soon as the exchange would take the order.`,
      ),
      ...(waiting.length === 0
        ? []
        : [
            `${waiting.join(', ')}: the exchange has halted the market, and sells when it trades it again; a stop that rests stays until then.`,
          ]),
      ...(names === '' ? [] : [`Not ${names}, which the exchange no longer lists.`]),
    ].join(' '),
  );
};
