import type { CalibrationPoint } from '../validation/scores.ts';

/**
 * Pictures of the card as SVG: text that diffs, the same bytes on every machine,
 * legible on light and dark pages because they bring their own ground.
 */
const INK = '#1c2430';
const FAINT = '#d5dae1';
const MUTED = '#5a6675';
const BLUE = '#1f6feb';
const ORANGE = '#c2540a';
const FONT = 'font-family="Inter, system-ui, sans-serif"';

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const FRAME: Frame = { width: 720, height: 420, left: 72, right: 24, top: 56, bottom: 60 };

/** Position on an axis, to a tenth of a pixel. */
const scale = (value: number, low: number, high: number, from: number, to: number): string =>
  (from + ((value - low) / (high - low)) * (to - from)).toFixed(1);

const text = (x: string | number, y: string | number, content: string, options = ''): string =>
  `<text x="${x}" y="${y}" ${FONT} ${options}>${content}</text>`;

const document = (title: string, subtitle: string, body: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${FRAME.width} ${FRAME.height}" role="img" aria-label="${title}">`,
    `<rect width="${FRAME.width}" height="${FRAME.height}" fill="#ffffff"/>`,
    text(FRAME.left, 26, title, `font-size="17" font-weight="600" fill="${INK}"`),
    text(FRAME.left, 45, subtitle, `font-size="12.5" fill="${MUTED}"`),
    ...body,
    '</svg>',
    '',
  ].join('\n');

const axisSteps = (low: number, high: number, count: number): number[] =>
  Array.from({ length: count + 1 }, (_, i) => low + ((high - low) * i) / count);

/** Stated against observed frequency, with the diagonal of a perfect calibration. */
export const calibrationPicture = (points: readonly CalibrationPoint[], rows: number): string => {
  const high = Math.ceil(20 * Math.max(0.1, ...points.map((point) => Math.max(point.stated, point.happened)))) / 20;
  const x = (value: number): string => scale(value, 0, high, FRAME.left, FRAME.width - FRAME.right);
  const y = (value: number): string => scale(value, 0, high, FRAME.height - FRAME.bottom, FRAME.top);
  const grid = axisSteps(0, high, 5).flatMap((value) => [
    `<line x1="${x(0)}" x2="${x(high)}" y1="${y(value)}" y2="${y(value)}" stroke="${FAINT}"/>`,
    text(
      FRAME.left - 10,
      Number(y(value)) + 4,
      `${Math.round(100 * value)} %`,
      `font-size="12" fill="${MUTED}" text-anchor="end"`,
    ),
    text(
      x(value),
      FRAME.height - FRAME.bottom + 20,
      `${Math.round(100 * value)} %`,
      `font-size="12" fill="${MUTED}" text-anchor="middle"`,
    ),
  ]);
  return document(
    'Calibration, out of sample',
    `Tenths of ${rows.toLocaleString('en-GB')} answers: how often the target came first against how often the model said so`,
    [
      ...grid,
      `<line x1="${x(0)}" y1="${y(0)}" x2="${x(high)}" y2="${y(high)}" stroke="${MUTED}" stroke-dasharray="5 5"/>`,
      `<polyline fill="none" stroke="${BLUE}" stroke-width="2" points="${points.map((point) => `${x(point.stated)},${y(point.happened)}`).join(' ')}"/>`,
      ...points.map((point) => `<circle cx="${x(point.stated)}" cy="${y(point.happened)}" r="4.5" fill="${BLUE}"/>`),
      text(
        (FRAME.left + FRAME.width - FRAME.right) / 2,
        FRAME.height - 16,
        'probability stated',
        `font-size="13" fill="${INK}" text-anchor="middle"`,
      ),
      text(
        18,
        FRAME.height / 2,
        'frequency observed',
        `font-size="13" fill="${INK}" text-anchor="middle" transform="rotate(-90 18 ${FRAME.height / 2})"`,
      ),
    ],
  );
};

export interface Line {
  readonly name: string;
  /** Growth of equity, 1 at the start; one value a point in time. */
  readonly values: readonly number[];
}

/**
 * Growth of the policy's equity and of what it is compared with, on a logarithmic axis. Years with their fraction:
 * 2025.5 is July.
 */
export const equityPicture = (lines: readonly Line[], from: number, to: number, note: string): string => {
  const values = lines.flatMap((line) => line.values);
  const low = Math.min(...values) * 0.95;
  const high = Math.max(...values) * 1.05;
  const y = (value: number): string =>
    scale(Math.log(value), Math.log(low), Math.log(high), FRAME.height - FRAME.bottom, FRAME.top);
  const colours = [BLUE, ORANGE, MUTED];
  const years = Array.from({ length: Math.floor(to) - Math.ceil(from) + 1 }, (_, i) => Math.ceil(from) + i);
  const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].filter((value) => value > low && value < high);
  const end = FRAME.width - FRAME.right - 92;
  const plots = lines.flatMap((line, index) => {
    const colour = colours[index % colours.length] ?? INK;
    const points = line.values
      .map((value, i) => `${scale(i, 0, line.values.length - 1, FRAME.left, end)},${y(value)}`)
      .join(' ');
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="1.8" points="${points}"/>`,
      text(
        end + 8,
        Number(y(line.values.at(-1) ?? 1)) + 4,
        line.name,
        `font-size="12.5" font-weight="600" fill="${colour}"`,
      ),
    ];
  });
  return document('Growth of one unit, after costs, out of sample', note, [
    ...ticks.flatMap((value) => [
      `<line x1="${FRAME.left}" x2="${end}" y1="${y(value)}" y2="${y(value)}" stroke="${FAINT}"/>`,
      text(FRAME.left - 10, Number(y(value)) + 4, `x ${value}`, `font-size="12" fill="${MUTED}" text-anchor="end"`),
    ]),
    ...years.map((year) =>
      text(
        scale(year, from, to, FRAME.left, end),
        FRAME.height - FRAME.bottom + 20,
        String(year),
        `font-size="12" fill="${MUTED}" text-anchor="middle"`,
      ),
    ),
    ...plots,
  ]);
};
