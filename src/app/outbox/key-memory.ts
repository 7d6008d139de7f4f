const REMEMBERED_KEYS = 2_000;

/** The keys delivered last: a row whose mark was lost, or that was written twice, is not sent again. */
export interface KeyMemory {
  has(key: string): boolean;
  add(key: string): void;
}

export const createKeyMemory = (): KeyMemory => {
  const keys = new Set<string>();
  return {
    has: (key) => keys.has(key),
    add: (key) => {
      keys.add(key);
      const oldest = keys.values().next();
      if (keys.size > REMEMBERED_KEYS && oldest.done !== true) keys.delete(oldest.value);
    },
  };
};
