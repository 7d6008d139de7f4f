import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import type { Dashboard, Health } from '../../ports/dashboard.ts';
import type { Log } from '../../ports/log.ts';
import { createAccess } from './access.ts';
import { loadAssets } from './assets.ts';
import { createBoardRoutes } from './board-routes.ts';
import { createBoardStream, type BoardStream } from './board-stream.ts';
import { createChatProxy, type ChatAccess } from './chat-proxy.ts';
import { allowedHosts, hostGuard, isLoopback, securityHeaders } from './guard.ts';
import { createMarketProxy, type MarketAccess } from './market-proxy.ts';

/** Text for a machine that collects figures. */
export interface MetricsPage {
  readonly contentType: string;
  text(): Promise<string>;
}

export interface WebServerOptions {
  /** DASHBOARD_HOST. Anything but loopback needs a token. */
  readonly host: string;
  /** DASHBOARD_PORT; 0 = any free one. */
  readonly port: number;
  /** DASHBOARD_TOKEN; null = none is asked for. */
  readonly token: string | null;
  /** DASHBOARD_NAMES: further values of Host that are answered, as a reverse proxy sends them. */
  readonly names: readonly string[];
  readonly dashboard: Dashboard;
  readonly health: () => Health;
  /** Null = no /metrics. */
  readonly metrics: MetricsPage | null;
  /** The chat window of the demo; null = none. */
  readonly chat: ChatAccess | null;
  /** Speed, pause and trouble of the simulated market; null = none. */
  readonly market: MarketAccess | null;
  readonly log: Log;
  readonly wallNow?: () => EpochMs;
  /** Between two looks at the board; 1 s when left out. */
  readonly refresh?: Milliseconds;
}

export interface WebServer {
  readonly url: string;
  /** Pages that are open now. */
  readonly readers: number;
  close(): Promise<void>;
}

/** Of what is sent to the page no more is kept, before anybody is known: a message of the chat has 4,096 characters. */
const MOST_BODY = 16 * 1024;

/**
 * Connections at a time, each an open file and some memory. Whoever opens more, with a token or without, keeps others
 * from the page, and not the bot from the exchange.
 */
const MOST_CONNECTIONS = 512;

/** A mistake in the configuration, said in one line. */
export class WebServerError extends Error {}

const listen = async (server: Server, host: string, port: number): Promise<number> => {
  const ready = Promise.withResolvers<undefined>();
  server.once('error', ready.reject);
  server.listen(port, host, () => ready.resolve(undefined));
  try {
    await ready.promise;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE')
      throw new WebServerError(
        `DASHBOARD_PORT: port ${port} on ${host} is in use; set DASHBOARD_PORT to a free one (0 = any)`,
      );
    if (code === 'EACCES')
      throw new WebServerError(
        `DASHBOARD_PORT: no permission to listen on port ${port}; set DASHBOARD_PORT to one above 1023`,
      );
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new WebServerError(`DASHBOARD_HOST: this machine has no address ${host}; use 127.0.0.1 or one that it has`);
    throw error;
  }
  return (server.address() as AddressInfo).port;
};

/**
 * Everything that may be asked for. Read-only by construction: beside the
 * question for the token, only the demo's chat and market take anything but GET,
 * and they exist in the demo alone.
 */
const routesOf = (
  options: WebServerOptions,
  stream: BoardStream,
  hosts: () => ReadonlySet<string>,
  stopping: AbortSignal,
): Hono => {
  const { token, dashboard, metrics, log } = options;
  const assets = loadAssets();
  const app = new Hono();
  app.use(hostGuard(hosts));
  app.use(securityHeaders);
  app.use(
    bodyLimit({
      maxSize: MOST_BODY,
      onError: (context) => context.text('That is too long.\n', 413, { connection: 'close' }),
    }),
  );
  app.onError((error, context) => {
    log.error({ path: context.req.path, why: error.message }, 'page request failed');
    return context.text('That did not work; the log says why.\n', 500);
  });
  app.notFound((context) => context.text('There is nothing here.\n', 404));

  // Whether all is well is no secret; what was looked at is for those who may see the page.
  app.get('/livez', (context) => {
    const { ok } = options.health();
    return context.json({ ok }, ok ? 200 : 503, { 'cache-control': 'no-store' });
  });
  app.route('/', assets.open);
  if (token !== null) {
    const access = createAccess(token, assets.login, options.wallNow ?? Date.now);
    app.route('/login', access.routes);
    app.use(access.guard);
  }
  app.get('/healthz', (context) => {
    const health = options.health();
    return context.json(health, health.ok ? 200 : 503, { 'cache-control': 'no-store' });
  });
  if (metrics !== null)
    app.get('/metrics', async (context) =>
      context.body(await metrics.text(), 200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }),
    );
  app.route('/', assets.routes);
  app.route('/api', createBoardRoutes(dashboard, stream));
  if (options.chat !== null) app.route('/api/chat', createChatProxy(options.chat, stopping));
  if (options.market !== null) app.route('/api/market', createMarketProxy(options.market, stopping));
  return app;
};

/**
 * Starts the page.
 * @throws WebServerError when the port is taken, or for an address that is not loopback without a token
 */
export const startWebServer = async (options: WebServerOptions): Promise<WebServer> => {
  const { host } = options;
  if (!isLoopback(host) && options.token === null) {
    throw new WebServerError(
      `DASHBOARD_HOST: "${host}" is not loopback, which needs DASHBOARD_TOKEN; set one or use 127.0.0.1 (a tunnel reaches it from elsewhere)`,
    );
  }
  const stopping = new AbortController();
  const stream = createBoardStream(options.dashboard, options.refresh ?? SECOND_MS, (error) =>
    options.log.error({ why: error instanceof Error ? error.message : String(error) }, 'the board could not be read'),
  );
  let hosts: ReadonlySet<string> = new Set();
  const app = routesOf(options, stream, () => hosts, stopping.signal);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.maxConnections = MOST_CONNECTIONS;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server, host, options.port);
  hosts = allowedHosts(host, port, options.names);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    get readers() {
      return stream.readers;
    },
    close: async () => {
      stopping.abort();
      stream.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
