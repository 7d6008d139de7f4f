import { counted } from '../words.ts';
import { decimal } from '../decimal.ts';
import { evaluateModel, recordStart } from '../guardian/health-locks.ts';
import { evaluateStreak } from '../guardian/streak-lock.ts';
import { gatesReason, imposeAnew, lift } from '../guardian/lock-changes.ts';
import { isHeld, type GuardianState } from '../guardian/state.ts';
import type { Instrument } from '../market/instrument.ts';
import { limitFaults } from '../risk/limits.ts';
import { withChargedFees } from './charged-fee.ts';
import type { EngineConfig } from './config.ts';
import type { InstrumentText, StartedInput } from './input.ts';
import { SECOND_MS } from '../units.ts';
import { dropFeeCoin } from './account-bookings.ts';
import { createSymbolState, indexSymbols, type EngineState } from './state.ts';
import { indexOrders } from './open-orders.ts';
import { alert, type Turn } from './turn.ts';
import { evaluateListing } from './unlisted.ts';
import { haltsInWords, lockNames, openPositions } from './words.ts';

/** The instrument of a journaled text. @throws RangeError for an amount that is no decimal */
export const instrumentFromText = (text: InstrumentText): Instrument => ({
  symbol: text.symbol,
  id: text.id,
  base: text.base,
  quote: text.quote,
  trading: text.trading,
  orderTypes: text.orderTypes,
  maxOrders: text.maxOrders,
  maxAlgoOrders: text.maxAlgoOrders,
  tickSize: decimal(text.tickSize),
  minPrice: decimal(text.minPrice),
  maxPrice: decimal(text.maxPrice),
  stepSize: decimal(text.stepSize),
  minQuantity: decimal(text.minQuantity),
  maxQuantity: decimal(text.maxQuantity),
  marketStepSize: decimal(text.marketStepSize),
  marketMinQuantity: decimal(text.marketMinQuantity),
  marketMaxQuantity: decimal(text.marketMaxQuantity),
  minNotional: decimal(text.minNotional),
  maxNotional: decimal(text.maxNotional),
});

/** Client order ids may have 36 characters; the sequence needs some of them for as long as the database lives. */
const MAX_ID_HEAD = 26;

/** What makes a configuration unusable: the rim refuses it first, with a better message. @throws RangeError */
const refuse = (config: EngineConfig): void => {
  const faults = limitFaults(config.limits);
  if (faults.length > 0)
    throw new RangeError(
      `limits may not be used: ${faults.map((fault) => `${fault.name}=${fault.value} (${fault.code}, bound ${fault.bound})`).join(', ')}`,
    );
  if (!(config.takerFee >= 0 && config.takerFee < 0.1))
    throw new RangeError(`taker fee ${config.takerFee} is not a fraction below 0.1`);
  const clash = config.symbols.find((symbol) => symbol.split('/')[0] === config.feeAsset);
  if (clash !== undefined)
    throw new RangeError(
      `fees are paid in ${config.feeAsset ?? ''}, which ${clash} trades: the books could not tell them apart; pay fees otherwise or leave the symbol out`,
    );
  if (!(config.staleWallGrace >= 0))
    throw new RangeError(`stale wall grace ${config.staleWallGrace} is not a span of time`);
  const head = config.orderPrefix.length + config.instanceId.length;
  if (head > MAX_ID_HEAD)
    throw new RangeError(
      `order prefix and instance id have ${head} characters together, at most ${MAX_ID_HEAD} fit into a client order id`,
    );
};

/**
 * Why the model may not be used with these limits, or null: its labels were made with a stop, a target and a horizon.
 */
export const modelFaultOf = ({ model, limits }: EngineConfig): string | null => {
  if (model === null) return 'no valid model is loaded';
  const pairs = [
    ['stop', model.stop, limits.stopLoss],
    ['target', model.target, limits.takeProfit],
    ['horizon', model.horizonHours, limits.horizonHours],
  ] as const;
  for (const [name, its, ours] of pairs)
    if (its !== ours) return `the model's ${name} is ${its}, configured is ${ours}`;
  return model.margin > 0 ? null : `the model's margin ${model.margin} is not above zero`;
};

