import { readdirSync } from 'node:fs';

import { expect, test } from 'vitest';

import { FIXTURES, LINTER, inProjectOf, runTool } from './tools.ts';

interface Finding {
  readonly filename: string;
  readonly code: string;
}

/** What the linter has to find in each file of the fixture; null = nothing. */
const EXPECTED: Readonly<Record<string, string | null>> = {
  'src/app/console.ts': 'no-console',
  'src/app/default-export.ts': 'no-default-export',
  'src/app/explicit-any.ts': 'no-explicit-any',
  'src/app/floating-promise.ts': 'no-floating-promises',
  'src/app/focused.test.ts': 'no-focused-tests',
  'src/app/forgotten-case.ts': 'switch-exhaustiveness-check',
  'src/app/loose-equality.ts': 'eqeqeq',
  'src/app/misused-promise.ts': 'no-misused-promises',
  'src/app/non-null.ts': 'no-non-null-assertion',
  'src/app/object-in-template.ts': 'restrict-template-expressions',
  'src/app/throws-text.ts': 'only-throw-error',
  'src/app/too-long.ts': 'max-lines',
  'src/app/unsafe-call.ts': 'no-unsafe-call',
  'src/app/unused-variable.ts': 'no-unused-vars',
  'src/core/global-process.ts': 'no-restricted-globals',
  'src/core/innocent.ts': null,
  'src/core/randomness.ts': 'no-restricted-properties',
  'src/core/wall-clock.ts': 'no-restricted-properties',
};

test('the linter finds each fault by its rule, type-aware ones included, and leaves sound code alone', () => {
  const found = inProjectOf('lint', ['.oxlintrc.json', 'tsconfig.json'], (folder) => {
    const { exitCode, output } = runTool(LINTER, ['--format', 'json'], folder);
    expect(exitCode).toBe(1);
    return (JSON.parse(output) as { readonly diagnostics: readonly Finding[] }).diagnostics;
  });
  const files = readdirSync(`${FIXTURES}/lint`, { recursive: true })
    .filter((name) => String(name).endsWith('.ts'))
    .map(String);
  expect(files.sort()).toEqual(Object.keys(EXPECTED).sort());
  for (const [file, rule] of Object.entries(EXPECTED)) {
    const codes = found.filter(({ filename }) => filename.endsWith(file)).map(({ code }) => code);
    if (rule === null) expect(codes, file).toEqual([]);
    else
      expect(
        codes.some((code) => code.includes(`(${rule})`)),
        `${file}: ${codes.join()}`,
      ).toBe(true);
  }
});
