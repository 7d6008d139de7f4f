import { beforeEach, expect, test } from 'vitest';
import { decimal } from '../../core/decimal.ts';
import { BTC, stopIdOf, type World } from '../../core/engine/world.test-helper.ts';
import { MINUTE_MS } from '../../core/units.ts';
import { ADA, OperatorBench } from './operator-bench.test-helper.ts';

let bench: OperatorBench;
let world: World;
beforeEach(() => {
  bench = new OperatorBench();
  world = bench.world;
});

test('an order that the exchange never answers for is settled as shown, then books and account are compared', async () => {
  world.enter();
  world.account();
  const stop = stopIdOf(world);
  world.cancelWorks = false;
  world.apply({
    type: 'order-report',
    symbol: BTC,
    clientOrderId: stop,
    outcome: { kind: 'unknown', code: '503', message: 'no answer' },
  });
  world.timer(2 * MINUTE_MS);
  const side = bench.tools();
  expect(side.unsettled()).toEqual([
    expect.stringMatching(new RegExp(`^${stop}: stop, sell .* unknown for 2 min \\(.*503 no answer\\)$`)),
  ]);
  const request = { orderId: stop, claim: 'filled', price: null } as const;
  expect(await side.settlePreview(request)).toMatchObject({
    what: [],
    refusal: expect.stringContaining('among its open orders'),
  });
  const order = world.exchange.orders.get(stop);
  if (order === undefined) throw new Error('no stop');
  world.exchange.fill(order, order.draft.quantity, decimal('49000'), world.at);
  const preview = await side.settlePreview(request);
  expect(preview).toMatchObject({
    refusal: null,
    what: [
      expect.stringContaining(stop),
      expect.stringMatching(/BTC less and .* USDT more/),
      expect.stringContaining('Books sold'),
      expect.any(String),
    ],
  });
  world.exchange.move('USDT', decimal('5'));
  expect(await side.settle(ADA, request, preview.shown)).toMatchObject({ ok: false, code: 'changed' });
  world.exchange.move('USDT', decimal('-5'));
  expect(await side.settle(ADA, request, preview.shown)).toMatchObject({ ok: true, code: 'done' });
  expect([bench.forgotten, bench.reconciled, world.locks().includes('reconciliation')]).toEqual([[stop], 1, false]);
  expect(await side.settle(ADA, request, preview.shown)).toMatchObject({ ok: false });
});

test.each(['constructor', '__proto__', 'toString'])('an order called %s is none', async (orderId) => {
  expect(bench.tools().cancelPreview(orderId)).toEqual({
    order: null,
    refusal: `No order ${orderId}. /orders lists them.`,
  });
  expect(await bench.tools().cancel(ADA, orderId)).toMatchObject({ ok: false, code: 'refused' });
  expect(await bench.tools().settlePreview({ orderId, claim: 'gone', price: null })).toMatchObject({
    what: [],
    refusal: expect.stringContaining(orderId),
  });
});

test('nothing is settled by what could not be read', async () => {
  const side = bench.tools({ evidence: () => Promise.resolve('the balances could not be read (503)') });
  const request = { orderId: stopIdOf(world.enter()), claim: 'gone', price: null } as const;
  expect(await side.settlePreview(request)).toMatchObject({
    refusal: 'Not now: the balances could not be read (503).',
  });
  expect(await side.settle(ADA, request, '')).toMatchObject({ ok: false, code: 'no-evidence' });
});
