import type { Alert } from '../../core/engine/alert.ts';
import type { OutboxStore } from '../../ports/outbox.ts';
import type { Connection } from './connection.ts';
import { asWriteError } from './errors.ts';

interface PendingRow {
  readonly id: number;
  readonly alert: string;
  readonly createdAt: number;
  readonly attempts: number;
}

/**
 * A sum in the place of a bare parameter changes nothing of what is found: SQLite plans with the value of a bare one
 * there, and prepares the statement anew at every call, which takes ten times as long as the query.
 */
const PENDING = `
  SELECT o.id, o.alert, o.created_at AS createdAt, coalesce(d.attempts, 0) AS attempts
  FROM outbox o LEFT JOIN outbox_deliveries d ON d.chat_id = :chat + 0 AND d.outbox_id = o.id
  WHERE o.id > (SELECT settled_through FROM outbox_chats WHERE chat_id = :chat) AND coalesce(d.state, 'waiting') = 'waiting'
  ORDER BY o.id LIMIT :limit + 0`;

const COUNT = `
  SELECT count(*) FROM outbox_chats c JOIN outbox o ON o.id > c.settled_through
  LEFT JOIN outbox_deliveries d ON d.chat_id = c.chat_id AND d.outbox_id = o.id
  WHERE c.chat_id IN (SELECT value FROM json_each(?)) AND coalesce(d.state, 'waiting') = 'waiting'`;

/**
 * Everything up to the returned id is behind a chat that is seen for the first
 * time. In a database with no chat yet that is nothing: what was said before
 * anyone listened is still to be delivered. A chat added later hears what has
 * been said since this start, and what none of the others has heard either:
 * one that was dropped from the configuration has not for a long time, and must
 * not make a new one hear of all that.
 */
const FIRST_SEEN = `
  SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM outbox_chats) THEN 0
              ELSE min(:atStart, (SELECT max(settled_through) FROM outbox_chats)) END`;

/**
 * After a row is settled, the chat's mark moves up to the row before its oldest waiting one. (Of the chat by its row,
 * for the same reason as above.)
 */
const ADVANCE = `
  UPDATE outbox_chats SET settled_through = coalesce(
    (SELECT min(o.id) - 1 FROM outbox o LEFT JOIN outbox_deliveries d ON d.chat_id = outbox_chats.chat_id AND d.outbox_id = o.id
      WHERE o.id > settled_through AND o.id <= :id AND coalesce(d.state, 'waiting') = 'waiting'), max(settled_through, :id))
  WHERE chat_id = :chat`;

const SETTLE = `
  INSERT INTO outbox_deliveries (chat_id, outbox_id, attempts, state, settled_at, why) VALUES (:chat, :id, 1, :state, :at, :why)
  ON CONFLICT (chat_id, outbox_id) DO UPDATE SET state = excluded.state, settled_at = excluded.settled_at, why = excluded.why
  WHERE state = 'waiting'`;

const PARK_ALL = `
  INSERT INTO outbox_deliveries (chat_id, outbox_id, attempts, state, settled_at, why)
  SELECT :chat, o.id, 0, 'parked', :at, :why
  FROM outbox o LEFT JOIN outbox_deliveries d ON d.chat_id = :chat AND d.outbox_id = o.id
  WHERE o.id > (SELECT settled_through FROM outbox_chats WHERE chat_id = :chat) AND coalesce(d.state, 'waiting') = 'waiting'
  ON CONFLICT (chat_id, outbox_id) DO UPDATE SET state = 'parked', settled_at = excluded.settled_at, why = excluded.why`;

const PARK_EARLIER = PARK_ALL.replace('WHERE o.id >', 'WHERE o.id <= :mark AND o.id >');

/** What was parked while the chat was closed is not for the one who comes back, either. */
const LEFT = 'left';
const LEAVE = `
  UPDATE outbox_deliveries SET why = '${LEFT}: ' || :why || coalesce(' (' || why || ')', '')
  WHERE chat_id = :chat AND outbox_id <= :mark AND state = 'parked' AND coalesce(why, '') NOT LIKE '${LEFT}: %'`;
const SETTLE_EARLIER = 'UPDATE outbox_chats SET settled_through = max(settled_through, :mark) WHERE chat_id = :chat';

const SETTLE_ALL =
  'UPDATE outbox_chats SET settled_through = max(settled_through, coalesce((SELECT max(id) FROM outbox), 0)) WHERE chat_id = ?';

const REOPEN = `
  UPDATE outbox_deliveries SET state = 'waiting', settled_at = NULL
  WHERE chat_id = :chat AND state = 'parked' AND coalesce(why, '') NOT LIKE '${LEFT}: %' AND outbox_id IN (SELECT id FROM outbox WHERE created_at >= :notBefore)`;

/**
 * The mark moves back to before the oldest row that waits. Rows delivered since are on record as such, so they are not
 * sent again.
 */
