import { ADDRCONFIG, type LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

import { SECOND_MS, type Milliseconds } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';

/** Every address of a name, at least one. @throws when it has none, or nobody can say */
export type ResolveName = (name: string) => Promise<readonly LookupAddress[]>;

/** As a connection of Node's own asks: of families of which the host has no address, none is of use. */
const ofTheSystem: ResolveName = (name) => lookup(name, { all: true, hints: ADDRCONFIG });

const oneByOne = (resolve: ResolveName): ResolveName => {
  let before: Promise<unknown> = Promise.resolve();
  return (name) => {
    const answer = before.then(() => resolve(name));
    before = answer.catch(() => undefined);
    return answer;
  };
};

/** A resolver that works answers in a fraction of this. */
export const NAME_PATIENCE: Milliseconds = SECOND_MS;

/**
 * The names of one process, each looked up by one question at a time, and while none is answered, as it was answered
 * last.
 *
 * A resolver that hangs keeps a question for ten seconds and longer, and Node asks two at a time in all: the tries of a
 * Telegram whose name cannot be found would leave none for the exchange. An address that has become somebody else's
 * does no harm: TLS has whoever answers prove the name.
 */
export const createNameLookUp = (options: {
  readonly clock: Pick<Clock, 'monotonicNow' | 'sleep'>;
  readonly resolve?: ResolveName;
  /**
   * Of those who are called now and then: one question at a time in all, so that any number of names that hang leaves
   * the other of Node's two places to those who trade.
   */
  readonly inTurn?: boolean;
}): LookupFunction => {
  const { clock, inTurn = false } = options;
  const resolve = inTurn ? oneByOne(options.resolve ?? ofTheSystem) : (options.resolve ?? ofTheSystem);
  const known = new Map<string, readonly LookupAddress[]>();
  const asked = new Map<string, { readonly since: Milliseconds; readonly answer: Promise<readonly LookupAddress[]> }>();

  const ask = (name: string): { readonly since: Milliseconds; readonly answer: Promise<readonly LookupAddress[]> } => {
    const under = asked.get(name);
    if (under !== undefined) return under;
    const answer = resolve(name)
      .then((addresses) => {
        known.set(name, addresses);
        return addresses;
      })
      .finally(() => asked.delete(name));
    const question = { since: clock.monotonicNow(), answer };
    asked.set(name, question);
    return question;
  };

  const addressesOf = async (name: string): Promise<readonly LookupAddress[]> => {
    const { since, answer } = ask(name);
    const last = known.get(name);
    if (last === undefined) return answer;
    const over = new AbortController();
    const late = clock.sleep(Math.max(0, since + NAME_PATIENCE - clock.monotonicNow()), over.signal).then(() => last);
    const found = await Promise.race([answer.catch(() => last), late]);
    over.abort('answered');
    return found;
  };

  return (name, { all }, callback) => {
    const tell = (error: NodeJS.ErrnoException | null, found: readonly LookupAddress[]): void => {
      // Out of the promise: what a connection does with its address is no failure of the look-up.
      process.nextTick(() => {
        if (all === true) callback(error, [...found]);
        else callback(error, found[0]?.address ?? '', found[0]?.family);
      });
    };
    addressesOf(name).then(
      (found) => tell(null, found),
      (error: unknown) => tell(error instanceof Error ? error : new Error(String(error)), []),
    );
  };
};
