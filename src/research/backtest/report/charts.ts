import { toNumber } from '../../../core/decimal.ts';
import type { Mark, Scene } from '../../../ports/scene.ts';
import type { MonthReturn } from '../evaluate.ts';
import type { SymbolSeries } from '../hour-market.ts';
import type { EquityCurve } from '../record.ts';
import type { BacktestStudy } from '../study.ts';
import { rowAt } from '../../../core/features/candle-columns.ts';
import { figure, money, percent, price, signedPercent } from '../words.ts';
import {
  frameOf,
  HEIGHT,
  horizontalGrid,
  INK,
  isWide,
  legend,
  logarithmicSteps,
  path,
  roundSteps,
  thinned,
  timeGrid,
  title,
  WIDTH,
  type Frame,
} from './plot.ts';

const scene = (name: string, marks: readonly Mark[], height = HEIGHT): Scene => ({
  width: WIDTH,
  height,
  ground: INK.ground,
  title: name,
  marks,
});

const extent = (values: readonly number[]): readonly [number, number] => {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(low <= high)) return [0, 1];
  const room = (high - low) * 0.04 || Math.abs(high) * 0.02 || 1;
  return [low > 0 ? Math.max(low * 0.9, low - room) : low - room, high + room];
};

const short = (value: number): string =>
  Math.abs(value) >= 1e6
    ? `${figure(value / 1e6, 1)}M`
    : Math.abs(value) >= 10_000
      ? `${figure(value / 1000, 0)}k`
      : money(value, 0);

/** A price on an axis. */
const shortPrice = (value: number): string => (Math.abs(value) >= 100 ? short(value) : price(value));

export const equityChart = (study: BacktestStudy): Scene => {
  const lines = [
    { name: 'buy and hold', curve: study.hold.curve, colour: INK.soft, width: 1.5 },
    { name: 'without the Guardian', curve: study.unguarded.curve, colour: INK.warn, width: 1.5 },
    { name: 'with the Guardian', curve: study.result.curve, colour: INK.accent, width: 2.5 },
  ].map((line) => ({ ...line, points: thinned(line.curve.at, line.curve.equity) }));
  const range = extent(lines.flatMap(({ points }) => points.map(([, value]) => value)));
  const wide = isWide(...range);
  const frame = frameOf([study.from, study.to], range, wide);
  return scene('Equity', [
    ...title('Equity', `USDT${wide ? ', logarithmic' : ''}`),
    ...horizontalGrid(frame, wide ? logarithmicSteps(...range) : roundSteps(...range), short),
    ...timeGrid(frame, study.from, study.to),
    ...lines.map(({ points, colour, width }): Mark => ({ kind: 'line', points: path(frame, points), colour, width })),
    ...legend(lines.map(({ name, colour }) => [name, colour] as const)),
  ]);
};

/** How far equity stands below its highest value so far, as a negative fraction. */
const drawdowns = ({ at, equity }: EquityCurve): { at: Float64Array; value: Float64Array } => {
  const value = new Float64Array(at.length);
  let peak = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < at.length; i += 1) {
    const now = equity[i] ?? Number.NaN;
    if (now > peak) peak = now;
    value[i] = now / peak - 1;
  }
  return { at, value };
};

export const drawdownChart = (study: BacktestStudy): Scene => {
  const own = drawdowns(study.result.curve);
  const other = drawdowns(study.unguarded.curve);
  const limit = -(study.limits['maxTotalDrawdown'] ?? 0);
  const [ownPoints, otherPoints] = [thinned(own.at, own.value), thinned(other.at, other.value)];
  const lowest = Math.min(limit, ...ownPoints.map(([, value]) => value), ...otherPoints.map(([, value]) => value));
  const frame = frameOf([study.from, study.to], [lowest * 1.06, 0]);
  const area = path(frame, ownPoints);
  const closed = area.length < 4 ? [] : [area[0] ?? 0, frame.y(0), ...area, area.at(-2) ?? 0, frame.y(0)];
  return scene('Drawdown', [
    ...title('Drawdown', 'below the highest equity so far'),
    ...horizontalGrid(frame, roundSteps(lowest * 1.06, 0), (value) => percent(value, 0)),
    ...timeGrid(frame, study.from, study.to),
    { kind: 'line', points: closed, colour: '#1f6f68', width: 0, filled: true },
    { kind: 'line', points: path(frame, otherPoints), colour: INK.warn, width: 1.5 },
    { kind: 'line', points: area, colour: INK.accent, width: 2 },
    {
      kind: 'line',
      points: [frame.left, frame.y(limit), frame.right, frame.y(limit)],
      colour: INK.bad,
      width: 2,
      dashed: true,
    },
    ...legend([
      ['without', INK.warn],
      ['with the Guardian', INK.accent],
      ['limit', INK.bad],
    ]),
  ]);
};

