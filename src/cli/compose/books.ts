import { openDatabase } from '../../adapters/sqlite/database.ts';
import { describeDifference, recover } from '../../app/replay.ts';
import { isDust, type EngineState } from '../../core/engine/state.ts';
import { isFinal } from '../../core/orders/record.ts';
import type { Base, Books, StartHalt } from './base.ts';

/** Opens the mode's database for this account alone and recovers the state. @throws DatabaseRefused */
export const openBooks = ({ config, log, resources }: Base, account: string): Books => {
  const database = openDatabase({ path: config.databasePath, mode: config.mode, account });
  resources.defer(() => database.close());
  const { state, sequence, replayed, snapshotFault, difference } = recover(database.journal);
  if (snapshotFault !== null) log.warn({ why: snapshotFault }, 'the newest snapshot could not be read: recovered from the journal alone');
  if (difference !== null) log.warn({ difference: describeDifference(difference) }, 'the journal does not replay to what it recorded; see guardian replay --verify');
  log.info({ database: database.path, origin: database.origin, sequence, replayed }, 'database is open');
  return { database, state };
};

/** Whether the ledger holds a position, or an order that may still do something: then nothing may keep the bot from starting. */
export const holdsSomething = (state: EngineState): boolean =>
  Object.values(state.orders).some((record) => !isFinal(record)) ||
  Object.values(state.symbols).some((symbol) => symbol.managed !== null || (symbol.heldNumber > 0 && !isDust(state, symbol)));

/**
 * A copy, or a new file beside an account that knows us, has forgotten what happened since: locks, too. Both
 * start halted. `knows`: whether the account has orders of ours; null = could not be read, which is no "no".
 */
export const originHalts = ({ database }: Books, knows: boolean | null): readonly StartHalt[] => {
  const then = 'check /positions and /orders, send /reconcile, then /unlock';
  if (database.origin === 'restored') return [{ code: 'restored', text: `the database is a restored copy: locks and fills since the backup are not in it; ${then}` }];
  if (database.origin !== 'created' || knows === false) return [];
  const why = knows === null ? 'the orders of the account could not be read' : `the account has orders of this bot: a database was deleted or moved, with the locks in it`;
  return [{ code: 'fresh-database', text: `the database is new and ${why}; ${then}` }];
};
