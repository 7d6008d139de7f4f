import { Hono, type Context } from 'hono';
import { noHead } from './guard.ts';

/** The embedded Bot API server's chat that the page talks in, as one person. */
export interface ChatAccess {
  /** `<server>/person` */
  readonly personUrl: string;
  readonly chatId: number;
  readonly userId: number;
}

const FORWARDED = ['content-type', 'content-length', 'content-disposition'] as const;

const pass = (upstream: Response): Response => {
  const headers = new Headers({ 'cache-control': 'no-store' });
  for (const name of FORWARDED) {
    const value = upstream.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(upstream.body === null ? null : endQuietly(upstream.body), { status: upstream.status, headers });
};

/** A stream that ends when its source breaks off: a closed browser tab is no error. */
const endQuietly = (body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> => {
  const reader = body.getReader();
  return new ReadableStream({
    pull: async (controller) => {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch {
        controller.close();
      }
    },
    cancel: async () => {
      await reader.cancel().catch(() => undefined);
    },
  });
};

const text = (value: unknown, key: string): string | null => {
  const found =
    typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
  return typeof found === 'string' && found.length <= 4096 ? found : null;
};

/**
 * The chat of the demo: one person in one chat, nothing else of that server can
 * be reached through here. `stopping` ends open streams.
 */
export const createChatProxy = (access: ChatAccess, stopping: AbortSignal): Hono => {
  const chat = `${access.personUrl}/chats/${access.chatId}`;
  const post = async (verb: string, body: Readonly<Record<string, unknown>>): Promise<Response> =>
    pass(
      await fetch(`${chat}/${verb}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ userId: access.userId, ...body }),
        signal: stopping,
      }),
    );
  const readBody = async (context: Context): Promise<unknown> => {
    if (!/^application\/json\b/.test(context.req.header('content-type') ?? '')) return null;
    try {
      return JSON.parse(await context.req.text());
    } catch {
      return null;
    }
  };

  const app = new Hono();
  app.get('/', (context) => context.json({ chatId: access.chatId, userId: access.userId }));
  app.get('/messages', async () => pass(await fetch(`${chat}/messages`, { signal: stopping })));
  app.get('/menu', async () => pass(await fetch(`${chat}/menu?user=${access.userId}`, { signal: stopping })));
  app.post('/send', async (context) => {
    const words = text(await readBody(context), 'text');
    return words === null ? context.json({ error: 'text is missing or too long' }, 400) : post('send', { text: words });
  });
  app.post('/press', async (context) => {
    const body = await readBody(context);
    const button = text(body, 'button');
    const messageId =
      typeof body === 'object' && body !== null ? Number((body as { messageId?: unknown }).messageId) : Number.NaN;
    if (button === null || !Number.isSafeInteger(messageId))
      return context.json({ error: 'button or messageId is missing' }, 400);
    return post('press', { button, messageId });
  });
  app.get('/files/:id', noHead, async (context) => {
    const id = context.req.param('id');
    if (!/^[\w-]{1,64}$/.test(id)) return context.json({ error: 'no such file' }, 404);
    return pass(await fetch(`${access.personUrl}/files/${id}`, { signal: stopping }));
  });
  app.get('/events', noHead, async (context) => {
    const last = context.req.header('last-event-id');
    const signal = AbortSignal.any([stopping, context.req.raw.signal]);
    return pass(
      await fetch(`${chat}/events`, { headers: last === undefined ? {} : { 'last-event-id': last }, signal }),
    );
  });
  app.onError((_error, context) => context.json({ error: 'the chat cannot be reached' }, 502));
  return app;
};
