import type { SKRSContext2D } from '@napi-rs/canvas';
import type { CandlePicture } from '../../ports/chat.ts';
import { drawLine, drawTag, drawText, INK, openCanvas, pngOf, textWidth, WIDTH } from './canvas.ts';
import { decimalsFor, linear, padded, roundTicks, spread, timeTicks, type Scale } from './scale.ts';
import { axisLabel, offsetIn } from './times.ts';

const LEFT = 48;
const RIGHT = WIDTH - 176;
const TOP = 160;
const BOTTOM = 822;
const HOUR = 3_600_000;

const ROLE = {
  entry: { colour: INK.entry, name: 'Entry' },
  stop: { colour: INK.bad, name: 'Stop' },
  target: { colour: INK.good, name: 'Target' },
} as const;

const drawOne = (
  context: SKRSContext2D,
  candle: CandlePicture['candles'][number],
  x: Scale,
  y: Scale,
  width: number,
): void => {
  const colour = candle.close >= candle.open ? INK.good : INK.bad;
  const centre = x.at(candle.openTime + HOUR / 2);
  drawLine(context, centre, y.at(candle.high), centre, y.at(candle.low), colour, Math.max(1.5, width / 6));
  const top = y.at(Math.max(candle.open, candle.close));
  const height = Math.max(2, y.at(Math.min(candle.open, candle.close)) - top);
  context.fillStyle = colour;
  context.fillRect(centre - width / 2, top, width, height);
};

/** A triangle below an entry and above an exit, ringed so that it stands out from the candles. */
const drawMark = (context: SKRSContext2D, mark: CandlePicture['marks'][number], x: Scale, y: Scale): void => {
  const up = mark.side === 'entry';
  const [px, py] = [x.at(mark.at), y.at(mark.price) + (up ? 12 : -12)];
  const reach = up ? 24 : -24;
  context.beginPath();
  context.moveTo(px, py);
  context.lineTo(px - 14, py + reach);
  context.lineTo(px + 14, py + reach);
  context.closePath();
  context.fillStyle = up ? INK.entry : INK.warn;
  context.fill();
  context.strokeStyle = INK.ground;
  context.lineWidth = 3;
  context.stroke();
};

const drawLevel = (context: SKRSContext2D, line: CandlePicture['lines'][number], y: Scale): void => {
  const { colour, name } = ROLE[line.role];
  drawLine(context, LEFT, y.at(line.price), RIGHT, y.at(line.price), colour, 2.5, [12, 8]);
  // On a ground of its own: candles behind it would cut the word in two.
  const width = textWidth(context, name, 24, 600);
  context.fillStyle = INK.ground;
  context.beginPath();
  context.roundRect(LEFT, y.at(line.price) - 36, width + 16, 31, 6);
  context.fill();
  drawText(context, name, LEFT + 8, y.at(line.price) - 12, { size: 24, weight: 600, colour });
};

interface Tag {
  readonly price: number;
  readonly colour: string;
}

const drawLegend = (context: SKRSContext2D, marks: CandlePicture['marks']): void => {
  if (marks.length === 0) return;
  drawText(context, '▲ entry', RIGHT - 130, 118, { size: 25, weight: 600, colour: INK.entry, align: 'right' });
  drawText(context, '▼ exit', RIGHT, 118, { size: 25, weight: 600, colour: INK.warn, align: 'right' });
};

/** Candles with entries, exits, stop and target, 1200 x 900. */
export const drawCandles = (spec: CandlePicture): Buffer => {
  const { canvas, context } = openCanvas(spec.title, spec.subtitle);
  const from = spec.candles[0]?.openTime ?? 0;
  const to = (spec.candles.at(-1)?.openTime ?? 0) + HOUR;
  const levels = spec.lines.map(({ price }) => price);
  const [low, high] = padded([...spec.candles.flatMap((candle) => [candle.low, candle.high]), ...levels], 0.06);
  const x = linear(from, to, LEFT, RIGHT);
  const y = linear(low, high, BOTTOM, TOP);
  const ticks = roundTicks(low, high, 7);
  const decimals = Math.max(decimalsFor(ticks), high < 10 ? 4 : 0);
  const asPrice = (value: number, places: number): string =>
    value.toLocaleString('en-GB', { minimumFractionDigits: places, maximumFractionDigits: places });
  const last = spec.candles.at(-1);
  const tags: readonly Tag[] = [
    ...(last === undefined ? [] : [{ price: last.close, colour: INK.text }]),
    ...spec.lines.map(({ price, role }) => ({ price, colour: ROLE[role].colour })),
  ];
  const tagPlaces = spread(
    tags.map(({ price }) => y.at(price)),
    40,
  );
  for (const tick of ticks) {
    drawLine(context, LEFT, y.at(tick), RIGHT, y.at(tick), INK.grid);
    // A tag on top of it would cut the label in two.
    if (tagPlaces.some((place) => Math.abs(place - y.at(tick)) < 34)) continue;
    drawText(context, asPrice(tick, decimals), WIDTH - 28, y.at(tick), {
      size: 25,
      colour: INK.soft,
      align: 'right',
      baseline: 'middle',
    });
  }
  const label = axisLabel(spec.timeZone, to - from);
  for (const tick of timeTicks(from, to, 5, offsetIn(spec.timeZone))) {
    drawLine(context, x.at(tick), TOP, x.at(tick), BOTTOM, INK.grid);
    drawText(context, label(tick), x.at(tick), BOTTOM + 42, { size: 24, colour: INK.soft, align: 'center' });
  }
  const width = Math.max(2, ((RIGHT - LEFT) / Math.max(1, spec.candles.length)) * 0.66);
  for (const candle of spec.candles) drawOne(context, candle, x, y, width);
  for (const line of spec.lines) drawLevel(context, line, y);
  for (const [index, tag] of tags.entries())
    drawTag(context, asPrice(tag.price, Math.max(2, decimals)), WIDTH - 20, tagPlaces[index] ?? 0, tag.colour);
  for (const mark of spec.marks) if (mark.at >= from && mark.at <= to) drawMark(context, mark, x, y);
  drawLegend(context, spec.marks);
  return pngOf(canvas);
};
