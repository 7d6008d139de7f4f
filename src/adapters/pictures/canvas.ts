import { fileURLToPath } from 'node:url';
import { createCanvas, GlobalFonts, type Canvas, type SKRSContext2D } from '@napi-rs/canvas';

/** Light on ink: readable on a phone at night and in the sun alike. */
export const INK = {
  ground: '#0e151c',
  panel: '#141e28',
  grid: '#22303d',
  line: '#35495b',
  text: '#eef4f9',
  soft: '#9db0c1',
  accent: '#34d8c3',
  good: '#45d68c',
  bad: '#ff7d72',
  warn: '#f6c15c',
  entry: '#7db8ff',
} as const;

export const WIDTH = 1200;
export const HEIGHT = 900;

const FAMILY = 'GuardianInter';

let registered = false;

/** Text without its font would be drawn as nothing, so a missing font is an error. */
export const registerFonts = (): void => {
  if (registered) return;
  const fonts = [
    import.meta.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf'),
    import.meta.resolve('@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf'),
    import.meta.resolve('@expo-google-fonts/inter/700Bold/Inter_700Bold.ttf'),
  ];
  for (const font of fonts) {
    if (GlobalFonts.registerFromPath(fileURLToPath(font), FAMILY) === null)
      throw new Error(`the font ${font} cannot be read`);
  }
  registered = true;
};

export type Weight = 400 | 600 | 700;

export interface TextStyle {
  readonly size: number;
  readonly weight?: Weight;
  readonly colour?: string;
  readonly align?: 'left' | 'right' | 'center';
  readonly baseline?: 'alphabetic' | 'middle' | 'top';
}

export const drawText = (context: SKRSContext2D, text: string, x: number, y: number, style: TextStyle): void => {
  context.font = `${style.weight ?? 400} ${style.size}px ${FAMILY}`;
  context.fillStyle = style.colour ?? INK.text;
  context.textAlign = style.align ?? 'left';
  context.textBaseline = style.baseline ?? 'alphabetic';
  context.fillText(text, x, y);
};

export const textWidth = (context: SKRSContext2D, text: string, size: number, weight: Weight = 400): number => {
  context.font = `${weight} ${size}px ${FAMILY}`;
  return context.measureText(text).width;
};

export const drawLine = (
  context: SKRSContext2D,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  colour: string,
  width = 1,
  dash: readonly number[] = [],
): void => {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash([...dash]);
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
  context.setLineDash([]);
};

/** A text on a filled label whose right edge is at `right`. */
export const drawTag = (context: SKRSContext2D, text: string, right: number, y: number, colour: string): void => {
  const width = textWidth(context, text, 23, 600) + 20;
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(right - width, y - 18, width, 36, 8);
  context.fill();
  drawText(context, text, right - width / 2, y + 1, {
    size: 23,
    weight: 600,
    colour: INK.ground,
    align: 'center',
    baseline: 'middle',
  });
};

/** A canvas with ground, title and subtitle. */
export const openCanvas = (
  title: string,
  subtitle: string,
): { readonly canvas: Canvas; readonly context: SKRSContext2D } => {
  registerFonts();
  const canvas = createCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext('2d');
  context.fillStyle = INK.ground;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  drawText(context, title, 48, 76, { size: 46, weight: 700 });
  drawText(context, subtitle, 48, 118, { size: 27, colour: INK.soft });
  return { canvas, context };
};

/**
 * Gives a canvas's pixels back at once: they lie outside the heap, three megabytes and more that no collection is made
 * for.
 */
export const release = (canvas: Canvas): void => {
  canvas.width = 1;
  canvas.height = 1;
};

/** The finished picture. Nothing is to be drawn on the canvas afterwards. */
export const pngOf = (canvas: Canvas): Buffer => {
  const png = canvas.toBuffer('image/png');
  release(canvas);
  return png;
};
