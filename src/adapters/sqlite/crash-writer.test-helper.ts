import { openDatabase } from './database.ts';
import { alertEffect, order, place, timer } from './effects.test-helper.ts';

/**
 * A process that commits until it is killed, for the crash tests. `hold`:
 * opens the database and waits. `write`: commits transactions of three entries
 * without end, each entry with rows in several tables that have to appear together.
 */
const [path = '', task = 'write'] = process.argv.slice(2);
const db = openDatabase({ path, mode: 'paper', account: 'paper' });
process.stdout.write(`${db.journal.lastSequence()}\n`);

if (task === 'hold') {
  setInterval(() => undefined, 60_000);
} else {
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
