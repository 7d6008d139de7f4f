import { createMetrics } from '../../adapters/metrics/metrics.ts';
import { EXIT_CODES, type ExitCode } from '../../adapters/system/exit-codes.ts';
import { createBot, type Bot } from '../../app/bot.ts';
import type { EngineConfig } from '../../core/engine/config.ts';
import { policiesFor } from '../../core/guardian/state.ts';
import { createFeatureEngine } from '../../core/features/engine.ts';
import type { Model } from '../../ports/model.ts';
import { createCommandSet } from '../../../commands/registry.ts';
import { readReport } from '../audit/report-files.ts';
import { createSilenceableData } from '../control/data-silence.ts';
import { startControl } from '../control/start-control.ts';
import { causeOf } from '../describe-end.ts';
import { engineVersion } from '../engine-version.ts';
import { preparePage } from '../page.ts';
import { readCard } from '../model-card.ts';
import { driftWatchFor, startPeople } from '../people.ts';
import { openTelegramAccess, type TelegramAccess } from '../telegram-side.ts';
import { VERSION } from '../version.ts';
import { holdOnHost } from './account.ts';
import { ORDER_PREFIX, type Base, type Surroundings } from './base.ts';
import { holdsSomething } from './books.ts';
import { startDiskWatch } from './disk-watch.ts';
import { startFileWatch } from './file-watch.ts';
import { bundledModel, openModelOrGuard } from './model.ts';
import { orWithout } from './or-without.ts';
import { startRetention } from './retention.ts';
import { startSupervision } from './supervision.ts';
import { tellEnd } from './tell-end.ts';
import { waitingAlert, watchWaiting, type Tell } from './tell-waiting.ts';

/** What a start that knows its books means for positions. */
const TENDED =
  'Nothing is bought meanwhile. Positions that the books know are looked after, as far as the exchange answers.';

/** Everything is down within this span after SIGTERM (PRODUCT section 10). */
const SHUTDOWN_LIMIT = 10_000;

const engineConfig = (
  { config }: Base,
  { database, takerFee, staleWallGrace }: Surroundings,
  model: Model | null,
): EngineConfig => {
  const terms = model?.description ?? null;
  return {
    mode: config.mode,
    symbols: config.symbols,
    quoteAsset: config.quoteAsset,
    feeAsset: config.feeAsset,
    limits: config.limits,
    ...policiesFor(config.flattenOn),
    takerFee,
    orderPrefix: ORDER_PREFIX,
    instanceId: database.identity.instanceId,
    staleWallGrace,
    model:
      terms === null
        ? null
        : {
            name: terms.name,
            hash: terms.hash,
            schemaHash: terms.schemaHash,
            stop: terms.stop,
            target: terms.target,
            horizonHours: terms.horizonHours,
            margin: terms.margin,
          },
  };
};

/** What is there before anybody can look at the bot. */
const assemble = async (base: Base, surroundings: Surroundings) => {
  const { config, log, wall, resources } = base;
  const { database, state, clock } = surroundings;
  const { model, fault } = await openModelOrGuard(config, holdsSomething(state));
  if (model !== null) resources.defer(() => model.close());
  if (fault !== null) log.error({ why: fault }, 'no model: exits only');
  const engine = engineVersion();
  const failed = Promise.withResolvers<unknown>();
  const metrics = createMetrics(wall);
  resources.defer(() => metrics.close());
  const data = createSilenceableData(surroundings.marketData);
  const card = readCard(bundledModel(config.modelDir), model?.description ?? null);
  if (card.fault !== null) log.warn({ why: card.fault }, "the model's card is left aside: drift is not measured");
  // A write that fails is caught by whoever waits for the telling.
  const tellByOutbox: Tell = async (text, at) => {
    database.outbox.add(waitingAlert(text, at), wall.wallNow());
    return true;
  };
  const drift = driftWatchFor(card, () => bot, {
    symbols: config.symbols.length,
    clock,
    wall,
    outbox: database.outbox,
    memory: database.chatMemory,
  });
  const bot: Bot = createBot({
    state,
    store: metrics.journal(surroundings.journal),
    clock,
    log,
    venue: metrics.venue(surroundings.venue),
    marketData: metrics.marketData(data.marketData),
    features: createFeatureEngine(config.symbols),
    model: model === null ? null : metrics.model(model),
    pacer: surroundings.pacer,
    config: engineConfig(base, surroundings, model),
    engineVersion: engine,
    halts: [
      ...base.configHalts,
      ...surroundings.halts,
      ...(fault === null ? [] : [{ code: 'model', text: fault, clears: 'restart' as const }]),
    ],
    random: Math.random,
    closingMargin: surroundings.closingMargin,
    onPrediction: (features, probability) => drift.push(features, probability),
    onFatal: (error) => failed.resolve(error),
    report: (alert) => database.outbox.add(alert, wall.wallNow()),
    waits: () => watchWaiting(base, config.mode, tellByOutbox, TENDED),
  });
  bot.host.onEffect(metrics.effect);
  return { bot, engine, model, card, drift, data, metrics, failed };
};
type Assembled = Awaited<ReturnType<typeof assemble>>;

