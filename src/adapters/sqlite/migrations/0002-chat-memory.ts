/**
 * Small values of the chat side that have to survive a restart: handled updates, used one-time codes, migrated chats.
 */
export const chatMemory = `
CREATE TABLE chat_memory (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
