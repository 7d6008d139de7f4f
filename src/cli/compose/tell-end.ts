import { MINUTE_MS, SECOND_MS, type Milliseconds } from '../../core/units.ts';
import type { Base } from './base.ts';
import { tellPeople, type Tell } from './tell-waiting.ts';

/**
 * A run that ends sooner than this is one of many in a loop of starts, each of which would be told: none of them is.
 */
const OLD_ENOUGH: Milliseconds = 10 * MINUTE_MS;
/** Well within the span that an end has. */
const PATIENCE: Milliseconds = 5 * SECOND_MS;
/**
 * Before the second try. While the process stood still in a write, the other side has closed the connection that the
 * first one is made on.
 */
const AGAIN: Milliseconds = SECOND_MS;

/**
 * Tells people that the bot has ended because it cannot write its database. The outbox is in that database and takes no
 * alert, and while the disk stays full no new start will tell of it. So it is told at once, by Telegram and the
 * webhook; the end waits for that a few seconds at most.
 * @param upFor how long the bot had run
 */
export const tellEnd = async (
  { config, log, wall }: Pick<Base, 'config' | 'log' | 'wall'>,
  error: unknown,
  upFor: Milliseconds,
  tell: Tell = tellPeople({ config, log }),
): Promise<void> => {
  if (upFor < OLD_ENOUGH) return;
  const why = error instanceof Error ? error.message : String(error);
  const text = `🛑 Guardian Bot (${config.mode}) has ended by itself\n${why}\nIt trades on as soon as a new start works, and says so. Until then protective stops stay on the exchange, and nothing else is done.`;
  const over = new AbortController();
  const tryTo = (): Promise<boolean> => tell(text, wall.wallNow()).catch(() => false);
  const twice = async (): Promise<void> => {
    if (await tryTo()) return;
    await wall.sleep(AGAIN, over.signal);
    await tryTo();
  };
  await Promise.race([twice(), wall.sleep(PATIENCE, over.signal)]);
  over.abort('told');
};
