import { expect, test } from 'vitest';
import { LOCKS } from '../src/core/guardian/lock.ts';
import type { LockView } from '../src/ports/operator.ts';
import { killSwitch, operatorPause } from '../tests/integration/telegram/fake-service.ts';
import { operator, setUp, viewer } from './command-bench.test-helper.ts';
import { commands } from './registry.ts';

test('no time or day stands in a reply without the zone it is in', async () => {
  const { set, service } = setUp();
  service.setLocks([killSwitch, operatorPause]);
  const seen: string[] = [];
  for (const { name } of commands) {
    const words =
      name === 'cancel' ? 'gb-4f2a-19' : name === 'settle' ? 'gb-4f2a-18 gone' : name === 'mute' ? '2h' : '';
    const { title, blocks, request } = await set.run(name, words, operator);
    const text = JSON.stringify([title, blocks, request]);
    if (!/\d\d:\d\d|\b\d\d [A-Z][a-z]{2}\b/.test(text)) continue;
    seen.push(name);
    expect(text, name).toMatch(/Europe\/Berlin|UTC/);
  }
  expect(seen.sort()).toEqual([
    'alerts',
    'audit',
    'balance',
    'chart',
    'locks',
    'logs',
    'model',
    'mute',
    'orders',
    'pnl',
    'positions',
    'resume',
    'stats',
    'status',
    'trades',
  ]);
});

test('times are in the zone of the operator', async () => {
  const { set } = setUp();
  const reply = await set.run('status', '', viewer);
  expect(JSON.stringify(reply.blocks)).toContain('05 Aug 14:00 Europe/Berlin');
});

test('unknown is said, never shown as zero', async () => {
  const { set, service } = setUp();
  const { status } = service;
  Object.assign(service, {
    status: () => ({
      ...status(),
      equity: null,
      equityUnknown: 'no balance since 12:03',
      dayPnl: null,
      dayPnlFraction: null,
      drawdownFraction: null,
    }),
  });
  const text = JSON.stringify((await set.run('status', '', viewer)).blocks);
  expect(text).toContain('["Equity","unknown"]');
  expect(text).toContain('Equity is unknown: no balance since 12:03.');
  expect(text).toContain('unknown of 10.00 %');
});

test('/positions says that an entry is under way, and that all is in cash only when none is', async () => {
  const { set, service, tools } = setUp();
  Object.assign(service, { positions: () => [] });
  expect((await set.run('positions', '', viewer)).blocks).toEqual([
    { kind: 'text', lines: ['All is in cash but for what is under way: BTC/USDT entry, working. /orders shows it.'] },
  ]);
  Object.assign(tools, { orders: () => [] });
  expect((await set.run('positions', '', viewer)).blocks).toEqual([{ kind: 'text', lines: ['All is in cash.'] }]);
});

test('before the first start of new books: no zeros that nobody has measured, and what makes trading safer is taken', async () => {
  const { set, service } = setUp();
  const { status } = service;
  Object.assign(service, {
    status: () => ({ ...status(), mode: 'starting', symbols: [], positions: [] }),
    risk: () => {
      throw new Error('the engine has not been started');
    },
  });
  for (const name of [
    'pnl',
    'positions',
    'balance',
    'risk',
    'chart',
    'daily',
    'flatten',
    'unlock',
    'resume',
    'export',
  ]) {
    expect(await set.run(name, '', operator), name).toMatchObject({
      title: 'The bot is still starting',
      outcome: 'starting',
      ok: false,
    });
  }
  const told = await set.run('status', '', operator);
  expect(told).toMatchObject({ title: 'The bot is still starting' });
  expect(JSON.stringify(told)).not.toMatch(/0\.00|limit|\bup\b/);
  const lock: LockView = {
    id: 'operator-pause',
    serial: 1,
    kind: 'operator-pause',
    symbol: null,
    state: 'reducing',
    policy: 'hold',
    since: 0,
    reason: 'Paused by operator: Ada (1): news',
    clearing: '/resume',
    clearedByUnlock: false,
  };
  Object.assign(service, {
    status: () => ({ ...status(), mode: 'starting', symbols: [], positions: [], locks: [lock] }),
  });
  expect(JSON.stringify((await set.run('status', '', operator)).blocks)).toContain(lock.reason);
  for (const name of ['start', 'help', 'health', 'logs', 'version', 'pause', 'halt', 'backup'])
    expect((await set.run(name, '', operator)).title, name).not.toContain('still starting');
});

test('/pause and /halt say once what was done, and a halt that it has sold nothing', async () => {
  const { set, service, tools } = setUp();
  expect(await set.run('pause', '', operator)).toMatchObject({
    title: '⏸ Paused: no entries',
    blocks: [{ lines: ['Stops and exits go on. /resume ends it.'] }],
    ok: true,
  });
  Object.assign(tools, { halt: async () => ({ ok: true, code: 'done', text: 'Already halted. /unlock ends it.' }) });
  expect(await set.run('halt', '', operator)).toMatchObject({
    title: '🛑 Already halted',
    blocks: [{ lines: ['/unlock ends it.', 'Still held: BTC/USDT. Stops go on; /flatten sells.'] }],
  });
  Object.assign(service, { positions: () => [] });
  expect((await set.run('halt', '', operator)).blocks).toEqual([{ kind: 'text', lines: ['/unlock ends it.'] }]);
});

