import type { OperatorCommand } from '../../core/engine/input.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { LOCKS } from '../../core/guardian/lock.ts';
import type { CommandOutcome, UnlockRequest } from '../../ports/operator.ts';
import { serialOf } from './lock-serials.ts';

/** Clears exactly the locks that were shown: one that was set or wished again since, however soon, stays. */
export const unlockShown = async (
  { guardian }: EngineState,
  { serials, ...request }: UnlockRequest,
  run: (command: OperatorCommand) => Promise<CommandOutcome>,
): Promise<CommandOutcome> => {
  const anew = request.lockIds.flatMap((id) => {
    const lock = guardian.locks[id];
    return lock === undefined || serialOf(lock) === serials[id] ? [] : [lock];
  });
  const staying = anew.map(({ kind }) => `${LOCKS[kind].title}: set again since it was shown`).join('; ');
  const lockIds = request.lockIds.filter((id) => anew.every((lock) => lock.id !== id));
  if (anew.length > 0 && lockIds.length === 0) return { ok: false, code: 'refused', text: staying };
  const outcome = await run({ name: 'unlock', ...request, lockIds });
  if (anew.length === 0) return outcome;
  const { ok, code, text } = outcome;
  if (ok || code === 'partly') return { ok: false, code: 'partly', text: `${text} ${staying}.` };
  return { ok, code: 'refused', text: code === 'nothing-locked' ? staying : `${text}; ${staying}` };
};
