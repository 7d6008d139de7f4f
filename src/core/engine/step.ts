import { evaluateEquity } from '../guardian/equity-locks.ts';
import { evaluateExecution, evaluateModel, evaluateReach, evaluateSkew } from '../guardian/health-locks.ts';
import { evaluateFreshness, evaluateVolatility } from '../guardian/data-locks.ts';
import { assertNever, type MarketMs, type WallMs } from '../units.ts';
import { noteBlindness } from './blind.ts';
import type { Effect } from './effect.ts';
import type { ClockSkewInput, Input } from './input.ts';
import { tend } from './lifecycle.ts';
import { disbelieved, equityOf, leapPending } from './marking.ts';
import { onAccount } from './on-account.ts';
import { onCommand } from './on-command.ts';
import { onInstruments } from './on-instruments.ts';
import { onCandle, onHistory, onQuotes, recordEquity } from './on-market.ts';
import { onCancelFailed, onOrderReport } from './on-order.ts';
import { onPrediction } from './on-prediction.ts';
import { modelFaultOf, onStarted } from './on-start.ts';
import { withdrawEntries } from './orders-out.ts';
import { publish, stateLine } from './publish.ts';
import { configOf, symbolOf, type EngineState, type SymbolState } from './state.ts';
import { oldestUnsettled } from './open-orders.ts';
import { alert, NO_EFFECTS, type Turn } from './turn.ts';

/**
 * The whole bot as one function: applies an input to the state and says what
 * follows. Deterministic: the same state and input give the same effects, bit
 * for bit; time comes inside the input. The state is changed in place; after
 * an exception it must not be used again.
 */
export const step = (state: EngineState, input: Input): readonly Effect[] => {
  const turn = begin(state, input);
  apply(turn, input);
  return turn.effects;
};

const begin = (state: EngineState, input: Input): Turn => {
  const { at, wall } = input;
  return {
    state,
    config: input.type === 'started' ? input.config : configOf(state),
    at: marketTime(state, at),
    wall: wallTime(state, wall),
    clockWall: wall,
    effects: NO_EFFECTS,
    changes: state.changes,
  };
};

/** Market time never runs backwards inside the engine, whatever a clock says. */
const marketTime = (state: EngineState, at: MarketMs): MarketMs => {
  if (at > state.at) state.at = at;
  return state.at;
};

/**
 * Wall time neither, and it goes on from where it was when the clock is set back: spans that are being measured stay
 * spans.
 */
const wallTime = (state: EngineState, clock: WallMs): WallMs => {
  const wall = clock + state.wallShift;
  if (wall < state.wall) state.wallShift += state.wall - wall;
  else state.wall = wall;
  return state.wall;
};

/** Takes the input into the state, looks at the limits that it may have touched and does what follows. */
const apply = (turn: Turn, input: Input): void => {
  switch (input.type) {
    case 'history':
      onHistory(turn, input);
      turn.state.evaluated.at = Number.NaN;
      return;
    case 'candle':
      onCandle(turn, input);
      if (justEvaluated(turn)) evaluateCandles(turn, symbolOf(turn.state, input.symbol));
      else evaluate(turn);
      return conclude(turn);
    case 'prediction':
      // The limits are looked at before the decision, with the data as it stands now; at this very moment they may have
      // been already. Nothing that the decision does can trip a lock.
      if (!justEvaluated(turn)) evaluate(turn);
      onPrediction(turn, input);
      return conclude(turn);
    case 'quotes':
      onQuotes(turn, input);
      break;
    case 'command':
      evaluate(turn);
      onCommand(turn, input);
      break;
    case 'timer':
      break;
    case 'started':
      onStarted(turn, input);
      break;
    case 'instruments':
      onInstruments(turn, input);
      break;
    case 'order-report':
      onOrderReport(turn, input);
      break;
    case 'cancel-failed':
      onCancelFailed(turn, input);
      break;
    case 'account':
      onAccount(turn, input);
      break;
    case 'stopping':
      turn.state.running = false;
      alert(
        turn,
        'lifecycle',
        `stopping:${turn.wall}`,
        `Guardian Bot stopped (${input.reason})`,
        [stateLine(turn), 'Protective stops stay on the exchange.'],
        [],
      );
      break;
    case 'clock-skew':
      onClockSkew(turn, input);
      break;
    case 'model-status':
      turn.state.guardian.modelFault = input.valid ? modelFaultOf(turn.config) : input.detail;
      turn.state.guardian.drift = input.drift ?? null;
      evaluateModel(turn.state.guardian, turn);
      break;
    case 'reach':
      evaluateReach(turn.state.guardian, turn, input.unreachable);
      break;
    default:
      return assertNever(input, 'input');
  }
  evaluate(turn);
  conclude(turn);
};

const onClockSkew = ({ state: { guardian }, wall }: Turn, { skew }: ClockSkewInput): void => {
  guardian.skew = skew;
  guardian.skewTried = true;
  if (skew !== null) guardian.skewWall = wall;
};

/**
 * Whether every lock has been looked at in this very moment and nothing has happened since: then only what this input
 * changes can matter.
 */
const justEvaluated = ({ state, at, wall }: Turn): boolean =>
  state.evaluated.at === at && state.evaluated.wall === wall;

/** The locks of one symbol's data. */
const evaluateSymbol = (turn: Turn, symbol: SymbolState): void => {
  if (!symbol.configured) return;
  const { state } = turn;
  evaluateFreshness(state.guardian, symbol, turn, state.freshness, state.startedWall);
  evaluateCandles(turn, symbol);
};

/** The lock that closed candles set and clear. They make data fresh, too, but that clears on polls. */
const evaluateCandles = (turn: Turn, symbol: SymbolState): void => {
  if (symbol.configured && symbol.newestCandleOpen !== null)
    evaluateVolatility(turn.state.guardian, symbol, turn, turn.config.limits);
};

/** Every lock against the state as it is now. */
const evaluate = (turn: Turn): void => {
  const { state, config, at, wall } = turn;
  const { guardian, symbolList } = state;
  for (let i = 0; i < symbolList.length; i += 1) evaluateSymbol(turn, symbolList[i] as SymbolState);
  evaluateSkew(guardian, turn);
  const open = oldestUnsettled(state);
  const what =
    open === null
      ? undefined
      : `${open.what === 'cancellation' ? 'the cancellation of ' : ''}${open.record.draft.symbol} ${open.record.draft.purpose} ${open.record.draft.clientOrderId}`;
  evaluateExecution(guardian, turn, open === null ? null : open.since, what);
  const equity = equityOf(state, at, wall, state.freshness);
  const doubted = equity === null ? 0 : disbelieved(state);
  evaluateEquity(guardian, turn, equity, config.limits, doubted, doubted > 0 && leapPending(state));
  if (equity === null || state.blind !== undefined) noteBlindness(turn, equity);
};

/**
 * What the state as it is now wants: orders for positions, the record of what the Guardian changed, entries withdrawn,
 * the hour's equity.
 */
const conclude = (turn: Turn): void => {
  const { state, changes } = turn;
  const before = turn.effects.length;
  const { symbolList } = state;
  for (let i = 0; i < symbolList.length; i += 1) {
    const symbol = symbolList[i] as SymbolState;
    if (symbol.managed !== null) tend(turn, symbol);
  }
  const quiet = turn.effects.length === before && changes.length === 0;
  if (changes.length > 0) {
    publish(turn);
    changes.length = 0;
  }
  withdrawEntries(turn);
  recordEquity(turn);
  state.evaluated.at = quiet ? turn.at : Number.NaN;
  state.evaluated.wall = turn.wall;
};
