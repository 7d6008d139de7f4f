import type { ChatMemory } from '../../ports/chat.ts';
import type { Connection } from './connection.ts';
import { asWriteError } from './errors.ts';

/** Durable when `set` returns. */
export const createChatMemory = (db: Connection): ChatMemory => {
  const get = db.prepare<[string], string>('SELECT value FROM chat_memory WHERE key = ?').pluck();
  const put = db.prepare(
    'INSERT INTO chat_memory (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  return {
    get: (key) => get.get(key) ?? null,
    set: (key, value) => {
      try {
        put.run(key, value);
      } catch (error) {
        throw asWriteError(error, 'the chat memory');
      }
    },
  };
};
