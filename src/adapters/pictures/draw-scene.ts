import type { Mark, Scene } from '../../ports/scene.ts';
import { assertNever } from '../../core/units.ts';
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import { drawText, registerFonts, release } from './canvas.ts';

const drawPath = (
  context: SKRSContext2D,
  { points, colour, width, dashed = false, filled = false }: Extract<Mark, { kind: 'line' }>,
): void => {
  context.beginPath();
  for (let k = 0; k + 1 < points.length; k += 2) {
    const [x = 0, y = 0] = [points[k], points[k + 1]];
    if (k === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  if (filled) {
    context.fillStyle = colour;
    context.fill();
    return;
  }
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = 'round';
  context.setLineDash(dashed ? [6, 6] : []);
  context.stroke();
  context.setLineDash([]);
};

/** A scene of a report as a PNG. */
export const drawScene = async (scene: Scene): Promise<Uint8Array> => {
  registerFonts();
  const canvas = createCanvas(scene.width, scene.height);
  const context = canvas.getContext('2d');
  context.fillStyle = scene.ground;
  context.fillRect(0, 0, scene.width, scene.height);
  for (const mark of scene.marks) {
    switch (mark.kind) {
      case 'rect':
        context.fillStyle = mark.colour;
        context.fillRect(mark.x, mark.y, mark.width, mark.height);
        break;
      case 'line':
        drawPath(context, mark);
        break;
      case 'text':
        drawText(context, mark.text, mark.x, mark.y, {
          size: mark.size,
          colour: mark.colour,
          align: mark.align,
          weight: mark.bold === true ? 600 : 400,
        });
        break;
      default:
        assertNever(mark, 'mark');
    }
  }
  // On a thread of the pool, so that a caller may draw the next one meanwhile.
  const png = new Uint8Array(await canvas.encode('png'));
  release(canvas);
  return png;
};
