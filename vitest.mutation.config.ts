import { defineConfig } from 'vitest/config';

/** What mutation tests run for each mutant: the tests of the core alone. */
export default defineConfig({
  test: {
    include: ['src/core/{guardian,risk,ledger,orders,engine,market}/**/*.test.ts'],
    testTimeout: 20_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
