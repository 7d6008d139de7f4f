import { dirname, join } from 'node:path';
import type { Config } from '../adapters/system/config-schema.ts';
import type { EpochMs } from '../core/units.ts';

/** `live-2026-11-21T044500.db`: mode and UTC time. Rotation and the audit look at no other file. */
export const BACKUP_NAME = /^(demo|paper|testnet|live)-\d{4}-\d{2}-\d{2}T\d{6}\.db$/;

/** Beside the database. */
export const backupDirectory = ({ databasePath }: Pick<Config, 'databasePath'>): string => join(dirname(databasePath), 'backups');

export const backupName = (mode: string, at: EpochMs): string => `${mode}-${new Date(at).toISOString().replaceAll(':', '').slice(0, 17)}.db`;