/** The chat's token, which no other bot of this host may use meanwhile; null where there is none. */
const openAccess = async (base: Base, surroundings: Surroundings): Promise<TelegramAccess | null> => {
  const access = await openTelegramAccess(base.config, base.wall);
  if (access !== null && access.server === null)
    await orWithout('the lock on the bot token', base, surroundings, () =>
      holdOnHost(base, 'the bot token', access.token),
    );
  return access;
};

/** Chat, page and control socket: each may be missing, and the bot runs all the same. */
const openToPeople = async (
  base: Base,
  surroundings: Surroundings,
  assembled: Assembled,
  access: TelegramAccess | null,
) => {
  const { config, log, wall, resources } = base;
  const { database, state, clock } = surroundings;
  const { bot, engine, model, card, drift, data, metrics } = assembled;
  const people = startPeople({
    config,
    log,
    wall,
    clock,
    bot,
    database,
    version: {
      version: VERSION,
      engineVersion: engine,
      mode: config.mode,
      model: model?.description ?? null,
      node: process.version,
    },
    model: model?.description ?? null,
    card,
    drift,
    access,
    resources,
    readiness: () => readReport(config),
  });
  const page = preparePage({ base, surroundings, bot, people, model, card, access, metrics });
  await orWithout('the page', base, surroundings, page);
  await orWithout('the control socket', base, surroundings, () =>
    startControl({
      config,
      log,
      clock: wall,
      commands: createCommandSet({ service: people.service, tools: people.tools, timeZone: config.timeZone }),
      service: people.service,
      resources,
      drills: {
        state,
        clock: wall,
        run: people.run,
        audits: database.audit,
        silence: config.mode === 'live' ? null : data.silence,
        ready: () => bot.rounds > 0,
        crash: () => process.kill(process.pid, 'SIGKILL'),
      },
    }),
  );
  return people;
};

/** The bot in its surroundings, until it is told to stop. Every mode ends here. */
export const runBot = async (base: Base, surroundings: Surroundings): Promise<ExitCode> => {
  const { log, wall } = base;
  const assembled = await assemble(base, surroundings);
  const { bot, failed } = assembled;
  const access = await openAccess(base, surroundings);
  const supervision = startSupervision(base, bot);
  const people = await openToPeople(base, surroundings, assembled, access);
  startRetention(base, surroundings);
  startFileWatch(base, surroundings, people.run);
  startDiskWatch(base, surroundings);
  const begun = wall.monotonicNow();
  bot.start();
  void bot.finished.then(
    (how) => {
      if (how === 'ended') log.info({}, 'the simulated market has ended; the page and the chat stay up until Ctrl-C');
    },
    () => undefined,
  );

  // A simulator that refuses everything is as much an end as an engine that cannot write: a new start goes on from what
  // is on the disk.
  void surroundings.market?.failed.then(failed.resolve);
  const end = await Promise.race([
    base.stop.then((why) => ({ why, error: null })),
    failed.promise.then((error) => ({ why: null, error })),
  ]);
  limitShutdown(base);
  const told = supervision.stopping();
  if (end.why === null) {
    log.error(causeOf(end.error), 'the bot cannot go on; a new start recovers from the journal');
    await tellEnd(base, end.error, wall.monotonicNow() - begun);
  } else await bot.stop(end.why);
  await told;
  return end.why === null ? EXIT_CODES.failure : EXIT_CODES.done;
};

/** Whatever hangs, the process is gone in time: protective stops rest on the exchange. */
const limitShutdown = ({ log, environment }: Base): void => {
  if (environment['VITEST'] !== undefined) return;
  setTimeout(() => {
    log.error({}, 'the stop took too long; leaving now, protective stops stay on the exchange');
    process.exit(EXIT_CODES.failure);
  }, SHUTDOWN_LIMIT).unref();
};