/** The price of a symbol with every trade: from entry to exit, green for a profit and red for a loss. */
export const tradesChart = (study: BacktestStudy, { symbol, hourly }: SymbolSeries): Scene => {
  const [first, last] = [rowAt(hourly, study.from), rowAt(hourly, study.to)];
  const points = thinned(hourly.openTime.subarray(first, last), hourly.close.subarray(first, last));
  const range = extent(points.map(([, value]) => value));
  const wide = isWide(...range);
  const frame = frameOf([study.from, study.to], range, wide);
  const trades = study.result.trades.filter((trade) => trade.symbol === symbol);
  const won = trades.filter(({ pnl }) => toNumber(pnl) > 0).length;
  return scene(`${symbol} with trades`, [
    ...title(
      `${symbol} with trades`,
      `${trades.length} trades, ${won} of them with a profit${wide ? '; logarithmic' : ''}`,
    ),
    ...horizontalGrid(frame, wide ? logarithmicSteps(...range) : roundSteps(...range), shortPrice),
    ...timeGrid(frame, study.from, study.to),
    { kind: 'line', points: path(frame, points), colour: INK.blue, width: 1.2 },
    ...trades.flatMap((trade) =>
      tradeMarks(
        frame,
        trade.openedAt,
        toNumber(trade.entryPrice),
        trade.closedAt,
        toNumber(trade.exitPrice),
        toNumber(trade.pnl) > 0,
      ),
    ),
    ...legend([
      ['profit', INK.good],
      ['loss', INK.bad],
    ]),
  ]);
};

