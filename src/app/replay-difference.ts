/** Where two recorded texts part: the path to the first value that differs, with both values as JSON. */
export interface ValueDifference {
  /** `[2].order.quantity`; empty when the whole differs. */
  readonly path: string;
  readonly recorded: string;
  readonly replayed: string;
}

const NOTHING = '(nothing)';
const LONGEST = 400;

const shown = (value: unknown): string => {
  if (value === undefined) return NOTHING;
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}... (${text.length} characters)` : text;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/**
 * The first difference of two JSON values, depth first in the recorded order,
 * or null. With `allowNew`, properties that only the replayed value has are
 * passed over: a newer program may know more.
 */
export const firstDifference = (
  recorded: unknown,
  replayed: unknown,
  allowNew = false,
  path = '',
): ValueDifference | null => {
  if (Object.is(recorded, replayed)) return null;
  if (!isObject(recorded) || !isObject(replayed) || Array.isArray(recorded) !== Array.isArray(replayed)) {
    return { path, recorded: shown(recorded), replayed: shown(replayed) };
  }
  const list = Array.isArray(recorded);
  const keys = allowNew ? Object.keys(recorded) : [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])];
  if (list && allowNew && Object.keys(replayed).length > keys.length) keys.push(String(keys.length));
  for (const key of keys) {
    const step = list ? `[${key}]` : path === '' ? key : `.${key}`;
    const found = firstDifference(recorded[key], replayed[key], allowNew, path + step);
    if (found !== null) return found;
  }
  return null;
};

/** The first difference of two JSON texts, or null when they are the same text. */
export const textDifference = (recorded: string, replayed: string): ValueDifference | null => {
  if (recorded === replayed) return null;
  const parsed = parse(recorded);
  if (parsed === null)
    return { path: '', recorded: `not JSON: ${recorded.slice(0, LONGEST)}`, replayed: shown(JSON.parse(replayed)) };
  // Same values in another order or notation is a difference, too: bit for bit means the text.
  return (
    firstDifference(parsed.value, JSON.parse(replayed)) ?? {
      path: '',
      recorded: shown(recorded),
      replayed: shown(replayed),
    }
  );
};

const parse = (text: string): { readonly value: unknown } | null => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
};
