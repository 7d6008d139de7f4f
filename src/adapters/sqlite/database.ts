import type { EpochMs } from '../../core/units.ts';
import type { ChatMemory } from '../../ports/chat.ts';
import type { BoardRecords } from '../../ports/dashboard.ts';
import type { JournalArchive, PrunableJournal } from '../../ports/journal-archive.ts';
import type { OutboxStore } from '../../ports/outbox.ts';
import type { AuditStore, DatabaseIdentity, JournalStore, Records } from '../../ports/store.ts';
import { createAuditReader, createAuditStore } from './audit-store.ts';
import { createBoardRecords } from './board-records.ts';
import { createChatMemory } from './chat-memory.ts';
import { APPLICATION_ID, connect, connectReadOnly, pragmaNumber, type Connection } from './connection.ts';
import { backupTo, type BackupResult } from './backup.ts';
import { DatabaseRefused, type RefusalCode } from './errors.ts';
import { rememberFiles } from './file-identity.ts';
import { makeDirectoryOf, makeFile, realPath } from './files.ts';
import {
  GUARDIAN_DATABASE,
  identityOf,
  inspect,
  inspectConnection,
  inspectIdentity,
  lookAt,
  refusalFor,
} from './inspect.ts';
import { newInstanceId } from './instance-id.ts';
import { acquireInstanceLock, type InstanceLock } from './instance-lock.ts';
import { createJournalArchive, createPrunableJournal } from './journal-archive.ts';
import { createJournalReader, createJournalStore } from './journal-store.ts';
import { dropMeta, readMeta, writeMeta } from './meta.ts';
import { migrate, SCHEMA_VERSION } from './migrate.ts';
import { createOutboxStore } from './outbox-store.ts';
import { createRecords } from './records.ts';

export interface DatabaseOptions {
  /** File; its directory is made when missing. `:memory:` keeps nothing and takes no lock. */
  readonly path: string;
  readonly mode: string;
  /** Identifies the exchange account (a hash, never the key). */
  readonly account: string;
  /** Wall clock, for the lock's and the file's own dates. */
  readonly now?: () => EpochMs;
  /** `quick` (the default) reads every page; `full` compares indexes with their tables, too. */
  readonly check?: 'quick' | 'full';
  /** Largest size in pages of 4096 bytes; beyond it a write fails as on a full disk. */
  readonly maxPageCount?: number;
}

/**
 * `created`: no journal entry yet. `restored`: a copy that nothing has been
 * journaled in since it was opened as a database of its own; the first start
 * must be halted. Both stay so until the first commit, crash or not.
 */
export type Origin = 'created' | 'existing' | 'restored';

export interface Database {
  readonly path: string;
  readonly identity: DatabaseIdentity;
  readonly origin: Origin;
  /**
   * Takes it for a copy that does not say that it is one: a new instance id, and "restored" at every start until
   * something is journaled.
   */
  adopt(): void;
  readonly journal: JournalStore;
  readonly outbox: OutboxStore;
  readonly records: Records;
  /** Row queries of the page. */
  readonly board: BoardRecords;
  readonly audit: AuditStore;
  readonly chatMemory: ChatMemory;
  /** The older part of the journal, for putting days away. */
  readonly archive: PrunableJournal;
  /** Bytes of the database file, write-ahead log not counted. */
  sizeBytes(): number;
  /**
   * Path of the file, or of its write-ahead log, that was deleted or replaced: what is written is lost with this
   * handle. Null = neither.
   */
  misplacedFile(): string | null;
  /**
   * A checked copy of all that this handle holds, also when its file is gone.
   * @throws DatabaseRefused, StoreWriteError
   */
  rescue(target: string, now: EpochMs): Promise<BackupResult>;
  /** Frees the file for another process. Nothing of the handle may be used afterwards. */
  close(): void;
}

/**
 * Opens or makes the one database of a mode and account, for this process alone.
 * @throws DatabaseRefused with one clear line; the file is then as it was.
 */
export const openDatabase = (options: DatabaseOptions): Database => {
  const now = options.now ?? Date.now;
  const path = realPath(options.path);
  if (path === ':memory:') return handle(initialise(connect(path, 'FULL'), options, now()), options, null);
  makeDirectoryOf(path);
  refuseOthers(path, options);
  const lock = acquireInstanceLock(path, now());
  let db: Connection | null = null;
  try {
    if (lookAt(path) === 'nothing') makeFile(path, (file) => initialise(connect(file, 'FULL'), options, now()).close());
    else {
      inspect(path, GUARDIAN_DATABASE, options.check ?? 'quick');
      inspectIdentity(path, options.mode, options.account);
    }
    db = connect(path, 'FULL');
    // The one write at every start: a file that cannot be written is found here, not at the first order.
    writeMeta(db, 'opened_at', String(now()));
    migrate(db, now());
    if (readMeta(db, 'copied_from') !== null) adopt(db);
    return handle(db, { ...options, path }, lock);
  } catch (error) {
    db?.close();
    lock.release();
    throw refusalFor(error, path, GUARDIAN_DATABASE);
  }
};