/** An arrow up below the entry, one down above the exit, and the way between them. */
const tradeMarks = (frame: Frame, from: number, entry: number, to: number, exit: number, profit: boolean): Mark[] => {
  const colour = profit ? INK.good : INK.bad;
  const [x1, y1, x2, y2] = [frame.x(from), frame.y(entry), frame.x(to), frame.y(exit)];
  return [
    { kind: 'line', points: [x1, y1, x2, y2], colour, width: 1.5 },
    { kind: 'line', points: [x1, y1 + 2, x1 - 4, y1 + 11, x1 + 4, y1 + 11], colour, width: 0, filled: true },
    { kind: 'line', points: [x2, y2 - 2, x2 - 4, y2 - 11, x2 + 4, y2 - 11], colour, width: 0, filled: true },
  ];
};

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const blend = (from: string, to: string, share: number): string => {
  const part = (text: string, index: number): number => Number.parseInt(text.slice(1 + 2 * index, 3 + 2 * index), 16);
  return `#${[0, 1, 2]
    .map((index) =>
      Math.round(part(from, index) + (part(to, index) - part(from, index)) * share)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
};

/** Right edge of the years' results. */
const YEAR_END = 1160;

/** Returns by calendar month, a row a year. */
export const monthChart = (months: readonly MonthReturn[]): Scene => {
  const years = [...new Set(months.map(({ year }) => year))];
  const row = 52;
  const largest = Math.max(0.001, ...months.map(({ value }) => Math.abs(value)));
  const width = 74;
  const marks: Mark[] = MONTHS.map((name, month) => ({
    kind: 'text',
    x: 140 + month * width + width / 2,
    y: 118,
    text: name,
    size: 17,
    colour: INK.soft,
    align: 'center',
  }));
  marks.push({ kind: 'text', x: YEAR_END, y: 118, text: 'Year', size: 17, colour: INK.soft, align: 'right' });
  years.forEach((year, index) => {
    const y = 132 + index * row;
    const own = months.filter((month) => month.year === year);
    const whole = own.reduce((growth, { value }) => growth * (1 + value), 1) - 1;
    marks.push({
      kind: 'text',
      x: 120,
      y: y + 33,
      text: String(year),
      size: 18,
      colour: INK.text,
      align: 'right',
      bold: true,
    });
    for (const { month, value } of own) {
      const x = 140 + month * width;
      const colour = blend(
        INK.panel,
        value >= 0 ? '#1d8f5b' : '#b3443b',
        Math.min(1, Math.sqrt(Math.abs(value) / largest)),
      );
      marks.push({ kind: 'rect', x: x + 2, y: y + 2, width: width - 4, height: row - 4, colour });
      marks.push({
        kind: 'text',
        x: x + width / 2,
        y: y + 33,
        text: percent(value, Math.abs(value) >= 0.1 ? 0 : 1)
          .replace(' %', '')
          .replace(/^-(0\.?0*)$/, '$1'),
        size: 17,
        colour: INK.text,
        align: 'center',
      });
    }
    marks.push({
      kind: 'text',
      x: YEAR_END,
      y: y + 33,
      text: signedPercent(whole, 1),
      size: 17,
      colour: whole > 0 ? INK.good : whole < 0 ? INK.bad : INK.soft,
      align: 'right',
      bold: true,
    });
  });
  return scene(
    'Monthly returns',
    [...title('Monthly returns', 'per cent of equity at the beginning of the month, with the Guardian'), ...marks],
    160 + years.length * row,
  );
};

/** How often trades ended where: results after fees, as a fraction of what was paid. */
export const distributionChart = (study: BacktestStudy): Scene => {
  const values = study.result.trades.map(({ pnlFraction }) => pnlFraction);
  const heading = title('Results of trades', `${values.length} trades, after fees, as a fraction of what was paid`);
  if (values.length === 0)
    return scene('Results of trades', [
      ...heading,
      { kind: 'text', x: WIDTH / 2, y: HEIGHT / 2, text: 'no trades', size: 24, colour: INK.soft, align: 'center' },
    ]);
  const [low, high] = extent(values);
  const size = Math.max(0.0005, (high - low) / 50);
  const first = Math.floor(low / size);
  const counts = Array.from({ length: Math.floor(high / size) - first + 1 }, () => 0);
  for (const value of values) {
    const bin = Math.floor(value / size) - first;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const frame = frameOf([first * size, (first + counts.length) * size], [0, Math.max(...counts) * 1.05]);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return scene('Results of trades', [
    ...heading,
    ...horizontalGrid(frame, roundSteps(0, Math.max(...counts) * 1.05).filter(Number.isInteger), (value) =>
      String(value),
    ),
    ...roundSteps(first * size, (first + counts.length) * size, 8).map(
      (value): Mark => ({
        kind: 'text',
        x: frame.x(value),
        y: frame.bottom + 26,
        text: percent(value, 1),
        size: 17,
        colour: INK.soft,
        align: 'center',
      }),
    ),
    ...counts.map((count, bin): Mark => {
      const [left, right] = [frame.x((first + bin) * size), frame.x((first + bin + 1) * size)];
      return {
        kind: 'rect',
        x: left + 1,
        y: frame.y(count),
        width: Math.max(1, right - left - 2),
        height: frame.bottom - frame.y(count),
        colour: (first + bin + 0.5) * size >= 0 ? INK.good : INK.bad,
      };
    }),
    {
      kind: 'line',
      points: [frame.x(mean), frame.top, frame.x(mean), frame.bottom],
      colour: INK.text,
      width: 2,
      dashed: true,
    },
    ...legend([
      ['profit', INK.good],
      ['loss', INK.bad],
      [`mean ${signedPercent(mean)}`, INK.text],
    ]),
  ]);
};
