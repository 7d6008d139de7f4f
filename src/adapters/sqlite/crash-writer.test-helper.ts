import { openDatabase, type Database } from './database.ts';
import { alertEffect, order, place, timer } from './effects.test-helper.ts';

/**
 * A process that commits until it is killed, for the crash tests. `hold`:
 * opens the database, forgets it and waits (with --expose-gc: after everything forgotten is gone). `write`: commits
 * transactions of three entries without end, each entry with rows in several tables that have to appear together.
 */
const [path = '', task = 'write'] = process.argv.slice(2);
const open = (): Database => openDatabase({ path, mode: 'paper', account: 'paper' });

if (task === 'hold') {
  const sequence = open().journal.lastSequence();
  // What is forgotten within a turn of the loop is collected in a later one.
  setImmediate(() => {
    globalThis.gc?.();
    process.stdout.write(`${sequence}\n`);
  });
  setInterval(() => undefined, 60_000);
} else {
  const db = open();
  process.stdout.write(`${db.journal.lastSequence()}\n`);
  for (;;) {
    const first = db.journal.lastSequence() + 1;
    db.journal.commit([timer(first), timer(first + 1), timer(first + 2)], (input) => {
      const id = `gbcrash-${input.at}`;
      return [place(id), order(id), alertEffect(id)];
    });
    // Pipes are written synchronously: what the parent has read is committed.
    process.stdout.write(`${db.journal.lastSequence()}\n`);
  }
}
