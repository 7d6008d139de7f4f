import type { EngineState } from '../../core/engine/state.ts';
import { NO_LOCKS } from '../../core/guardian/state.ts';
import { step } from '../../core/engine/step.ts';
import type { Apply } from './session.ts';

/** A baseline that no loss can be measured against. */
const NOTHING = 1e-9;

/**
 * The comparison of every report: the same engine without its Guardian, or
 * rather with one that forgets, before every input, what it has seen. Locks,
 * streaks and baselines are wiped and there is no minimum balance, so that no
 * lock lasts longer than one input and the loss budget limits nothing. Sizing,
 * exposure caps, stops and the rest after a stop-out stay.
 *
 * It exists in research alone and works on a state of its own: nothing in the
 * product can start an engine like this.
 */
export const withoutGuardian =
  (state: EngineState): Apply =>
  (input) => {
    forget(state);
    return step(state, input);
  };

const forget = (state: EngineState): void => {
  const { guardian } = state;
  guardian.locks = NO_LOCKS;
  if (guardian.lossStreak.length > 0) guardian.lossStreak = [];
  guardian.orderFailures = 0;
  guardian.priorEquity = null;
  guardian.highWaterMark = NOTHING;
  if (guardian.dayBaseline !== null) guardian.dayBaseline = NOTHING;
  guardian.modelFault = null;
  // No memory but a limit: below it every input would set the lock again, the prediction's own among them.
  const { config } = state;
  if (config !== null && config.limits.minBalance > 0)
    state.config = { ...config, limits: { ...config.limits, minBalance: 0 } };
  for (const { volatility } of state.symbolList) {
    volatility.status = 'calm';
    volatility.threshold = null;
  }
};