/** Takes over the configuration and instruments of this run; positions, locks and orders stay as they were. */
export const onStarted = (turn: Turn, input: StartedInput): void => {
  const { state } = turn;
  refuse(input.config);
  if (state.config?.model?.hash !== input.config.model?.hash) {
    // What was measured is of another model; a lock for it still waits for an operator.
    state.guardian.drift = null;
    state.guardian.acceptedDrift = null;
  }
  state.config = input.config;
  state.freshness = {
    maxAge: input.config.limits.maxDataAgeSeconds * SECOND_MS,
    wallGrace: input.config.staleWallGrace,
  };
  state.engineVersion = input.engineVersion;
  state.startedAt = turn.at;
  state.startedWall = turn.wall;
  takeInstruments(turn, input);
  state.config = withChargedFees(input.config, state);
  if (state.configuredFee !== undefined) state.configuredFee = input.config.takerFee;
  takeOrders(turn);
  const { feeAsset, quoteAsset, mode, symbols, model } = input.config;
  const feeSymbol = feeAsset === null ? null : `${feeAsset}/${quoteAsset}`;
  if (feeSymbol !== state.feeSymbol) {
    dropFeeCoin(turn);
    // What was known is the price of another coin.
    state.feeCoinPrice = null;
    state.feeCoinSeen = 0;
  }
  state.feeSymbol = feeSymbol;
  state.guardian.modelFault = modelFaultOf(input.config);
  // A new run has to measure the clock again before it may enter.
  state.guardian.skew = null;
  state.guardian.skewTried = false;
  evaluateModel(state.guardian, turn);
  evaluateStreak(state.guardian, turn, input.config.limits);
  recordStart(state.guardian, turn);
  const gates = input.halts.map(({ code, text, clears = 'reconcile' }) => ({ code, text, clears }));
  state.guardian.gates = [
    ...unanswered(state.guardian).filter((gate) => !gates.some(({ code }) => code === gate.code)),
    ...gates,
  ];
  // What was compared before says nothing of a copy.
  if (gates.some(({ clears }) => clears === 'reconcile')) state.guardian.reconciledAt = null;
  if (input.halts.length > 0)
    imposeAnew(state.guardian, turn.changes, {
      kind: 'start-gate',
      since: turn.at,
      reason: gatesReason(state.guardian),
      limit: null,
      value: null,
    });
  const crashed = state.running;
  state.running = true;
  const lines = [
    `${symbols.join(', ')}, model ${model?.name ?? 'none'}`,
    ...(crashed ? recovered(state) : whatHolds(state)),
    ...haltsInWords(state),
  ];
  alert(
    turn,
    'lifecycle',
    `started:${turn.clockWall}`,
    `Guardian Bot ${crashed ? 'recovered after a crash' : 'started'} (${mode})`,
    lines,
    ['/status', ...(crashed ? ['/positions', '/orders'] : [])],
  );
};

/**
 * Gates of earlier starts that nobody has answered yet: a copy or a new database says what it is at its first start
 * only, so a second one must not make /unlock easier. Those that a start has to pass are examined anew by each.
 */
const unanswered = (guardian: GuardianState): GuardianState['gates'] =>
  isHeld(guardian, 'start-gate') ? guardian.gates.filter((gate) => gate.clears !== 'restart') : [];

const open = (state: EngineState): string => `${openPositions(state).replace(/^./, (letter) => letter.toUpperCase())}.`;

/**
 * After a stop in good order nothing is new; what holds it back is said all the same, or "started" passes for trading.
 */
const whatHolds = (state: EngineState): readonly string[] => {
  const locks = lockNames(state.guardian);
  return locks.length === 0 ? [] : [open(state), `Locked: ${locks.join(', ')}.`];
};

/** What a start after a crash found in the books, for whoever has to decide whether to look. */
const recovered = (state: EngineState): readonly string[] => {
  const locks = lockNames(state.guardian);
  return [
    'The last run did not end in good order. Books and locks are as they were.',
    open(state),
    ...(state.unsettled === 0
      ? []
      : [`${counted(state.unsettled, 'order')} with an open outcome: the exchange is being asked.`]),
    locks.length === 0 ? 'No lock is held.' : `Locked: ${locks.join(', ')}.`,
  ];
};

const takeInstruments = (turn: Turn, input: StartedInput): void => {
  const { symbols } = turn.state;
  for (const text of input.instruments) {
    const instrument = instrumentFromText(text);
    const known = symbols[instrument.symbol];
    if (known === undefined) symbols[instrument.symbol] = createSymbolState(instrument);
    else {
      known.instrument = instrument;
      known.unlisted = false;
    }
  }
  indexSymbols(turn.state);
  evaluateListing(turn);
  for (const symbol of turn.state.symbolList) {
    symbol.configured = input.config.symbols.includes(symbol.symbol);
    symbol.freshPolls = 0;
    if (symbol.managed !== null) symbol.managed.triggeredSince = null;
    if (symbol.configured) continue;
    lift(turn.state.guardian, turn.changes, symbol.staleLockId, 'rule: no longer traded');
    lift(turn.state.guardian, turn.changes, symbol.volatilityLockId, 'rule: no longer traded');
  }
};

/** A send that was under way at the crash may have happened: nothing is assumed, the executor asks. */
const takeOrders = (turn: Turn): void => {
  const { state } = turn;
  for (const record of Object.values(state.orders)) {
    record.cancelling = false;
    record.cancelFailures = 0;
    record.cancelRetryAt = null;
    record.cancelSince = null;
    if (record.status === 'intent') {
      record.status = 'unknown';
      record.unknownSince = turn.wall;
    }
  }
  indexOrders(state);
};
