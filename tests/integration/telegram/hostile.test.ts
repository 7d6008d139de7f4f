import { afterEach, expect, test } from 'vitest';
import { createOutboxRunner } from '../../../src/app/outbox/outbox-runner.ts';
import { createFakeStore } from '../../../src/app/outbox/fakes.test-helper.ts';
import type { JsonObject, Json } from '../../../src/sim/telegram/types.ts';
import { killSwitch, operatorPause } from './fake-service.ts';
import {
  FORUM,
  GROUP,
  OPERATOR,
  SECOND_OPERATOR,
  startHarness,
  STRANGER,
  TOKEN,
  VIEWER,
  type Harness,
} from './harness.ts';

let bot: Harness;
afterEach(async () => {
  await bot.close();
});

/** A small generator of our own (mulberry32): the same seed is the same twenty thousand updates. */
const createRandom = (seed: number) => {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(next() * values.length)] as Value;
  return { next, pick };
};

const ODD: readonly Json[] = [
  null,
  true,
  -1,
  0,
  1.5,
  9e15,
  1e300,
  '',
  '0',
  'x'.repeat(70_000),
  '\u0000',
  '\ud800',
  '👩‍👩‍👧‍👦'.repeat(50),
  '\u202e/pause',
  [],
  [[]],
  {},
  { id: OPERATOR },
  ['a', null],
  '__proto__',
  { __proto__x: 1 },
];
const HOSTILE_TEXTS = [
  '/',
  '//',
  '/ ',
  '/pause@other_bot now',
  '/PAUSE@',
  '/unlock@guardian_demo_botx',
  '/resume\u0000',
  '/\u0440ause',
  '/pause\u200b_',
  '../../etc/passwd',
  "'; DROP TABLE audit;--",
  '{{7*7}}',
  '<script>alert(1)</script>',
  '🧨'.repeat(2_000),
  'A'.repeat(4_096),
  '\n\n\n',
  '‮/resume',
  '123456',
  '/constructor',
  '/__proto__',
  '/toString',
  '/hasOwnProperty x',
] as const;

