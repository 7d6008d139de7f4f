import type { EpochMs } from '../../core/units.ts';
import { pragmaNumber, type Connection } from './connection.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings the schema forward, one transaction a step: a step that fails leaves the version before it. */
export const migrate = (db: Connection, now: EpochMs, migrations: readonly Migration[] = MIGRATIONS): void => {
  for (let version = pragmaNumber(db, 'user_version') + 1; version <= migrations.length; version += 1) {
    const migration = migrations[version - 1];
    if (migration === undefined) return;
    db.transaction(() => {
      db.exec(migration.sql);
      db.prepare('INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)').run(
        version,
        migration.name,
        now,
      );
      db.pragma(`user_version = ${version}`);
    }).immediate();
  }
};
