import { stampOf } from '../../adapters/sqlite/files.ts';
import { SECOND_MS, type Milliseconds } from '../../core/units.ts';
import type { Caller } from '../../ports/operator.ts';
import type { OperatorSide } from '../../app/operator/operator-service.ts';
import type { Base, Surroundings } from './base.ts';

const LOOK: Milliseconds = 5 * SECOND_MS;
const AGAIN: Milliseconds = 30 * SECOND_MS;
/** For the audit and the lock: nobody typed it. */
const WATCH: Caller = { userId: 0, name: 'the watch over the database file', role: 'operator', via: 'control-socket' };

type Tools = Pick<Base, 'log' | 'wall' | 'resources'>;
type Watched = { readonly database: Pick<Surroundings['database'], 'path' | 'misplacedFile' | 'rescue'> };

/**
 * A file that is deleted or replaced while the bot has it open goes on taking everything, and all of it is gone with
 * the process: fills, locks, intents. Trading is halted then (exits and stops go on) and what there is saved, at once
 * and again at the end.
 */
export const startFileWatch = (
  { log, wall, resources }: Tools,
  { database }: Watched,
  run: OperatorSide['run'],
): void => {
  const ending = new AbortController();
  let lost: string | null = null;
  const halt = async (file: string): Promise<boolean> => {
    const { ok } = await run(WATCH, {
      name: 'halt',
      reason: `${file} was deleted or replaced under the running bot; see the runbook before you stop it`,
    });
    if (ok)
      log.error(
        { file },
        'a file of the database was deleted or replaced under the running bot, and what it writes is lost with it: trading is halted',
      );
    return ok;
  };
  const save = async (): Promise<boolean> => {
    const at = wall.wallNow();
    const { path } = await database.rescue(`${database.path}.rescued-${stampOf(at)}.db`, at);
    log.error({ rescued: path }, 'what the bot knows was saved: stop the bot and restore that file');
    return true;
  };
  /** Until it has worked; a start that still waits for the exchange takes no command, a disk may be full. */
  const insist = async (what: string, deed: () => Promise<boolean>): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        if (await deed()) return;
      } catch (error) {
        log.error({ error }, `${what} failed; it is tried again`);
      }
      await wall.sleep(AGAIN, ending.signal);
    }
  };
  const watch = async (): Promise<void> => {
    while (lost === null) {
      await wall.sleep(LOOK, ending.signal);
      if (ending.signal.aborted) return;
      lost = misplaced(database);
    }
    const file = lost;
    await insist('halting over a lost file of the database', () => halt(file));
    await insist('saving what a lost file of the database held', save);
  };
  // Exits that were filled after the halt are in the last copy alone.
  resources.defer(async () => {
    ending.abort();
    if (lost !== null)
      await save().catch((error: unknown) =>
        log.error({ error }, 'saving what a lost file of the database held failed'),
      );
  });
  void watch();
};

/** What cannot be looked at is not known to be gone. */
const misplaced = (database: Watched['database']): string | null => {
  try {
    return database.misplacedFile();
  } catch {
    return null;
  }
};
