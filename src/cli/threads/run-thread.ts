import { Worker } from 'node:worker_threads';

/** How a thread says that it failed: an error loses its class and its properties on the way. */
export type ThreadAnswer<T> = { readonly result: T } | { readonly why: string };

/**
 * Runs a script on a thread of its own, once, so that what takes long does not hold up the trading loop.
 * @param work data for the script, as `workerData`
 * @param signal ends the thread where it is, and the promise with it
 * @throws Error with the script's own words
 */
export const runThread = async <T>(script: URL, work: unknown, signal?: AbortSignal): Promise<T> => {
  signal?.throwIfAborted();
  const worker = new Worker(script, { workerData: work });
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  worker.once('message', (answer: ThreadAnswer<T>) => {
    if ('result' in answer) resolve(answer.result);
    else reject(new Error(answer.why));
  });
  worker.once('error', reject);
  worker.once('exit', (code) => reject(new Error(`the thread ended with ${code} and without an answer`)));
  const abort = (): void => {
    reject(new Error('given up: the program is ending'));
    worker.terminate().catch(() => undefined);
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await promise;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
};
