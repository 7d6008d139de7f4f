import { basename, join, relative } from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  approvalOffences,
  longFunctions,
  purityOffences,
  sourceFiles,
  wideComments,
  type Offence,
} from './source-rules.ts';
import { FIXTURES, ROOT } from './tools.ts';

const isTest = (file: string): boolean => /\.(test|test-helper|fixture)\.ts$/.test(file);
const told = (offences: readonly Offence[]): readonly string[] =>
  offences.map(({ file, line, what }) => `${relative(ROOT, file)}:${line} ${what}`);

describe('only the Guardian approves orders', () => {
  test('every way round it is seen', () => {
    for (const file of sourceFiles(`${FIXTURES}/source-rules/others`)) {
      const isGood = basename(file).startsWith('good-');
      expect(approvalOffences(file).length > 0, basename(file)).toBe(!isGood);
    }
  });

  test('the product keeps the rule', () => {
    const files = [...sourceFiles(join(ROOT, 'src')), ...sourceFiles(join(ROOT, 'commands'))].filter(
      (file) => !isTest(file) && !file.startsWith(join(ROOT, 'src/core/guardian/')),
    );
    expect(files.length).toBeGreaterThan(20);
    expect(told(files.flatMap(approvalOffences))).toEqual([]);
  });
});

describe('core does not depend on the machine', () => {
  test('clocks, zones and locales are seen', () => {
    for (const file of sourceFiles(`${FIXTURES}/source-rules/core`)) {
      expect(purityOffences(file).length > 0, basename(file)).toBe(!basename(file).startsWith('good-'));
    }
  });

  test('core keeps the rule', () => {
    expect(
      told(
        sourceFiles(join(ROOT, 'src/core'))
          .filter((file) => !isTest(file))
          .flatMap(purityOffences),
      ),
    ).toEqual([]);
  });
});

describe('comments are as narrow as code', () => {
  test('a wide one is seen, a wide line of code is left to the formatter', () => {
    const [wide] = sourceFiles(`${FIXTURES}/source-rules/comments`);
    expect(wideComments(wide ?? '').map(({ line }) => line)).toEqual([1, 4, 7]);
  });

  test('the project keeps the rule', () => {
    const files = ['src', 'commands', 'tests', 'bench'].flatMap((folder) => sourceFiles(join(ROOT, folder)));
    expect(told(files.filter((file) => !file.startsWith(FIXTURES)).flatMap(wideComments))).toEqual([]);
  });
});

describe('a function fits a screen', () => {
  test('a long one is seen; what it holds of other functions is not counted', () => {
    const [long, many] = sourceFiles(`${FIXTURES}/source-rules/functions`);
    expect(longFunctions(long ?? '')).toHaveLength(1);
    expect(longFunctions(many ?? '')).toEqual([]);
  });

  test('the product keeps the rule', () => {
    const files = ['src', 'commands', 'bench'].flatMap((folder) => sourceFiles(join(ROOT, folder)));
    expect(told(files.filter((file) => !isTest(file)).flatMap(longFunctions))).toEqual([]);
  });
});
