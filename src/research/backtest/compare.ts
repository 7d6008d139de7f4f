import { toNumber } from '../../core/decimal.ts';
import type { DecisionEffect, Effect, FillEffect, TradeEffect } from '../../core/engine/effect.ts';
import type { Input } from '../../core/engine/input.ts';
import { createEngineState } from '../../core/engine/state.ts';
import { step } from '../../core/engine/step.ts';
import { LOCKS } from '../../core/guardian/lock.ts';
import { SECOND_MS, type EpochMs, type Fraction, type SymbolName } from '../../core/units.ts';
import { percent } from './words.ts';

/** An effect with the market time of its input. */
export interface TimedEffect {
  readonly at: EpochMs;
  readonly effect: Effect;
}

/** Why two runs differ at one signal. */
export type Cause = 'same' | 'fill' | 'latency' | 'price' | 'lock' | 'size' | 'follows' | 'prediction' | 'absent';

export interface Side {
  readonly entryPrice: number;
  readonly quantity: number;
  /** Part of the order's quantity that was filled. */
  readonly filled: Fraction;
  /** From the decision to the first fill of the entry, market time. */
  readonly delay: number;
  readonly exitPrice: number | null;
  readonly exitReason: string | null;
  readonly closedAt: EpochMs | null;
  readonly pnl: number | null;
  /** Fees of both sides over what was paid and fetched. */
  readonly feeRate: Fraction | null;
}

export interface ComparedSignal {
  readonly symbol: SymbolName;
  /** Open time of the candle behind the signal. */
  readonly signal: EpochMs;
  readonly recorded: Side | null;
  readonly backtest: Side | null;
  readonly cause: Cause;
  /** One sentence. */
  readonly why: string;
}

/** A delay that a difference in price is put down to. */
const SLOW = 2 * SECOND_MS;
/** Prices this close, relative to each other, are the same. */
const CLOSE = 1e-9;
/**
 * Rates of fees this close, relative to each other, differ by rounding and by what was left over of earlier positions.
 */
const CLOSE_RATES = 0.01;
/** Denials that follow from what happened before. */
const FOLLOWING = new Set([
  'position-exists',
  'order-in-flight',
  'resting-after-stop',
  'entry-repeated',
  'exposure-gross',
  'exposure-symbol',
  'cash',
  'loss-budget',
  'leverage',
  'entry-throttle',
]);
const LOCKED = new Set(['state-halted', 'state-reducing', 'symbol-locked']);

/** The effects of recorded inputs, stepped anew: what replays prove to be what happened. */
export const effectsOf = (inputs: Iterable<Input>): readonly TimedEffect[] => {
  const state = createEngineState();
  const effects: TimedEffect[] = [];
  for (const input of inputs) for (const effect of step(state, input)) effects.push({ at: input.at, effect });
  return effects;
};

interface Run {
  readonly decisions: ReadonlyMap<string, { readonly at: EpochMs; readonly decision: DecisionEffect }>;
  readonly sides: ReadonlyMap<string, Side>;
}

const keyOf = (symbol: SymbolName, signal: EpochMs): string => `${symbol} ${signal}`;

const runOf = (effects: readonly TimedEffect[]): Run => {
  const decisions = new Map<string, { at: EpochMs; decision: DecisionEffect }>();
  const ordered = new Map<string, number>();
  const fills = new Map<string, FillEffect[]>();
  const trades = new Map<string, TradeEffect>();
  for (const { at, effect } of effects) {
    if (effect.type === 'decision') decisions.set(keyOf(effect.symbol, effect.openTime), { at, decision: effect });
    else if (effect.type === 'place')
      ordered.set(effect.order.draft.clientOrderId, toNumber(effect.order.draft.quantity));
    else if (effect.type === 'fill')
      fills.set(effect.clientOrderId, [...(fills.get(effect.clientOrderId) ?? []), effect]);
    else if (effect.type === 'trade') trades.set(effect.entryOrderId, effect);
  }
  const sides = new Map<string, Side>();
  for (const [key, { at, decision }] of decisions) {
    const entry = decision.clientOrderId === null ? undefined : fills.get(decision.clientOrderId);
    const [first] = entry ?? [];
    if (entry === undefined || first === undefined || decision.clientOrderId === null) continue;
    sides.set(
      key,
      sideOf(
        entry,
        ordered.get(decision.clientOrderId) ?? Number.NaN,
        first.at - at,
        trades.get(decision.clientOrderId),
      ),
    );
  }
  return { decisions, sides };
};

const sideOf = (fills: readonly FillEffect[], ordered: number, delay: number, trade: TradeEffect | undefined): Side => {
  const quantity = fills.reduce((sum, fill) => sum + toNumber(fill.quantity), 0);
  const quote = fills.reduce((sum, fill) => sum + toNumber(fill.quoteQuantity), 0);
  return {
    entryPrice: quote / quantity,
    quantity,
    filled: quantity / ordered,
    delay,
    exitPrice: trade === undefined ? null : toNumber(trade.exitPrice),
    exitReason: trade?.exitReason ?? null,
    closedAt: trade?.closedAt ?? null,
    pnl: trade === undefined ? null : toNumber(trade.pnl),
    feeRate: trade === undefined ? null : feeRateOf(trade),
  };
};

const feeRateOf = ({ fees, quantity, entryPrice, exitPrice }: TradeEffect): Fraction =>
  toNumber(fees) / (toNumber(quantity) * (toNumber(entryPrice) + toNumber(exitPrice)));

