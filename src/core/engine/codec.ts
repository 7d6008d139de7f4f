import { decimal, formatDecimal, type Decimal } from '../decimal.ts';
import { RollingWindow } from '../guardian/rolling-window.ts';
import type { Effect } from './effect.ts';
import {
  createEngineState,
  indexSymbols,
  syncNumbers,
  type DerivedCounts,
  type DerivedState,
  type EngineState,
} from './state.ts';
import { indexOrders } from './open-orders.ts';

type Form = (decimal: Decimal) => unknown;

/**
 * The value with its decimals in the given form and without the properties of some names, ready for JSON; what has none
 * of either is given back as it is. A replacer, which JSON would ask about every value, takes several times as long.
 */
const withoutDecimals = (value: unknown, form: Form, leftOut: ReadonlySet<string> | null): unknown => {
  if (typeof value === 'bigint') return form(value as Decimal);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return listWithoutDecimals(value, form, leftOut);
  const parts = value as Readonly<Record<string, unknown>>;
  // A window, a decision: what has a form of its own for JSON.
  if (typeof parts['toJSON'] === 'function')
    return withoutDecimals((parts['toJSON'] as () => unknown).call(value), form, leftOut);
  let copy: Record<string, unknown> | null = null;
  for (const key in parts) {
    const part = parts[key];
    const written = leftOut?.has(key) === true ? undefined : withoutDecimals(part, form, leftOut);
    if (written === part || Number.isNaN(part)) continue;
    copy ??= { ...parts };
    copy[key] = written;
  }
  return copy ?? value;
};

const listWithoutDecimals = (
  list: readonly unknown[],
  form: Form,
  leftOut: ReadonlySet<string> | null,
): readonly unknown[] => {
  let copy: unknown[] | null = null;
  for (let index = 0; index < list.length; index += 1) {
    const written = withoutDecimals(list[index], form, leftOut);
    if (written === list[index]) continue;
    copy ??= [...list];
    copy[index] = written;
  }
  return copy ?? list;
};

/** The value with decimals as plain text: JSON for people, queries and comparisons. */
export const decimalsAsText = (value: unknown): unknown => withoutDecimals(value, formatDecimal, null);

/** Text of the effects of one input, the form in which they are recorded and compared. Decimals as plain text. */
export const encodeEffects = (effects: readonly Effect[]): string =>
  effects.length === 0 ? '[]' : JSON.stringify(decimalsAsText(effects));

/** What is made anew from the rest, and not written: each of it, or this does not compile. */
const NOT_WRITTEN: Readonly<Record<Exclude<keyof DerivedState, keyof DerivedCounts>, true>> = {
  symbolList: true,
  openOrders: true,
  orderList: true,
  evaluated: true,
  changes: true,
};
export const DERIVED: ReadonlySet<string> = new Set(Object.keys(NOT_WRITTEN));

/** A snapshot of the whole state; decodeState gives an equal state back. */
export const encodeState = (state: EngineState): string =>
  JSON.stringify(withoutDecimals(state, (value) => ({ $decimal: formatDecimal(value) }), DERIVED));

interface WrittenWindow {
  readonly $window: string | number[];
  readonly capacity: number;
}

const isWindow = (value: object): value is WrittenWindow =>
  '$window' in value &&
  (typeof value.$window === 'string' || Array.isArray(value.$window)) &&
  'capacity' in value &&
  typeof value.capacity === 'number';

const windowOf = ({ $window, capacity }: WrittenWindow): RollingWindow => RollingWindow.fromJSON($window, capacity);

/**
 * The value of a snapshot with the values of its windows in digits, whichever version has written it: for comparing
 * two, and for people.
 * @throws SyntaxError or RangeError when the text is not a snapshot.
 */
export const readableState = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && isWindow(value)
      ? { ...value, $window: windowOf(value).values().join(' ') }
      : value,
  );

/**
 * Undoes in place what `encodeState` has made of decimals and windows: a reviver, which JSON would ask about every
 * number, takes four times as long.
 */
const revived = (value: object): unknown => {
  if ('$decimal' in value && typeof value.$decimal === 'string') return decimal(value.$decimal);
  if (isWindow(value)) return windowOf(value);
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
  const state: EngineState = {
    ...createEngineState(),
    ...(typeof read === 'object' && read !== null ? (revived(read) as EngineState) : {}),
  };
  indexSymbols(state);
  syncNumbers(state);
  indexOrders(state);
  return state;
};
