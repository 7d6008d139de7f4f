import { parentPort } from 'node:worker_threads';
import { runSimulation, variantOf } from './simulation.ts';

/** One of several threads that run seeds: a seed comes in, its result goes out. */
parentPort?.on('message', ({ seed, days }: { readonly seed: number; readonly days: number }) => {
  runSimulation({ seed, days, ...variantOf(seed) }).then(
    (result) => parentPort?.postMessage({ result }),
    (error: unknown) =>
      parentPort?.postMessage({
        seed,
        failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  );
});
