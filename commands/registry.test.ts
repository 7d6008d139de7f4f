import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createFakeService, killSwitch, operatorPause } from '../tests/integration/telegram/fake-service.ts';
import { createFakeTools } from '../tests/integration/telegram/fake-tools.ts';
import { createMemory, createTestClock } from '../tests/integration/telegram/harness.ts';
import { LOCKS } from '../src/core/guardian/lock.ts';
import type { Caller, LockView } from '../src/ports/operator.ts';
import { commands, createCommandSet } from './registry.ts';
import { buildDailyReport } from './support/daily-report.ts';
import { commandsTable } from './support/table.ts';

const viewer: Caller = { userId: 1, name: 'Ann', role: 'viewer', via: 'telegram' };
const operator: Caller = { userId: 2, name: 'Bob', role: 'operator', via: 'control-socket' };

const setUp = () => {
  const clock = createTestClock();
  const service = createFakeService(clock);
  const tools = createFakeTools(clock, createMemory());
  return { service, tools, set: createCommandSet({ service, tools, timeZone: 'Europe/Berlin' }), clock };
};

describe('the registry', () => {
  test('holds the commands of the product, each for the right people', () => {
    const { set } = setUp();
    const forViewers =
      'start help status pnl positions orders trades balance risk locks health model chart daily weekly monthly performance stats logs audit export whoami version'.split(
        ' ',
      );
    const forOperators = 'pause resume unlock halt flatten cancel settle reconcile mute alerts backup'.split(' ');
    expect(
      set
        .list('viewer')
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...forViewers].sort());
    expect(
      set
        .list('operator')
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...forViewers, ...forOperators].sort());
  });

  test('names and descriptions fit the menu of Telegram', () => {
    for (const { name, description } of commands) {
      expect(name).toMatch(/^[a-z]{1,32}$/);
      expect(description.length).toBeLessThanOrEqual(60);
    }
    expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
  });

  test('what loosens or moves money answers with a question, never with a deed', async () => {
    const { set, service, tools } = setUp();
    service.setLocks([killSwitch, operatorPause]);
    for (const { name } of commands.filter(({ effect }) => effect === 'loosen')) {
      const words = name === 'cancel' ? 'gb-4f2a-19' : name === 'settle' ? 'gb-4f2a-18 gone' : '';
      const reply = await set.run(name, words, operator);
      expect(reply.request?.kind, name).toBe('confirm');
    }
    expect([...service.calls, ...tools.calls]).toEqual([]);
  });

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

  test('checks the role itself, whoever calls', async () => {
    const { set, service, tools } = setUp();
    for (const { name } of commands.filter(({ role }) => role === 'operator')) {
      expect((await set.run(name, '', viewer)).outcome).toBe('refused: role');
    }
    expect([...service.calls, ...tools.calls]).toEqual([]);
  });

  test('without tools lists only what it can do', async () => {
    const { service } = setUp();
    const set = createCommandSet({ service, timeZone: 'UTC' });
    expect(set.find('status')).toBeDefined();
    expect(set.find('flatten')).toBeUndefined();
    await expect(set.run('flatten', '', operator)).rejects.toThrow('no command /flatten');
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

  test('an unknown time zone is refused at start', () => {
    const { service } = setUp();
    expect(() => createCommandSet({ service, timeZone: 'Nowhere/Land' })).toThrow(RangeError);
  });

  test('/unlock shows every refusal that is known already, and what stays when nothing waits for it', async () => {
    const { set, service } = setUp();
    expect(await set.run('unlock', '', operator)).toMatchObject({ title: 'Nothing waits for /unlock' });
    service.setPreview({ staying: [operatorPause] });
    expect((await set.run('unlock', '', operator)).blocks).toEqual([
      { kind: 'text', lines: ['operator-pause is cleared by /resume'] },
    ]);
    const refusals = ['The daily unlock is used up; the lock clears at 00:00 UTC.', 'Equity is below 100.'];
    service.setPreview({ refusals });
    expect((await set.run('unlock', '', operator)).blocks).toEqual([{ kind: 'text', lines: refusals }]);
  });

  test('the amount of new loss is taken as people write it, and no other', async () => {
    const { set, service } = setUp();
    service.setLocks([killSwitch]);
    const typed = async (permitted: number, text: string): Promise<string | undefined> => {
      service.setPreview({ newLossPermitted: permitted });
      const { request } = await set.run('unlock', '', operator);
      return request?.kind === 'ask' ? (await request.answer(text)).outcome : undefined;
    };
    for (const text of ['19.48', '19,48', ' 19.48 USDT', '019.480'])
      expect(await typed(19.48, text), text).toBe('asked');
    for (const text of ['1948', '19', '19,480', '1,948', '-19.48', '1e1', '', '19.48.0', '19,4', '∞'])
      expect(await typed(19.48, text), text).toBe('wrong amount');
    for (const text of ['1948', '1,948', '1948,00', '1,948.00']) expect(await typed(1_948, text), text).toBe('asked');
    for (const text of ['1,94', '1.948', '19,48']) expect(await typed(1_948, text), text).toBe('wrong amount');
  });

  test('/unlock lists its locks before it asks for the amount, too', async () => {
    const { set, service } = setUp();
    service.setLocks([killSwitch]);
    service.setPreview({ newLossPermitted: 19.8, baselines: ['day baseline 1,012.40 -> 991.10'] });
    const reply = await set.run('unlock', '', operator);
    expect(reply).toMatchObject({
      title: 'Unlock?',
      request: { kind: 'ask', question: expect.stringContaining('up to 19.80 of new loss today') as string },
    });
    expect(reply.blocks).toEqual([
      { kind: 'text', lines: [`Clears · ${killSwitch.reason}`, 'Moves day baseline 1,012.40 -> 991.10'] },
    ]);
  });

  test('/unlock names everything that it would let go: ten orders of another instance are more than a line', async () => {
    const { set, service } = setUp();
    const orders = Array.from({ length: 10 }, (_, index) => `BTC/USDT gb7f3a9c21-${1_000 + index}`).join(', ');
    const reason = `USDT: the exchange has 1234.56789012 less than the ledger; another instance of this bot has 12 orders on the account (${orders} and 2 more): stop that bot, or cancel what it left`;
    service.setLocks([{ ...killSwitch, reason }]);
    const { request } = await set.run('unlock', '', operator);
    expect(request?.kind === 'confirm' && request.what[0]).toBe(`Clears · ${reason}`);
  });

  test('/settle lists what is unknown, takes an order with its fate, and shows a refusal before it asks', async () => {
    const { set, tools } = setUp();
    expect(JSON.stringify(await set.run('settle', '', operator))).toContain('gb-4f2a-18: stop');
    for (const wrong of ['gb-4f2a-18', 'gb-4f2a-18 lost', 'gb-4f2a-18 gone 5', 'gb-4f2a-18 filled -5'])
      expect((await set.run('settle', wrong, operator)).outcome, wrong).toBe('wrong argument');
    expect((await set.run('settle', 'gb-4f2a-18 FILLED 49000.5', operator)).request).toMatchObject({
      kind: 'confirm',
      needsCode: true,
      needsApproval: true,
    });
    Object.assign(tools, { settlePreview: async () => ({ what: [], refusal: 'no coin has moved', shown: '' }) });
    expect(await set.run('settle', 'gb-4f2a-18 filled', operator)).toMatchObject({
      outcome: 'refused',
      blocks: [{ lines: ['no coin has moved'] }],
    });
  });

  test('times are in the zone of the operator', async () => {
    const { set } = setUp();
    const reply = await set.run('status', '', viewer);
    expect(JSON.stringify(reply.blocks)).toContain('05 Aug 14:00 Europe/Berlin');
  });

  test('/status does not pass for well while every symbol is held, and names what holds which', async () => {
    const { set, service } = setUp();
    const { status } = service;
    const bar = (why: string, ...symbols: string[]) => ({ code: 'symbol-locked', why, symbols });
    const lock = { id: 'stale-data:BTC/USDT' };
    Object.assign(service, {
      status: () => ({
        ...status(),
        state: 'active',
        why: null,
        locks: [lock],
        entryBars: [bar('Stale data', 'BTC/USDT')],
        mayEnter: true,
      }),
    });
    expect(await set.run('status', '', viewer)).toMatchObject({ title: '🟢 Active · demo' });
    Object.assign(service, {
      status: () => ({
        ...status(),
        state: 'active',
        why: null,
        locks: [lock],
        entryBars: [bar('Stale data', 'BTC/USDT', 'ETH/USDT')],
        mayEnter: false,
      }),
    });
    const held = await set.run('status', '', viewer);
    expect(held.title).toBe('🟡 Active, but no entry now · demo');
    expect(held.blocks[0]).toEqual({
      kind: 'text',
      lines: ['Stale data: no entries in BTC/USDT, ETH/USDT.', '/locks has more.'],
    });
    Object.assign(service, {
      status: () => ({
        ...status(),
        state: 'active',
        why: null,
        locks: [],
        entryBars: [bar('Equity is not known', 'BTC/USDT', 'ETH/USDT')],
        mayEnter: false,
      }),
    });
    const blind = await set.run('status', '', viewer);
    expect(blind.title).toBe('🟡 Active, but no entry now · demo');
    expect(blind.blocks[0]).toEqual({
      kind: 'text',
      lines: ['Equity is not known: no entries in BTC/USDT, ETH/USDT.'],
    });
  });

  test('a duration that is missing is asked for, not quoted; no order is no broken one', async () => {
    const { set, tools } = setUp();
    expect(JSON.stringify(await set.run('mute', '', operator))).toContain(
      '/mute: takes a duration like 30m, 2h or 1d, up to 7d',
    );
    Object.assign(tools, { orders: () => [] });
    expect((await set.run('orders', '', viewer)).title).toBe('No open order');
    expect(JSON.stringify((await set.run('risk', '', viewer)).blocks)).toMatch(
      /balance: [\d,.]+ USDT, at least 100\.00/,
    );
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
});

describe('the daily report', () => {
  test('is one alert a market day, with all that matters', () => {
    const { service, tools } = setUp();
    const report = buildDailyReport('2024-08-05', service, 'UTC');
    expect(report).toMatchObject({
      kind: 'report',
      key: 'daily-report:2024-08-05',
      title: '📊 05 Aug: +2.31 (+0.23 %)',
    });
    expect(report.lines).toContain('BTC/USDT: +4.51 (+0.61 %)');
    expect(report.lines).toContain('No lock holds.');
    expect(buildDailyReport('2024-08-05', service, 'UTC', tools).lines).toContain(
      'Yesterday (UTC) +11.30 (+1.23 %), 1 trade',
    );
  });

  test('says of each lock how it clears, as /locks does', () => {
    const { service } = setUp();
    service.setLocks([{ ...killSwitch, clearing: '/unlock: the streak starts at zero' }]);
    expect(buildDailyReport('2024-08-05', service, 'UTC').lines).toContain(
      '🔒 kill-switch: clears: /unlock: the streak starts at zero',
    );
  });

  test('names the UTC day whose result it tells, where the operator has another', () => {
    const { service } = setUp();
    expect(buildDailyReport('2024-08-06', service, 'Pacific/Kiritimati').title).toBe(
      '📊 05 Aug (UTC): +2.31 (+0.23 %)',
    );
  });

  test('and /status do not pass off what came after an /unlock as the result of the day', async () => {
    const { service, tools, set } = setUp();
    const { status } = service;
    Object.assign(service, {
      status: () => ({ ...status(), dayRebased: true, dayPnl: -0.1, dayPnlFraction: -0.0001 }),
    });
    const periods = () => [{ from: 0, to: 0, trades: 3, pnl: -20.7, pnlFraction: -0.0207, fees: 1 }];
    const report = buildDailyReport('2024-08-05', service, 'UTC', { ...tools, periods });
    expect(report.title).toBe('📊 05 Aug: -20.70 (-2.07 %)');
    expect(report.lines).toContain('Since /unlock rebased the day -0.10 (-0.01 %)');
    expect(JSON.stringify((await set.run('status', '', viewer)).blocks)).toContain(
      '["Today","-0.10  -0.01 %"],["","since /unlock rebased it"]',
    );
  });
});

describe('what a person reads', () => {
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

  test('the daily report is no greener than /status: active, and no entry anywhere, it says so and why', async () => {
    const { set, service } = setUp();
    const { status } = service;
    const entryBars = [{ code: 'equity-unknown', why: 'Equity is not known', symbols: ['BTC/USDT', 'ETH/USDT'] }];
    Object.assign(service, { status: () => ({ ...status(), state: 'active', mayEnter: false, entryBars }) });
    const { lines } = buildDailyReport('2024-08-05', service, 'UTC');
    expect(lines.slice(0, 2)).toEqual([
      '🟡 Active, but no entry now',
      'Equity is not known: no entries in BTC/USDT, ETH/USDT.',
    ]);
    expect((await set.run('status', '', viewer)).title).toContain(lines[0] ?? 'nothing');
  });

  test('/flatten without a position refuses nothing: in the chat and for a script it is no failure; with an entry under way it is', async () => {
    const { set, tools } = setUp();
    Object.assign(tools, { flattenPreview: () => ({ positions: [], refusal: null }) });
    const all = await set.run('flatten', '', operator);
    expect(all).toEqual({
      title: 'Nothing to sell',
      blocks: [{ kind: 'text', lines: ['There are no open positions.'] }],
      outcome: 'nothing to do',
    });
    expect((await set.run('flatten', 'btc', operator)).blocks).toEqual([
      { kind: 'text', lines: ['There is no open position in BTC/USDT.'] },
    ]);
    Object.assign(tools, { flattenPreview: () => ({ positions: [], refusal: 'An entry is under way.' }) });
    expect(await set.run('flatten', '', operator)).toMatchObject({ title: 'Refused', outcome: 'refused' });
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

  test('/flatten all is /flatten, and what was not understood says that nothing is sold', async () => {
    const { set } = setUp();
    const asked = async (words: string) => (await set.run('flatten', words, operator)).request;
    expect(JSON.stringify(await asked('ALL'))).toBe(JSON.stringify(await asked('')));
    expect(await asked('all')).toBeDefined();
    expect(JSON.stringify(await set.run('flatten', 'everything', operator))).toContain('Nothing is sold');
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

  test('/flatten asks with the word that a halted market sells nothing before its end', async () => {
    const { set, tools } = setUp();
    const preview = tools.flattenPreview(null);
    expect(JSON.stringify((await set.run('flatten', '', operator)).request)).not.toContain('halted');
    Object.assign(tools, {
      flattenPreview: () => ({ ...preview, positions: preview.positions.map((held) => ({ ...held, halted: true })) }),
    });
    const line =
      'The exchange has halted BTC/USDT: it is sold when it is traded again, and a stop that rests stays until then.';
    expect((await set.run('flatten', '', operator)).request).toMatchObject({
      what: expect.arrayContaining([line]) as unknown,
    });
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

  test('a stop that is not known to rest on the exchange is told on one line of a phone, in the daily report, too', async () => {
    const { set, service } = setUp();
    const { status, positions } = service;
    const bare = positions().map((held) => ({ ...held, stopWorking: false }));
    Object.assign(service, { positions: () => bare, status: () => ({ ...status(), positions: bare }) });
    expect(JSON.stringify((await set.run('positions', '', viewer)).blocks)).toContain(
      '["Stop","59,221.60 NOT CONFIRMED"]',
    );
    expect(buildDailyReport('2024-08-05', service, 'UTC').lines).toContain(
      'BTC/USDT: +4.51 (+0.61 %), STOP NOT CONFIRMED',
    );
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
});

test('the table in docs/commands.md is the registry’s', () => {
  const path = new URL('../docs/commands.md', import.meta.url);
  const document = readFileSync(path, 'utf8');
  const [before = '', rest = ''] = document.split('<!-- commands:begin -->\n');
  const after = rest.split('<!-- commands:end -->')[1] ?? '';
  const written = `${before}<!-- commands:begin -->\n${commandsTable(commands)}\n<!-- commands:end -->${after}`;
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, written);
  expect(readFileSync(path, 'utf8')).toBe(written);
});
