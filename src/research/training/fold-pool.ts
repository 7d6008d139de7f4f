import { Worker } from 'node:worker_threads';
import type { Dataset } from '../dataset/build-dataset.ts';
import type { FoldJob, FoldResult } from './fold-job.ts';

/** Both cores of a small machine; more threads would only share them. */
const DEFAULT_THREADS = 2;

/**
 * Runs fold jobs on worker threads over one shared dataset. Results come back in
 * the order of the jobs and do not depend on the number of threads.
 * @throws what a job threw
 */
export const runFolds = async (
  dataset: Dataset,
  jobs: readonly FoldJob[],
  onDone: (done: number) => void = () => undefined,
  threads: number = DEFAULT_THREADS,
): Promise<FoldResult[]> => {
  const results: (FoldResult | undefined)[] = jobs.map(() => undefined);
  let next = 0;
  let done = 0;
  const runThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./fold-worker.ts', import.meta.url), { workerData: { dataset } });
      const giveJob = (): void => {
        const index = next++;
        const job = jobs[index];
        if (job === undefined) {
          resolve();
          void worker.terminate();
        } else worker.postMessage({ index, job });
      };
      worker.on('message', (message: { index: number; result: FoldResult }) => {
        results[message.index] = message.result;
        onDone(++done);
        giveJob();
      });
      worker.on('error', (error) => {
        // Nobody else starts a job whose result would be thrown away.
        next = jobs.length;
        reject(error);
      });
      giveJob();
    });
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, runThread));
  return results.filter((result) => result !== undefined);
};
