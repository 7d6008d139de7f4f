import { loadImage, createCanvas } from '@napi-rs/canvas';
import { afterEach, describe, expect, test } from 'vitest';
import type { CandlePicture, EquityPicture } from '../../ports/chat.ts';
import { openCanvas, pngOf } from './canvas.ts';
import { createPictureRenderer, type ClosablePictureRenderer } from './renderer.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2024, 7, 2);

const equity: EquityPicture = {
  kind: 'equity',
  title: 'PnL last 7 days: +1.24 %',
  subtitle: '29 Jul to 05 Aug UTC',
  quote: 'USDT',
  curve: Array.from({ length: 200 }, (_, index) => ({
    at: START + index * HOUR,
    equity: 1_000 + 20 * Math.sin(index / 20) + index / 10,
    drawdown: Math.max(0, 0.01 * Math.sin(index / 20)),
  })),
  timeZone: 'UTC',
};

const candles: CandlePicture = {
  kind: 'candles',
  title: 'BTC/USDT 60,123.40',
  subtitle: '72 h',
  symbol: 'BTC/USDT',
  candles: Array.from({ length: 72 }, (_, index) => {
    const open = 60_000 + 500 * Math.sin(index / 6);
    const close = 60_000 + 500 * Math.sin((index + 1) / 6);
    return {
      openTime: START + index * HOUR,
      open,
      close,
      high: Math.max(open, close) + 60,
      low: Math.min(open, close) - 60,
    };
  }),
  marks: [
    { at: START + 10 * HOUR, price: 60_100, side: 'entry' },
    { at: START + 30 * HOUR, price: 60_200, side: 'exit' },
  ],
  lines: [
    { price: 60_000, role: 'entry' },
    { price: 59_100, role: 'stop' },
    { price: 61_800, role: 'target' },
  ],
  timeZone: 'Europe/Berlin',
};

let renderer: ClosablePictureRenderer | null = null;
const open = (...options: Parameters<typeof createPictureRenderer>): ClosablePictureRenderer => {
  renderer = createPictureRenderer(...options);
  return renderer;
};
afterEach(async () => {
  await renderer?.close();
});

const coloursOf = async (
  png: Uint8Array,
): Promise<{ readonly width: number; readonly height: number; readonly count: number }> => {
  const image = await loadImage(Buffer.from(png));
  const canvas = createCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const seen = new Set<number>();
  for (let at = 0; at < data.length; at += 4)
    seen.add(((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0));
  return { width: image.width, height: image.height, count: seen.size };
};

describe('pictures', () => {
  test.each([['equity', equity] as const, ['candles', candles] as const])(
    '%s is a PNG of 1200 x 900 that is not blank',
    async (_name, spec) => {
      const { width, height, count } = await coloursOf(await open().render(spec));
      expect([width, height]).toEqual([1_200, 900]);
      expect(count).toBeGreaterThan(50);
    },
  );

  test('text is drawn: another title gives another picture', async () => {
    const drawing = open();
    const first = await drawing.render(equity);
    const again = await drawing.render(equity);
    const other = await drawing.render({ ...equity, title: 'Something else' });
    expect(Buffer.compare(first, again)).toBe(0);
    expect(Buffer.compare(first, other)).not.toBe(0);
  });

  test('degenerate data draws too: one point, flat, no candle', async () => {
    const drawing = open();
    for (const curve of [
      [],
      [{ at: START, equity: 1_000, drawdown: 0 }],
      [
        { at: START, equity: 0, drawdown: 0 },
        { at: START + HOUR, equity: 0, drawdown: 0 },
      ],
    ]) {
      expect((await drawing.render({ ...equity, curve })).length).toBeGreaterThan(1_000);
    }
    expect((await drawing.render({ ...candles, candles: [], marks: [], lines: [] })).length).toBeGreaterThan(1_000);
  });

  test('an impossible picture is refused, and the next one is drawn', async () => {
    const drawing = open();
    await expect(drawing.render({ ...equity, timeZone: 'Nowhere/Land' })).rejects.toThrow(/time zone/i);
    expect((await drawing.render(equity)).length).toBeGreaterThan(1_000);
  });

  test('a picture that takes too long is given up, and the next one gets a new thread', async () => {
    const drawing = open({ timeout: 1 });
    await expect(drawing.render(equity)).rejects.toThrow('longer than 1 ms');
    await drawing.close();
    expect((await open().render(equity)).length).toBeGreaterThan(1_000);
  });

  test('the thread that draws is not the one that asks', async () => {
    const drawing = open();
    await drawing.render(equity);
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    await Promise.all(Array.from({ length: 8 }, async () => drawing.render(candles)));
    clearInterval(timer);
    // One drawing takes 50 to 100 ms; a loaded machine may pause us, but not for as long as eight of them.
    expect(longest).toBeLessThan(250);
  });
});

test('a picture that is finished has given its pixels back, which lie where no collection looks', () => {
  const { canvas } = openCanvas('Equity', '7 days');
  const png = pngOf(canvas);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect([canvas.width, canvas.height]).toEqual([1, 1]);
});
