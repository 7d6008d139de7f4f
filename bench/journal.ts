/**
 * What the journal costs: commits with full synchronisation on a real disk, bytes at rest, and replays.
 * Usage: npm run bench -- journal [directory on the disk to measure]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupFile } from '../src/adapters/sqlite/copies.ts';
import { openDatabase } from '../src/adapters/sqlite/database.ts';
import { recover, verify } from '../src/app/replay.ts';
import { createMemoryJournal, runFixture } from '../src/app/replay.test-helper.ts';
import { createEngineState } from '../src/core/engine/state.ts';
import { step } from '../src/core/engine/step.ts';

const DAYS = 30;

const quantile = (sorted: Float64Array, part: number): string =>
  `${(sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(3)} ms`;
const rate = (count: number, ms: number): string => Math.round(count / (ms / 1000)).toLocaleString('en');
const timed = <T>(run: () => T): { readonly ms: number; readonly result: T } => {
  const from = performance.now();
  const result = run();
  return { ms: performance.now() - from, result };
};

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'guardian-bench-'));
try {
  const memory = createMemoryJournal();
  runFixture(memory, createEngineState(), 1, DAYS * 24);
  const inputs = memory.entries.map((entry) => entry.input);

  const bare = timed(() => {
    const state = createEngineState();
    for (const input of inputs) step(state, input);
  });
  console.log(`engine alone       ${rate(inputs.length, bare.ms)} inputs/s`);

  const db = openDatabase({ path: join(directory, 'bench.db'), mode: 'paper', account: 'bench' });
  const state = createEngineState();
  const latencies = new Float64Array(inputs.length);
  const committed = timed(() => {
    for (const [index, input] of inputs.entries()) {
      const from = performance.now();
      db.journal.commit([input], (given) => step(state, given));
      latencies[index] = performance.now() - from;
    }
  });
  latencies.sort();
  console.log(
    `journal, each synced ${rate(inputs.length, committed.ms)} commits/s; p50 ${quantile(latencies, 0.5)}, p99 ${quantile(latencies, 0.99)}, longest ${quantile(latencies, 1)}`,
  );
  console.log(
    `at rest            ${(db.sizeBytes() / 1e6).toFixed(1)} MB for ${DAYS} days of one symbol (${inputs.length} entries, ${(db.sizeBytes() / inputs.length).toFixed(0)} bytes each)`,
  );

  const verified = timed(() => verify(db.journal));
  console.log(
    `verify             ${rate(inputs.length, verified.ms)} entries/s, ${verified.result.ok ? 'equal' : 'DIFFERENT'}`,
  );
  const recovered = timed(() => recover(db.journal));
  console.log(`recover, no snapshot ${rate(inputs.length, recovered.ms)} entries/s`);

  const backup = await backupFile(db.path, join(directory, 'copy.db'), Date.now());
  console.log(`backup             ${(backup.bytes / 1e6).toFixed(1)} MB`);
  db.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
