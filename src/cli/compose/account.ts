import { createHash } from 'node:crypto';
import type { AccountDesk, AccountIdentity, OrderHead } from '../../adapters/exchange/account-desk.ts';
import { HostLockTaken, takeHostLock } from '../../adapters/control/host-lock.ts';
import { EXIT_CODES } from '../../adapters/system/exit-codes.ts';
import { UserError } from '../../adapters/system/user-error.ts';
import { MINUTE_MS, SECOND_MS, type EpochMs, type Milliseconds, type SymbolName } from '../../core/units.ts';
import type { Read, VenueError } from '../../ports/venue.ts';
import { ORDER_PREFIX, type Base } from './base.ts';
import { databaseHolds, isLeftAlone } from './books.ts';
import { tellPeople, watchWaiting, type Tell } from './tell-waiting.ts';

/** Wall time between tries while the exchange does not answer, and while it refuses the key. */
const RETRY: Milliseconds = 5 * SECOND_MS;
const REFUSED_RETRY: Milliseconds = MINUTE_MS;
/** An order of another instance that is younger than this was placed by a bot that runs now. */
const RECENT: Milliseconds = 10 * MINUTE_MS;

/** Holds a thing for this process on this host. @throws UserError (exit 3) when another bot holds it */
export const holdOnHost = async (
  { resources }: Pick<Base, 'resources'>,
  what: string,
  identity: string,
): Promise<void> => {
  try {
    const lock = await takeHostLock(what, identity);
    resources.defer(() => lock.release());
  } catch (error) {
    if (error instanceof HostLockTaken) throw new UserError(error.message, EXIT_CODES.refused);
    throw error;
  }
};

/**
 * Holds the account for this process on this host. Any user of the host can see that lock, and could take it in the
 * moment between two starts. So a bot that has something to look after and finds the lock taken does not give up: it
 * tells people and tries again.
 * @param holds whether the database holds a position or an open order that no other process looks after
 * @throws UserError (exit 3) when another bot holds the account and this one has nothing to look after
 */
export const holdAccount = async (
  base: Pick<Base, 'log' | 'wall' | 'config' | 'resources'>,
  account: string,
  tell: Tell = tellPeople(base),
  holds = (): boolean => isLeftAlone(base.config.databasePath),
): Promise<void> => {
  const { log, wall, config } = base;
  const waiting = watchWaiting(base, config.mode, tell, UNTENDED, 'account');
  for (;;) {
    try {
      await holdOnHost(base, 'the exchange account', account);
      return waiting.over();
    } catch (error) {
      if (!(error instanceof UserError) || !holds()) throw error;
      log.error({}, `${error.message}. Something is held, so it is tried again`);
      waiting.failed(error.message);
      await wall.sleep(REFUSED_RETRY);
    }
  }
};

/** Name of an account in its database: a hash that says nothing to strangers, the same whatever the key is. */
export const accountName = (where: string, uid: string): string =>
  `${where}:${createHash('sha256').update(`${where}:${uid}`).digest('hex').slice(0, 16)}`;

/**
 * Asks the exchange whose account the key is for. Waits as long as the exchange cannot be reached, since a bot that
 * does not know whose money it trades must not open its books; people are told when that takes long. A key that is
 * refused is waited for as well when there is something to look after: it may be refused for a moment, or until it is
 * mended.
 * @param holds whether the database that is there holds a position or an open order
 * @throws UserError when the exchange refuses the key and nothing is held
 */
export const identify = async (
  base: Pick<Base, 'log' | 'wall' | 'config'>,
  desk: Pick<AccountDesk, 'identity'>,
  tell: Tell = tellPeople(base),
  holds = (): boolean => databaseHolds(base.config.databasePath),
): Promise<AccountIdentity> => {
  const { log, wall, config } = base;
  let held: boolean | null = null;
  const waiting = watchWaiting(base, config.mode, tell, UNTENDED);
  for (;;) {
    const read = await desk.identity();
    if (read.ok) {
      waiting.over();
      return read.value;
    }
    const { code, message } = read.error;
    const refusal = refusalOf(read.error);
    if (refusal !== null) {
      held ??= holds();
      if (!held) throw new UserError(refusal);
      log.error({ code }, `${refusal}. Something is held, so it is tried again`);
      waiting.failed(refusal);
      await wall.sleep(REFUSED_RETRY);
      continue;
    }
    log.warn({ code, why: message }, 'the exchange does not tell the account yet; trying again');
    waiting.failed(`It does not tell whose account this is: ${code} ${message}`);
    await wall.sleep(RETRY);
  }
};

/** Why the exchange will not tell as things are, or null where it has only not answered. */
const refusalOf = ({ kind, code, message }: VenueError): string | null => {
  if (kind === 'authentication')
    return `EXCHANGE_API_KEY is refused by the exchange (${code}: ${message}); check key, secret and the addresses it may be used from`;
  return kind === 'refused' ? `the exchange refuses to tell the account (${code}: ${message})` : null;
};

/** What a start means for positions that does not know its books yet. */
const UNTENDED =
  'Nothing is traded or looked after meanwhile. Protective stops rest on the exchange; every other exit waits.';

/**
 * Tries, while a moment's outage of the exchange would decide whether a bot starts, and what it believes of its
 * database.
 */
const TRIES = 4;

/** What the exchange answers; null where it does not after several tries. */
export const inTime = async <T>(
  { wall }: Pick<Base, 'wall'>,
  ask: () => Promise<Read<T>>,
): Promise<T | 'unlisted' | null> => {
  for (let attempt = 1; ; attempt += 1) {
    const read = await ask();
    if (read.ok) return read.value;
    if (read.error.kind === 'unlisted') return 'unlisted';
    if (attempt >= TRIES) return null;
    await wall.sleep(RETRY);
  }
};

/**
 * The account's newest orders that this program has placed, from whatever database. Null = they could not be read,
 * after several tries.
 */
export const ordersOfOurs = async (
  base: Pick<Base, 'wall'>,
  desk: AccountDesk,
  symbols: readonly SymbolName[],
): Promise<readonly OrderHead[] | null> => {
  const found: OrderHead[] = [];
  for (const symbol of symbols) {
    const orders = await inTime(base, () => desk.recentOrders(symbol));
    if (orders === null) return null;
    // Nobody trades in a market that is not there.
    if (orders === 'unlisted') continue;
    found.push(...orders.filter(({ clientOrderId }) => clientOrderId.startsWith(ORDER_PREFIX)));
  }
  return found;
};

/**
 * What another bot on the same account has done in the last minutes, in words; null when there is none. `orders`: null
 * = they could not be read, which proves nothing, and is said.
 */
export const otherInstance = (orders: readonly OrderHead[] | null, instanceId: string, now: EpochMs): string | null => {
  if (orders === null) return 'the orders of the account could not be read, so another bot on it cannot be ruled out';
  const other = orders.find(
    ({ clientOrderId, at }) => now - at < RECENT && !clientOrderId.startsWith(`${ORDER_PREFIX}${instanceId}`),
  );
  return other === undefined
    ? null
    : `another bot trades on this account: order ${other.clientOrderId} at ${new Date(other.at).toISOString()} is not of this database (${instanceId}); stop that bot, or wait ${RECENT / MINUTE_MS} minutes if it is stopped`;
};
