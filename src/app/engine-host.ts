import { encodeState } from '../core/engine/codec.ts';
import type { Effect } from '../core/engine/effect.ts';
import type { Input } from '../core/engine/input.ts';
import type { EngineState } from '../core/engine/state.ts';
import { step } from '../core/engine/step.ts';
import { utcDayStart } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { JournalStore } from '../ports/store.ts';

/** An input without its times: the host stamps them. */
export type Untimed<T = Input> = T extends Input ? Omit<T, 'at' | 'wall'> : never;

export interface EngineHost {
  /** The engine's state. Read only; every change goes through `apply`. */
  readonly state: EngineState;
  /**
   * Journals the inputs, steps the engine and records the effects in one transaction, then hands
   * the effects out. Synchronous: when it returns, everything is durable.
   * @throws StillStarting, and nothing has happened, for what comes before the first start of new books.
   * @throws when the write or the engine fails; from then on every call throws, and the process has to start again from
   * the journal.
   */
  apply(...inputs: readonly Untimed[]): void;
  /** Called for every effect, after its commit, in order. */
  onEffect(listener: (effect: Effect) => void): void;
  /** Number of applied inputs: proof of progress for the watchdog. */
  readonly progress: number;
}

/** New books have no configuration before their first start: whoever is early comes again, and the start goes on. */
export class StillStarting extends Error {
  override readonly name = 'StillStarting';

  constructor(what: Input['type']) {
    super(`the bot is still starting, it waits for the exchange (${what})`);
  }
}

/**
 * The one door to the engine: nothing is applied that is not journaled, and no
 * effect leaves before its commit.
 */
export const createEngineHost = (options: {
  readonly state: EngineState;
  readonly store: JournalStore;
  readonly clock: Clock;
  readonly onFatal: (error: unknown) => void;
}): EngineHost => {
  const { state, store, clock } = options;
  const listeners: ((effect: Effect) => void)[] = [];
  let broken: unknown = null;

  /** Each UTC day of market time begins with a snapshot, so that an archived day replays alone. */
  const snapshotAtDayBreak = (at: number): void => {
    if (state.config === null || utcDayStart(at) <= utcDayStart(state.at)) return;
    store.writeSnapshot({ sequence: store.lastSequence(), at: state.at, state: encodeState(state) });
  };

  const commit = (inputs: readonly Input[]): readonly (readonly Effect[])[] => {
    try {
      const first = inputs[0];
      if (first !== undefined) snapshotAtDayBreak(first.at);
      return store.commit(inputs, (input) => step(state, input));
    } catch (error) {
      broken = error;
      options.onFatal(error);
      throw error;
    }
  };

  // A number and not a getter: an object with one is slow in all its parts, and this one is asked at every step.
  const host = {
    state,
    progress: 0,
    onEffect: (listener: (effect: Effect) => void): void => void listeners.push(listener),
    apply: (...inputs: readonly Untimed[]): void => {
      if (broken !== null) throw new Error('the engine has failed and must be started again', { cause: broken });
      const [first] = inputs;
      if (first === undefined) return;
      if (state.config === null && first.type !== 'started') throw new StillStarting(first.type);
      const at = clock.marketNow();
      const wall = clock.wallNow();
      const timed = inputs.map((input) => ({ ...input, at, wall }));
      const effects = commit(timed);
      host.progress += timed.length;
      for (const list of effects) for (const effect of list) for (const listener of listeners) listener(effect);
    },
  };
  return host;
};
