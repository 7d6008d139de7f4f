import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { SECOND_MS, type Milliseconds } from '../../core/units.ts';
import type { Log } from '../../ports/log.ts';
import type { StatusView } from '../../ports/operator.ts';
import { createChatProxy, type ChatAccess } from './chat-proxy.ts';
import { allowedHosts, hostGuard, securityHeaders } from './guard.ts';
import { createStatusFeed } from './status-stream.ts';

export interface Health {
  readonly ok: boolean;
  /** What was looked at, for people: engine progress, Guardian progress, ... */
  readonly checks: Readonly<Record<string, unknown>>;
}

export interface WebServerOptions {
  /** DASHBOARD_HOST. Anything but loopback is refused until the page asks for a token. */
  readonly host: string;
  /** DASHBOARD_PORT; 0 = any free one. */
  readonly port: number;
  readonly status: () => StatusView;
  readonly health: () => Health;
  /** The chat window of the demo; null = status only. */
  readonly chat: ChatAccess | null;
  readonly log: Log;
  /** Between two looks at the status; 1 s when left out. */
  readonly refresh?: Milliseconds;
}

export interface WebServer {
  readonly url: string;
  close(): Promise<void>;
}

/** A mistake in the configuration, said in one line. */
export class WebServerError extends Error {}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

const ASSETS = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/page.css', file: 'page.css', type: 'text/css; charset=utf-8' },
  { path: '/chat.css', file: 'chat.css', type: 'text/css; charset=utf-8' },
  { path: '/page.mjs', file: 'page.mjs', type: 'text/javascript; charset=utf-8' },
  { path: '/chat.mjs', file: 'chat.mjs', type: 'text/javascript; charset=utf-8' },
  { path: '/status.mjs', file: 'status.mjs', type: 'text/javascript; charset=utf-8' },
  { path: '/icon.svg', file: 'icon.svg', type: 'image/svg+xml' },
] as const;

const listen = async (server: Server, host: string, port: number): Promise<number> => {
  const ready = Promise.withResolvers<undefined>();
  server.once('error', ready.reject);
  server.listen(port, host, () => ready.resolve(undefined));
  try {
    await ready.promise;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') throw new WebServerError(`DASHBOARD_PORT: port ${port} on ${host} is in use; set DASHBOARD_PORT to a free one (0 = any)`);
    if (code === 'EACCES') throw new WebServerError(`DASHBOARD_PORT: no permission to listen on port ${port}; set DASHBOARD_PORT to one above 1023`);
    throw error;
  }
  return (server.address() as AddressInfo).port;
};

/**
 * The page: status beside, in demo, a chat; read-only but for what a person
 * types into that chat, which goes the way of every Telegram message.
 * @throws WebServerError when the port is taken or the host is not loopback.
 */
export const startWebServer = async (options: WebServerOptions): Promise<WebServer> => {
  if (!LOOPBACK.has(options.host)) {
    throw new WebServerError(`DASHBOARD_HOST: "${options.host}" is not loopback and this page has no password; use 127.0.0.1 (a tunnel reaches it from elsewhere)`);
  }
  const stopping = new AbortController();
  const feed = createStatusFeed(options.status, options.refresh ?? SECOND_MS);
  let hosts: ReadonlySet<string> = new Set();

  const app = new Hono();
  app.use(hostGuard(() => hosts));
  app.use(securityHeaders);
  app.get('/healthz', (context) => {
    const health = options.health();
    return context.json(health, health.ok ? 200 : 503, { 'cache-control': 'no-store' });
  });
  app.route('/api/status', feed.routes);
  if (options.chat !== null) app.route('/api/chat', createChatProxy(options.chat, stopping.signal));
  for (const { path, file, type } of ASSETS) {
    const content = readFileSync(new URL(`page/${file}`, import.meta.url));
    app.get(path, (context) => context.body(content, 200, { 'content-type': type, 'cache-control': 'no-cache' }));
  }
  app.notFound((context) => context.text('There is nothing here.\n', 404));
  app.onError((error, context) => {
    options.log.error({ path: context.req.path, why: error.message }, 'page request failed');
    return context.text('That did not work; the log says why.\n', 500);
  });

  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server, options.host, options.port);
  hosts = allowedHosts(options.host, port, []);
  return {
    url: `http://${options.host === '::1' ? '[::1]' : options.host}:${port}`,
    close: async () => {
      stopping.abort();
      feed.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
