import { createSystemClock } from '../adapters/system/clock.ts';
import type { ExitCode } from '../adapters/system/exit-codes.ts';
import { createLogTail } from '../app/operator/log-tail.ts';
import { runMode } from './compose/run-mode.ts';
import { openContext } from './process-context.ts';

/** `guardian start`: runs until it is told to stop. Resolves to the exit code. */
export const start = async (): Promise<ExitCode> => {
  const { config, liveRefusals, configHalts, log } = openContext({ guardHoldings: true });
  const stop = Promise.withResolvers<string>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.resolve(signal));
  await using resources = new AsyncDisposableStack();
  const tail = createLogTail(log, config.secrets.redactor(), Date.now);
  return await runMode({ config, liveRefusals, configHalts, log: tail, wall: createSystemClock(), time: null, environment: process.env, stop: stop.promise, resources });
};
