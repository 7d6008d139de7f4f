import type { FeatureEngine } from '../core/features/engine.ts';
import type { EngineConfig } from '../core/engine/config.ts';
import type { Effect } from '../core/engine/effect.ts';
import type { StartedInput } from '../core/engine/input.ts';
import { protectsPosition, type EngineState } from '../core/engine/state.ts';
import { MAX_UNPROTECTED } from '../core/engine/lifecycle.ts';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { MarketData } from '../ports/market-data.ts';
import type { Model } from '../ports/model.ts';
import type { Pacer } from '../ports/pacer.ts';
import type { JournalStore } from '../ports/store.ts';
import type { Venue } from '../ports/venue.ts';
import { createEngineHost, type EngineHost } from './engine-host.ts';
import { createExchangeWatch, type ExchangeWatch } from './exchange-watch.ts';
import { createExecutor, unsettled, type Executor } from './executor.ts';
import { createInstrumentWatch, instrumentText } from './instrument-watch.ts';
import { createMarketFeed, type MarketFeed } from './market-feed.ts';

/** Wall time the loop waits for orders under way before it looks at the market again all the same. */
const SETTLE_LIMIT: Milliseconds = 3 * SECOND_MS;
/** Wall time between two looks of the engine at its deadlines while the loop waits. */
const DEADLINE_LOOK: Milliseconds = SECOND_MS;
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
  /** Number of completed looks at the market: proof of progress for the watchdog. */
  readonly rounds: number;
  /** Ends the loop, drains orders under way, leaves protective stops on the exchange. */
  stop(reason: string): Promise<void>;
}

const NOTHING_ASKED = (): void => undefined;

/**
 * Whether a position waits for a deadline of the engine: it has no stop in place, or one that should have been filled.
 * In a market that is not listed none runs. `vain`: orders that are not waited for, and so neither are the positions
 * that hang on them.
 */
const deadlineRuns = ({ config, symbolList }: EngineState, vain: readonly string[] = []): boolean =>
  config !== null &&
  symbolList.some(({ managed, unlisted }) => {
    if (managed === null || unlisted || (managed.phase === 'protected' && managed.triggeredSince === null))
      return false;
    return (
      vain.length === 0 ||
      ![managed.entryOrderId, managed.stopOrderId, managed.exitOrderId].some((id) => id !== null && vain.includes(id))
    );
  });

/**
 * Whether one of those deadlines comes soon, or has just been reached: of an exchange that fails for longer the steady
 * looks are enough. `wall`: the engine's.
 */
const deadlineNears = ({ symbolList }: EngineState, wall: EpochMs): boolean =>
  symbolList.some(
    ({ managed, unlisted }) =>
      managed !== null &&
      !unlisted &&
      [managed.unprotectedSince, managed.triggeredSince].some(
        (since) => since !== null && wall - since <= MAX_UNPROTECTED + SETTLE_LIMIT,
      ),
  );

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
  const instruments = createInstrumentWatch({ host, marketData, clock, log, symbols: config.symbols });
  let rounds = 0;

  /** While a question is open: begins to look at deadlines, unless that has begun. */
  let attend = NOTHING_ASKED;
  host.onEffect(({ type }) => {
    if (type === 'place' || type === 'cancel' || type === 'order') attend();
  });
  const deadlinesRun = (): boolean => !executor.idle || deadlineRuns(state);
  const deadlineComes = (): boolean => deadlineNears(state, clock.wallNow() + state.wallShift);

  /**
   * A question to the exchange that may take its time, or the wait for the next look. While a position is without its
   * stop, or an order is under way, the engine looks at its deadlines meanwhile: each question may last ten seconds,
   * and a look at the market asks many. `wanted` says whether there is one to look at; `meanwhile` is begun ahead of
   * each look, and not waited for.
   */
  const ask = async <T>(
    question: () => Promise<T>,
    wanted = deadlinesRun,
    meanwhile?: () => Promise<unknown>,
  ): Promise<T> => {
    const answered = new AbortController();
    const failure = Promise.withResolvers<never>();
    const begin = (): void => {
      attend = NOTHING_ASKED;
      look().catch(failure.reject);
    };
    const look = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(DEADLINE_LOOK, answered.signal);
        if (answered.signal.aborted) return;
        // The wait may be long: a person may have halted a simulated market.
        if (!wanted()) break;
        meanwhile?.().catch(failure.reject);
        host.apply({ type: 'timer' });
      }
      attend = begin;
    };
    attend = begin;
    if (wanted()) attend();
    try {
      return await Promise.race([question(), failure.promise]);
    } finally {
      attend = NOTHING_ASKED;
      answered.abort('answered');
    }
  };

  /** Repeats a step until it works or the bot is stopped. */
  const insist = async (what: string, attempt: () => Promise<boolean>): Promise<void> => {
    const waits = options.waits?.();
    while (!stopping.signal.aborted && !(await ask(attempt))) {
      log.warn({ what }, 'start-up waits for the exchange');
      waits?.failed(`The start needs its ${what}, and gets no answer.`);
      await clock.sleep(START_RETRY, stopping.signal);
      // Positions are looked after from the first moment, whatever else is missing.
      if (state.config === null || stopping.signal.aborted) continue;
      await ask(watch.orders);
      await ask(feed.prices);
    }
    if (!stopping.signal.aborted) waits?.over();
  };

  /** Waits for orders under way; deadlines go on meanwhile. */
  const settle = async (): Promise<void> => {
    const until = clock.monotonicNow() + SETTLE_LIMIT;
    while (!(await executor.settled(DEADLINE_LOOK)) && clock.monotonicNow() < until) host.apply({ type: 'timer' });
  };

  /**
   * The same at the end: a stop that waits to be sent again has no order under way, and must not be left undone.
   * @param over monotonic time of the end
   */
  const drain = async (over: Milliseconds): Promise<void> => {
    for (let left = over - clock.monotonicNow(); left > 0; left = over - clock.monotonicNow()) {
      const span = Math.min(left, DEADLINE_LOOK);
      if (await executor.settled(span)) {
        if (!deadlineRuns(state, executor.stuck)) return;
        await clock.sleep(span);
      }
      if (state.config !== null) host.apply({ type: 'timer' });
    }
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
    await ask(watch.skew);
    await insist('history', () => feed.warmUp());
    await settle();
    // Twice: the first reading opens the books or finds a difference, the second confirms it.
    // One order that cannot be looked up holds up entries, not the start.
    const account = async (): Promise<boolean> => (await watch.account(true)) || watch.hindered;
    await insist('account', account);
    await ask(() => watch.apart(stopping.signal));
    await insist('account', account);
  };

  /** In most rounds nothing is under way, and nothing is waited for. */
  const round = async (): Promise<void> => {
    await ask(watch.orders);
    if (!executor.idle) await settle();
    // Before prices and candles: by how far our clock is ahead it is known which hours are over.
    await ask(watch.skew);
    await ask(feed.poll);
    if (!executor.idle) await settle();
    await ask(() => watch.account());
    await ask(instruments.look);
    rounds += 1;
  };

  const run = async (): Promise<'stopped' | 'ended'> => {
    await startUp();
    ready.resolve();
    while (!stopping.signal.aborted) {
      await round();
      // Until the next look a deadline would be missed by as much, and what was refused by old filters be refused again
      // by them.
      if ((await ask(() => pacer.next(stopping.signal), deadlineComes, instruments.look)) === 'ended') return 'ended';
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
