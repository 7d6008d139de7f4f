import { parentPort } from 'node:worker_threads';
import { assertNever } from '../../core/units.ts';
import type { PictureSpec } from '../../ports/chat.ts';
import { drawCandles } from './draw-candles.ts';
import { drawEquity } from './draw-equity.ts';

/** Draws on a thread of its own: 50 to 100 ms that the engine's thread never sees. */
export interface DrawRequest {
  readonly id: number;
  readonly spec: PictureSpec;
}

export type DrawAnswer =
  | { readonly id: number; readonly png: Uint8Array }
  | { readonly id: number; readonly why: string };

const draw = (spec: PictureSpec): Buffer => {
  switch (spec.kind) {
    case 'equity':
      return drawEquity(spec);
    case 'candles':
      return drawCandles(spec);
    default:
      return assertNever(spec, 'picture');
  }
};

parentPort?.on('message', ({ id, spec }: DrawRequest) => {
  let answer: DrawAnswer;
  try {
    answer = { id, png: new Uint8Array(draw(spec)) };
  } catch (error) {
    answer = { id, why: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
});
