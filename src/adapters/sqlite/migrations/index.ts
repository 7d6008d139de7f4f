import { initial } from './0001-initial.ts';
import { chatMemory } from './0002-chat-memory.ts';

/** One forward step of the schema. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** In order: the n-th makes version n. A released migration is never edited; there is no way back but a backup. */
export const MIGRATIONS: readonly Migration[] = [
  { name: '0001-initial', sql: initial },
  { name: '0002-chat-memory', sql: chatMemory },
];
