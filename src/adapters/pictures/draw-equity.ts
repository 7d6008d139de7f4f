import type { EquityPicture } from '../../ports/chat.ts';
import { drawLine, drawTag, drawText, INK, openCanvas, pngOf, WIDTH } from './canvas.ts';
import { decimalsFor, linear, padded, roundTicks, timeTicks } from './scale.ts';
import { axisLabel, offsetIn } from './times.ts';
import type { SKRSContext2D } from '@napi-rs/canvas';

const LEFT = 48;
const RIGHT = WIDTH - 168;
const TOP = 160;
const SPLIT = 600;
const GAP = 66;
const BOTTOM = 836;

/** The scale shows at least this part of equity. */
const LEAST_SPAN = 0.004;

/** And this much of drawdown. */
const LEAST_FALL = 0.001;

const path = (context: SKRSContext2D, points: readonly (readonly [number, number])[]): void => {
  context.beginPath();
  for (const [index, [x, y]] of points.entries()) {
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
};

const area = (
  context: SKRSContext2D,
  points: readonly (readonly [number, number])[],
  base: number,
  colour: string,
): void => {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return;
  path(context, points);
  context.lineTo(last[0], base);
  context.lineTo(first[0], base);
  context.closePath();
  context.fillStyle = colour;
  context.fill();
};

const stroke = (
  context: SKRSContext2D,
  points: readonly (readonly [number, number])[],
  colour: string,
  width: number,
): void => {
  path(context, points);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = 'round';
  context.stroke();
};

const drawCurve = (context: SKRSContext2D, spec: EquityPicture, x: (at: number) => number): void => {
  const equities = spec.curve.map(({ equity }) => equity);
  const [low, high] = padded(equities, 0.08, LEAST_SPAN);
  const y = linear(low, high, SPLIT, TOP);
  const ticks = roundTicks(low, high, 5);
  const decimals = decimalsFor(ticks);
  const lastPlace = y.at(equities.at(-1) ?? low);
  for (const tick of ticks) {
    drawLine(context, LEFT, y.at(tick), RIGHT, y.at(tick), INK.grid);
    // The tag on top of it would cut the label in two.
    if (Math.abs(lastPlace - y.at(tick)) < 34) continue;
    drawText(
      context,
      tick.toLocaleString('en-GB', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
      WIDTH - 28,
      y.at(tick),
      { size: 25, colour: INK.soft, align: 'right', baseline: 'middle' },
    );
  }
  const points = spec.curve.map(({ at, equity }) => [x(at), y.at(equity)] as const);
  const fill = context.createLinearGradient(0, TOP, 0, SPLIT);
  fill.addColorStop(0, 'rgba(52, 216, 195, 0.34)');
  fill.addColorStop(1, 'rgba(52, 216, 195, 0)');
  area(context, points, SPLIT, fill as unknown as string);
  stroke(context, points, INK.accent, 4);
  const [first] = equities;
  const last = equities.at(-1);
  if (first !== undefined) drawLine(context, LEFT, y.at(first), RIGHT, y.at(first), INK.line, 2, [8, 8]);
  if (last !== undefined)
    drawTag(
      context,
      last.toLocaleString('en-GB', { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
      WIDTH - 20,
      y.at(last),
      INK.accent,
    );
};

const drawDrawdown = (context: SKRSContext2D, spec: EquityPicture, x: (at: number) => number): void => {
  const falls = spec.curve.map(({ drawdown }) => -drawdown);
  const deepest = Math.min(0, ...falls);
  const y = linear(Math.min(-LEAST_FALL, deepest) * 1.15, 0, BOTTOM, SPLIT + GAP);
  drawText(context, 'Drawdown from the peak', LEFT, SPLIT + GAP - 16, { size: 25, colour: INK.soft });
  drawLine(context, LEFT, y.at(0), RIGHT, y.at(0), INK.line, 2);
  const points = spec.curve.map(({ at }, index) => [x(at), y.at(falls[index] ?? 0)] as const);
  area(context, points, y.at(0), 'rgba(255, 125, 114, 0.28)');
  stroke(context, points, INK.bad, 3);
  const label = `${(deepest * 100).toFixed(2).replace(/^-(0\.00)$/, '$1')} %`;
  drawLine(context, LEFT, y.at(deepest), RIGHT, y.at(deepest), INK.grid);
  drawText(context, label, WIDTH - 28, y.at(deepest), {
    size: 25,
    colour: INK.bad,
    align: 'right',
    baseline: 'middle',
  });
};

/** Equity above, drawdown below, 1200 x 900. */
export const drawEquity = (spec: EquityPicture): Buffer => {
  const { canvas, context } = openCanvas(spec.title, `Equity in ${spec.quote} · ${spec.subtitle}`);
  const from = spec.curve[0]?.at ?? 0;
  const to = spec.curve.at(-1)?.at ?? 1;
  const x = linear(from, to, LEFT, RIGHT);
  const label = axisLabel(spec.timeZone, to - from);
  for (const tick of timeTicks(from, to, 6, offsetIn(spec.timeZone))) {
    drawLine(context, x.at(tick), TOP, x.at(tick), BOTTOM, INK.grid);
    drawText(context, label(tick), x.at(tick), BOTTOM + 38, { size: 24, colour: INK.soft, align: 'center' });
  }
  drawCurve(context, spec, x.at);
  drawDrawdown(context, spec, x.at);
  return pngOf(canvas);
};
