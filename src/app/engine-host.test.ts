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
  const side = createOperatorSide({ host, records: nothing, audits: nothing, clock, version: nothing, newId: () => 'c1' });
  const caller = { userId: 1, name: 'Ada', role: 'operator', via: 'telegram' } as const;
  expect(() => host.apply({ type: 'reach', unreachable: 'no alert has got through' })).toThrow(StillStarting);
  expect(await side.service.pause(caller, 'early')).toMatchObject({ ok: false, code: 'starting' });
  host.apply({ type: 'started', engineVersion: 'test', config: engineConfig(), instruments: [instrumentText(BTC)], halts: [] });
  expect(await side.service.pause(caller, 'in time')).toMatchObject({ ok: true });
  expect(failures).toEqual([]);
  expect(host.progress).toBe(2);
});
