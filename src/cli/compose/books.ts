import { openDatabase, openReadOnly } from '../../adapters/sqlite/database.ts';
import { DatabaseRefused } from '../../adapters/sqlite/errors.ts';
import { realPath } from '../../adapters/sqlite/files.ts';
import { acquireInstanceLock } from '../../adapters/sqlite/instance-lock.ts';
import { describeDifference, recover } from '../../app/replay.ts';
import { isDust, type EngineState } from '../../core/engine/state.ts';
import { isFinal } from '../../core/orders/record.ts';
import { ORDER_PREFIX, type Base, type Books, type StartHalt } from './base.ts';

/** Opens the mode's database for this account alone and recovers the state. @throws DatabaseRefused */
export const openBooks = ({ config, log, resources }: Base, account: string): Books => {
  const database = openDatabase({ path: config.databasePath, mode: config.mode, account });
  resources.defer(() => database.close());
  const { state, sequence, replayed, snapshotFault, difference } = recover(database.journal);
  if (snapshotFault !== null)
    log.warn(
      { why: snapshotFault },
      'the newest snapshot could not be read: recovered from an older one, or the journal alone',
    );
  if (difference !== null)
    log.warn(
      { difference: describeDifference(difference) },
      'the journal does not replay to what it recorded; see guardian replay --verify',
    );
  log.info({ database: database.path, origin: database.origin, sequence, replayed }, 'database is open');
  return { database, state };
};

/**
 * Whether the ledger holds a position, or an order that may still do something: then nothing may keep the bot from
 * starting.
 */
export const holdsSomething = (state: EngineState): boolean =>
  Object.values(state.orders).some((record) => !isFinal(record)) ||
  Object.values(state.symbols).some(
    (symbol) => symbol.managed !== null || (symbol.heldNumber > 0 && !isDust(state, symbol)),
  );

/**
 * The same for the database at this path, before it is opened for good. False for one that cannot be read: opening it
 * says why.
 */
export const databaseHolds = (path: string): boolean => {
  try {
    const database = openReadOnly(path);
    try {
      return holdsSomething(recover(database.journal).state);
    } finally {
      database.close();
    }
  } catch {
    return false;
  }
};

/** Whether the database at this path holds something that no process looks after. */
export const isLeftAlone = (path: string): boolean => {
  if (!databaseHolds(path)) return false;
  try {
    acquireInstanceLock(realPath(path), Date.now()).release();
    return true;
  } catch (error) {
    return !(error instanceof DatabaseRefused && error.code === 'in-use');
  }
};

/** Sequence of one of our client order ids, when it is of this instance: prefix, instance id, a hyphen, base 36. */
const sequenceOf = (clientOrderId: string, instanceId: string): number => {
  const head = `${ORDER_PREFIX}${instanceId}-`;
  return clientOrderId.startsWith(head) ? Number.parseInt(clientOrderId.slice(head.length), 36) || 0 : 0;
};

/**
 * Reasons to start halted that lie in where the database comes from: a restored copy, or a new file although the
 * account has orders of ours, has forgotten what happened since, locks included. Such a database has, or here gets, a
 * new instance id, so that its orders have ids which no earlier order has.
 * @param orders the account's orders that this program has placed; null = they could not be read, which proves nothing
 */
export const originHalts = (
  { database, state }: Books,
  orders: readonly { readonly clientOrderId: string }[] | null,
): readonly StartHalt[] => {
  const then = 'check /positions and /orders, send /reconcile, then /unlock';
  const halt = (code: string, text: string): readonly StartHalt[] => [{ code, text: `${text}; ${then}` }];
  if (database.origin === 'restored')
    return halt('restored', 'the database is a restored copy: locks and fills since the backup are not in it');
  if (database.origin === 'created') {
    if (orders === null)
      return halt('fresh-database', 'the database is new and the orders of the account could not be read');
    return orders.length === 0
      ? []
      : halt(
          'fresh-database',
          'the database is new and the account has orders of this bot: a database was deleted or moved, with the locks in it',
        );
  }
  // A copy made by other means says nothing of itself; the account gives it away.
  const newest = Math.max(
    0,
    ...(orders ?? []).map(({ clientOrderId }) => sequenceOf(clientOrderId, database.identity.instanceId)),
  );
  if (newest <= state.orderSequence) return [];
  // Its next ids are taken: a send that is lost would be looked up, and the order of before found in its place.
  database.adopt();
  return halt(
    'older-copy',
    `the account has order ${newest} of this database, which itself ends at ${state.orderSequence}: it is an older copy`,
  );
};
