import { UserError } from '../../adapters/system/user-error.ts';
import type { Base, Surroundings } from './base.ts';
import { holdsSomething } from './books.ts';

/**
 * Opens what people look in through, the page or the control socket. A bot that holds something runs without it and
 * says so: a port that somebody else has taken meanwhile must not keep a position from being guarded.
 * @throws UserError as `open` does, when nothing is held
 */
export const orWithout = async (what: string, { log, wall }: Base, { database, state, clock }: Surroundings, open: () => Promise<unknown>): Promise<void> => {
  const holding = holdsSomething(state);
  try {
    await open();
  } catch (error) {
    if (!holding || !(error instanceof UserError)) throw error;
    log.error({ why: error.message }, `${what} is not up; something is held and is guarded without it`);
    const now = wall.wallNow();
    database.outbox.add(
      { kind: 'lifecycle', key: `without:${what}:${now}`, title: `⚠️ Started, but ${what} is not up`, lines: [error.message, 'Something is held, so the bot runs all the same. Mend it and restart.'], commands: ['/health'], symbol: null, at: clock.marketNow() },
      now,
    );
  }
};
