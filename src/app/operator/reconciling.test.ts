import { beforeEach, expect, test } from 'vitest';
import { decimal } from '../../core/decimal.ts';
import { BTC, type World } from '../../core/engine/world.test-helper.ts';
import { ADA, OperatorBench } from './operator-bench.test-helper.ts';

let bench: OperatorBench;
let world: World;
beforeEach(() => {
  bench = new OperatorBench();
  world = bench.world;
});

test('/reconcile compares, and says whether the books agree', async () => {
  expect(await bench.tools().reconcile(ADA)).toMatchObject({ ok: true, code: 'done' });
  expect(bench.reconciled).toBe(1);
  world.exchange.total['USDT'] = decimal('1');
  const differs = await bench.tools().reconcile(ADA);
  expect(differs).toMatchObject({ code: 'differs' });
  expect(differs.text).toContain('USDT');
});

test('/reconcile names the orders that /unlock would have cancelled', async () => {
  world.start({ halts: [{ code: 'restored', text: 'this is a restored copy' }] });
  const read = (): void =>
    void world.apply({
      type: 'account',
      balances: world.exchange.balances(),
      failure: null,
      foreignOrders: [],
      orphanOrders: ['BTC/USDT gbother-1'],
    });
  const told = await bench.tools({ reconcile: () => Promise.resolve(read()) }).reconcile(ADA);
  expect(told.text).toBe(
    'Ledger and exchange agree. Orders of an earlier database or another instance rest there: BTC/USDT gbother-1. /unlock lets them go, and they are cancelled.',
  );
});

test('/reconcile does not say that the books agree when nothing was compared', async () => {
  const unread = () =>
    Promise.resolve(void world.apply({ type: 'account', balances: null, failure: '503', foreignOrders: [] }));
  expect(await bench.tools({ reconcile: unread }).reconcile(ADA)).toMatchObject({
    ok: false,
    code: 'not-compared',
    text: expect.stringContaining('The account could not be read') as string,
  });
  expect(
    bench
      .tools()
      .health()
      .find((check) => check.name === 'books'),
  ).toMatchObject({ ok: null, detail: 'the account could not be read' });
  world.account();
  expect(
    bench
      .tools()
      .health()
      .find((check) => check.name === 'books'),
  ).toMatchObject({ ok: true, detail: 'ledger equals exchange' });
  // While an order's outcome is open, balances prove nothing.
  world.fate = () => ({ kind: 'silence' });
  world.predict(BTC);
  expect(await bench.tools().reconcile(ADA)).toMatchObject({
    ok: false,
    code: 'not-compared',
    text: expect.stringContaining('An order is under way') as string,
  });
});

test('/reconcile does not either when a difference was seen once and the second look failed', async () => {
  world.exchange.total['USDT'] = decimal('1');
  const halfway = () => {
    world.account();
    world.apply({ type: 'account', balances: null, failure: '503', foreignOrders: [] });
    return Promise.resolve();
  };
  expect(await bench.tools({ reconcile: halfway }).reconcile(ADA)).toMatchObject({ ok: false, code: 'not-compared' });
  world.account();
  expect(world.locks()).toContain('reconciliation');
});
