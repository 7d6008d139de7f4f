import { expect, test } from 'vitest';
import type { OperatorCommand } from '../../core/engine/input.ts';
import { SECOND_MS } from '../../core/units.ts';
import type { LogTail } from '../../app/operator/log-tail.ts';
import { createVirtualClock } from '../../sim/simulation/virtual-clock.ts';
import { startFileWatch } from './file-watch.ts';

const world = () => {
  const commands: OperatorCommand[] = [];
  const lines: string[] = [];
  const saved: string[] = [];
  const say = (_fields: unknown, text: string): void => void lines.push(text);
  const clock = createVirtualClock(Date.UTC(2026, 0, 5));
  const resources = new AsyncDisposableStack();
  const disk = { lost: null as string | null, full: false, starting: false };
  startFileWatch(
    { log: { debug: say, info: say, warn: say, error: say } as unknown as LogTail, wall: clock, resources },
    {
      database: {
        path: 'data/live.db',
        misplacedFile: () => disk.lost,
        rescue: (path) => {
          if (disk.full) return Promise.reject(new Error('disk full'));
          saved.push(path);
          return Promise.resolve({ path, bytes: 1, sequence: 1 });
        },
      },
    },
    (_caller, command) => {
      if (disk.starting) return Promise.resolve({ ok: false, code: 'starting', text: '' });
      commands.push(command);
      return Promise.resolve({ ok: true, code: 'halted', text: '' });
    },
  );
  return {
    commands,
    lines,
    saved,
    disk,
    resources,
    pass: (seconds: number) => clock.runTo(clock.wallNow() + seconds * SECOND_MS),
  };
};

test('files that stay where they are lead to nothing', async () => {
  const { commands, lines, pass } = world();
  await pass(600);
  expect([commands, lines]).toEqual([[], []]);
});

test('a lost file halts trading once and is saved once', async () => {
  const { commands, saved, disk, pass } = world();
  disk.lost = 'data/live.db';
  await pass(600);
  expect(commands).toEqual([
    {
      name: 'halt',
      reason: 'data/live.db was deleted or replaced under the running bot; see the runbook before you stop it',
    },
  ]);
  expect(saved).toEqual(['data/live.db.rescued-2026-01-05T000005000Z.db']);
});

test('a bot that still starts and a disk without room are asked again', async () => {
  const { commands, saved, disk, pass } = world();
  Object.assign(disk, { lost: 'data/live.db-wal', starting: true, full: true });
  await pass(60);
  expect(commands).toEqual([]);
  disk.starting = false;
  await pass(60);
  expect([commands.length, saved]).toEqual([1, []]);
  disk.full = false;
  await pass(60);
  expect([commands.length, saved.length]).toEqual([1, 1]);
});

test('what has happened since is saved at the end, and a disk without room does not hold the end up', async () => {
  const { saved, lines, disk, resources, pass } = world();
  disk.lost = 'data/live.db';
  await pass(60);
  await resources.disposeAsync();
  expect(saved).toEqual([
    'data/live.db.rescued-2026-01-05T000005000Z.db',
    'data/live.db.rescued-2026-01-05T000100000Z.db',
  ]);

  const other = world();
  other.disk.lost = 'data/live.db';
  await other.pass(60);
  other.disk.full = true;
  await other.resources.disposeAsync();
  expect(other.lines.at(-1)).toBe('saving what a lost file of the database held failed');
  expect([other.saved.length, lines.includes(other.lines.at(-1) ?? '')]).toEqual([1, false]);
});

test('the end of the bot ends the watch', async () => {
  const { commands, disk, resources, pass } = world();
  await resources.disposeAsync();
  disk.lost = 'data/live.db';
  await pass(60);
  expect(commands).toEqual([]);
});
