import type { FeatureEngine } from '../core/features/engine.ts';
import type { Alert } from '../core/engine/alert.ts';
import type { EngineConfig } from '../core/engine/config.ts';
import type { Effect } from '../core/engine/effect.ts';
import type { StartedInput } from '../core/engine/input.ts';
import { protectsPosition, type EngineState } from '../core/engine/state.ts';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { MarketData } from '../ports/market-data.ts';
import type { Model } from '../ports/model.ts';
import type { Pacer } from '../ports/pacer.ts';
import type { JournalStore } from '../ports/store.ts';
import type { Venue } from '../ports/venue.ts';
import { createDeadlines } from './deadlines.ts';
import { createEngineHost, type EngineHost } from './engine-host.ts';
import { createExchangeWatch, type ExchangeWatch } from './exchange-watch.ts';
import { createExecutor, unsettled, type Executor } from './executor.ts';
import { createInstrumentWatch, instrumentText } from './instrument-watch.ts';
import { createMarketFeed, type MarketFeed } from './market-feed.ts';

/** Wall time between tries of a start-up step that the exchange does not answer. */
const START_RETRY: Milliseconds = 5 * SECOND_MS;
/** Orders under way get this long when the bot stops (PRODUCT section 10). */
export const DRAIN_LIMIT: Milliseconds = 8 * SECOND_MS;

/** Told of a start that waits: what it has asked for in vain, and that it goes on. */
export interface StartWaits {
  failed(why: string): void;
  over(): void;
}

export interface BotOptions {
  /** State recovered from the store. */
  readonly state: EngineState;
  readonly store: JournalStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly venue: Venue;
  readonly marketData: MarketData;
  readonly features: FeatureEngine;
  readonly model: Model | null;
  readonly pacer: Pacer;
  readonly config: EngineConfig;
  readonly engineVersion: string;
  /** Reasons to start halted. */
  readonly halts: StartedInput['halts'];
  /** In [0, 1), for the jitter of retries. */
  readonly random: () => number;
  readonly onFatal: (error: unknown) => void;
  /** See MarketFeedOptions. */
  readonly closingMargin?: Milliseconds;
  readonly onPrediction?: (features: Float32Array, probability: number) => void;
  /** Told of what operators have to hear and the engine does not know. */
  readonly report?: (alert: Alert) => void;
  /** Begins to follow a step of the start. */
  readonly waits?: () => StartWaits;
}

export interface Bot {
  readonly host: EngineHost;
  readonly executor: Executor;
  readonly feed: MarketFeed;
  /** Reads the account twice, now: a difference counts when two readings show it. */
  reconcile(): Promise<void>;
  /** See ExchangeWatch. */
  readonly evidence: ExchangeWatch['evidence'];
  /** Begins: start-up, then the loop. */
  start(): void;
  /** Resolves when the start-up is complete: recovered, reconciled, warm. */
  readonly ready: Promise<void>;
  /** Resolves when the loop has ended: stopped, or the market's data are over. */
  readonly finished: Promise<'stopped' | 'ended'>;
  /** See InstrumentWatch. */
  readonly rulesUnreadSince: EpochMs | null;
  /** Number of completed looks at the market: proof of progress for the watchdog. */
  readonly rounds: number;
  /** Ends the loop, drains orders under way, leaves protective stops on the exchange. */
  stop(reason: string): Promise<void>;
}

