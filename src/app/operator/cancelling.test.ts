import { beforeEach, expect, test } from 'vitest';
import { BTC, type World } from '../../core/engine/world.test-helper.ts';
import { ADA, OperatorBench } from './operator-bench.test-helper.ts';

let bench: OperatorBench;
let world: World;
beforeEach(() => {
  bench = new OperatorBench();
  world = bench.world;
});

test('a protective stop is never cancelled by hand', async () => {
  world.predict(BTC);
  const stop = bench
    .tools()
    .orders()
    .find((order) => order.purpose === 'stop');
  expect(stop?.triggerPrice).not.toBeNull();
  const outcome = await bench.tools().cancel(ADA, stop?.id ?? '');
  expect(outcome).toMatchObject({ ok: false, code: 'refused' });
  expect(bench.cancelled).toEqual([]);
});

test('neither is an exit: the position would stay open', async () => {
  world.enter();
  world.fate = (draft) => (draft.purpose === 'exit' ? { kind: 'silence' } : { kind: 'accept' });
  world.command({ name: 'flatten', symbol: BTC });
  const exit = bench
    .tools()
    .orders()
    .find((order) => order.purpose === 'exit');
  expect(bench.tools().cancelPreview(exit?.id ?? '')).toMatchObject({
    order: { purpose: 'exit' },
    refusal: 'An exit is never cancelled by hand.',
  });
  expect(await bench.tools().cancel(ADA, exit?.id ?? '')).toMatchObject({ ok: false, code: 'refused' });
  expect(bench.cancelled).toEqual([]);
});

test('a working entry may be cancelled', async () => {
  world.fate = () => ({ kind: 'silence' });
  world.predict(BTC);
  const entry = bench
    .tools()
    .orders()
    .find((order) => order.purpose === 'entry');
  expect(await bench.tools().cancel(ADA, entry?.id ?? '')).toMatchObject({ ok: true });
  expect(bench.cancelled).toEqual([entry?.id]);
  expect(await bench.tools().cancel(ADA, 'gb-none')).toMatchObject({ ok: false });
});