/** Every signal that either run traded, oldest first, side by side and explained. */
export const compareRuns = (
  recorded: readonly TimedEffect[],
  backtest: readonly TimedEffect[],
): readonly ComparedSignal[] => {
  const [a, b] = [runOf(recorded), runOf(backtest)];
  const keys = [...new Set([...a.sides.keys(), ...b.sides.keys()])];
  return keys
    .map((key) => {
      const decision = a.decisions.get(key)?.decision ?? b.decisions.get(key)?.decision;
      const [mine, other] = [a.sides.get(key) ?? null, b.sides.get(key) ?? null];
      const told =
        mine !== null && other !== null
          ? explainBoth(mine, other)
          : mine === null
            ? explainOne('recorded run', a.decisions.get(key)?.decision)
            : explainOne('backtest', b.decisions.get(key)?.decision);
      return {
        symbol: decision?.symbol ?? '',
        signal: decision?.openTime ?? 0,
        recorded: mine,
        backtest: other,
        ...told,
      };
    })
    .toSorted((x, y) => x.signal - y.signal || (x.symbol < y.symbol ? -1 : 1));
};

const same = (x: number | null, y: number | null): boolean =>
  x === y || (x !== null && y !== null && Math.abs(x - y) <= CLOSE * Math.abs(y));
const basisPoints = (x: number, y: number): string => `${((x / y - 1) * 10_000).toFixed(1)} bp`;

const explainBoth = (mine: Side, other: Side): { readonly cause: Cause; readonly why: string } => {
  // Before the entry's price: a few basis points there are not why one won and the other lost.
  if (mine.exitReason !== other.exitReason) return explainEnds(mine.exitReason, other.exitReason);
  if (!same(mine.entryPrice, other.entryPrice)) {
    const by = basisPoints(mine.entryPrice, other.entryPrice);
    if (mine.delay > SLOW)
      return {
        cause: 'latency',
        why: `the entry was filled ${Math.round(mine.delay / SECOND_MS)} s after the decision, ${by} from the price it was decided on`,
      };
    return { cause: 'fill', why: `the entry was filled ${by} from the assumed price` };
  }
  if (!same(mine.exitPrice, other.exitPrice) && mine.exitPrice !== null && other.exitPrice !== null) {
    const by = basisPoints(mine.exitPrice, other.exitPrice);
    const late = (mine.closedAt ?? 0) - (other.closedAt ?? 0);
    if (Math.abs(late) > SLOW)
      return {
        cause: 'latency',
        why: `the exit came ${Math.round(late / SECOND_MS)} s apart, ${by} from the assumed price`,
      };
    return { cause: 'fill', why: `the exit was filled ${by} from the assumed price` };
  }
  return explainRest(mine, other);
};

/** What positions are closed by when a lock closes them. */
const LOCK_EXITS: ReadonlySet<string> = new Set(Object.values(LOCKS).map(({ title }) => title.toLowerCase()));

const explainEnds = (mine: string | null, other: string | null): { readonly cause: Cause; readonly why: string } => {
  const ends = `it ended by ${mine ?? 'nothing yet'}, in the backtest by ${other ?? 'nothing yet'}`;
  const lock = [mine, other].find((reason) => reason !== null && LOCK_EXITS.has(reason));
  return lock === undefined
    ? { cause: 'price', why: `${ends}: the prices between two looks decided` }
    : { cause: 'lock', why: `${ends}: a lock closed one of them` };
};

/** With the same prices at the same ends: how much, for which fee, and what else makes a result. */
const explainRest = (mine: Side, other: Side): { readonly cause: Cause; readonly why: string } => {
  if (!same(mine.filled, other.filled))
    return {
      cause: 'fill',
      why: `${percent(mine.filled, 1)} of the entry was filled, in the backtest ${percent(other.filled, 1)}`,
    };
  const [rate, assumed] = [mine.feeRate ?? 0, other.feeRate ?? 0];
  if (Math.abs(rate - assumed) > CLOSE_RATES * Math.max(rate, assumed))
    return { cause: 'fill', why: `its fees were ${percent(rate, 3)} a side, not ${percent(assumed, 3)}` };
  if (!same(mine.quantity, other.quantity))
    return { cause: 'size', why: 'equity had drifted apart before, so the size differs' };
  if (!same(mine.pnl, other.pnl))
    return { cause: 'follows', why: 'less than a lot was left over of earlier positions, and not the same' };
  return { cause: 'same', why: 'the same to the last digit' };
};

/** Why one of the runs did not trade a signal of the other. */
const explainOne = (
  which: string,
  decision: DecisionEffect | undefined,
): { readonly cause: Cause; readonly why: string } => {
  if (decision === undefined)
    return { cause: 'absent', why: `the ${which} decided nothing at this hour: it was not running, or had no candle` };
  const failed = decision.checks.find((check) => !check.ok);
  if (decision.outcome === 'denied' && failed !== undefined) {
    const cause = LOCKED.has(failed.code) ? 'lock' : FOLLOWING.has(failed.code) ? 'follows' : 'price';
    return {
      cause,
      why: `the ${which} denied it: ${failed.code}${failed.value === null ? '' : ` (${String(failed.value)})`}`,
    };
  }
  if (decision.outcome === 'holding' || decision.outcome === 'exit')
    return { cause: 'follows', why: `the ${which} held a position already` };
  if (decision.outcome === 'entered') return { cause: 'fill', why: `the ${which} sent the entry and got no fill` };
  return { cause: 'prediction', why: `the ${which} decided: ${decision.text}` };
};

/** Result of a side over all closed trades. */
export const totalOf = (signals: readonly ComparedSignal[], which: 'recorded' | 'backtest'): number =>
  signals.reduce((sum, signal) => sum + (signal[which]?.pnl ?? 0), 0);
