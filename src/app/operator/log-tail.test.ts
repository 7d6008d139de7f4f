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
