import { MAX_UNPROTECTED } from '../core/engine/lifecycle.ts';
import type { EngineState } from '../core/engine/state.ts';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { EngineHost } from './engine-host.ts';
import type { Executor } from './executor.ts';

/** Wall time the loop waits for orders under way before it looks at the market again all the same. */
const SETTLE_LIMIT: Milliseconds = 3 * SECOND_MS;
/** Wall time between two looks of the engine at its deadlines while the loop waits. */
const DEADLINE_LOOK: Milliseconds = SECOND_MS;

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

/** Keeps the engine at its deadlines of seconds, whatever the loop waits for. */
export interface Deadlines {
  /**
   * A question to the exchange that may take its time. While a position is without its stop, or an order is under way,
   * the engine looks at its deadlines meanwhile: each question may last ten seconds, and a look at the market asks many.
   */
  during<T>(question: () => Promise<T>): Promise<T>;
  /**
   * The wait for the next look, in which only deadlines that come soon are looked at. `meanwhile` is begun ahead of each
   * look, and not waited for.
   */
  between<T>(wait: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T>;
  /** Waits for orders under way, for a few seconds. */
  settle(): Promise<void>;
  /**
   * Waits for them at the end: a stop that waits to be sent again has no order under way, and must not be left undone.
   * @param over monotonic time of the end
   */
  drain(over: Milliseconds): Promise<void>;
}

export const createDeadlines = (host: EngineHost, executor: Executor, clock: Clock): Deadlines => {
  const { state } = host;
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
    wanted: () => boolean,
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

  return {
    during: (question) => ask(question, deadlinesRun),
    between: (wait, meanwhile) => ask(wait, deadlineComes, meanwhile),
    settle,
    drain,
  };
};
