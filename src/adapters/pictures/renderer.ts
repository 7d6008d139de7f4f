import { Worker } from 'node:worker_threads';
import { SECOND_MS, type Milliseconds } from '../../core/units.ts';
import type { PictureRenderer, PictureSpec } from '../../ports/chat.ts';
import type { DrawAnswer, DrawRequest } from './picture.worker.ts';

export interface ClosablePictureRenderer extends PictureRenderer {
  close(): Promise<void>;
}

export interface PictureRendererOptions {
  /** A picture that takes longer is given up, and its thread with it; 15 s when left out. */
  readonly timeout?: Milliseconds;
}

interface Waiting {
  readonly resolve: (png: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const DEFAULT_TIMEOUT: Milliseconds = 15 * SECOND_MS;
const MAX_WAITING = 10;

/**
 * Draws pictures on one worker thread, started with the first picture and
 * replaced when it dies or hangs. Never keeps the process alive.
 */
export const createPictureRenderer = (options: PictureRendererOptions = {}): ClosablePictureRenderer => {
  const timeout = options.timeout ?? DEFAULT_TIMEOUT;
  const waiting = new Map<number, Waiting>();
  let worker: Worker | null = null;
  let nextId = 1;

  const settle = (id: number): Waiting | undefined => {
    const entry = waiting.get(id);
    waiting.delete(id);
    if (entry !== undefined) clearTimeout(entry.timer);
    if (waiting.size === 0) worker?.unref();
    return entry;
  };
  const giveUp = (why: string): void => {
    const dead = worker;
    worker = null;
    for (const id of waiting.keys()) settle(id)?.reject(new Error(why));
    dead?.terminate().catch(() => undefined);
  };
  const open = (): Worker => {
    const created = new Worker(new URL('picture.worker.ts', import.meta.url));
    created.on('message', (answer: DrawAnswer) => {
      const entry = settle(answer.id);
      if ('png' in answer) entry?.resolve(answer.png);
      else entry?.reject(new Error(answer.why));
    });
    created.on('error', (error: unknown) => {
      if (worker === created) giveUp(error instanceof Error ? error.message : String(error));
    });
    created.on('exit', () => {
      if (worker === created) giveUp('the drawing thread ended');
    });
    return created;
  };

  return {
    render: async (spec: PictureSpec) => {
      if (waiting.size >= MAX_WAITING) throw new Error('too many pictures wait to be drawn');
      worker ??= open();
      const active = worker;
      active.ref();
      const id = nextId;
      nextId += 1;
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
      const timer = setTimeout(() => giveUp(`a picture took longer than ${timeout} ms`), timeout);
      waiting.set(id, { resolve, reject, timer });
      active.postMessage({ id, spec } satisfies DrawRequest);
      return promise;
    },
    close: async () => {
      const last = worker;
      giveUp('the renderer was closed');
      await last?.terminate();
    },
  };
};
