import { toNumber } from '../../core/decimal.ts';
import type { DecisionEffect, Effect, EquityEffect, LockEffect, TradeEffect } from '../../core/engine/effect.ts';
import type { QuietBlock } from '../../core/engine/quiet-stretch.ts';
import { LOCKS, type Lock } from '../../core/guardian/lock.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import { OrderList } from './order-list.ts';

/** A lock from its trip to its end; null = it held to the end of the run. */
export interface LockSpan {
  readonly lock: Lock;
  until: EpochMs | null;
  /** What ended it. */
  by: string | null;
  /** Equity at its trip, as far as known. */
  readonly equity: number;
}

/** Hourly equity, oldest first. */
export interface EquityCurve {
  readonly at: Float64Array;
  readonly equity: Float64Array;
  readonly exposure: Float64Array;
}

const FIRST_POINTS = 1024;

/** Keeps of the effects of a run what reports need. */
export class RunRecord {
  readonly orders = new OrderList();
  readonly trades: TradeEffect[] = [];
  readonly locks: LockSpan[] = [];
  /** Decisions by outcome, and denials by code with the lock behind them. */
  readonly decisions: Record<DecisionEffect['outcome'], number> = {
    entered: 0,
    denied: 0,
    'no-edge': 0,
    'no-prediction': 0,
    holding: 0,
    exit: 0,
  };
  readonly denials: Record<string, number> = {};
  fees = 0;
  #open = new Map<string, LockSpan>();
  #at: Float64Array;
  #equity: Float64Array;
  #exposure: Float64Array;
  #points = 0;

  /** @param hours points to expect; more are taken, too */
  constructor(hours = FIRST_POINTS) {
    this.#at = new Float64Array(hours);
    this.#equity = new Float64Array(hours);
    this.#exposure = new Float64Array(hours);
  }

  /** @param at market time of the input */
  take(effect: Effect, at: EpochMs): void {
    switch (effect.type) {
      case 'decision':
        return this.decided(effect);
      case 'equity':
        return this.point(effect);
      case 'place':
        return this.orders.placed(effect, at);
      case 'fill':
        return this.orders.filled(effect);
      case 'trade':
        this.trades.push(effect);
        this.fees += toNumber(effect.fees);
        return;
      case 'lock':
        return this.#lock(effect, at);
      default:
        return;
    }
  }

  get lastEquity(): number {
    return this.#points === 0 ? Number.NaN : (this.#equity[this.#points - 1] ?? Number.NaN);
  }

  curve(): EquityCurve {
    const part = (column: Float64Array): Float64Array => column.subarray(0, this.#points);
    return { at: part(this.#at), equity: part(this.#equity), exposure: part(this.#exposure) };
  }

  decided(effect: DecisionEffect): void {
    // Most hours by far: counted without a look-up by name.
    if (effect.outcome === 'no-edge') this.decisions['no-edge'] += 1;
    else this.decisions[effect.outcome] += 1;
    if (effect.outcome === 'denied') this.#denied(effect);
  }

  /** Hours in which nothing could happen: their equity, and what was decided on so many symbols. */
  quietHours({ from, hours, equity, exposure, unanswered, holding }: QuietBlock, symbols: number): void {
    this.decisions['no-edge'] += hours * symbols - unanswered - holding;
    this.decisions['no-prediction'] += unanswered;
    this.decisions.holding += holding;
    for (let k = 0; k < hours; k += 1) this.#add(from + k * HOUR_MS, equity[k] as number, exposure[k] as number);
  }

  #denied({ checks }: DecisionEffect): void {
    const failed = checks.find((check) => !check.ok);
    if (failed === undefined) return;
    const lock =
      failed.code === 'state-halted' || failed.code === 'state-reducing' || failed.code === 'symbol-locked'
        ? ` ${String(failed.value)}`
        : '';
    const key = `${failed.code}${lock}`;
    this.denials[key] = (this.denials[key] ?? 0) + 1;
  }

  #lock({ change, lock, by }: LockEffect, at: EpochMs): void {
    if (change === 'set') {
      const span: LockSpan = { lock, until: null, by: null, equity: this.lastEquity };
      this.#open.set(lock.id, span);
      this.locks.push(span);
      return;
    }
    const span = this.#open.get(lock.id);
    if (span === undefined) return;
    span.until = at;
    span.by = by;
    this.#open.delete(lock.id);
  }

  point({ at, equity, exposure }: EquityEffect): void {
    this.#add(at, equity, exposure);
  }

  #add(at: EpochMs, equity: number, exposure: number): void {
    if (this.#points === this.#at.length) {
      const grown = (column: Float64Array): Float64Array<ArrayBuffer> => {
        const larger = new Float64Array(2 * column.length + 1);
        larger.set(column);
        return larger;
      };
      this.#at = grown(this.#at);
      this.#equity = grown(this.#equity);
      this.#exposure = grown(this.#exposure);
    }
    this.#at[this.#points] = at;
    this.#equity[this.#points] = equity;
    this.#exposure[this.#points] = exposure;
    this.#points += 1;
  }
}

/**
 * Length of [from, to) in which `covered` is true of the locks that hold; they are counted by symbol, and under null
 * for all symbols.
 */
const lengthOf = (
  locks: readonly LockSpan[],
  from: EpochMs,
  to: EpochMs,
  covered: (held: ReadonlyMap<SymbolName | null, number>) => boolean,
): number => {
  const changes = locks
    .flatMap(({ lock, until }) => [
      { at: Math.max(lock.since, from), symbol: lock.symbol, by: 1 },
      { at: Math.max(from, Math.min(until ?? to, to)), symbol: lock.symbol, by: -1 },
    ])
    .sort((a, b) => a.at - b.at);
  const held = new Map<SymbolName | null, number>();
  let length = 0;
  let reached = from;
  for (const { at, symbol, by } of changes) {
    if (at > reached && covered(held)) length += Math.min(at, to) - reached;
    reached = Math.max(reached, Math.min(at, to));
    held.set(symbol, (held.get(symbol) ?? 0) + by);
  }
  return length;
};

/**
 * Share of [from, to) in which trading was halted, and in which no symbol of the run could be entered. Overlaps count
 * once.
 */
export const timeLocked = (
  locks: readonly LockSpan[],
  symbols: readonly SymbolName[],
  from: EpochMs,
  to: EpochMs,
): { readonly halted: number; readonly noEntries: number } => {
  if (!(to > from)) return { halted: 0, noEntries: 0 };
  const holds = (held: ReadonlyMap<SymbolName | null, number>, symbol: SymbolName | null): boolean =>
    (held.get(symbol) ?? 0) > 0;
  const halting = locks.filter(({ lock }) => LOCKS[lock.kind].state === 'halted');
  return {
    halted:
      lengthOf(halting, from, to, (held) => holds(held, null) || symbols.some((symbol) => holds(held, symbol))) /
      (to - from),
    noEntries:
      lengthOf(locks, from, to, (held) => holds(held, null) || symbols.every((symbol) => holds(held, symbol))) /
      (to - from),
  };
};

export const lockTitle = (lock: Lock): string =>
  `${LOCKS[lock.kind].title}${lock.symbol === null ? '' : ` ${lock.symbol satisfies SymbolName}`}`;
