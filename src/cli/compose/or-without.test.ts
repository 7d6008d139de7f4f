import { expect, test } from 'vitest';
import { UserError } from '../../adapters/system/user-error.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { SECOND_MS } from '../../core/units.ts';
import type { OutboxStore } from '../../ports/outbox.ts';
import { createVirtualClock } from '../../sim/simulation/virtual-clock.ts';
import type { LogTail } from '../../app/operator/log-tail.ts';
import { orWithout } from './or-without.ts';

const world = (holds: boolean) => {
  const lines: string[] = [];
  const alerts: string[] = [];
  const say = (_fields: unknown, text: string): void => void lines.push(text);
  const clock = createVirtualClock(0);
  const state = { orders: {}, symbols: holds ? { 'BTC/USDT': { managed: {} } } : {} } as unknown as EngineState;
  const outbox = { add: ({ title }: { title: string }) => void alerts.push(title) } as unknown as OutboxStore;
  const log = { debug: say, info: say, warn: say, error: say } as unknown as LogTail;
  const resources = new AsyncDisposableStack();
  const port = { taken: true, tries: 0, fault: new UserError('port 8787 is in use') as Error };
  const open = (): Promise<void> => {
    port.tries += 1;
    return port.taken ? Promise.reject(port.fault) : Promise.resolve();
  };
  const run = () =>
    orWithout('the page', { log, wall: clock, resources }, { database: { outbox }, state, clock }, open);
  const pass = (seconds: number) => clock.runTo(clock.wallNow() + seconds * SECOND_MS);
  return { lines, alerts, port, resources, run, pass };
};

test('with nothing held a start without the page is refused, once', async () => {
  const { run, pass, port, alerts } = world(false);
  await expect(run()).rejects.toThrow('port 8787 is in use');
  await pass(60);
  expect([port.tries, alerts]).toEqual([1, []]);
});

test('with something held the page is tried again until it is up: told once that it is not, and once that it is', async () => {
  const { run, pass, port, lines, alerts } = world(true);
  await run();
  await pass(35);
  expect(port.tries).toBe(4);
  port.taken = false;
  await pass(60);
  expect(port.tries).toBe(5);
  expect(lines).toEqual([
    'the page is not up; something is held and is guarded without it. It is tried again every 10 s',
    'the page is up after all',
  ]);
  expect(alerts).toEqual(['⚠️ Started, but the page is not up']);
});

test('the end of the bot ends the trying; a fault of another kind does not', async () => {
  const { run, pass, port, lines, resources } = world(true);
  await run();
  port.fault = new Error('too many open files');
  await pass(25);
  expect(lines.at(-1)).toBe('the page could not be opened');
  const { tries } = port;
  expect(tries).toBe(3);
  await resources.disposeAsync();
  await pass(60);
  expect(port.tries).toBe(tries);
});
