import type { DatabaseIdentity } from '../../ports/store.ts';
import type { Connection } from './connection.ts';

/** What a database says of itself, a row a fact. */
export type MetaKey =
  | 'mode'
  | 'account'
  | 'instance_id'
  | 'created_at'
  | 'opened_at'
  /** Set in a copy until it is opened as a database of its own. */
  | 'copied_from'
  /** Last journal sequence at the moment a copy became a database of its own. */
  | 'restored_at_sequence';

export const readMeta = (db: Connection, key: MetaKey): string | null =>
  db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE key = ?').get(key)?.value ?? null;

export const writeMeta = (db: Connection, key: MetaKey, value: string): void => {
  db.prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value').run(
    key,
    value,
  );
};

export const dropMeta = (db: Connection, key: MetaKey): void => {
  db.prepare('DELETE FROM meta WHERE key = ?').run(key);
};

/** Null when one of the three facts is missing. */
export const readIdentity = (db: Connection): DatabaseIdentity | null => {
  const mode = readMeta(db, 'mode');
  const account = readMeta(db, 'account');
  const instanceId = readMeta(db, 'instance_id');
  return mode === null || account === null || instanceId === null ? null : { mode, account, instanceId };
};
