import { startWebServer, WebServerError, type WebServer } from '../adapters/web/server.ts';
import type { Config } from '../adapters/system/config-schema.ts';
import { UserError } from '../adapters/system/user-error.ts';
import type { Log } from '../ports/log.ts';
import type { OperatorService } from '../ports/operator.ts';
import { DEMO_OPERATOR, type TelegramAccess } from './telegram-side.ts';

/** Starts the page and puts its end on the stack. @throws UserError for a port in use or a host that is not loopback */
export const startPage = async (options: {
  readonly config: Config;
  readonly log: Log;
  readonly service: OperatorService;
  readonly access: TelegramAccess | null;
  readonly resources: AsyncDisposableStack;
  readonly healthy: () => boolean;
}): Promise<WebServer> => {
  const { config, log, service, access, resources } = options;
  const server = access?.server ?? null;
  try {
    const page = await startWebServer({
      host: config.dashboard.host,
      port: config.dashboard.port,
      status: () => service.status(),
      health: () => ({ ok: options.healthy(), checks: { progress: options.healthy() } }),
      chat: server === null ? null : { personUrl: server.personUrl, chatId: DEMO_OPERATOR, userId: DEMO_OPERATOR },
      log,
    });
    resources.defer(() => page.close());
    log.info({ page: page.url }, `the page is up: ${page.url}`);
    return page;
  } catch (error) {
    if (error instanceof WebServerError) throw new UserError(error.message);
    throw error;
  }
};
