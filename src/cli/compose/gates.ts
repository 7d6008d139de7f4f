import { EXIT_CODES } from '../../adapters/system/exit-codes.ts';
import { UserError } from '../../adapters/system/user-error.ts';
import type { EngineState } from '../../core/engine/state.ts';
import type { StartHalt } from './base.ts';
import { holdsSomething } from './books.ts';

/** A condition for the start that is not met. */
export interface FailedGate {
  readonly code: string;
  /** One line: the condition and what would meet it. */
  readonly text: string;
}

/**
 * A gate never abandons a position: with one in the ledger, or a working order, the bot starts all the same,
 * halted until a start at which every gate passes.
 * @throws UserError (exit 3) naming every failed gate, when nothing is held
 */
export const passGates = (failed: readonly FailedGate[], state: EngineState): readonly StartHalt[] => {
  if (failed.length === 0) return [];
  if (!holdsSomething(state))
    throw new UserError(failed.map(({ code, text }) => `refused (${code}): ${text}`).join('\n'), EXIT_CODES.refused);
  return failed.map(({ code, text }) => ({ code, text, clears: 'restart' }));
};
