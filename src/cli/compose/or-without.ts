import { UserError } from '../../adapters/system/user-error.ts';
import { SECOND_MS, type Milliseconds } from '../../core/units.ts';
import type { Base, Surroundings } from './base.ts';
import { holdsSomething } from './books.ts';

/** Wall time between tries: whoever has the port may give it back at any time. */
const AGAIN: Milliseconds = 10 * SECOND_MS;

type Tools = Pick<Base, 'log' | 'wall' | 'resources'>;
type Held = Pick<Surroundings, 'state' | 'clock'> & { readonly database: Pick<Surroundings['database'], 'outbox'> };

/**
 * Opens something that the bot can run without, such as the page or the control socket. When that fails and the bot has
 * a position or an order to look after, it runs without, says so, and tries again until it works: a port that somebody
 * else has taken must not leave a position alone.
 * @throws UserError as `open` does, when nothing is held
 */
export const orWithout = async (
  what: string,
  base: Tools,
  { database, state, clock }: Held,
  open: () => Promise<unknown>,
): Promise<void> => {
  const { log, wall } = base;
  const holding = holdsSomething(state);
  try {
    await open();
  } catch (error) {
    if (!holding || !(error instanceof UserError)) throw error;
    log.error(
      { why: error.message },
      `${what} is not up; something is held and is guarded without it. It is tried again every ${AGAIN / SECOND_MS} s`,
    );
    const now = wall.wallNow();
    database.outbox.add(
      {
        kind: 'lifecycle',
        key: `without:${what}:${now}`,
        title: `⚠️ Started, but ${what} is not up`,
        lines: [
          error.message,
          `Something is held, so the bot runs all the same. It is tried again every ${AGAIN / SECOND_MS} s; a changed configuration takes a restart.`,
        ],
        commands: ['/health'],
        symbol: null,
        at: clock.marketNow(),
      },
      now,
    );
    void tryAgain(what, base, open);
  }
};

const tryAgain = async (what: string, { log, wall, resources }: Tools, open: () => Promise<unknown>): Promise<void> => {
  const ending = new AbortController();
  resources.defer(() => ending.abort());
  for (;;) {
    await wall.sleep(AGAIN, ending.signal);
    if (ending.signal.aborted) return;
    try {
      await open();
      log.info({}, `${what} is up after all`);
      return;
    } catch (error) {
      // What it was before has been told; anything else is a fault of its own.
      if (!(error instanceof UserError)) log.error({ error }, `${what} could not be opened`);
    }
  }
};
