import { expect, test } from 'vitest';
import type { ChatMemory } from '../../ports/chat.ts';
import { silentLog } from './fakes.test-helper.ts';
import { noteListedChats } from './listed-chats.ts';

const memoryOf = (values: Map<string, string>): ChatMemory => ({
  get: (key) => values.get(key) ?? null,
  set: (key, value) => void values.set(key, value),
});

test('whoever is back on the lists rejoins; who stayed on them does not, and what an older version wrote leaves nobody out', () => {
  const memory = memoryOf(new Map());
  const rejoined: number[] = [];
  const start = (...chats: readonly number[]): readonly number[] => {
    noteListedChats({
      store: { rejoin: (chatId) => void rejoined.push(chatId) },
      memory,
      chats,
      wallNow: 0,
      log: silentLog,
    });
    return rejoined.splice(0);
  };
  expect(start(1, 2, -100)).toEqual([]);
  expect(start(1, 2, -100)).toEqual([]);
  expect(start(1)).toEqual([]);
  expect(start(1, 2, -100)).toEqual([2, -100]);
  expect(start(1, 2, -100)).toEqual([]);
});

test('what could not be written is done at the next start, and keeps this one from nothing', () => {
  const memory = memoryOf(new Map([['outbox/listed', '1']]));
  const failing = (): never => {
    throw new Error('disk full');
  };
  noteListedChats({ store: { rejoin: failing }, memory, chats: [1, 2], wallNow: 0, log: silentLog });
  const rejoined: number[] = [];
  noteListedChats({
    store: { rejoin: (chatId) => void rejoined.push(chatId) },
    memory,
    chats: [1, 2],
    wallNow: 0,
    log: silentLog,
  });
  expect(rejoined).toEqual([2]);
});
