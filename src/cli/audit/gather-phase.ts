import { openReadOnly } from '../../adapters/sqlite/database.ts';
import { DatabaseRefused } from '../../adapters/sqlite/errors.ts';
import type { DrillRecord, Phase } from '../../audit/evidence.ts';
import { verifyOwn, type JournalReader } from '../../app/replay.ts';
import { recordPhase, type PhaseRecord, type Terms } from '../../audit/phase-record.ts';
import type { AuditEntry } from '../../ports/operator.ts';
import type { Snapshot } from '../../ports/store.ts';
import { engineVersion } from '../engine-version.ts';

/** Rows of the audit table that are looked through for drills. */
const AUDIT_ROWS = 100_000;

const drillOf = ({ at, command, arguments: name, outcome }: AuditEntry): readonly DrillRecord[] => {
  if (command !== 'drill') return [];
  const passed = outcome.startsWith('passed: ');
  return passed || outcome.startsWith('failed: ') ? [{ name, at, passed, text: outcome.slice('passed: '.length) }] : [];
};

const unread = (why: string): Phase => ({ status: 'missing', why, exists: true });

/**
 * A difference of this program's own goes before one of another version's, which is no fault and comes first in the
 * journal.
 */
const firstFault = (
  journal: JournalReader,
  start: Snapshot | null,
  { difference }: PhaseRecord,
): PhaseRecord['difference'] => {
  const running = engineVersion();
  if (difference === null || difference.engineVersion === running) return difference;
  const { gap, firstDifference } = verifyOwn(journal, running, { start });
  const own = gap ?? firstDifference;
  return own === null ? difference : { sequence: own.sequence, engineVersion: running };
};

/**
 * What a database shows, read without changing it; a running bot may go on writing. `whole`: from the oldest
 * entry; else from the newest snapshot, which is enough for what is in force now.
 */
export const gatherPhase = (path: string, mode: string | null, terms: Terms, whole: boolean): Phase => {
  let database: ReturnType<typeof openReadOnly>;
  try {
    database = openReadOnly(path);
  } catch (error) {
    if (error instanceof DatabaseRefused)
      return error.code === 'missing'
        ? { status: 'missing', why: `${path} does not exist`, exists: false }
        : unread(error.message);
    throw error;
  }
  try {
    const { identity, journal, archive, audit } = database;
    if (mode !== null && identity.mode !== mode) return unread(`${path} belongs to mode ${identity.mode}, not ${mode}`);
    const first = archive.firstSequence();
    const start = whole ? (first > 1 ? archive.snapshotAt(first - 1) : null) : journal.latestSnapshot();
    const record = recordPhase(journal.entriesAfter(start?.sequence ?? 0), start, terms);
    return {
      status: 'read',
      path,
      mode: identity.mode,
      whole,
      record: { ...record, difference: firstFault(journal, start, record) },
      drills: audit.audits(AUDIT_ROWS).flatMap(drillOf),
    };
  } catch (error) {
    return unread(`${path} cannot be read through: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    database.close();
  }
};