/**
 * What no lock would make right. Whatever else is amiss is found under the lock: the file may be another process's at
 * this moment.
 */
const OF_OTHERS: ReadonlySet<RefusalCode> = new Set([
  'not-a-database',
  'foreign',
  'newer-schema',
  'other-mode',
  'other-account',
]);

/**
 * Before the lock, whose file stays: a wrong path must not leave one beside what is somebody else's.
 * @throws DatabaseRefused
 */
const refuseOthers = (path: string, { mode, account }: DatabaseOptions): void => {
  try {
    if (lookAt(path) === 'nothing') return;
    inspect(path, GUARDIAN_DATABASE, 'none');
    inspectIdentity(path, mode, account);
  } catch (error) {
    if (error instanceof DatabaseRefused && OF_OTHERS.has(error.code)) throw error;
  }
};

const initialise = (db: Connection, { mode, account }: DatabaseOptions, now: EpochMs): Connection => {
  db.pragma(`application_id = ${APPLICATION_ID}`);
  migrate(db, now);
  db.transaction(() => {
    writeMeta(db, 'mode', mode);
    writeMeta(db, 'account', account);
    writeMeta(db, 'instance_id', newInstanceId());
    writeMeta(db, 'created_at', String(now));
  }).immediate();
  return db;
};

/** A copy becomes a database of its own: its orders must never share ids with the original's. */
const adopt = (db: Connection): void => {
  db.transaction(() => {
    writeMeta(db, 'instance_id', newInstanceId());
    writeMeta(db, 'restored_at_sequence', String(createJournalReader(db).lastSequence()));
    dropMeta(db, 'copied_from');
  }).immediate();
};

const originOf = (db: Connection): Origin => {
  const last = createJournalReader(db).lastSequence();
  if (readMeta(db, 'restored_at_sequence') === String(last)) return 'restored';
  return last === 0 ? 'created' : 'existing';
};

const handle = (db: Connection, options: DatabaseOptions, lock: InstanceLock | null): Database => {
  const { path, maxPageCount } = options;
  const files = lock === null ? null : rememberFiles(path);
  let identity = identityOf(db, path);
  if (maxPageCount !== undefined) db.pragma(`max_page_count = ${Math.max(1, Math.trunc(maxPageCount))}`);
  return {
    path,
    get identity() {
      return identity;
    },
    origin: originOf(db),
    adopt: () => {
      adopt(db);
      identity = identityOf(db, path);
    },
    journal: createJournalStore(db),
    outbox: createOutboxStore(db),
    records: createRecords(db),
    board: createBoardRecords(db),
    audit: createAuditStore(db),
    chatMemory: createChatMemory(db),
    archive: createPrunableJournal(db),
    sizeBytes: () => pragmaNumber(db, 'page_count') * pragmaNumber(db, 'page_size'),
    misplacedFile: () => files?.misplaced() ?? null,
    rescue: (target, at) => backupTo(db, target, at),
    close: () => {
      db.close();
      files?.closed();
      lock?.release();
    },
  };
};

/** A database of any mode, looked at and never changed: for audits, replays and reports. */
export interface ReadOnlyDatabase {
  readonly path: string;
  readonly identity: DatabaseIdentity;
  readonly journal: Pick<JournalStore, 'latestSnapshot' | 'entriesAfter' | 'lastSequence'>;
  readonly records: Records;
  readonly audit: Pick<AuditStore, 'audits'>;
  readonly archive: JournalArchive;
  close(): void;
}

/** May be used while another process writes. @throws DatabaseRefused with one clear line. */
export const openReadOnly = (path: string, check: 'quick' | 'full' | 'none' = 'quick'): ReadOnlyDatabase => {
  if (lookAt(path) === 'nothing')
    throw new DatabaseRefused(
      'missing',
      `${path} does not exist: the bot makes it at its first start; or give another path`,
    );
  let db: Connection | null = null;
  try {
    db = connectReadOnly(path);
    inspectConnection(db, path, GUARDIAN_DATABASE, check);
    const version = pragmaNumber(db, 'user_version');
    if (version < SCHEMA_VERSION)
      throw new DatabaseRefused(
        'older-schema',
        `${path} has schema version ${version}, this program reads ${SCHEMA_VERSION}: start the bot on it once, which brings it forward`,
      );
    const opened = db;
    return {
      path,
      identity: identityOf(db, path),
      journal: createJournalReader(db),
      records: createRecords(db),
      audit: createAuditReader(db),
      archive: createJournalArchive(db),
      close: () => void opened.close(),
    };
  } catch (error) {
    db?.close();
    throw refusalFor(error, path, GUARDIAN_DATABASE);
  }
};
