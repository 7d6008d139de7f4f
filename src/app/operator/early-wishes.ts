import type { OperatorCommand } from '../../core/engine/input.ts';
import type { ChatMemory } from '../../ports/chat.ts';

/** What an operator may send before new books have had their first start: it can only make trading safer. */
export type EarlyCommand = Extract<OperatorCommand, { readonly name: 'pause' | 'halt' }>;

export interface EarlyWish {
  readonly by: string;
  readonly command: EarlyCommand;
}

/**
 * Pauses and halts that came while new books could take nothing yet. Kept over restarts: whoever was told that it is
 * paused sleeps, and the exchange may answer hours later.
 */
export interface EarlyWishes {
  /** Durable when it returns. The newest of a kind counts. */
  keep(wish: EarlyWish): void;
  /** Carries out what waits, and forgets it then. What fails is tried at the next start again. */
  carryOut(deed: (wish: EarlyWish) => void): void;
}

const KEY = 'operator/early-wishes';

export const isEarly = (command: OperatorCommand): command is EarlyCommand =>
  command.name === 'pause' || command.name === 'halt';

export const createEarlyWishes = (memory: ChatMemory | null): EarlyWishes => {
  const kept = memory?.get(KEY) ?? '';
  let waiting: readonly EarlyWish[] = kept === '' ? [] : (JSON.parse(kept) as EarlyWish[]);
  return {
    keep: (wish) => {
      waiting = [...waiting.filter(({ command }) => command.name !== wish.command.name), wish];
      memory?.set(KEY, JSON.stringify(waiting));
    },
    carryOut: (deed) => {
      if (waiting.length === 0) return;
      const wishes = waiting;
      // Before the first deed: its effects come back here.
      waiting = [];
      for (const wish of wishes) deed(wish);
      memory?.set(KEY, '');
    },
  };
};
