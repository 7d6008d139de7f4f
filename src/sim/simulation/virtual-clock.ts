import type { EpochMs, Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';

interface Timer {
  readonly at: EpochMs;
  readonly alive: () => boolean;
  readonly fire: () => void;
  /** Lets go of the signal: a signal made of others is kept by Node for as long as somebody listens to it. */
  readonly letGo: () => void;
}

/** Those who sleep on one signal, and how to stop listening to it. */
interface Sleepers {
  readonly asleep: Set<Timer>;
  readonly letGo: () => void;
}

const nothing = (): void => undefined;

/**
 * Time that passes only when somebody says so. Market, wall and monotonic time are one here, as in the modes on real
 * clocks.
 */
export interface VirtualClock extends Clock {
  /** A clock for one process: once `alive` is false its sleeps never end, as for a process that was killed. */
  forProcess(alive: () => boolean): Clock;
  /**
   * Calls `then` after the span, unless the answer is called before: a time-out, which hardly ever comes to anything,
   * without a signal.
   */
  after(span: Milliseconds, then: () => void): () => void;
  /** When the next sleep ends; null when nobody sleeps. */
  nextWake(): EpochMs | null;
  /**
   * Lets everything happen that is due up to and including `at`, in order, and stands there. Real time does not pass.
   */
  runTo(at: EpochMs): Promise<void>;
  /** Forgets whoever still sleeps: the history is over. */
  end(): void;
}

/**
 * Every promise that can go on without time passing has gone on when this resolves: the next tick of
 * Node comes when no continuation waits any more, and costs no turn of the event loop.
 */
export const settle = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

const CONTINUE = Promise.resolve();

/** A virtual clock that stands at `start`. Sleeps that end at the same moment end in the order in which they began. */
export const createVirtualClock = (start: EpochMs): VirtualClock => {
  let now = start;
  /** Earliest last, so that the next one is popped. */
  const timers: Timer[] = [];

  const add = (timer: Timer): void => {
    let index = timers.length;
    for (let before = timers[index - 1]; before !== undefined && before.at <= timer.at; before = timers[index - 1]) {
      timers[index] = before;
      index -= 1;
    }
    timers[index] = timer;
  };

  const remove = (timer: Timer): void => {
    const index = timers.lastIndexOf(timer);
    if (index >= 0) timers.splice(index, 1);
  };

  const wake = (timer: Timer): void => {
    remove(timer);
    if (timer.alive()) timer.fire();
  };

  /**
   * Sleepers by their signal, for one that is slept on again and again, as a process does on its own all its life: a
   * listener put on and taken off at each sleep would cost more than the sleep. Null since its first sleep, which has a
   * listener of its own: most signals end one sleep.
   */
  const bySignal = new WeakMap<AbortSignal, Sleepers | null>();
  const sleepersOn = (signal: AbortSignal): Sleepers | null => {
    const known = bySignal.get(signal);
    if (known === undefined) bySignal.set(signal, null);
    if (known !== null) return known ?? null;
    const asleep = new Set<Timer>();
    const wakeAll = (): void => asleep.forEach(wake);
    const letGo = (): void => {
      signal.removeEventListener('abort', wakeAll);
      bySignal.set(signal, null);
    };
    signal.addEventListener('abort', wakeAll, { once: true });
    const sleepers: Sleepers = { asleep, letGo };
    bySignal.set(signal, sleepers);
    return sleepers;
  };

  const sleepFor = (alive: () => boolean, span: Milliseconds, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (!alive()) return;
      if (signal?.aborted === true) return resolve();
      const at = now + Math.max(0, Math.ceil(span));
      if (signal === undefined) return add({ at, alive, fire: resolve, letGo: nothing });
      const sleepers = sleepersOn(signal);
      if (sleepers === null) {
        const abort = (): void => wake(timer);
        const letGo = (): void => signal.removeEventListener('abort', abort);
        const fire = (): void => {
          letGo();
          resolve();
        };
        const timer: Timer = { at, alive, fire, letGo };
        signal.addEventListener('abort', abort, { once: true });
        return add(timer);
      }
      const fire = (): void => {
        sleepers.asleep.delete(timer);
        resolve();
      };
      const letGo = (): void => {
        if (sleepers.asleep.delete(timer) && sleepers.asleep.size === 0) sleepers.letGo();
      };
      const timer: Timer = { at, alive, fire, letGo };
      sleepers.asleep.add(timer);
      add(timer);
    });

  const fireDue = (): boolean => {
    let fired = false;
    for (let timer = timers.at(-1); timer !== undefined && timer.at <= now; timer = timers.at(-1)) {
      timers.pop();
      if (!timer.alive()) {
        timer.letGo();
        continue;
      }
      timer.fire();
      fired = true;
    }
    return fired;
  };

  const clockOf = (alive: () => boolean): Clock => ({
    marketNow: () => now,
    wallNow: () => now,
    monotonicNow: () => now - start,
    sleep: (span, signal) => sleepFor(alive, span, signal),
  });
  const always = (): boolean => true;

  return {
    ...clockOf(always),
    forProcess: clockOf,
    after: (span, then) => {
      const timer: Timer = { at: now + Math.max(0, Math.ceil(span)), alive: always, fire: then, letGo: nothing };
      add(timer);
      return () => remove(timer);
    },
    nextWake: () => {
      while (timers.at(-1)?.alive() === false) timers.pop()?.letGo();
      return timers.at(-1)?.at ?? null;
    },
    runTo: (at) =>
      new Promise((resolve, reject) => {
        // By callbacks: a promise for each moment at which something happens would cost as much as what happens.
        const goOn = (): void => {
          try {
            while (!fireDue()) {
              const next = timers.at(-1);
              if (next === undefined || next.at > at) {
                now = Math.max(now, at);
                return resolve();
              }
              now = Math.max(now, next.at);
            }
            // By way of a continuation: a tick that is asked for in a tick comes before any continuation.
            void CONTINUE.then(settled);
          } catch (error) {
            reject(error);
          }
        };
        const settled = (): void => process.nextTick(goOn);
        settled();
      }),
    end: () => {
      while (timers.length > 0) timers.pop()?.letGo();
    },
  };
};
