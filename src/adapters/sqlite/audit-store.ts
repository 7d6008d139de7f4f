import type { AuditEntry, Caller } from '../../ports/operator.ts';
import type { AuditStore } from '../../ports/store.ts';
import type { Connection } from './connection.ts';
import { asWriteError } from './errors.ts';

interface AuditRow {
  readonly at: number;
  readonly userId: number;
  readonly name: string;
  readonly role: Caller['role'] | 'stranger';
  readonly via: Caller['via'];
  readonly chatId: number | null;
  readonly command: string;
  readonly arguments: string;
  readonly outcome: string;
}

/** Newest first. Works on a read-only connection. */
export const createAuditReader = (db: Connection): Pick<AuditStore, 'audits'> => {
  const newest = db.prepare<[number], AuditRow>(
    'SELECT at, user_id AS userId, user_name AS name, role, via, chat_id AS chatId, command, arguments, outcome FROM audit_log ORDER BY id DESC LIMIT ?',
  );
  return { audits: (limit) => newest.all(limit).map(toEntry) };
};

const toEntry = ({ userId, name, role, via, ...rest }: AuditRow): AuditEntry => ({
  ...rest,
  caller: role === 'stranger' ? { userId, name, role, via: 'telegram' } : { userId, name, role, via },
});

export const createAuditStore = (db: Connection): AuditStore => {
  const insert = db.prepare(
    'INSERT INTO audit_log (at, user_id, user_name, role, via, chat_id, command, arguments, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const claim = db.prepare('INSERT INTO telegram_updates (update_id) VALUES (?) ON CONFLICT (update_id) DO NOTHING');
  return {
    ...createAuditReader(db),
    addAudit: ({ at, caller, chatId, command, arguments: words, outcome }) => {
      try {
        insert.run(at, caller.userId, caller.name, caller.role, caller.via, chatId, command, words, outcome);
      } catch (error) {
        throw asWriteError(error, 'an audit row');
      }
    },
    claimUpdate: (updateId) => {
      try {
        return claim.run(updateId).changes === 1;
      } catch (error) {
        throw asWriteError(error, `update ${updateId}`);
      }
    },
  };
};
