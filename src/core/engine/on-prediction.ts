import { formatDecimal } from '../decimal.ts';
import type { Denial } from '../guardian/denial.ts';
import { denialText } from '../guardian/denial-text.ts';
import { clockIsKnown } from '../guardian/health-locks.ts';
import { checkEntry, entryBar } from '../guardian/pre-trade.ts';
import type { EntryContext } from '../guardian/examination.ts';
import { riskFraction } from '../risk/sizing.ts';
import { decide, expectedValue, type PolicyTerms } from '../strategy/policy.ts';
import { HOUR_MS, SECOND_MS, type EpochMs, type Fraction, type Milliseconds, type SymbolName } from '../units.ts';
import { price } from '../words.ts';
import { lapseChargedFees } from './charged-fee.ts';
import type { EngineConfig } from './config.ts';
import { Decision, odds, type DecisionDetail } from './decision.ts';
import type { PredictionInput } from './input.ts';
import { manage } from './lifecycle.ts';
import { dataIsFresh, exactEquity, measureExposure } from './marking.ts';
import { nextOrderId, place } from './orders-out.ts';
import { symbolOf, type EngineState, type SymbolState } from './state.ts';
import { emit, type Moment, type Turn } from './turn.ts';

/** An entry that has not been sent this long after its signal is not sent any more (wall time). */
export const SIGNAL_LIFETIME: Milliseconds = 60 * SECOND_MS;

/** One decision per symbol and hour, recorded whatever comes of it. */
export const onPrediction = (turn: Turn, input: PredictionInput): void => {
  const symbol = symbolOf(turn.state, input.symbol);
  const decision = decideOn(turn, symbol, input);
  symbol.lastDecision = decision;
  emit(turn, decision);
  lapseChargedFees(turn);
};

/** What the policy goes by; null without a model. */
export const policyTerms = ({ model, takerFee }: EngineConfig): PolicyTerms | null =>
  model === null ? null : { stop: model.stop, target: model.target, margin: model.margin, takerFee };

/** What is decided without an answer of the model; `why` there is none. */
export const noPrediction = (
  symbol: SymbolName,
  openTime: EpochMs,
  probability: number | null,
  margin: Fraction,
  why: string,
): Decision =>
  new Decision(symbol, openTime, probability, null, margin, 'no-prediction', {
    text: `no prediction: ${why}`,
    sizing: null,
    checks: [],
    clientOrderId: null,
  });

const decideOn = (turn: Turn, symbol: SymbolState, input: PredictionInput): Decision => {
  const { openTime, probability } = input;
  const terms = policyTerms(turn.config);
  const name = input.symbol;
  if (terms === null || probability === null || !(probability >= 0 && probability <= 1)) {
    const strange = probability === null ? null : `${probability} is not a probability`;
    return noPrediction(
      name,
      openTime,
      probability,
      terms?.margin ?? 0,
      input.failure ?? strange ?? (terms === null ? 'no valid model is loaded' : 'the model gave no answer'),
    );
  }
  const { margin } = terms;
  const value = expectedValue(probability, terms);
  const held = symbol.managed !== null;
  // A position is not given up for a dearer fee, which selling pays as well: that would be no word of the model, and
  // one odd fill would sell every market.
  switch (
    decide(probability, held, held ? { ...terms, takerFee: turn.state.configuredFee ?? terms.takerFee } : terms)
  ) {
    case 'hold':
      return new Decision(name, openTime, probability, value, margin, 'holding', null);
    case 'leave':
      if (symbol.managed !== null) symbol.managed.exitReason ??= 'model reversal';
      return new Decision(name, openTime, probability, value, margin, 'exit', null);
    case 'stay-out':
      return new Decision(name, openTime, probability, value, margin, 'no-edge', null);
    case 'enter': {
      const { outcome, ...detail } = enter(turn, symbol, openTime, odds(probability, value));
      return new Decision(name, openTime, probability, value, margin, outcome, detail);
    }
  }
};

const enter = (
  turn: Turn,
  symbol: SymbolState,
  openTime: EpochMs,
  told: string,
): DecisionDetail & { readonly outcome: 'entered' | 'denied' } => {
  const clientOrderId = nextOrderId(turn);
  const verdict = checkEntry(entryContext(turn, symbol, openTime), {
    clientOrderId,
    symbol: symbol.symbol,
    expiresAtWall: turn.clockWall + SIGNAL_LIFETIME,
    reason: `signal, ${told}`,
  });
  const { sizing, checks } = verdict;
  if (!verdict.approved) {
    return {
      outcome: 'denied',
      sizing,
      checks,
      clientOrderId: null,
      text: `denied, ${denialText(verdict.denial)} (${told})`,
    };
  }
  place(turn, verdict.order);
  turn.state.guardian.entries.push(turn.at);
  symbol.lastTradedSignal = openTime;
  symbol.managed = manage(clientOrderId, openTime, turn.at + turn.config.limits.horizonHours * HOUR_MS);
  const { quantity, limitPrice } = verdict.order.draft;
  return {
    outcome: 'entered',
    sizing,
    checks,
    clientOrderId,
    text: `entry ${formatDecimal(quantity)} @ ${price(limitPrice ?? quantity)}: ${told}`,
  };
};

/** What would refuse an entry in the symbol at this moment, were there a signal; null when nothing would. */
export const entryBarOf = (moment: Moment, symbol: SymbolState): Denial | null =>
  entryBar(entryContext(moment, symbol, symbol.newestCandleOpen ?? moment.at));

/** What an entry is judged by now; `signal` is the open time of the candle behind it. */
export const entryContext = (turn: Moment, symbol: SymbolState, signal: EpochMs): EntryContext => {
  const { state, config, at, wall } = turn;
  const fresh = dataIsFresh(symbol, at, wall, state.freshness);
  return {
    guardian: state.guardian,
    limits: config.limits,
    at,
    instrument: symbol.unlisted ? { ...symbol.instrument, trading: false } : symbol.instrument,
    takerFee: config.takerFee,
    risk: riskFraction(config.limits.riskPerTrade, config.mode === 'live', tradesBegun(state)),
    // What the account was at an earlier reading is no knowledge of what it is.
    equity: state.accountFailed ? null : exactEquity(state, at, wall),
    quote: fresh
      ? { symbol: symbol.symbol, last: symbol.last, bid: symbol.bid, ask: symbol.ask, at: symbol.priceAt ?? at }
      : null,
    exposure: measureExposure(state, symbol, at, wall),
    hasPosition: symbol.managed !== null || (state.ledger.positions[symbol.symbol]?.trade ?? null) !== null,
    orderInFlight: state.openOrders.some((order) => order.draft.symbol === symbol.symbol),
    restUntil: symbol.restUntil,
    // Backtests have no second clock; everywhere else the difference has to have been measured.
    clockKnown: config.mode === 'backtest' || clockIsKnown(state.guardian, wall),
    newestCandleOpen: symbol.newestCandleOpen,
    signal,
    lastTradedSignal: symbol.lastTradedSignal,
    algoOrders: state.algoOrders[symbol.symbol] ?? 0,
  };
};

/**
 * Round trips closed and under way. An entry that may still fill nothing is none yet: another one could be the last of
 * the first trades.
 */
const tradesBegun = (state: EngineState): number => {
  let open = 0;
  for (const { managed } of state.symbolList) if (managed !== null && managed.phase !== 'entering') open += 1;
  return state.tradesClosed + open;
};
