import { expect, test } from 'vitest';
import { engineConfig, instrumentText, BTC } from '../core/engine/world.test-helper.ts';
import { createEngineState } from '../core/engine/state.ts';
import type { JournalStore } from '../ports/store.ts';
import { createVirtualClock } from '../sim/simulation/virtual-clock.ts';
import { createEngineHost, StillStarting } from './engine-host.ts';
import { START } from './executor.test-helper.ts';
import { createOperatorSide } from './operator/operator-service.ts';

const store: JournalStore = {
  commit: (inputs, apply) => inputs.map((input) => apply(input)),
  latestSnapshot: () => null,
  writeSnapshot: () => undefined,
  entriesAfter: () => [].values(),
  lastSequence: () => 0,
};

test('what comes before the first start of new books is turned away, and the start goes on', async () => {
  const failures: unknown[] = [];
  const clock = createVirtualClock(START);
  const state = createEngineState();
  const host = createEngineHost({ state, store, clock, onFatal: (error) => failures.push(error) });
  const nothing = undefined as never;
  const side = createOperatorSide({
    host,
    records: nothing,
    audits: nothing,
    clock,
    version: nothing,
    newId: () => 'c1',
  });
  const caller = { userId: 1, name: 'Ada', role: 'operator', via: 'telegram' } as const;
  expect(() => host.apply({ type: 'reach', unreachable: 'no alert has got through' })).toThrow(StillStarting);
  expect(await side.service.resume(caller)).toMatchObject({ ok: false, code: 'starting' });
  host.apply({
    type: 'started',
    engineVersion: 'test',
    config: engineConfig(),
    instruments: [instrumentText(BTC)],
    halts: [],
  });
  expect(await side.service.pause(caller, 'in time')).toMatchObject({ ok: true });
  expect(failures).toEqual([]);
  expect(host.progress).toBe(2);
});

test('a pause or halt before the first start is kept, over a restart, too, and holds from the first moment of the books', async () => {
  const clock = createVirtualClock(START);
  const cells = new Map<string, string>();
  const memory = {
    get: (key: string) => cells.get(key) ?? null,
    set: (key: string, value: string) => void cells.set(key, value),
  };
  const nothing = undefined as never;
  let ids = 0;
  const begin = () => {
    const state = createEngineState();
    const host = createEngineHost({ state, store, clock, onFatal: () => undefined });
    const side = createOperatorSide({
      host,
      records: nothing,
      audits: nothing,
      clock,
      version: nothing,
      newId: () => `c${(ids += 1)}`,
      memory,
    });
    return { host, side };
  };
  const caller = { userId: 1, name: 'Ada', role: 'operator', via: 'telegram' } as const;
  const first = begin();
  expect(await first.side.service.pause(caller, 'not tonight')).toMatchObject({
    ok: true,
    code: 'kept',
    text: 'It starts paused when the exchange answers. The bot is still starting. It waits for the exchange and trades nothing.',
  });
  expect(await first.side.run(caller, { name: 'halt', reason: '' })).toMatchObject({
    ok: true,
    text: expect.stringContaining('It starts halted') as string,
  });

  const { host, side } = begin();
  const started = (): void =>
    host.apply({
      type: 'started',
      engineVersion: 'test',
      config: engineConfig(),
      instruments: [instrumentText(BTC)],
      halts: [],
    });
  started();
  expect(Object.keys(host.state.guardian.locks)).toEqual(expect.arrayContaining(['operator-pause', 'operator-halt']));
  expect(host.state.guardian.locks['operator-pause']?.reason).toContain('not tonight');
  // Carried out once: who resumes is not paused again by a new start.
  expect(await side.service.resume(caller)).toMatchObject({ ok: true });
  started();
  expect(Object.keys(host.state.guardian.locks)).not.toContain('operator-pause');
});
