import { parentPort } from 'node:worker_threads';
import type { ThreadAnswer } from './run-thread.ts';

/** Does a thread's work and says what came of it. */
export const answer = async <T>(work: () => T | Promise<T>): Promise<void> => {
  let said: ThreadAnswer<T>;
  try {
    said = { result: await work() };
  } catch (error) {
    said = { why: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(said);
};