test('says of a price that is stale how old it is, wherever something is reckoned with it', async () => {
  const { set, service } = setUp();
  const { status } = service;
  expect(
    JSON.stringify([
      (await set.run('positions', '', viewer)).blocks,
      (await set.run('flatten', 'BTC', operator)).request,
    ]),
  ).not.toContain(' old');
  const stale = {
    id: 'stale-data:BTC/USDT',
    kind: 'stale-data',
    symbol: 'BTC/USDT',
    state: 'reducing',
    policy: 'hold',
    since: 0,
    reason: 'Stale data: BTC/USDT: price is 9000 s old (limit 300 s)',
    clearing: 'by itself',
    clearedByUnlock: false,
  } as const;
  const aged = () => ({
    ...status(),
    locks: [stale],
    symbols: [
      { symbol: 'BTC/USDT', lastPrice: 60_500, priceAgeMs: 9_000_000, newestCandleClose: null, lastDecision: null },
    ],
  });
  Object.assign(service, { status: aged });
  expect(JSON.stringify((await set.run('positions', '', viewer)).blocks)).toContain(
    '["Last","60,500.00"],["","2 h 30 min old"]',
  );
  expect((await set.run('flatten', 'BTC', operator)).request).toMatchObject({
    what: expect.arrayContaining(['The price of BTC/USDT is 2 h 30 min old: the sale may bring another.']) as unknown,
  });
});

test('says why equity is unknown beside the figures that are not', async () => {
  const { set, service } = setUp();
  const { status, balance } = service;
  Object.assign(service, {
    status: () => ({ ...status(), equity: null, equityUnknown: 'the price of BTC/USDT is missing or stale' }),
    balance: () => ({ ...balance(), equity: null }),
  });
  expect((await set.run('balance', '', viewer)).title).toBe('Equity unknown');
  for (const name of ['balance', 'pnl', 'stats']) {
    expect(JSON.stringify((await set.run(name, '', viewer)).blocks), name).toContain(
      'Equity is unknown: the price of BTC/USDT is missing or stale. Values are those of the last prices known.',
    );
  }
});

test('says that the greatest drawdown is of hourly equity: the Guardian measures at each price', async () => {
  const { set } = setUp();
  for (const name of ['pnl', 'stats'])
    expect(JSON.stringify((await set.run(name, '', viewer)).blocks), name).toContain('["Max DD","1.20 % (hourly)"]');
});

test('does not call reconciled what differs, nor refused what did not succeed', async () => {
  const { set, tools } = setUp();
  const ended = async (name: 'reconcile' | 'backup', ok: boolean, code: string): Promise<string> => {
    Object.assign(tools, { [name]: async () => ({ ok, code, text: 'why' }) });
    return (await set.run(name, '', operator)).title;
  };
  expect(await ended('reconcile', true, 'done')).toBe('🧾 Reconciled');
  expect(await ended('reconcile', true, 'differs')).toBe('🧾 Ledger and exchange differ');
  expect(await ended('reconcile', false, 'not-compared')).toBe('Not compared');
  expect(await ended('backup', false, 'failed')).toBe('Not backed up');
});

test('no reason for which a trade was closed is cut', async () => {
  const { set, service } = setUp();
  const {
    trades: [trade],
  } = service.trades(1, 0);
  const reasons = [
    'take-profit',
    'stop',
    'stop not filled',
    'horizon',
    'model reversal',
    'unprotected',
    'flatten by operator Ada (7)',
    ...Object.values(LOCKS).map(({ title }) => title.toLowerCase()),
  ];
  Object.assign(service, {
    trades: () => ({ total: reasons.length, trades: reasons.map((exitReason) => ({ ...trade, exitReason })) }),
  });
  expect(JSON.stringify((await set.run('trades', '50', viewer)).blocks)).not.toContain('…');
});

test('one is not many', async () => {
  const { set, service } = setUp();
  expect((await set.run('logs', '1', viewer)).title).toBe('The last line');
  Object.assign(service, { trades: () => ({ total: 1, trades: [] }) });
  expect((await set.run('trades', '10 2', viewer)).title).toBe('Only 1 trade');
});

test.each([
  ['-5', '"-5" is not a whole number from 6 to 336'],
  ['1.5', '"1.5" is not a whole number from 6 to 336'],
  ['BTC -5h', '"-5" is not a whole number from 6 to 336'],
  ['48 24', 'takes one number of hours, got "48 24"'],
  ['DOGE', '"DOGE" is not traded'],
])('/chart %s is told what is wrong with it', async (words, told) => {
  const { set } = setUp();
  expect((await set.run('chart', words, viewer)).title).toContain(told);
});

test('/model names the year to which the model was trained', async () => {
  const { set } = setUp();
  expect(JSON.stringify((await set.run('model', '', viewer)).blocks)).toContain('["Trained to","2024-06-30"]');
});
