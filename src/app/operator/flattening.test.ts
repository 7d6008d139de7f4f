import { beforeEach, expect, test } from 'vitest';
import { BTC, ETH, instrumentText, type World } from '../../core/engine/world.test-helper.ts';
import { ADA, OperatorBench } from './operator-bench.test-helper.ts';
import { positionViews } from './views.ts';

let bench: OperatorBench;
let world: World;
beforeEach(() => {
  bench = new OperatorBench();
  world = bench.world;
});

test('/flatten says of a halted market that what is held there waits', () => {
  world.predict(BTC);
  expect(bench.tools().flattenPreview(BTC).positions[0]).not.toHaveProperty('halted');
  world.apply({ type: 'instruments', instruments: [instrumentText(BTC, { trading: false })] });
  expect(bench.tools().flattenPreview(BTC).positions).toMatchObject([{ symbol: BTC, halted: true }]);
});

test('/flatten shows the proceeds after fees, then sells exactly these', async () => {
  world.predict(BTC);
  world.predict(ETH);
  const preview = bench.tools().flattenPreview(BTC);
  const [position] = preview.positions;
  expect(preview.positions).toHaveLength(1);
  expect(position?.estimatedProceeds).toBeCloseTo((position?.quantity ?? 0) * (position?.lastPrice ?? 0) * 0.999, 6);
  expect(await bench.tools().flatten(ADA, preview.positions)).toMatchObject({ ok: true });
  expect(positionViews(world.state).map((view) => view.symbol)).toEqual([ETH]);
  expect(bench.tools().flattenPreview(BTC)).toEqual({ positions: [], refusal: null });
});

test('/flatten without a position names the entry that is under way, and what withdraws it', () => {
  world.fate = () => ({ kind: 'silence' });
  world.predict(ETH);
  expect(world.managed(ETH)?.phase).toBe('entering');
  expect(bench.tools().flattenPreview(ETH).refusal).toBe(
    `There is no open position in ${ETH}. An entry in ${ETH} is under way: /halt withdraws it.`,
  );
  expect(bench.tools().flattenPreview(BTC)).toEqual({ positions: [], refusal: null });
});

test('/flatten of two, one of which has closed meanwhile, says that the other is being sold', async () => {
  world.predict(BTC);
  world.predict(ETH);
  const { positions } = bench.tools().flattenPreview(null);
  world.quotes({ [ETH]: 2_400 });
  expect(await bench.tools().flatten(ADA, positions.toReversed())).toEqual({
    ok: true,
    code: 'done',
    text: `Closing ${BTC}. No open position in ${ETH}.`,
  });
  expect(await bench.tools().flatten(ADA, positions)).toEqual({
    ok: true,
    code: 'nothing-to-do',
    text: `Closed meanwhile. No open position in ${BTC}. No open position in ${ETH}.`,
  });
});
