import { expect, test } from 'vitest';
import type { Log } from '../../ports/log.ts';
import { createLogTail } from './log-tail.ts';

test('a line is kept and passed on whatever its fields hold: exact amounts, circles, errors', () => {
  const passed: string[] = [];
  const keep = (_fields: unknown, message: string): void => void passed.push(message);
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
  const tail = createLogTail(
    log,
    (text) => text.replaceAll('secret', '[redacted]'),
    () => 7,
  );
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  tail.info({ amount: 5n, nested: { amount: 6n } }, 'amounts');
  tail.warn({ circle }, 'circle');
  tail.error({ error: new Error('no secret') }, 'error');
  expect(passed).toEqual(['amounts', 'circle', 'error']);
  expect(tail.newest(3)).toEqual([
    { at: 7, level: 'info', text: 'amounts amount="5" nested={"amount":"6"}' },
    { at: 7, level: 'warn', text: 'circle circle=[object Object]' },
    { at: 7, level: 'error', text: 'error error=no [redacted]' },
  ]);
});

test('is one line, whatever others have written into it', () => {
  const keep = (): void => undefined;
  const tail = createLogTail(
    { debug: keep, info: keep, warn: keep, error: keep },
    (text) => text,
    () => 7,
  );
  tail.warn({ why: 'refused\n\u2028 12:00 stop placed' }, 'the exchange\nanswers');
  expect(tail.newest(1)).toEqual([
    { at: 7, level: 'warn', text: 'the exchange answers why=refused 12:00 stop placed' },
  ]);
});

test('keeps the newest lines, redacted', () => {
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const tail = createLogTail(
    silent,
    (text) => text.replaceAll('hunter2', '[redacted]'),
    () => 5,
  );
  for (let index = 0; index < 600; index += 1) tail.info({ index }, 'line');
  tail.error({ key: 'hunter2', why: new Error('hunter2 refused') }, 'failed');
  expect(tail.newest(2)).toEqual([
    { at: 5, level: 'info', text: 'line index=599' },
    { at: 5, level: 'error', text: 'failed key=[redacted] why=[redacted] refused' },
  ]);
  expect(tail.newest(10_000)).toHaveLength(500);
});