const RETREAT = `
  UPDATE outbox_chats SET settled_through = min(settled_through, coalesce(
    (SELECT min(outbox_id) - 1 FROM outbox_deliveries WHERE chat_id = :chat AND state = 'waiting'), settled_through))
  WHERE chat_id = :chat`;

const ATTEMPT = `
  INSERT INTO outbox_deliveries (chat_id, outbox_id, attempts, state) VALUES (?, ?, 1, 'waiting')
  ON CONFLICT (chat_id, outbox_id) DO UPDATE SET attempts = attempts + 1`;

/** Delivery of alerts, chat by chat. The rows themselves come with the journal's commits. */
export const createOutboxStore = (db: Connection): OutboxStore => {
  const pending = db.prepare<[{ chat: number; limit: number }], PendingRow>(PENDING);
  const count = db.prepare<[string], number>(COUNT).pluck();
  const countAll = db.prepare<[], number>('SELECT count(*) FROM outbox').pluck();
  const known = db.prepare<[number], number>('SELECT 1 FROM outbox_chats WHERE chat_id = ?').pluck();
  const firstSeen = db.prepare<[{ atStart: number }], number>(FIRST_SEEN).pluck();
  const addChat = db.prepare('INSERT INTO outbox_chats (chat_id, settled_through) VALUES (?, ?)');
  const settle = db.prepare(SETTLE);
  const advance = db.prepare(ADVANCE);
  const attempt = db.prepare(ATTEMPT);
  const parkAll = db.prepare(PARK_ALL);
  const parkEarlier = db.prepare(PARK_EARLIER);
  const leave = db.prepare(LEAVE);
  const settleEarlier = db.prepare(SETTLE_EARLIER);
  const settleAll = db.prepare(SETTLE_ALL);
  const reopen = db.prepare(REOPEN);
  const retreat = db.prepare(RETREAT);
  const insert = db.prepare(
    'INSERT INTO outbox (sequence, key, kind, title, alert, at, created_at) VALUES (NULL, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING',
  );
  const atStart = db.prepare<[], number | null>('SELECT max(id) FROM outbox').pluck().get() ?? 0;
  /** Chats of this run: one that was dropped from the configuration no longer counts. */
  const chats = new Set<number>();

  const meet = (chatId: number): void => {
    if (chats.has(chatId)) return;
    if (known.get(chatId) === undefined) addChat.run(chatId, firstSeen.get({ atStart }) ?? 0);
    chats.add(chatId);
  };
  const finish = db.transaction(
    (chat: number, ids: readonly number[], state: 'delivered' | 'parked', at: number, why: string | null) => {
      meet(chat);
      for (const id of ids) settle.run({ chat, id, state, at, why });
      advance.run({ chat, id: Math.max(...ids) });
    },
  );
  const comeBack = db.transaction((chat: number, why: string, at: number) => {
    const mark = firstSeen.get({ atStart }) ?? 0;
    parkEarlier.run({ chat, why: null, at, mark });
    leave.run({ chat, why, mark });
    settleEarlier.run({ chat, mark });
  });
  const note = db.transaction((chat: number, ids: readonly number[]) => {
    meet(chat);
    for (const id of ids) attempt.run(chat, id);
  });
  const close = db.transaction((chat: number, why: string, at: number) => {
    meet(chat);
    parkAll.run({ chat, why, at });
    settleAll.run(chat);
  });
  const open = db.transaction((chat: number, notBefore: number) => {
    meet(chat);
    if (reopen.run({ chat, notBefore }).changes > 0) retreat.run({ chat });
  });
  const write = (what: string, run: () => void): void => {
    try {
      run();
    } catch (error) {
      throw asWriteError(error, what);
    }
  };

  return {
    pending: (chatId, limit) => {
      write('a chat of the outbox', () => meet(chatId));
      return pending.all({ chat: chatId, limit }).map((row) => ({ ...row, alert: JSON.parse(row.alert) as Alert }));
    },
    pendingCount: () => (chats.size === 0 ? countAll.get() : count.get(JSON.stringify([...chats]))) ?? 0,
    markDelivered: (chatId, ids, at) =>
      write('a delivery', () => void (ids.length > 0 && finish.immediate(chatId, ids, 'delivered', at, null))),
    park: (chatId, ids, why, at) =>
      write('a parked alert', () => void (ids.length > 0 && finish.immediate(chatId, ids, 'parked', at, why))),
    parkAll: (chatId, why, at) => write('parked alerts', () => close.immediate(chatId, why, at)),
    reopen: (chatId, notBefore) => write('alerts that wait again', () => open.immediate(chatId, notBefore)),
    rejoin: (chatId, why, at) =>
      write(
        'a chat that is listed again',
        () => void (known.get(chatId) !== undefined && comeBack.immediate(chatId, why, at)),
      ),
    recordAttempt: (chatId, ids) => write('a delivery attempt', () => note.immediate(chatId, ids)),
    add: (alert, createdAt) =>
      write(
        'an alert',
        () => void insert.run(alert.key, alert.kind, alert.title, JSON.stringify(alert), alert.at, createdAt),
      ),
  };
};
