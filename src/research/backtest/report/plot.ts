import type { Mark } from '../../../ports/scene.ts';

/** Light on ink, as all pictures of the bot. */
export const INK = {
  ground: '#0e151c',
  panel: '#141e28',
  grid: '#22303d',
  text: '#eef4f9',
  soft: '#9db0c1',
  accent: '#34d8c3',
  good: '#45d68c',
  bad: '#ff7d72',
  warn: '#f6c15c',
  blue: '#7db8ff',
} as const;

export const WIDTH = 1200;
export const HEIGHT = 640;

/** The rectangle in which values are drawn, with what its edges stand for. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

const BOX = { left: 96, right: WIDTH - 40, top: 96, bottom: HEIGHT - 56 };

/** Logarithmic when values span more than this factor, so that early years can be seen. */
const WIDE = 5;

export const frameOf = (xs: readonly [number, number], ys: readonly [number, number], logarithmic = false): Frame => {
  const scale = logarithmic ? Math.log : (value: number): number => value;
  const [low, high] = [scale(ys[0]), scale(ys[1])];
  const height = high > low ? high - low : 1;
  const width = xs[1] > xs[0] ? xs[1] - xs[0] : 1;
  return {
    ...BOX,
    x: (value) => BOX.left + ((value - xs[0]) / width) * (BOX.right - BOX.left),
    y: (value) => BOX.bottom - ((scale(value) - low) / height) * (BOX.bottom - BOX.top),
  };
};

export const isWide = (low: number, high: number): boolean => low > 0 && high / low > WIDE;

/** About `count` round numbers between two values (1, 2 or 5 times a power of ten). */
export const roundSteps = (low: number, high: number, count = 6): number[] => {
  const raw = (high - low) / count;
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) ?? raw;
  const steps: number[] = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step)
    steps.push(Math.abs(value) < step * 1e-9 ? 0 : value);
  return steps;
};

/** Powers of ten with their halves and doubles, between two positive values. */
export const logarithmicSteps = (low: number, high: number): number[] => {
  const steps: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const factor of [1, 2, 5])
      if (factor * 10 ** power >= low && factor * 10 ** power <= high) steps.push(factor * 10 ** power);
  }
  return steps;
};

export const title = (text: string, subtitle: string): Mark[] => [
  { kind: 'text', x: 40, y: 46, text, size: 28, colour: INK.text, align: 'left', bold: true },
  { kind: 'text', x: 40, y: 76, text: subtitle, size: 18, colour: INK.soft, align: 'left' },
];

export const horizontalGrid = (frame: Frame, steps: readonly number[], write: (value: number) => string): Mark[] =>
  steps.flatMap((value): Mark[] => [
    { kind: 'line', points: [frame.left, frame.y(value), frame.right, frame.y(value)], colour: INK.grid, width: 1 },
    {
      kind: 'text',
      x: frame.left - 12,
      y: frame.y(value) + 6,
      text: write(value),
      size: 17,
      colour: INK.soft,
      align: 'right',
    },
  ]);

const YEAR = 365 * 86_400_000;

/** Years, or months of a shorter span, along the bottom. */
export const timeGrid = (frame: Frame, from: number, to: number): Mark[] => {
  const marks: Mark[] = [];
  const months = to - from > 3 * YEAR ? 12 : to - from > YEAR ? 3 : 1;
  const first = new Date(from);
  for (let month = 0; month < 12 * 40; month += 1) {
    const date = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + month, 1));
    const at = date.getTime();
    if (at > to) break;
    if (at < from || date.getUTCMonth() % months !== 0) continue;
    const text = months === 12 ? String(date.getUTCFullYear()) : date.toISOString().slice(0, 7);
    marks.push({
      kind: 'line',
      points: [frame.x(at), frame.top, frame.x(at), frame.bottom],
      colour: INK.grid,
      width: 1,
    });
    if (frame.x(at) < frame.right - 30)
      marks.push({
        kind: 'text',
        x: frame.x(at),
        y: frame.bottom + 26,
        text,
        size: 17,
        colour: INK.soft,
        align: 'left',
      });
  }
  return marks;
};

/** Names of the lines, from the right edge to the left. */
export const legend = (entries: readonly (readonly [name: string, colour: string])[]): Mark[] => {
  const marks: Mark[] = [];
  let right = WIDTH - 40;
  for (const [name, colour] of entries.toReversed()) {
    const width = name.length * 10 + 34;
    marks.push(
      { kind: 'rect', x: right - width, y: 66, width: 20, height: 5, colour },
      { kind: 'text', x: right - width + 28, y: 76, text: name, size: 17, colour: INK.soft, align: 'left' },
    );
    right -= width + 18;
  }
  return marks;
};

/**
 * Points of a series thinned to what a picture can show: of each pixel column the lowest and the highest, so that no
 * extreme is lost.
 */
export const thinned = (at: Float64Array, value: Float64Array, columns = 1_000): (readonly [number, number])[] => {
  const size = Math.ceil(at.length / columns);
  if (size <= 2) return Array.from(at, (time, i) => [time, value[i] ?? Number.NaN] as const);
  const points: (readonly [number, number])[] = [];
  for (let start = 0; start < at.length; start += size) {
    let low = start;
    let high = start;
    for (let i = start; i < Math.min(at.length, start + size); i += 1) {
      if ((value[i] ?? 0) < (value[low] ?? 0)) low = i;
      if ((value[i] ?? 0) > (value[high] ?? 0)) high = i;
    }
    for (const i of low < high ? [low, high] : [high, low]) points.push([at[i] ?? 0, value[i] ?? Number.NaN]);
  }
  return points;
};

/** A picture with hundredths of a pixel says no more than one with tenths. */
const tenth = (value: number): number => Math.round(value * 10) / 10;

export const path = (frame: Frame, points: readonly (readonly [number, number])[]): number[] =>
  points.flatMap(([x, y]) => [tenth(frame.x(x)), tenth(frame.y(y))]);
