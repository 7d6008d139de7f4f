import { decimal, formatDecimal, type Decimal } from '../decimal.ts';
import { RollingWindow } from '../guardian/rolling-window.ts';
import type { Effect } from './effect.ts';
import { createEngineState, indexOrders, indexSymbols, syncNumbers, type EngineState } from './state.ts';

/** Text of the effects of one input, the form in which they are recorded and compared. Decimals as plain text. */
export const encodeEffects = (effects: readonly Effect[]): string =>
  effects.length === 0
    ? '[]'
    : JSON.stringify(effects, (_key, value: unknown) => (typeof value === 'bigint' ? formatDecimal(value as Decimal) : value));

/** What is made anew from the rest, and not written. */
export const DERIVED: ReadonlySet<string> = new Set(['openOrders', 'symbolList', 'evaluated', 'changes']);

/** A snapshot of the whole state; decodeState gives an equal state back. */
export const encodeState = (state: EngineState): string =>
  JSON.stringify(state, (key, value: unknown) => (typeof value === 'bigint' ? { $decimal: formatDecimal(value as Decimal) } : DERIVED.has(key) ? undefined : value));

/** Undoes in place what `encodeState` has made of decimals and windows: a reviver, which JSON would ask about every number, takes four times as long. */
const revived = (value: object): unknown => {
  if ('$decimal' in value && typeof value.$decimal === 'string') return decimal(value.$decimal);
  if ('$window' in value && (typeof value.$window === 'string' || Array.isArray(value.$window)) && 'capacity' in value && typeof value.capacity === 'number') {
    return RollingWindow.fromJSON(value.$window as string | number[], value.capacity);
  }
  const parts = value as Record<string, unknown>;
  for (const key of Object.keys(parts)) {
    const part = parts[key];
    if (typeof part === 'object' && part !== null) parts[key] = revived(part);
  }
  return parts;
};

/** @throws SyntaxError or RangeError when the text is not a snapshot. */
export const decodeState = (text: string): EngineState => {
  const read: unknown = JSON.parse(text);
  const state: EngineState = { ...createEngineState(), ...(typeof read === 'object' && read !== null ? (revived(read) as EngineState) : {}) };
  indexSymbols(state);
  syncNumbers(state);
  indexOrders(state);
  return state;
};
