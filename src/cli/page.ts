import type { Metrics } from '../adapters/metrics/metrics.ts';
import { startWebServer, WebServerError, type WebServer } from '../adapters/web/server.ts';
import { UserError } from '../adapters/system/user-error.ts';
import type { Bot } from '../app/bot.ts';
import { createDashboard } from '../app/dashboard/dashboard.ts';
import { createFeatureExplainer } from '../app/dashboard/explain-features.ts';
import { createHealth } from '../app/dashboard/health.ts';
import type { Dashboard, Health } from '../ports/dashboard.ts';
import type { Model } from '../ports/model.ts';
import type { CardFacts } from './model-card.ts';
import type { People } from './people.ts';
import { DEMO_OPERATOR, type TelegramAccess } from './telegram-side.ts';
import type { Base, Surroundings } from './compose/base.ts';

export interface PageOptions {
  readonly base: Base;
  readonly surroundings: Surroundings;
  readonly bot: Bot;
  readonly people: People;
  readonly model: Model | null;
  readonly card: CardFacts;
  readonly access: TelegramAccess | null;
  readonly metrics: Metrics;
}

/** Between two looks at the board: a demo hour may be shorter than a second. */
const REFRESH = { demo: 400, real: 1_000 } as const;
const HEALTH_LOOK = 5_000;

const healthOf = ({ base, surroundings, bot, people }: PageOptions) => {
  const moments = { ready: false, ended: false };
  void bot.ready.then(
    () => (moments.ready = true),
    () => undefined,
  );
  void bot.finished.then(
    (how) => (moments.ended = how === 'ended'),
    () => undefined,
  );
  return createHealth({
    host: bot.host,
    clock: base.wall,
    progress: () => ({ rounds: bot.rounds, inputs: bot.host.progress }),
    ready: () => moments.ready,
    ended: () => moments.ended,
    facts: () =>
      surroundings.state.config === null ? [] : people.tools.health().filter(({ name }) => name !== 'loop'),
  });
};

/**
 * What opens the page, again after a refusal, too; its end is then on the stack.
 * @throws UserError, from the opening, for a port in use, or another address than loopback without a token
 */
export const preparePage = (options: PageOptions): (() => Promise<WebServer>) => {
  const { log, resources } = options.base;
  const { surroundings, bot, people } = options;
  const { database } = surroundings;
  const health = healthOf(options);
  // Progress is followed whether or not anybody asks.
  const looking = setInterval(() => {
    try {
      health();
    } catch (error) {
      log.error({ why: error instanceof Error ? error.message : String(error) }, 'health could not be looked at');
    }
  }, HEALTH_LOOK);
  resources.defer(() => clearInterval(looking));
  const dashboard = createDashboard({
    host: bot.host,
    service: people.service,
    tools: people.tools,
    records: database.board,
    audits: database.audit,
    recent: (symbol, count) => bot.feed.recent(symbol, count),
    explainer: createFeatureExplainer(options.model, options.card.reference),
    health,
    outboxDepth: () => database.outbox.pendingCount(),
    instanceId: database.identity.instanceId,
  });
  return () => openPage(options, dashboard, health);
};

const openPage = async (
  { base, surroundings, bot, people, access, metrics, model }: PageOptions,
  dashboard: Dashboard,
  health: () => Health,
): Promise<WebServer> => {
  const { config, log, wall, resources } = base;
  const { market, database } = surroundings;
  const server = access?.server ?? null;
  try {
    const page = await startWebServer({
      host: config.dashboard.host,
      port: config.dashboard.port,
      token: config.secrets.dashboardToken,
      names: config.dashboard.names,
      dashboard,
      health,
      metrics,
      chat: server === null ? null : { personUrl: server.personUrl, chatId: DEMO_OPERATOR, userId: DEMO_OPERATOR },
      market: market === undefined ? null : { ...market, symbols: config.symbols },
      log,
      wallNow: () => wall.wallNow(),
      refresh: config.mode === 'demo' ? REFRESH.demo : REFRESH.real,
    });
    resources.defer(() => page.close());
    const { service } = people;
    const { version, engineVersion, mode } = service.version();
    metrics.watch({
      state: bot.host.state,
      clock: surroundings.clock,
      status: () => service.status(),
      risk: () => service.risk(),
      balance: () => service.balance(),
      health,
      outboxDepth: () => database.outbox.pendingCount(),
      journalEntries: () => database.journal.lastSequence(),
      databaseBytes: () => database.sizeBytes(),
      readers: () => page.readers,
      version: { version, engine: engineVersion, mode },
      model: model?.description ?? null,
    });
    log.info({ page: page.url }, `the page is up: ${page.url}`);
    return page;
  } catch (error) {
    if (error instanceof WebServerError) throw new UserError(error.message);
    throw error;
  }
};
