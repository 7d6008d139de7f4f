import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../core/risk/limits.ts';
import { gatherPhase } from './gather-phase.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-phase-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a file that cannot be read says so, and is told from one that is not there', () => {
  const path = join(directory, 'live.db');
  const gather = () => gatherPhase(path, null, { modelHash: null, limits: DEFAULT_LIMITS }, false);
  expect(gather()).toEqual({ status: 'missing', why: `${path} does not exist`, exists: false });
  writeFileSync(path, 'x'.repeat(4096));
  expect(gather()).toMatchObject({ status: 'missing', why: expect.stringContaining('is not a database of this program') as string, exists: true });
});
