import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Dashboard, EquityRange } from '../../ports/dashboard.ts';
import { encodeCursor, type BoardStream } from './board-stream.ts';
import { noHead } from './guard.ts';

const RANGES: ReadonlySet<string> = new Set<EquityRange>(['24h', '7d', '30d', 'all']);
/** Rows of the table of commands. */
const COMMANDS = 40;
/** Milliseconds after which a browser whose line broke comes back. */
const RETRY = 1_000;

const wholeNumber = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : null;

/** What the page asks for: reads only, every one a GET. */
export const createBoardRoutes = (dashboard: Dashboard, stream: BoardStream): Hono => {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
  });
  app.get('/board', (context) => {
    const cursor = dashboard.cursor();
    return context.json({
      cursor: encodeCursor(dashboard.instanceId, cursor),
      board: dashboard.board(),
      rows: dashboard.newest(cursor),
      commands: dashboard.commands(COMMANDS),
    });
  });
  app.get('/status', (context) => context.json(dashboard.board().status));
  app.get('/stream', noHead, (context) => {
    const reader = stream.join(context.req.header('last-event-id') ?? context.req.query('after') ?? null);
    if (reader === null) return context.text('too many readers\n', 503, { 'retry-after': '10' });
    return streamSSE(context, async (out) => {
      out.onAbort(() => reader.leave());
      await out.write(`retry: ${RETRY}\n\n`);
      for (let message = await reader.next(); message !== null && !out.aborted; message = await reader.next()) {
        await out.writeSSE({
          event: message.event,
          data: message.data,
          ...(message.id === null ? {} : { id: message.id }),
        });
      }
      reader.leave();
    });
  });
  app.get('/chart', (context) => {
    const chart = dashboard.chart(context.req.query('symbol') ?? '', wholeNumber(context.req.query('hours')) ?? 240);
    return chart === null ? context.json({ error: 'no such symbol' }, 404) : context.json(chart);
  });
  app.get('/equity', (context) => {
    const range = context.req.query('range') ?? 'all';
    return RANGES.has(range)
      ? context.json(dashboard.equity(range as EquityRange))
      : context.json({ error: `range is one of ${[...RANGES].join(', ')}` }, 400);
  });
  app.get('/decision', async (context) => {
    const openTime = wholeNumber(context.req.query('at'));
    const found = openTime === null ? null : await dashboard.decision(context.req.query('symbol') ?? '', openTime);
    return found === null ? context.json({ error: 'no such decision' }, 404) : context.json(found);
  });
  app.get('/commands', (context) => context.json(dashboard.commands(COMMANDS)));
  return app;
};
