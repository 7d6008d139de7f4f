import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { openForTest, temporaryDirectory } from './sqlite.test-helper.ts';

const WRITER = join(import.meta.dirname, 'crash-writer.test-helper.ts');
const ROUNDS = 6;
const ENTRIES_PER_TRANSACTION = 3;

/**
 * Lets a process commit until it has reported `lines` commits, kills it in the middle of the next and gives the last
 * sequence it reported.
 */
const writeUntilKilled = async (path: string, lines: number): Promise<number> => {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1));
};

test('a process killed while it commits leaves whole transactions, and all that it reported', async () => {
  const path = join(temporaryDirectory(), 'paper.db');
  for (let round = 1; round <= ROUNDS; round += 1) {
    const reported = await writeUntilKilled(path, 5 + 17 * round);
    const raw = new Sqlite(path, { readonly: true });
    const number = (sql: string): unknown => raw.prepare(sql).pluck().get();
    const last = number('SELECT max(sequence) FROM journal') as number;
    expect(last).toBeGreaterThanOrEqual(reported);
    expect(last % ENTRIES_PER_TRANSACTION).toBe(0);
    expect(number('SELECT count(*) FROM journal')).toBe(last);
    expect(number("SELECT count(*) FROM orders WHERE status = 'filled'")).toBe(last);
    expect(number('SELECT count(*) FROM order_events')).toBe(2 * last);
    expect(number('SELECT count(*) FROM outbox')).toBe(last);
    expect(
      number(
        'SELECT count(*) FROM journal j JOIN orders o ON o.sequence = j.sequence JOIN outbox b ON b.sequence = j.sequence',
      ),
    ).toBe(last);
    expect(raw.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(raw.pragma('foreign_key_check')).toEqual([]);
    raw.close();
  }
  const db = openForTest(path);
  expect(db.origin).toBe('existing');
  expect(
    [...db.journal.entriesAfter(0)].every(
      (entry, index) => entry.sequence === index + 1 && entry.input.at === entry.sequence,
    ),
  ).toBe(true);
});