/** The trading loop: starts, looks at the market each time the pacer says so, and stops cleanly. */
export const createBot = (options: BotOptions): Bot => {
  const { state, store, clock, log, venue, marketData, features, model, pacer, config } = options;
  const stopping = new AbortController();
  const host = createEngineHost({ state, store, clock, onFatal: options.onFatal });
  const executor = createExecutor({
    venue,
    clock,
    log,
    random: options.random,
    report: (reference, outcome) => host.apply({ type: 'order-report', ...reference, outcome }),
    cancelFailed: (reference, error) =>
      host.apply({ type: 'cancel-failed', ...reference, code: error.code, message: error.message }),
    placedAt: (clientOrderId) => host.state.orders[clientOrderId]?.createdWall ?? null,
    protects: (clientOrderId) => protectsPosition(host.state, clientOrderId),
  });
  host.onEffect((effect: Effect) => {
    if (effect.type === 'place') executor.place(effect.order);
    else if (effect.type === 'cancel') executor.cancel(effect);
  });
  const watch = createExchangeWatch({ host, venue, executor, clock, log });
  const feed = createMarketFeed({
    host,
    marketData,
    features,
    model,
    clock,
    log,
    symbols: config.symbols,
    closingMargin: options.closingMargin ?? 0,
    ...(options.onPrediction === undefined ? {} : { onPrediction: options.onPrediction }),
  });
  const instruments = createInstrumentWatch({
    host,
    marketData,
    clock,
    log,
    symbols: config.symbols,
    report: options.report ?? (() => undefined),
  });
  const { during, between, settle, drain } = createDeadlines(host, executor, clock);
  let rounds = 0;

  /** Repeats a step until it works or the bot is stopped. */
  const insist = async (what: string, attempt: () => Promise<boolean>): Promise<void> => {
    const waits = options.waits?.();
    while (!stopping.signal.aborted && !(await during(attempt))) {
      log.warn({ what }, 'start-up waits for the exchange');
      waits?.failed(`The start needs its ${what}, and gets no answer.`);
      await clock.sleep(START_RETRY, stopping.signal);
      // Positions are looked after from the first moment, whatever else is missing.
      if (state.config === null || stopping.signal.aborted) continue;
      await during(watch.orders);
      await during(feed.prices);
    }
    if (!stopping.signal.aborted) waits?.over();
  };

  const startUp = async (): Promise<void> => {
    await insist('instruments', async () => {
      const read = await marketData.instruments(config.symbols);
      if (!read.ok) {
        log.warn({ code: read.error.code, why: read.error.message }, 'instruments could not be read');
        if (read.error.kind === 'refused' || read.error.kind === 'unlisted') throw new Error(read.error.message);
        return false;
      }
      host.apply({
        type: 'started',
        engineVersion: options.engineVersion,
        config,
        instruments: read.value.map(instrumentText),
        halts: options.halts,
      });
      return true;
    });
    if (stopping.signal.aborted) return;
    for (const record of unsettled(state.orders)) executor.resolve(record.draft);
    await during(watch.skew);
    await insist('history', () => feed.warmUp());
    await settle();
    // Twice: the first reading opens the books or finds a difference, the second confirms it.
    // One order that cannot be looked up holds up entries, not the start.
    const account = async (): Promise<boolean> => (await watch.account(true)) || watch.hindered;
    await insist('account', account);
    await during(() => watch.apart(stopping.signal));
    await insist('account', account);
  };

  /** In most rounds nothing is under way, and nothing is waited for. */
  const round = async (): Promise<void> => {
    await during(watch.orders);
    if (!executor.idle) await settle();
    // Before prices and candles: by how far our clock is ahead it is known which hours are over.
    await during(watch.skew);
    await during(feed.poll);
    if (!executor.idle) await settle();
    await during(() => watch.account());
    await during(instruments.look);
    rounds += 1;
  };

  const run = async (): Promise<'stopped' | 'ended'> => {
    await startUp();
    ready.resolve();
    while (!stopping.signal.aborted) {
      await round();
      // Until the next look a deadline would be missed by as much, and what was refused by old filters be refused again
      // by them.
      if ((await between(() => pacer.next(stopping.signal), instruments.look)) === 'ended') return 'ended';
    }
    return 'stopped';
  };

  const ready = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<'stopped' | 'ended'>();
  let begun = false;
  const begin = async (): Promise<void> => {
    try {
      finished.resolve(await run());
    } catch (error) {
      options.onFatal(error);
      finished.reject(error);
    }
  };
  finished.promise.catch(() => undefined);
  return {
    host,
    executor,
    feed,
    reconcile: async () => {
      for (let reading = 0; reading < 2; reading += 1) {
        await watch.apart(stopping.signal);
        await watch.account(true);
      }
    },
    evidence: watch.evidence,
    ready: ready.promise,
    finished: finished.promise,
    start: () => {
      if (begun) return;
      begun = true;
      void begin();
    },
    get rulesUnreadSince() {
      return instruments.unreadSince;
    },
    get rounds() {
      return rounds;
    },
    stop: async (reason) => {
      if (stopping.signal.aborted) return;
      log.info({ reason }, 'stopping');
      executor.close();
      stopping.abort();
      // One limit for the loop and the orders together: at ten seconds the process is ended by force.
      const over = clock.monotonicNow() + DRAIN_LIMIT;
      if (begun) await Promise.race([finished.promise.catch(() => 'stopped'), clock.sleep(DRAIN_LIMIT)]);
      await drain(over);
      if (state.config !== null) host.apply({ type: 'stopping', reason });
    },
  };
};
