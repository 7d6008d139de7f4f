import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { Database } from '../adapters/sqlite/database.ts';
import { createPictureRenderer } from '../adapters/pictures/renderer.ts';
import type { Config } from '../adapters/system/config-schema.ts';
import { freeBytes } from '../adapters/system/disk-space.ts';
import { createSchedule } from '../adapters/system/schedule.ts';
import { createWebhook } from '../adapters/system/web-calls.ts';
import type { Bot } from '../app/bot.ts';
import { createDailyReports, type DailyReports } from '../app/operator/daily-reports.ts';
import { createDriftWatch, type DriftWatch } from '../app/operator/drift-watch.ts';
import type { LogTail } from '../app/operator/log-tail.ts';
import { createOperatorSide, type OperatorSide } from '../app/operator/operator-service.ts';
import { createOperatorTools } from '../app/operator/operator-tools.ts';
import { createAlertSettings, type AlertSettings } from '../app/outbox/alert-settings.ts';
import type { OutboxRunner } from '../app/outbox/outbox-runner.ts';
import { LEAST_FREE } from '../audit/checks/deployment-security.ts';
import { buildDailyReport } from '../../commands/support/daily-report.ts';
import { unsettled } from '../app/executor.ts';
import { counted, sizeText, utcMinute } from '../core/words.ts';
import type { ChatMemory } from '../ports/chat.ts';
import type { Clock } from '../ports/clock.ts';
import type { ModelDescription } from '../ports/model.ts';
import type { OperatorService, VersionView } from '../ports/operator.ts';
import type { OutboxStore } from '../ports/outbox.ts';
import type { HealthCheckView, OperatorTools, ReadinessView } from '../ports/operator-tools.ts';
import { backupPath, oneAtATime } from './backups.ts';
import type { CardFacts } from './model-card.ts';
import { createTelegramSide, type TelegramAccess } from './telegram-side.ts';
import { backupOnThread } from './threads/chores.ts';
import { lookUpSideName } from './names.ts';

/** Wall milliseconds that the outbox may take to empty itself at a stop. */
const OUTBOX_DRAIN = 1_500;

export interface PeopleOptions {
  readonly config: Config;
  readonly log: LogTail;
  readonly wall: Clock;
  readonly clock: Clock;
  readonly bot: Bot;
  readonly database: Database;
  readonly version: VersionView;
  readonly model: ModelDescription | null;
  readonly card: CardFacts;
  readonly drift: DriftWatch;
  readonly access: TelegramAccess | null;
  readonly resources: AsyncDisposableStack;
  /** The newest readiness audit; null = never run. */
  readonly readiness: () => ReadinessView | null;
}

export interface People {
  readonly service: OperatorService;
  readonly tools: OperatorTools;
  /** Hands a command to the engine. */
  readonly run: OperatorSide['run'];
}

/** A drift watch for a bot that is made after it. */
export const driftWatchFor = (
  card: CardFacts,
  bot: () => Bot,
  options: {
    readonly symbols: number;
    readonly clock: Clock;
    readonly wall: Clock;
    readonly outbox: OutboxStore;
    readonly memory: ChatMemory;
  },
): DriftWatch =>
  createDriftWatch({
    reference: card.reference,
    symbols: options.symbols,
    memory: options.memory,
    host: () => bot().host,
    tell: (alert) => options.outbox.add(alert, options.wall.wallNow()),
    now: () => options.clock.marketNow(),
  });

const roomBeside = (databasePath: string): HealthCheckView => {
  try {
    const free = freeBytes(dirname(databasePath));
    return { name: 'disk', ok: free >= LEAST_FREE, detail: `${sizeText(free)} free` };
  } catch {
    return { name: 'disk', ok: null, detail: 'not known' };
  }
};

const rulesOf = ({ rulesUnreadSince: since }: Bot): HealthCheckView => ({
  name: 'market rules',
  ok: since === null,
  detail: since === null ? 'as read' : `not read since ${utcMinute(since)} UTC`,
});

/** Facts of health that the engine does not know. */
const outsideHealth = (options: PeopleOptions, outbox: () => OutboxRunner | null): readonly HealthCheckView[] => {
  return [
    outbox()?.health() ?? { name: 'alerts', ok: null, detail: 'no Telegram' },
    { name: 'loop', ok: options.bot.rounds > 0, detail: `${counted(options.bot.rounds, 'look')} at the market` },
    rulesOf(options.bot),
    { name: 'database', ok: true, detail: `${(options.database.sizeBytes() / 1e6).toFixed(1)} MB` },
    roomBeside(options.config.databasePath),
  ];
};

