import { formatDecimal, type Decimal } from '../decimal.ts';
import { clockIsKnown } from '../guardian/health-locks.ts';
import { checkEntry, type EntryContext } from '../guardian/pre-trade.ts';
import { riskFraction } from '../risk/sizing.ts';
import { decide, type PolicyTerms, type Wish } from '../strategy/policy.ts';
import { HOUR_MS, SECOND_MS, type EpochMs, type Milliseconds } from '../units.ts';
import type { DecisionEffect } from './effect.ts';
import type { PredictionInput } from './input.ts';
import { manage, price } from './lifecycle.ts';
import { dataIsFresh, exactEquity, freshnessRule, measureExposure } from './marking.ts';
import { nextOrderId, place } from './orders-out.ts';
import { symbolOf, type EngineState, type SymbolState } from './state.ts';
import type { Turn } from './turn.ts';

/** An entry that has not been sent this long after its signal is not sent any more (wall time). */
export const SIGNAL_LIFETIME: Milliseconds = 60 * SECOND_MS;

type Draft = Omit<DecisionEffect, 'type' | 'symbol' | 'openTime' | 'probability'>;

/** One decision per symbol and hour, recorded whatever comes of it. */
export const onPrediction = (turn: Turn, input: PredictionInput): void => {
  const symbol = symbolOf(turn.state, input.symbol);
  const record = (draft: Draft): void => {
    symbol.lastDecision = draft.text;
    turn.effects.push({ type: 'decision', symbol: input.symbol, openTime: input.openTime, probability: input.probability, ...draft });
  };
  const none = { sizing: null, checks: [], clientOrderId: null };
  const model = turn.config.model;
  if (model === null || input.probability === null || !(input.probability >= 0 && input.probability <= 1)) {
    const strange = input.probability === null ? null : `${input.probability} is not a probability`;
    const text = `no prediction: ${input.failure ?? strange ?? (model === null ? 'no valid model is loaded' : 'the model gave no answer')}`;
    return record({ ...none, expectedValue: null, margin: model?.margin ?? 0, outcome: 'no-prediction', text });
  }
  const { stop, target, margin } = model;
  const terms: PolicyTerms = { stop, target, margin, takerFee: turn.config.takerFee };
  const hasPosition = symbol.managed !== null;
  const wish = decide(input.probability, hasPosition, terms);
  const base = { ...none, expectedValue: wish.expectedValue, margin };
  const odds = `p ${input.probability.toFixed(3)}, EV ${signed(wish.expectedValue)}`;
  switch (wish.kind) {
    case 'hold':
      return record({ ...base, outcome: 'holding', text: `holding: ${odds}` });
    case 'leave':
      if (symbol.managed !== null) symbol.managed.exitReason ??= 'model reversal';
      return record({ ...base, outcome: 'exit', text: `exit, model reversal: ${odds}` });
    case 'stay-out':
      return record({ ...base, outcome: 'no-edge', text: `no edge: ${odds} below ${signed(margin)}` });
    case 'enter':
      return record(enter(turn, symbol, input, wish, odds, margin));
  }
};

const enter = (turn: Turn, symbol: SymbolState, input: PredictionInput, wish: Wish, odds: string, margin: number): Draft => {
  const clientOrderId = nextOrderId(turn);
  const verdict = checkEntry(entryContext(turn, symbol, input.openTime), {
    clientOrderId,
    symbol: symbol.symbol,
    expiresAtWall: turn.clockWall + SIGNAL_LIFETIME,
    reason: `signal, ${odds}`,
  });
  const draft = { expectedValue: wish.expectedValue, margin, sizing: verdict.sizing, checks: verdict.checks };
  if (!verdict.approved) {
    const { code, limit, value } = verdict.denial;
    return { ...draft, outcome: 'denied', clientOrderId: null, text: `denied, ${code}: limit ${shown(limit)}, value ${shown(value)} (${odds})` };
  }
  place(turn, verdict.order);
  turn.state.guardian.entries.push(turn.at);
  symbol.lastTradedSignal = input.openTime;
  symbol.managed = manage(clientOrderId, input.openTime, turn.at + turn.config.limits.horizonHours * HOUR_MS);
  const { quantity, limitPrice } = verdict.order.draft;
  return { ...draft, outcome: 'entered', clientOrderId, text: `entry ${formatDecimal(quantity)} @ ${price(limitPrice ?? quantity)}: ${odds}` };
};

/** What an entry is judged by now; `signal` is the open time of the candle behind it. */
export const entryContext = (turn: Turn, symbol: SymbolState, signal: EpochMs): EntryContext => {
  const { state, config, at, wall } = turn;
  const fresh = dataIsFresh(symbol, at, wall, freshnessRule(state));
  return {
    guardian: state.guardian,
    limits: config.limits,
    at,
    instrument: symbol.instrument,
    takerFee: config.takerFee,
    risk: riskFraction(config.limits.riskPerTrade, config.mode === 'live', tradesBegun(state)),
    equity: exactEquity(state, at, wall),
    quote: fresh ? { symbol: symbol.symbol, last: symbol.last, bid: symbol.bid, ask: symbol.ask, at: symbol.priceAt ?? at } : null,
    exposure: measureExposure(state, symbol, at, wall),
    hasPosition: symbol.managed !== null || (state.ledger.positions[symbol.symbol]?.trade ?? null) !== null,
    orderInFlight: state.openOrders.some((order) => order.draft.symbol === symbol.symbol),
    restUntil: symbol.restUntil,
    // Backtests have no second clock; everywhere else the difference has to have been measured.
    clockKnown: config.mode === 'backtest' || clockIsKnown(state.guardian, wall),
    newestCandleOpen: symbol.newestCandleOpen,
    signal,
    lastTradedSignal: symbol.lastTradedSignal,
  };
};

/** Round trips closed and under way. */
const tradesBegun = (state: EngineState): number => {
  let open = 0;
  for (const name in state.symbols) if (state.symbols[name]?.managed !== null) open += 1;
  return state.tradesClosed + open;
};

const signed = (fraction: number): string => `${fraction >= 0 ? '+' : ''}${(fraction * 100).toFixed(2)} %`;

const shown = (value: number | string | Decimal | null): string =>
  value === null ? 'unknown' : typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value);
