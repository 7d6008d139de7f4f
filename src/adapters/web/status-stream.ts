import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Milliseconds } from '../../core/units.ts';
import type { StatusView } from '../../ports/operator.ts';

/** The view made once for all readers, at most once per interval, and only while somebody reads. */
export interface StatusFeed {
  readonly routes: Hono;
  close(): void;
}

const MAX_READERS = 100;

export const createStatusFeed = (status: () => StatusView, interval: Milliseconds): StatusFeed => {
  const readers = new Set<(text: string) => void>();
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  let sequence = 0;
  let latest = '';

  const tick = (): void => {
    const text = JSON.stringify(status());
    if (text === latest) return;
    latest = text;
    sequence += 1;
    for (const read of readers) read(text);
  };
  const join = (read: (text: string) => void): (() => void) => {
    readers.add(read);
    timer ??= setInterval(tick, interval);
    return () => {
      readers.delete(read);
      if (readers.size > 0 || timer === null) return;
      clearInterval(timer);
      timer = null;
    };
  };

  const routes = new Hono();
  routes.get('/', (context) => context.json(status()));
  routes.get('/stream', (context) => {
    if (closed || readers.size >= MAX_READERS) return context.text('too many readers\n', 503);
    return streamSSE(context, async (stream) => {
      const over = Promise.withResolvers<undefined>();
      // A slow reader gets the newest view when it is ready, not all it missed.
      let waiting: string | null = JSON.stringify(status());
      let busy = false;
      const pump = async (): Promise<void> => {
        if (busy) return;
        busy = true;
        while (waiting !== null && !stream.aborted) {
          const data = waiting;
          waiting = null;
          await stream.writeSSE({ event: 'status', id: String(sequence), data });
        }
        busy = false;
      };
      const leave = join((text) => {
        waiting = text;
        if (closed) over.resolve(undefined);
        else pump().catch(() => over.resolve(undefined));
      });
      stream.onAbort(() => over.resolve(undefined));
      await pump();
      await over.promise;
      leave();
    });
  });
  return {
    routes,
    close: () => {
      closed = true;
      for (const read of readers) read(latest);
      if (timer !== null) clearInterval(timer);
    },
  };
};
