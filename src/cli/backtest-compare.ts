import { openReadOnly } from '../adapters/sqlite/database.ts';
import { EXIT_CODES } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import type { Input } from '../core/engine/input.ts';
import { DEFAULT_ASSUMPTIONS, type Assumptions } from '../research/backtest/assumptions.ts';
import { comparisonLines } from '../research/backtest/compare-lines.ts';
import { compareRuns, effectsOf } from '../research/backtest/compare.ts';
import { runRecorded } from '../research/backtest/recorded-run.ts';

/**
 * A recorded period beside a backtest of it: the engine over the recorded prices, candles, predictions and commands,
 * with the stated costs in place of the venue. @throws DatabaseRefused for a file that is no database of ours
 */
export const compareWithDatabase = (
  path: string,
  assumptions: Assumptions = DEFAULT_ASSUMPTIONS,
): readonly string[] => {
  const database = openReadOnly(path);
  try {
    const inputs: Input[] = [];
    for (const entry of database.journal.entriesAfter(0)) inputs.push(entry.input);
    // Without its first day there is no state to begin from, and nothing was compared: that is no success.
    if (inputs[0]?.type !== 'started')
      throw new UserError(
        `${path} does not hold its first start (it is empty, or older days were put away): compare a database with its whole journal, such as an older backup`,
        EXIT_CODES.failure,
      );
    const [first, last] = [inputs[0].at, inputs.at(-1)?.at ?? inputs[0].at];
    const head = `${path}: ${new Date(first).toISOString().slice(0, 16)}Z to ${new Date(last).toISOString().slice(0, 16)}Z, ${inputs.length} inputs`;
    return [head, ...comparisonLines(compareRuns(effectsOf(inputs), runRecorded({ inputs, assumptions }).effects))];
  } finally {
    database.close();
  }
};
