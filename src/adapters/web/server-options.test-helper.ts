import type { Log } from '../../ports/log.ts';
import { createFakeDashboard } from './fake-dashboard.test-helper.ts';
import type { WebServerOptions } from './server.ts';

const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The page alone, of a made-up bot, on a free port of loopback and without a token. */
export const plainOptions = (): WebServerOptions => ({
  host: '127.0.0.1',
  port: 0,
  token: null,
  names: [],
  dashboard: createFakeDashboard(),
  health: () => ({ ok: true, checks: [] }),
  metrics: { contentType: 'text/plain', text: () => Promise.resolve('guardian_up 1\n') },
  chat: null,
  market: null,
  log: silentLog,
});
