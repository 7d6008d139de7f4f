import { beforeEach, describe, expect, test } from 'vitest';
import { decimal, formatDecimal } from '../../core/decimal.ts';
import { BTC, ETH, type World } from '../../core/engine/world.test-helper.ts';
import { OperatorBench } from './operator-bench.test-helper.ts';
import { unlockPreview } from './unlock-preview.ts';

let bench: OperatorBench;
let world: World;
beforeEach(() => {
  bench = new OperatorBench();
  world = bench.world;
});

describe('/unlock shows', () => {
  test('what /unlock would clear, and what stays', () => {
    world.command({ name: 'halt', reason: 'look' });
    world.command({ name: 'pause', reason: 'look' });
    const preview = unlockPreview(world.state, bench.now());
    expect(preview.locks.map((lock) => lock.kind)).toEqual(['operator-halt']);
    expect(preview.staying.map((lock) => lock.kind)).toEqual(['operator-pause']);
    expect(preview.shown.shownAt).toBe(world.at);
  });

  test('what /unlock would forgive and accept, as it is now: the lock says what it was when it was set', () => {
    const drift = (value: number): void =>
      void world.apply({ type: 'model-status', valid: true, detail: '', drift: { value, limit: 0.25 } });
    expect(unlockPreview(world.state, bench.now()).shown).toMatchObject({ shownLosses: 0, shownDrift: null });
    drift(0.31);
    expect(unlockPreview(world.state, bench.now())).toMatchObject({
      shown: { shownDrift: 0.31 },
      baselines: ['accepted drift none -> 0.31'],
    });
    drift(0.44);
    expect(unlockPreview(world.state, bench.now()).baselines).toEqual(['accepted drift none -> 0.44']);
    expect(unlockPreview(world.state, bench.now()).shown.shownLossAt).toBeNull();
    world.state.guardian.lossStreak = [
      { symbol: BTC, pnlFraction: -0.02, closedAt: 5 },
      { symbol: ETH, pnlFraction: -0.02, closedAt: 7 },
    ];
    expect(unlockPreview(world.state, bench.now()).shown).toMatchObject({ shownLossAt: 7, shownLosses: 2 });
  });

  test('what /unlock would book as withdrawn, and the baselines as they are then', () => {
    world.enter();
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 47_500 });
    world.exchange.move('USDT', decimal('-25'));
    world.account();
    world.account();
    // Not compared at an operator's wish yet: it would be refused, and is not shown as cleared.
    const early = unlockPreview(world.state, bench.now());
    expect(early).toMatchObject({
      locks: [{ id: 'daily-drawdown' }],
      staying: [{ id: 'reconciliation', clearing: 'send /reconcile first' }],
      baselines: [expect.stringMatching(/^day baseline/)],
    });
    world.command({ name: 'reconcile' });
    world.account();
    const { baselines, newLossPermitted, locks } = unlockPreview(world.state, bench.now());
    expect(locks.map(({ id }) => id)).toEqual(['reconciliation', 'daily-drawdown']);
    expect(
      world.unlock(
        locks.map(({ id }) => id),
        newLossPermitted,
      ).ok,
    ).toBe(true);
    const after = world.state.guardian.dayBaseline ?? 0;
    expect(baselines).toEqual([
      '25.00 USDT out of the books as withdrawn: no loss, the baselines move with it',
      `day baseline 10,000.00 -> ${after.toFixed(2).replace(/^9/, '9,')}`,
    ]);
  });

  test.each([
    ['before', true],
    ['after', false],
  ])('what equity is left, and may be lost, once a shortage that was found %s the fall has been booked', (_, first) => {
    const lose = (): void => {
      world.exchange.move('USDT', decimal('-400'));
      world.account();
      world.account();
      world.command({ name: 'reconcile' });
      world.account();
    };
    const fall = (): void => void world.quotes({ [BTC]: 45_000 });
    world.enter();
    world.exchange.stopsFill = false;
    world.state.guardian.highWaterMark = 10_500;
    for (const act of first ? [lose, fall] : [fall, lose]) act();
    const { shown, locks, newLossPermitted } = unlockPreview(world.state, bench.now());
    expect(locks.map(({ id }) => id).sort()).toEqual(['daily-drawdown', 'reconciliation', 'total-drawdown']);
    expect(
      world.command({ name: 'unlock', reason: '', ...shown, lockIds: locks.map(({ id }) => id), newLossPermitted }),
    ).toMatchObject({ ok: true });
    expect(world.state.guardian.dayBaseline).toBe(shown.shownEquity);
    expect(newLossPermitted).toBeCloseTo((shown.shownEquity ?? 0) * 0.02, 9);
  });

  test('that what is left once a shortage has been booked is less than the minimum', () => {
    world.exchange.move('USDT', decimal('-9950'));
    world.state.guardian.locks = {
      'minimum-balance': {
        id: 'minimum-balance',
        kind: 'minimum-balance',
        symbol: null,
        since: world.at,
        reason: 'x',
        limit: 100,
        value: 50,
      },
    };
    world.account();
    world.account();
    world.command({ name: 'reconcile' });
    world.account();
    const { shown, locks, staying } = unlockPreview(world.state, bench.now());
    expect([locks, staying]).toMatchObject([
      [{ id: 'reconciliation' }],
      [{ id: 'minimum-balance', clearing: 'equity 50.00 is still below 100.00' }],
    ]);
    expect(
      world.command({
        name: 'unlock',
        reason: '',
        ...shown,
        lockIds: ['reconciliation', 'minimum-balance'],
        newLossPermitted: null,
      }),
    ).toMatchObject({ ok: false, code: 'partly' });
  });

  test('that accepting a withdrawal trips a drawdown, of which positions are closed', () => {
    world.enter();
    world.quotes({ [BTC]: 49_300 });
    const withdraw = (amount: string): readonly string[] => {
      world.exchange.move('USDT', decimal(amount));
      for (let reading = 0; reading < 2; reading += 1) world.account();
      world.command({ name: 'reconcile' });
      world.account();
      return unlockPreview(world.state, bench.now()).baselines;
    };
    expect(withdraw('-0.001')).toEqual([
      '0.001 USDT out of the books as withdrawn: no loss, the baselines move with it',
    ]);
    world.exchange.move('BTC', decimal('-0.05'));
    world.exchange.total['BTC'] = decimal('0');
    const all = withdraw(`-${formatDecimal(world.exchange.of('USDT'))}`);
    expect(all.slice(2)).toEqual([
      expect.stringMatching(
        /^then 0.00 is 100.00 % below 83.*: Daily drawdown locks, and positions are closed at market$/,
      ),
      expect.stringMatching(/: Total drawdown locks, and positions are closed at market$/),
      'then 0.00 is below 100.00: Minimum balance locks',
    ]);
    world.unlock(['reconciliation']);
    expect(world.locks()).toEqual(['daily-drawdown', 'minimum-balance', 'total-drawdown']);
  });

  test('that a day which was unlocked once asks for no amount any more while another lock can be cleared', () => {
    world.enter();
    world.exchange.stopsFill = false;
    world.quotes({ [BTC]: 47_500 });
    world.unlock(['daily-drawdown'], unlockPreview(world.state, bench.now()).newLossPermitted);
    world.command({ name: 'halt', reason: 'look' });
    world.exchange.move('USDT', decimal('300'));
    world.account();
    world.account();
    world.state.guardian.dayBaseline = 20_000;
    world.quotes();
    const preview = unlockPreview(world.state, bench.now());
    expect(preview).toMatchObject({ locks: [{ id: 'operator-halt' }], newLossPermitted: null, baselines: [] });
    expect(preview.staying).toMatchObject([
      { id: 'daily-drawdown', clearing: 'it has been unlocked once today already; next UTC day' },
    ]);
  });
});
