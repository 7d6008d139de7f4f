import { createSystemClock } from '../adapters/system/clock.ts';
import { needOpenFiles } from '../adapters/system/open-files.ts';
import type { ExitCode } from '../adapters/system/exit-codes.ts';
import { createLogTail } from '../app/operator/log-tail.ts';
import { runMode } from './compose/run-mode.ts';
import { outliveOutput } from './output.ts';
import { openContext } from './process-context.ts';

/** SIGHUP: the terminal is gone. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `guardian start`: runs until it is told to stop. Resolves to the exit code. */
export const start = async (): Promise<ExitCode> => {
  outliveOutput();
  needOpenFiles();
  const { config, liveRefusals, configHalts, log } = openContext({ guardHoldings: true });
  const stop = Promise.withResolvers<string>();
  // Each for good: a second Ctrl-C (or npm, which passes the first one on) must not break the orderly end off. It has
  // its own limit in time.
  for (const signal of STOP_SIGNALS) process.on(signal, () => stop.resolve(signal));
  // Left alone, Node would open a debugger to everybody on this machine.
  process.on('SIGUSR1', () => log.warn({}, 'SIGUSR1 means nothing here'));
  await using resources = new AsyncDisposableStack();
  const tail = createLogTail(log, config.secrets.redactor(), Date.now);
  return await runMode({
    config,
    liveRefusals,
    configHalts,
    log: tail,
    wall: createSystemClock(),
    time: null,
    environment: process.env,
    stop: stop.promise,
    resources,
  });
};
