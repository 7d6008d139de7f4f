import { relative } from 'node:path';

import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Counts of a whole run; the format of its line is relied on by scripts. */
interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const NO_REASON = 'no reason given';

/**
 * Why a test was skipped: the note of `context.skip(note)`, or "(needs ...)" in its name or that of a group around it.
 */
const reasonOf = (test: TestCase): string => {
  const result = test.result();
  const note = result.state === 'skipped' ? (result.note ?? '') : '';
  if (note !== '') return note;
  return /\((needs [^)]+)\)/.exec(test.fullName)?.[1] ?? NO_REASON;
};

/** One line for each file and reason, so that a skipped test is never overlooked. */
const skippedLines = (skipped: readonly TestCase[]): readonly string[] => {
  const groups = new Map<string, number>();
  for (const test of skipped) {
    const group = `${relative(process.cwd(), test.module.moduleId)}: ${reasonOf(test)}`;
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  return [...groups].map(([group, count]) => `skipped ${count} in ${group}`);
};

/** Ends a test run with what was skipped and why, and one line of counts after everything else. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    const skipped: TestCase[] = [];
    for (const module of modules) {
      // A file that does not load has no tests to fail; it must not look like a success.
      counts.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        // A test that never ended (its worker died) has not passed.
        if (state === 'passed') counts.passed += 1;
        else if (state === 'skipped') skipped.push(test);
        else counts.failed += 1;
      }
    }
    counts.skipped = skipped.length;
    const lines = [
      ...skippedLines(skipped),
      `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
    ];
    process.once('exit', () => process.stdout.write(`${lines.join('\n')}\n`));
  }
}