/** The operator's side: service and tools, Telegram with its outbox, the daily report. Starts what it makes. */
export const startPeople = (options: PeopleOptions): People => {
  const { config, log, wall, clock, bot, database, resources } = options;
  const { service, run, now } = createOperatorSide({
    host: bot.host,
    records: database.records,
    audits: database.audit,
    clock,
    version: options.version,
    newId: randomUUID,
    memory: database.chatMemory,
  });
  const settings = createAlertSettings(database.chatMemory, () => wall.wallNow());
  let outbox: OutboxRunner | null = null;
  const ending = new AbortController();
  resources.defer(() => ending.abort());
  const tools = createOperatorTools({
    state: bot.host.state,
    records: database.records,
    feed: bot.feed,
    now,
    model: options.model,
    // Candles that are made up have dates that are made up.
    trainedThrough: options.model?.purpose === 'demo' ? null : options.card.trainedThrough,
    drift: options.drift,
    settings,
    tell: (alert) => {
      database.outbox.add(alert, wall.wallNow());
      outbox?.wake();
    },
    logs: (count) => log.newest(count),
    readiness: options.readiness,
    outside: () => outsideHealth(options, () => outbox),
    run,
    reconcile: () => bot.reconcile(),
    evidence: (reference) => bot.evidence(reference),
    forget: (id) => bot.executor.forget(id),
    cancelEntry: ({ draft }, by) =>
      bot.executor.cancel({
        type: 'cancel',
        symbol: draft.symbol,
        clientOrderId: draft.clientOrderId,
        reason: `cancelled by ${by}`,
      }),
    backup: oneAtATime(async () => {
      const wallNow = wall.wallNow();
      try {
        return (
          await backupOnThread(
            { path: config.databasePath, target: backupPath(config, wallNow), now: wallNow },
            ending.signal,
          )
        ).path;
      } catch (error) {
        log.error({ error }, 'a backup could not be made');
        throw error;
      }
    }),
  });
  outbox = startTelegram(options, service, tools, settings);
  startReports(options, service, tools, () => outbox?.wake());
  // A send that was under way must not be forgotten by whoever looks at the log after a stop.
  resources.defer(() => {
    const open = unsettled(bot.host.state.orders);
    if (open.length > 0)
      log.info({ orders: open.map((record) => record.draft.clientOrderId) }, 'orders left on the exchange');
  });
  return { service, tools, run };
};

const startTelegram = (
  options: PeopleOptions,
  service: OperatorService,
  tools: OperatorTools,
  settings: AlertSettings,
): OutboxRunner | null => {
  const { config, log, wall, bot, database, access, resources } = options;
  const isLocked = (): boolean => bot.host.state.guardian.locks['operators-unreachable'] !== undefined;
  if (access === null) {
    log.warn({}, 'no TELEGRAM_BOT_TOKEN: nobody is told of anything');
    if (isLocked())
      log.warn(
        {},
        'an earlier run could reach nobody and stopped entries; without a token no alert can end that: guardian ctl unlock does',
      );
    return null;
  }
  const { server } = access;
  if (server !== null) resources.defer(() => server.close());
  const pictures = createPictureRenderer();
  resources.defer(() => pictures.close());
  const { alertWebhookUrl } = config.secrets;
  let unreachable: string | null = null;
  const tellReach = (): void => {
    // New books take nothing before their first start, which may wait for the exchange as long as for Telegram.
    if (bot.host.state.config !== null) bot.host.apply({ type: 'reach', unreachable });
  };
  const side = createTelegramSide({
    config,
    access,
    service,
    tools,
    settings,
    outboxStore: database.outbox,
    memory: database.chatMemory,
    pictures,
    clock: wall,
    log,
    hook: alertWebhookUrl === null ? null : createWebhook(alertWebhookUrl, lookUpSideName),
    silentBefore: isLocked(),
    onSilence: (silent) => {
      log.warn({ silent }, silent ? 'nobody can be reached' : 'operators can be reached again');
      // Of a run that stopped entries, another one that would not has to let them go on all the same.
      if (!config.telegram.stopEntriesWhenSilent && (silent || !isLocked())) return;
      unreachable = silent ? `no alert has got through for ${config.telegram.silenceSeconds} s` : null;
      tellReach();
    },
  });
  bot.host.onEffect((effect) => {
    if (effect.type === 'alert') side.outbox.wake();
  });
  bot.ready
    .then(() => unreachable !== null && tellReach())
    .catch((error: unknown) => log.error({ error }, 'the engine does not know that nobody can be reached'));
  side.bot.start();
  side.outbox.start();
  resources.defer(async () => {
    await side.outbox.stop(OUTBOX_DRAIN);
    await side.bot.stop();
  });
  return side.outbox;
};

/** Wall milliseconds between two looks at the day of a simulated market. */
const REPORT_LOOK = 250;

/** A day of the simulated market passes in a minute or less: no watch on the wall knows its hours. */
const watchMarketDays = async (reports: DailyReports, wall: Clock, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    reports.catchUp();
    await wall.sleep(REPORT_LOOK, signal);
  }
};

/** The daily report, in the operator's zone. */
const startReports = (
  options: PeopleOptions,
  service: OperatorService,
  tools: OperatorTools,
  wake: () => void,
): void => {
  const { config, log, wall, clock, bot, database, resources } = options;
  const reports = createDailyReports({
    memory: database.chatMemory,
    now: () => clock.marketNow(),
    timeZone: config.timeZone,
    time: config.dailyReportAt,
    report: (day) => {
      database.outbox.add(buildDailyReport(day, service, config.timeZone, tools), wall.wallNow());
      wake();
    },
  });
  const watching = new AbortController();
  resources.defer(() => watching.abort());
  // Before the start-up is complete there is nothing to report.
  const watched = bot.ready.then(() =>
    config.mode === 'demo' ? watchMarketDays(reports, wall, watching.signal) : reports.catchUp(),
  );
  watched.catch((error: unknown) => log.warn({ error }, 'no look at missed reports'));
  if (config.mode === 'demo') return;
  const schedule = createSchedule({
    timeZone: config.timeZone,
    onError: (job, error) => log.error({ job, error }, 'a scheduled job failed'),
    onMissed: (job, at) => {
      log.warn({ job, at }, 'a scheduled job was missed; it is caught up');
      reports.catchUp();
    },
  });
  schedule.daily('daily report', config.dailyReportAt, (plannedAt) => reports.send(plannedAt));
  resources.defer(() => schedule.stop());
};
