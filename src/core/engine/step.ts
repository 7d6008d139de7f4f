import { evaluateEquity, percent } from '../guardian/equity-locks.ts';
import { evaluateExecution, evaluateFreshness, evaluateModel, evaluateReach, evaluateSkew, evaluateVolatility } from '../guardian/health-locks.ts';
import { LOCKS, type LockKind } from '../guardian/lock.ts';
import { policyOf, tradingState } from '../guardian/state.ts';
import { assertNever, MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../units.ts';
import type { Change } from '../guardian/change.ts';
import type { Effect } from './effect.ts';
import type { Input } from './input.ts';
import { tend } from './lifecycle.ts';
import { equityOf, freshnessRule } from './marking.ts';
import { onAccount } from './on-account.ts';
import { onCommand } from './on-command.ts';
import { onCandle, onHistory, onQuotes, recordEquity } from './on-market.ts';
import { onCancelFailed, onOrderReport } from './on-order.ts';
import { onPrediction } from './on-prediction.ts';
import { modelFaultOf, onStarted } from './on-start.ts';
import { withdrawEntries } from './orders-out.ts';
import { configOf, oldestUnsettled, symbolOf, type EngineState, type SymbolState } from './state.ts';
import { alert, type Turn } from './turn.ts';
import { openPositions } from './words.ts';

/**
 * The whole bot as one function: applies an input to the state and says what
 * follows. Deterministic: the same state and input give the same effects, bit
 * for bit; time comes inside the input. The state is changed in place; after
 * an exception it must not be used again.
 */
export const step = (state: EngineState, input: Input): readonly Effect[] => {
  const config = input.type === 'started' ? input.config : configOf(state);
  const turn: Turn = { state, config, at: marketTime(state, input), wall: wallTime(state, input), clockWall: input.wall, effects: [], changes: [] };
  apply(turn, input);
  if (input.type === 'history') {
    state.evaluated.at = Number.NaN;
    return turn.effects;
  }
  // A prediction was decided on an evaluation of this very moment; nothing that it does can trip a lock.
  if (input.type === 'candle' && justEvaluated(turn)) evaluateSymbol(turn, symbolOf(state, input.symbol));
  else if (input.type !== 'prediction') evaluate(turn);
  const { length } = turn.effects;
  for (const symbol of state.symbolList) if (symbol.managed !== null) tend(turn, symbol);
  const quiet = turn.effects.length === length && turn.changes.length === 0;
  if (turn.changes.length > 0) publish(turn);
  withdrawEntries(turn);
  recordEquity(turn);
  state.evaluated.at = quiet ? turn.at : Number.NaN;
  state.evaluated.wall = turn.wall;
  return turn.effects;
};

/** Market time never runs backwards inside the engine, whatever a clock says. */
const marketTime = (state: EngineState, input: Input): EpochMs => {
  if (input.at > state.at) state.at = input.at;
  return state.at;
};

/** Wall time neither, and it goes on from where it was when the clock is set back: spans that are being measured stay spans. */
const wallTime = (state: EngineState, input: Input): EpochMs => {
  const wall = input.wall + state.wallShift;
  if (wall < state.wall) state.wallShift += state.wall - wall;
  else state.wall = wall;
  return state.wall;
};

const apply = (turn: Turn, input: Input): void => {
  switch (input.type) {
    case 'started':
      return onStarted(turn, input);
    case 'history':
      return onHistory(turn, input);
    case 'candle':
      return onCandle(turn, input);
    case 'quotes':
      return onQuotes(turn, input);
    case 'prediction':
      // The limits are looked at before the decision, with the data as it stands now; at this very moment they may have been already.
      if (!justEvaluated(turn)) evaluate(turn);
      return onPrediction(turn, input);
    case 'order-report':
      return onOrderReport(turn, input);
    case 'cancel-failed':
      return onCancelFailed(turn, input);
    case 'account':
      return onAccount(turn, input);
    case 'timer':
      return;
    case 'stopping':
      turn.state.running = false;
      return alert(turn, 'lifecycle', `stopping:${turn.wall}`, `Guardian Bot stopped (${input.reason})`, [stateLine(turn), 'Protective stops stay on the exchange.'], []);
    case 'clock-skew':
      turn.state.guardian.skew = input.skew;
      turn.state.guardian.skewTried = true;
      if (input.skew !== null) turn.state.guardian.skewWall = turn.wall;
      return;
    case 'model-status':
      turn.state.guardian.modelFault = input.valid ? modelFaultOf(turn.config) : input.detail;
      turn.state.guardian.drift = input.drift ?? null;
      return evaluateModel(turn.state.guardian, turn.at, turn.changes);
    case 'reach':
      return evaluateReach(turn.state.guardian, turn.at, input.unreachable, turn.changes);
    case 'command':
      evaluate(turn);
      return onCommand(turn, input);
    default:
      return assertNever(input, 'input');
  }
};

/** Whether every lock has been looked at in this very moment and nothing has happened since: then only what this input changes can matter. */
const justEvaluated = ({ state, at, wall }: Turn): boolean => state.evaluated.at === at && state.evaluated.wall === wall;

/** The locks of one symbol's data. */
const evaluateSymbol = (turn: Turn, symbol: SymbolState): void => {
  const { state, config, at, wall, changes } = turn;
  if (!symbol.configured) return;
  evaluateFreshness(state.guardian, symbol, at, wall, freshnessRule(state), state.startedWall, changes);
  if (symbol.newestCandleOpen !== null) evaluateVolatility(state.guardian, symbol.symbol, symbol.volatilityLockId, symbol.volatility, at, config.limits, changes);
};

/** Every lock against the state as it is now. */
const evaluate = (turn: Turn): void => {
  const { state, config, at, wall, changes } = turn;
  const { guardian } = state;
  const rule = freshnessRule(state);
  for (const symbol of state.symbolList) evaluateSymbol(turn, symbol);
  evaluateSkew(guardian, at, wall, changes);
  evaluateExecution(guardian, at, wall, oldestUnsettled(state), changes);
  evaluateEquity(guardian, at, equityOf(state, at, wall, rule), config.limits, changes);
};

/** Turns the Guardian's changes into recorded effects and alerts. */
const publish = (turn: Turn): void => {
  for (const change of turn.changes) {
    switch (change.type) {
      case 'lock-set':
        turn.effects.push({ type: 'lock', change: 'set', lock: change.lock, by: 'rule' });
        lockAlert(turn, change);
        break;
      case 'lock-cleared': {
        const { lock, by } = change;
        turn.effects.push({ type: 'lock', change: 'cleared', lock, by });
        // Data that come and go are no deed of anybody's: a kind of its own, which may be silenced.
        if (lock.kind === 'stale-data') alert(turn, 'data', `${lock.id}:${lock.since}:${turn.wall}`, `${lock.symbol ?? ''}: data are fresh again`, [`after ${spanOf(turn.at - lock.since)}; ${by}`, stateLine(turn)], ['/status'], lock.symbol);
        else alert(turn, 'unlock', `${lock.id}:${lock.since}:${turn.wall}`, `${LOCKS[lock.kind].title}${forSymbol(lock.symbol)} cleared`, [by, stateLine(turn)], ['/status'], lock.symbol);
        break;
      }
      case 'baseline':
        turn.effects.push(change);
        break;
      case 'drawdown-step': {
        const name = change.name === 'daily' ? 'Daily' : 'Total';
        alert(
          turn,
          'drawdown',
          `${change.name}:${change.step}:${turn.at}`,
          `${name} drawdown ${percent(change.drawdown)}: ${Math.round(change.step * 100)} % of the limit ${percent(change.limit)} used`,
          [stateLine(turn)],
          ['/pnl', '/risk'],
        );
        break;
      }
    }
  }
};

/** "40 s" or "7 min". */
const spanOf = (span: Milliseconds): string => (span < 2 * MINUTE_MS ? `${Math.round(span / SECOND_MS)} s` : `${Math.round(span / MINUTE_MS)} min`);

const forSymbol = (symbol: string | null): string => (symbol === null ? '' : ` ${symbol}`);

/** Where an operator looks before /unlock, where it is not the result. */
const LOOK: Partial<Record<LockKind, string>> = { reconciliation: '/balance', 'start-gate': '/orders', 'model-drift': '/model', 'crash-loop': '/health', 'operator-halt': '/status' };

/** What the button beside it says already. */
const BUTTON_ENOUGH = /^\/(unlock|resume)/;

const isOpen = (state: EngineState): boolean => state.symbolList.some(({ managed }) => managed !== null);

const lockAlert = (turn: Turn, change: Extract<Change, { type: 'lock-set' }>): void => {
  const { lock } = change;
  const { title, state, clearing, clears } = LOCKS[lock.kind];
  const policy = policyOf(lock.kind, turn.config.lockPolicies);
  const commands = clearing === 'resume' ? ['/resume'] : clearing === 'self' ? ['/status'] : [LOOK[lock.kind] ?? '/pnl', '/unlock'];
  const action = policy === 'flatten' && isOpen(turn.state) ? 'Trading halted, positions are being closed' : state === 'halted' ? 'Trading halted' : lock.symbol === null ? 'No entries' : `No entries in ${lock.symbol}`;
  alert(turn, 'lock', `${lock.id}:${lock.since}:${turn.wall}`, `${title}: ${lock.reason}`, [`${action}, ${openPositions(turn.state)}.`, ...(BUTTON_ENOUGH.test(clears) ? [] : [`Clears: ${clears}.`])], commands, lock.symbol);
};

const stateLine = (turn: Turn): string => {
  const now = tradingState(turn.state.guardian, null);
  return `Trading is ${now}, ${openPositions(turn.state)}.`;
};
