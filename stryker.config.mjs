/**
 * Mutation tests of the rooms that guard money: `npm run test:mutation`, one room with `-- --mutate
 * "src/core/risk/*.ts"`.
 */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  mutate: ['src/core/{guardian,risk,ledger,orders}/**/*.ts', '!src/core/**/*.test.ts', '!src/core/**/*.test-helper.ts'],
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 1,
  timeoutMS: 20_000,
  tempDirName: '.stryker-tmp',
  ignorePatterns: [
    'data',
    'models',
    'deployment',
    'bench',
    'commands',
    'src/adapters',
    'src/sim',
    'src/research',
    'src/audit',
    'src/cli',
    'src/app',
  ],
  reporters: ['clear-text', 'json'],
  jsonReporter: { fileName: 'reports/mutation.json' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: true },
  thresholds: { high: 95, low: 90, break: 90 },
  allowEmpty: false,
};
