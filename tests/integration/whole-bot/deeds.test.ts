import Sqlite from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { codeOfStep, decodeBase32 } from '../../../src/adapters/telegram/totp.ts';
import type { Message } from '../../../src/sim/telegram/types.ts';
import { OPERATOR, SECOND_OPERATOR, startWholeBot, textOf, type WholeBot } from '../../support/whole-bot.ts';

/** Deeds of operators through grammY to the real engine and back. */
let bot: WholeBot;
afterEach(async () => {
  await bot.close();
});

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DP';
const codeNow = (): string => codeOfStep(decodeBase32(SECRET), Math.floor(Date.now() / 30_000));

interface Status {
  readonly state: string;
  readonly equity: number | null;
  readonly dayBaseline: number | null;
  readonly locks: readonly { readonly id: string }[];
}

const status = async (): Promise<Status> => (await (await fetch(`${bot.pageUrl}/api/status`)).json()) as Status;
const locks = async (): Promise<readonly string[]> => (await status()).locks.map(({ id }) => id);
const titled =
  (part: string | RegExp) =>
  (message: Message): boolean =>
    typeof part === 'string' ? textOf(message).includes(part) : part.test(textOf(message));

const until = async (what: string, look: () => Promise<boolean>, limit = 30_000): Promise<void> => {
  const deadline = performance.now() + limit;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** The market moves on by at least one step, so that "set since" has a before and an after. */
const step = async (): Promise<void> => {
  const { marketTime } = await bot.market();
  await until('the next step of the market', async () => (await bot.market()).marketTime > marketTime);
};

const auditRows = (): readonly {
  readonly command: string;
  readonly outcome: string;
  readonly user_id: number;
  readonly arguments: string;
}[] => {
  const database = new Sqlite(bot.databasePath, { readonly: true });
  try {
    return database
      .prepare<[], { command: string; outcome: string; user_id: number; arguments: string }>(
        'SELECT command, outcome, user_id, arguments FROM audit_log ORDER BY id',
      )
      .all();
  } finally {
    database.close();
  }
};

test('/halt takes effect within a second while charts are drawn and every send is refused for 60 s', async () => {
  bot = await startWholeBot();
  await bot.hears(OPERATOR, 'stop placed');
  bot.server.faults.inject({
    name: 'too-many-requests',
    methods: ['sendMessage', 'sendPhoto', 'answerCallbackQuery'],
    retryAfter: 60,
    times: Infinity,
  });
  for (let count = 0; count < 6; count += 1) bot.server.person.send(OPERATOR, OPERATOR, `/chart BTC ${200 + count}`);
  bot.server.person.send(OPERATOR, OPERATOR, '/pnl all');
  const before = performance.now();
  bot.server.person.send(OPERATOR, OPERATOR, '/halt something is wrong');
  await until('the halt', async () => (await status()).state === 'halted', 1_000);
  expect(performance.now() - before).toBeLessThan(1_000);
  expect(await locks()).toContain('operator-halt');
  bot.server.faults.clear();
});

describe('/unlock against the real engine', () => {
  test('clears exactly the locks that were shown: one set again since stays', async () => {
    bot = await startWholeBot();
    await bot.ask(OPERATOR, '/halt first', titled('🛑 Halted'));
    const first = await bot.ask(OPERATOR, '/unlock one', titled('Unlock?'));
    const second = await bot.ask(OPERATOR, '/unlock two', titled('Unlock?'));
    await bot.press(OPERATOR, second, 'Unlock');
    await until('the unlock', async () => !(await locks()).includes('operator-halt'));
    await step();
    await bot.ask(OPERATOR, '/halt again', titled('🛑 Halted'));
    await bot.press(OPERATOR, first, 'Unlock');
    const refused = await bot.hears(OPERATOR, 'set again since it was shown');
    expect(textOf(refused)).toContain('⛔ Refused');
    expect(await locks()).toContain('operator-halt');
    expect(
      auditRows()
        .filter(({ command }) => command === 'unlock')
        .map(({ outcome }) => outcome),
    ).toEqual(['asked', 'asked', 'confirmed', 'done', 'confirmed', 'refused']);
  });

  test('after a daily drawdown asks for the amount of new loss, and rebases the day on record', async () => {
    bot = await startWholeBot();
    await bot.hears(OPERATOR, 'stop placed');
    // Slow enough that all of it happens within one UTC day.
    await bot.pace(500);
    await bot.control('/control/jump', { symbol: 'BTC/USDT', fraction: -0.08 });
    const alert = await bot.hears(OPERATOR, /Daily drawdown: equity/);
    expect(textOf(alert)).toMatch(
      /equity [\d.,]+ is \d\.\d\d\u00A0% below the day's baseline [\d.,]+ \(limit 2\.00\u00A0%\)\n\nTrading halted, positions are being closed/,
    );
    await until(
      'no position',
      async () => (await bot.market()).openOrders.length === 0 && (await locks()).includes('daily-drawdown'),
    );
    const { dayBaseline } = await status();

    const question = await bot.ask(OPERATOR, '/unlock the feed was wrong', titled('Type that amount'));
    const amount = /up to ([\d.,]+) of new loss/.exec(textOf(question))?.[1] ?? '';
    expect(Number(amount)).toBeGreaterThan(10);
    expect(textOf(await bot.ask(OPERATOR, '999'))).toContain('That is not the amount');
    expect(await locks()).toContain('daily-drawdown');

    await bot.ask(OPERATOR, '/unlock the feed was wrong', titled('Type that amount'));
    const confirm = await bot.ask(OPERATOR, amount, titled('Unlock?'));
    expect(textOf(confirm)).toContain(`Permits ${amount} of new loss today`);
    expect(textOf(confirm)).toMatch(/Moves day baseline [\d.,]+ -> [\d.,]+/);
    await bot.press(OPERATOR, confirm, 'Unlock');
    await until('the unlock', async () => !(await locks()).includes('daily-drawdown'));
    const rebased = await status();
    expect(rebased.dayBaseline).toBeLessThan(dayBaseline ?? 0);
    expect(rebased.dayBaseline).toBeCloseTo(rebased.equity ?? 0, 0);

    const database = new Sqlite(bot.databasePath, { readonly: true });
    const moved = database
      .prepare<[], { name: string; cause: string }>("SELECT name, cause FROM baselines WHERE cause = 'unlock'")
      .all();
    database.close();
    expect(moved).toEqual([{ name: 'day', cause: 'unlock' }]);
  }, 60_000);

  test('with a one-time code and a second operator: nothing happens before both, and the code is used up', async () => {
    bot = await startWholeBot({
      UNLOCK_TOTP_SECRET: SECRET,
      UNLOCK_APPROVALS: '2',
      TELEGRAM_OPERATORS: `${OPERATOR},${SECOND_OPERATOR}`,
    });
    await bot.ask(OPERATOR, '/halt drill', titled('🛑 Halted'));
    await bot.ask(OPERATOR, '/unlock the drill is over', titled('six digits'));
    const code = codeNow();
    const confirm = await bot.ask(OPERATOR, code, titled('Unlock?'));
    await bot.press(OPERATOR, confirm, 'Unlock');
    const request = await bot.hears(SECOND_OPERATOR, 'A second operator must approve');
    expect(textOf(request)).toContain('Clears · Halted by operator: Person 1001 (1001): drill');
    expect(await locks()).toContain('operator-halt');
    const waiting = await bot.hears(OPERATOR, 'A second operator must approve');
    expect((await bot.press(OPERATOR, waiting, 'Approve: Unlock')).text).toContain('different operator');
    expect(await locks()).toContain('operator-halt');
    await bot.press(SECOND_OPERATOR, request, 'Approve: Unlock');
    await until('the unlock', async () => !(await locks()).includes('operator-halt'));
    await bot.hears(SECOND_OPERATOR, 'Halted by operator cleared');

    await bot.ask(SECOND_OPERATOR, '/halt again', titled('🛑 Halted'));
    await bot.ask(SECOND_OPERATOR, '/unlock', titled('six digits'));
    expect(textOf(await bot.ask(SECOND_OPERATOR, code, titled(/used already|Wrong code/)))).toContain('used already');
    expect(await locks()).toContain('operator-halt');
    const rows = auditRows().filter(({ command }) => command === 'unlock');
    expect(rows.map(({ user_id: by, outcome }) => [by, outcome])).toEqual([
      [OPERATOR, 'asked'],
      [OPERATOR, 'asked'],
      [OPERATOR, 'waits for a second operator'],
      [OPERATOR, 'refused: own approval'],
      [SECOND_OPERATOR, 'approved for Person 1001'],
      [OPERATOR, 'done'],
      [SECOND_OPERATOR, 'asked'],
      [SECOND_OPERATOR, 'refused: code used'],
    ]);
    expect(JSON.stringify([rows, bot.lines])).not.toContain(code);
  }, 60_000);
});

test('/flatten shows sizes and proceeds, sells, and leaves no stop behind', async () => {
  bot = await startWholeBot();
  await bot.hears(OPERATOR, 'stop placed');
  await bot.pace(200);
  await until('a protected position', async () => (await bot.market()).openOrders.length === 1);
  const question = await bot.ask(OPERATOR, '/flatten', titled('Sell?'));
  expect(textOf(question)).toMatch(/Sells 0\.\d+\u00A0BTC at market: about [\d,.]+\u00A0USDT at [\d,.]+/);
  await bot.ask(OPERATOR, '/pause no new entry', titled('⏸ Paused'));
  await bot.press(OPERATOR, question, 'Sell it');
  await bot.hears(OPERATOR, /BTC closed .* flatten by operator Person 1001/);
  await until('no order', async () => (await bot.market()).openOrders.length === 0);
  expect(textOf(await bot.ask(OPERATOR, '/positions', titled(/position/i)))).toContain('No position');
});
