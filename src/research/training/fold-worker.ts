import { parentPort, workerData } from 'node:worker_threads';
import type { Dataset } from '../dataset/build-dataset.ts';
import { runFold, type FoldJob } from './fold-job.ts';

/** Thread of the fold pool: gets the shared dataset once, then one job after the other. */
const { dataset } = workerData as { dataset: Dataset };

parentPort?.on('message', (message: { index: number; job: FoldJob }) => {
  parentPort?.postMessage({ index: message.index, result: runFold(dataset, message.job) });
});