test('twenty thousand hostile updates: no crash, no deed, no answer to strangers', async () => {
  bot = await startHarness({ unlockApprovals: 2 });
  bot.service.setLocks([killSwitch, operatorPause]);
  const asked = await bot.ask(OPERATOR, '/resume', GROUP);
  const realData = asked.reply_markup?.inline_keyboard[0]?.[0]?.callback_data ?? '';
  expect(realData).toMatch(/^k:/);
  const random = createRandom(20_261_121);
  const me = { id: 4_242_424_242, is_bot: true, first_name: 'Guardian Bot' };

  const stranger = (): JsonObject => ({
    id: STRANGER + Math.floor(random.next() * 50),
    is_bot: false,
    first_name: random.pick(['Mallory', '\u202eevil', '', 'Guardian Bot', 'x'.repeat(5_000)]),
  });
  const operator: JsonObject = { id: OPERATOR, is_bot: false, first_name: 'Op' };
  const anyone = (): Json =>
    random.pick<Json>([
      stranger(),
      operator,
      { ...operator, is_bot: true },
      { id: String(OPERATOR) },
      { id: -OPERATOR },
      { id: [OPERATOR] },
      null,
      random.pick(ODD),
    ]);
  const place = (): Json =>
    random.pick<Json>([
      { id: STRANGER, type: 'private' },
      { id: GROUP, type: 'supergroup' },
      { id: FORUM, type: 'supergroup', is_forum: true },
      { id: -1, type: 'channel' },
      { id: GROUP, type: 'private' },
      { id: OPERATOR, type: 'group' },
      { id: String(OPERATOR), type: 'private' },
      random.pick(ODD),
    ]);
  const mutate = (base: JsonObject): JsonObject => {
    const keys = Object.keys(base);
    const broken: Record<string, Json> = { ...base };
    for (let count = Math.floor(random.next() * 3); count > 0; count -= 1) broken[random.pick(keys)] = random.pick(ODD);
    return broken;
  };
  const nowSeconds = Math.floor(bot.clock.wallNow() / 1000);

  /** Sound commands from strangers; from the operator only what must never act. */
  const message = (): JsonObject => {
    const fromStranger = random.next() < 0.5;
    const command = random.pick([
      '/pause',
      '/halt now',
      '/resume',
      '/unlock',
      '/flatten',
      '/status',
      '/start',
      '/cancel gb-4f2a-19',
      '/backup',
    ]);
    const base: JsonObject = {
      message_id: Math.floor(random.next() * 1e6),
      date: nowSeconds,
      chat: place(),
      text: command,
    };
    if (fromStranger) return mutate({ ...base, from: stranger() });
    const disguise = random.pick<JsonObject>([
      { text: random.pick(HOSTILE_TEXTS), from: anyone() },
      { from: operator, chat: { id: -777, type: 'supergroup' } },
      { from: operator, chat: { id: STRANGER, type: 'private' } },
      { from: operator, sender_chat: { id: GROUP, type: 'supergroup' }, chat: { id: GROUP, type: 'supergroup' } },
      { from: operator, via_bot: me, chat: { id: OPERATOR, type: 'private' } },
      { from: operator, forward_origin: { type: 'user' }, chat: { id: OPERATOR, type: 'private' } },
      { from: { ...operator, is_bot: true }, chat: { id: OPERATOR, type: 'private' } },
      {
        from: operator,
        chat: { id: OPERATOR, type: 'private' },
        text: random.pick(ODD.filter((odd) => typeof odd !== 'string')),
      },
    ]);
    return { ...base, ...disguise };
  };
  const callback = (): JsonObject => {
    const data = random.pick([
      realData,
      realData.replace(':y', ':n'),
      `k:${'A'.repeat(22)}:y`,
      `a:${'A'.repeat(22)}:y`,
      'k::y',
      'r:/resume',
      'n:/unlock',
      'r:/pause',
      'n:/halt',
      'n:/backup',
      'x'.repeat(64),
      '\u0000',
      '',
    ]);
    const harmlessForOperator = `k:${'B'.repeat(22)}:y`;
    const from = random.pick<Json>([stranger(), { id: SECOND_OPERATOR, is_bot: true }, operator]);
    const isOperator = from === operator;
    return mutate({
      id: String(random.next()),
      from,
      message: random.pick<Json>([
        { message_id: 1, date: nowSeconds, from: me, chat: isOperator ? { id: OPERATOR, type: 'private' } : place() },
        null,
        { message_id: 'x' },
        random.pick(ODD),
      ]),
      chat_instance: '1',
      data: isOperator ? harmlessForOperator : data,
    });
  };

  const { person } = bot.server;
  for (let sent = 0; sent < 20_000; ) {
    for (let batch = 0; batch < 1_000; batch += 1, sent += 1) {
      const kind = random.next();
      if (kind < 0.55) person.push({ message: message() });
      else if (kind < 0.95) person.push({ callback_query: callback() });
      else person.push({ message: random.pick(ODD), callback_query: random.pick(ODD), edited_message: message() });
    }
    bot.clock.jump(500);
    await bot.settle();
  }

  expect([...bot.service.calls, ...bot.tools.calls]).toEqual([]);
  for (const { id } of person.chats()) {
    if ([OPERATOR, SECOND_OPERATOR, VIEWER, GROUP].includes(id)) continue;
    expect(person.messages(id), `chat ${id}`).toEqual([]);
  }
  expect(person.messages(STRANGER)).toEqual([]);
  expect(bot.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  expect(bot.reported.length).toBeLessThanOrEqual(2);
  // The report of strangers, and of what came in the name of the group one answer; of /pause and /halt one as well.
  const rows = bot.service.auditRows.filter(({ caller }) => caller.role === 'stranger');
  const urgent = (command: string): boolean => ['pause', 'halt'].includes(command);
  const [reports, unnamed] = [
    rows.filter(({ outcome }) => outcome === 'ignored'),
    rows.filter(({ outcome }) => outcome === 'refused: nobody can tell who sent it'),
  ];
  expect(reports.length).toBeLessThanOrEqual(1);
  expect(unnamed.filter(({ command }) => !urgent(command)).length).toBeLessThanOrEqual(1);
  expect(unnamed.filter(({ command }) => urgent(command)).length).toBeLessThanOrEqual(1);
  expect(reports.length + unnamed.length).toBe(rows.length);
  // The bot is as it was: its operator's confirmation is still there, and works.
  bot.clock.jump(30_000);
  await bot.press(OPERATOR, GROUP, 'Resume trading');
  await person.waitFor(GROUP, ({ text }) => text?.includes('Trading goes on') === true);
}, 60_000);

test('planted secrets appear in no message, log line, audit row or error', async () => {
  const apiKey = 'PLANTED-api-key-0123456789abcdef';
  const totp = 'JBSWY3DPEHPK3PXPJBSWY3DP';
  const signature = 'deadbeefcafef00d'.repeat(4);
  const leak = `GET https://exchange.test/api/v3/order?symbol=BTCUSDT&timestamp=1&signature=${signature} failed; key ${apiKey}; ${TOKEN}; ${encodeURIComponent(TOKEN)}`;
  bot = await startHarness({ secrets: [apiKey], unlockTotpSecret: totp });
  await bot.settle();
  const { service, server, clock } = bot;
  const deliveries: unknown[] = [];

  const originals = { status: service.status, pause: service.pause };
  Object.assign(service, {
    status: () => ({ ...originals.status(), why: leak, equityUnknown: leak, equity: null }),
    pause: async () => Promise.reject(new Error(leak)),
  });
  service.setLocks([{ ...killSwitch, reason: leak }]);
  for (const line of ['/status', '/locks', '/pause', '/unlock']) await bot.ask(OPERATOR, line);
  Object.assign(service, { status: originals.status });

  for (const name of [
    'reset',
    'time-out',
    'unauthorized',
    'internal-error',
    'bad-gateway',
    'blocked',
    'reset',
  ] as const) {
    if (name === 'time-out') continue;
    server.faults.inject({ name, methods: ['sendMessage', 'answerCallbackQuery'] });
    deliveries.push(
      await bot.bot.notifier.deliver(
        OPERATOR,
        { kind: 'lock', key: name, title: `Alert ${leak}`, lines: [leak], commands: [], symbol: null, at: 0 },
        false,
      ),
    );
  }
  for (const name of ['reset', 'unauthorized', 'conflict', 'bad-gateway'] as const) {
    server.faults.inject({ name, methods: ['getUpdates'] });
    await expect
      .poll(() => (clock.jump(301_000), server.faults.struck(name)), { interval: 10, timeout: 8_000 })
      .toBeGreaterThan(0);
  }
  await bot.recover();
  await bot.settle();
  server.faults.inject({ name: 'reset', methods: ['sendMessage'], times: 3 });
  server.person.send(OPERATOR, OPERATOR, '/version');
  await expect
    .poll(() => (clock.jump(10_000), server.faults.struck('reset')), { interval: 10, timeout: 8_000 })
    .toBeGreaterThan(4);

  const store = createFakeStore();
  store.add({ kind: 'lock', key: 'x', title: leak, lines: [leak], commands: [], symbol: null, at: 0 }, 0);
  const runner = createOutboxRunner({
    store,
    notifier: bot.bot.notifier,
    chats: [OPERATOR],
    clock,
    log: bot.log,
    silenceSeconds: 60,
    hook: null,
  });
  runner.start();
  await expect.poll(() => store.pending(OPERATOR, 1).length, { interval: 10, timeout: 8_000 }).toBe(0);
  await runner.stop(0);

  const written = JSON.stringify([
    server.person.chats().map(({ id }) => server.person.messages(id)),
    bot.log.lines,
    bot.reported,
    deliveries,
    service.auditRows.map(({ arguments: _typed, ...row }) => row),
  ]);
  for (const secret of [TOKEN, encodeURIComponent(TOKEN), apiKey, signature, totp])
    expect(written).not.toContain(secret);
  expect(written).toContain('<secret>');
  expect(written).toContain('signature=<redacted>');
});
