import { DERIVED } from '../../core/engine/codec.ts';
import type { EngineState } from '../../core/engine/state.ts';

/**
 * Whether two states are the same to the last digit and in the same order: whether `encodeState` would write one text
 * for both. Found without writing either, which at every crash would take longer than the whole restart.
 */
export const sameState = (a: EngineState, b: EngineState): boolean => same(a, b);

type Parts = Readonly<Record<string, unknown>>;

const same = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const left = writtenForm(a);
  const right = writtenForm(b);
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((part, index) => same(part, right[index]))
    );
  }
  return sameParts(left as Parts, right as Parts);
};

/** A window, a decision: what has a form of its own for JSON is compared by that. */
const writtenForm = (value: { readonly toJSON?: () => unknown }): object => {
  const form = value.toJSON?.();
  return typeof form === 'object' && form !== null ? form : value;
};

const sameParts = (left: Parts, right: Parts): boolean => {
  const names = Object.keys(left);
  const others = Object.keys(right);
  let at = nextWritten(right, others, 0);
  for (const name of names) {
    const part = left[name];
    if (part === undefined || DERIVED.has(name)) continue;
    if (others[at] !== name || !same(part, right[name])) return false;
    at = nextWritten(right, others, at + 1);
  }
  return at >= others.length;
};

/** Index of the next name that would be written. */
const nextWritten = (parts: Parts, names: readonly string[], from: number): number => {
  let at = from;
  for (let name = names[at]; name !== undefined && (parts[name] === undefined || DERIVED.has(name)); name = names[at])
    at += 1;
  return at;
};
