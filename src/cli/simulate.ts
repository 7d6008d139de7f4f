import { EXIT_CODES, type ExitCode } from '../adapters/system/exit-codes.ts';
import { UserError } from '../adapters/system/user-error.ts';
import { out } from './output.ts';
import { runSimulate } from './simulation/run-simulate.ts';

export interface SimulateArguments {
  readonly seeds?: string;
  readonly days?: string;
  readonly fromSeed?: string;
  readonly jobs?: string;
  readonly trace?: boolean;
}

const whole = (name: string, text: string | undefined, fallback: number, least: number, most: number): number => {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UserError(`--${name} ${text} is not a whole number from ${least} to ${most}`);
};

/**
 * `guardian simulate`: whole histories on virtual clocks, with faults and crashes. Exit code 1 when an invariant did
 * not hold.
 */
export const simulate = async (given: SimulateArguments): Promise<ExitCode> => {
  const options = {
    seeds: whole('seeds', given.seeds, 20, 1, 1_000_000),
    days: whole('days', given.days, 30, 1, 600),
    fromSeed: whole('from-seed', given.fromSeed, 1, 0, Number.MAX_SAFE_INTEGER - 1_000_000),
    jobs: whole('jobs', given.jobs, 1, 1, 64),
    trace: given.trace === true,
  };
  if (options.trace && options.seeds > 1) throw new UserError('--trace prints one history: use it with --seeds 1');
  const code = await runSimulate(options, { out, now: () => performance.now() });
  return code === 0 ? EXIT_CODES.done : EXIT_CODES.failure;
};
