import type { EngineState } from '../../core/engine/state.ts';
import type { Caller, CommandOutcome } from '../../ports/operator.ts';
import type { Run } from './flattening.ts';

/** Under a start gate they are no difference, and /unlock has them cancelled all the same. */
const strays = ({ orphans }: EngineState): string =>
  orphans.length === 0
    ? ''
    : ` Orders of an earlier database or another instance rest there: ${orphans.join(', ')}. /unlock lets them go, and they are cancelled.`;

/** Comparing at an operator's wish; `compare` reads the account twice. */
export const reconcile = async (
  state: EngineState,
  run: Run,
  compare: () => Promise<void>,
  caller: Caller,
): Promise<CommandOutcome> => {
  const asked = await run(caller, { name: 'reconcile' });
  if (!asked.ok) return asked;
  await compare();
  const lock = state.guardian.locks['reconciliation'];
  const doubt = state.reconcileRequested || state.accountFailed || (lock === undefined && state.suspicion !== null);
  if (doubt)
    return {
      ok: false,
      code: 'not-compared',
      text: `${state.accountFailed ? 'The account could not be read' : 'An order is under way or the account has just moved'}. It is tried again by itself; /health shows the outcome.`,
    };
  return lock === undefined
    ? { ok: true, code: 'done', text: `Ledger and exchange agree.${strays(state)}` }
    : { ok: true, code: 'differs', text: `Compared: ${lock.reason}. /unlock accepts the exchange's numbers.` };
};
