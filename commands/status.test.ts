import { expect, test } from 'vitest';
import { killSwitch } from '../tests/integration/telegram/fake-service.ts';
import { setUp, viewer } from './command-bench.test-helper.ts';

test('/status does not pass for well while every symbol is held, and names what holds which', async () => {
  const { set, service } = setUp();
  const { status } = service;
  const bar = (why: string, ...symbols: string[]) => ({ code: 'symbol-locked', why, symbols });
  const lock = { id: 'stale-data:BTC/USDT' };
  const stand = (changes: {
    readonly locks: readonly unknown[];
    readonly entryBars: readonly unknown[];
    readonly mayEnter: boolean;
  }) => Object.assign(service, { status: () => ({ ...status(), state: 'active', why: null, ...changes }) });
  stand({ locks: [lock], entryBars: [bar('Stale data', 'BTC/USDT')], mayEnter: true });
  expect(await set.run('status', '', viewer)).toMatchObject({ title: '🟢 Active · demo' });
  stand({ locks: [lock], entryBars: [bar('Stale data', 'BTC/USDT', 'ETH/USDT')], mayEnter: false });
  const held = await set.run('status', '', viewer);
  expect(held.title).toBe('🟡 Active, but no entry now · demo');
  expect(held.blocks[0]).toEqual({
    kind: 'text',
    lines: ['Stale data: no entries in BTC/USDT, ETH/USDT.', '/locks has more.'],
  });
  stand({ locks: [], entryBars: [bar('Equity is not known', 'BTC/USDT', 'ETH/USDT')], mayEnter: false });
  const blind = await set.run('status', '', viewer);
  expect(blind.title).toBe('🟡 Active, but no entry now · demo');
  expect(blind.blocks[0]).toEqual({
    kind: 'text',
    lines: ['Equity is not known: no entries in BTC/USDT, ETH/USDT.'],
  });
});

test('/status says of the lock that holds how it clears', async () => {
  const { set, service } = setUp();
  service.setLocks([killSwitch]);
  const { status } = service;
  Object.assign(service, {
    status: () => ({ ...status(), why: { reason: killSwitch.reason, clearing: killSwitch.clearing } }),
  });
  expect((await set.run('status', '', viewer)).blocks[0]).toEqual({
    kind: 'text',
    lines: [killSwitch.reason, `Clears: ${killSwitch.clearing}.`],
  });
});

test('/status says when it was decided, that a position is being closed and why, and why equity is unknown in a line of its own', async () => {
  const { set, service } = setUp();
  const { status } = service;
  const shown = async (): Promise<string> => JSON.stringify((await set.run('status', '', viewer)).blocks);
  expect(await shown()).toContain('"   14:00 holds: position open"');
  expect(await shown()).not.toContain('closing');
  const positions = status().positions.map((held) => ({ ...held, closing: 'flatten by operator Ada (1000001)' }));
  Object.assign(service, {
    status: () => ({
      ...status(),
      positions,
      equity: null,
      equityUnknown: 'the price of BTC/USDT is missing or stale',
    }),
    positions: () => positions,
  });
  expect(await shown()).toContain('["  closing","flatten by operator Ada…"]');
  expect(JSON.stringify((await set.run('positions', '', viewer)).blocks)).toContain(
    '["Closing","flatten by operator Ada (…"]',
  );
  expect(await shown()).toContain('["Equity","unknown"]');
  expect(await shown()).toContain('Equity is unknown: the price of BTC/USDT is missing or stale.');
});

test('/status and /positions say of a position that it cannot be sold, and why', async () => {
  const { set, service } = setUp();
  const { status } = service;
  const shown = async (name: string): Promise<string> => JSON.stringify((await set.run(name, '', viewer)).blocks);
  expect(await shown('status')).not.toContain('cannot be sold');
  const positions = status().positions.map((held) => ({ ...held, unsellable: 'limit min-notional 300, value 277' }));
  Object.assign(service, { status: () => ({ ...status(), positions }), positions: () => positions });
  for (const name of ['status', 'positions'])
    expect(await shown(name), name).toContain(
      'BTC cannot be sold now: limit min-notional 300, value 277. Its stop stays.',
    );
});

test('/status names the end of a rest in the zone of the times beside it', async () => {
  const { set, service } = setUp();
  const { status } = service;
  const resting = (text: string) =>
    Object.assign(service, {
      status: () => ({
        ...status(),
        symbols: status().symbols.map((each) => ({
          ...each,
          lastDecision: { at: each.newestCandleClose ?? 0, text },
        })),
      }),
    });
  resting('denied: resting-after-stop: until 2024-08-05 22:10 UTC');
  const text = JSON.stringify((await set.run('status', '', viewer)).blocks);
  expect(text).toContain('resting-after-stop: until 06 Aug 00:10');
  expect(text).not.toContain('UTC');
});
