/** Scales and ticks of a chart. Pure. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  /** From a value to pixels. */
  at(value: number): number;
}

export const linear = (low: number, high: number, from: number, to: number): Scale => {
  const span = high - low || 1;
  return { low, high, at: (value) => from + ((value - low) / span) * (to - from) };
};

/**
 * A range with some air, never empty, and never narrower than the part `least` of its values: a cent must not look like
 * a fortune.
 */
export const padded = (values: readonly number[], share: number, least = 0): readonly [low: number, high: number] => {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const air = high > low ? (high - low) * share : Math.max(Math.abs(high) * 0.01, 1e-9);
  const missing = Math.max(0, (Math.abs(high) * least - (high - low + 2 * air)) / 2);
  return [low - air - missing, high + air + missing];
};

/** Round values (1, 2 or 5 times a power of ten) inside a range, about `wanted` of them. */
export const roundTicks = (low: number, high: number, wanted: number): readonly number[] => {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 10 * power;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: Math.max(0, Math.min(50, last - first + 1)) }, (_, index) => (first + index) * step);
};

const HOUR = 3_600_000;
const STEPS = [1, 2, 3, 6, 12, 24, 48, 72, 120, 168, 336, 720, 1_440, 2_160, 4_320, 8_760].map((hours) => hours * HOUR);

/**
 * Times inside a range on whole hours, days or weeks of a clock that is `offset` milliseconds ahead of UTC at a moment,
 * about `most` of them.
 */
export const timeTicks = (
  from: number,
  to: number,
  most: number,
  offset: (at: number) => number,
): readonly number[] => {
  const step = STEPS.find((candidate) => (to - from) / candidate <= most) ?? STEPS.at(-1) ?? HOUR;
  const ahead = offset(from);
  const first = Math.ceil((from + ahead) / step) * step;
  const places = Array.from(
    { length: Math.max(0, Math.floor((to + ahead - first) / step) + 2) },
    (_, index) => first + index * step,
  );
  // The clock may be set within the range.
  const moments = places.map((place) => place - offset(place - ahead));
  return [...new Set(moments)].filter((at) => at >= from && at <= to);
};

/** Positions moved apart until neighbours are at least `gap` apart, in the order of the input. */
export const spread = (positions: readonly number[], gap: number): readonly number[] => {
  const order = positions
    .map((_, index) => index)
    .sort((left, right) => (positions[left] ?? 0) - (positions[right] ?? 0));
  const placed = [...positions];
  let previous = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    placed[index] = Math.max(positions[index] ?? 0, previous + gap);
    previous = placed[index];
  }
  return placed;
};

/** Decimals that tell neighbouring ticks apart. */
export const decimalsFor = (ticks: readonly number[]): number => {
  const [first, second] = ticks;
  if (first === undefined || second === undefined) return 2;
  return Math.min(8, Math.max(0, -Math.floor(Math.log10(Math.abs(second - first)) + 1e-9)));
};
