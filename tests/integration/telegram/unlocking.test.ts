import { afterEach, describe, expect, test } from 'vitest';
import { codeOfStep, decodeBase32 } from '../../../src/adapters/telegram/totp.ts';
import { killSwitch } from './fake-service.ts';
import { GROUP, OPERATOR, SECOND_OPERATOR, startHarness, VIEWER, type Harness } from './harness.ts';

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DP';

let bot: Harness;
afterEach(async () => {
  await bot.close();
});

const start = async (...options: Parameters<typeof startHarness>): Promise<void> => {
  bot = await startHarness(...options);
  bot.service.setLocks([killSwitch]);
};

const codeNow = (stepsAway = 0): string =>
  codeOfStep(decodeBase32(SECRET), Math.floor(bot.clock.wallNow() / 30_000) + stepsAway);
const unlocked = async (chatId = OPERATOR): Promise<unknown> =>
  bot.server.person.waitFor(chatId, ({ text }) => text?.includes('Cleared: kill-switch') === true);

describe('/unlock with a one-time code', () => {
  test('asks for it before the button, takes it once, and does nothing without it', async () => {
    await start({ unlockTotpSecret: SECRET });
    const asked = await bot.ask(OPERATOR, '/unlock');
    expect(asked.text).toContain('six digits');
    expect(asked.reply_markup).toBeUndefined();
    expect((await bot.ask(OPERATOR, '000000')).text).toContain('Wrong code');
    await bot.ask(OPERATOR, '/unlock');
    const code = codeNow();
    expect((await bot.ask(OPERATOR, code)).reply_markup).toBeDefined();
    await bot.press(OPERATOR, OPERATOR, 'Unlock');
    await unlocked();
    expect(bot.service.calls).toHaveLength(1);

    bot.service.setLocks([killSwitch]);
    await bot.ask(OPERATOR, '/unlock');
    expect((await bot.ask(OPERATOR, code)).text).toContain('used already');
    await bot.restart();
    await bot.ask(OPERATOR, '/unlock');
    expect((await bot.ask(OPERATOR, code)).text).toContain('used already');
    expect(bot.service.calls).toHaveLength(1);
    // What was typed is written nowhere.
    expect(JSON.stringify([bot.service.auditRows, bot.log.lines])).not.toContain(code);
  });

  test('five wrong codes block for 15 minutes, a restart does not help, another command forgets the question', async () => {
    await start({ unlockTotpSecret: SECRET });
    for (let count = 1; count <= 5; count += 1) {
      await bot.ask(OPERATOR, '/unlock');
      const reply = await bot.ask(OPERATOR, '12345x');
      expect(reply.text).toContain(count < 5 ? 'Wrong code' : 'blocked');
      bot.clock.jump(5_000);
    }
    // The other operators hear of it: somebody may have this one's phone.
    expect(bot.reported.map(({ kind, title, lines }) => [kind, title, lines[0]])).toEqual([
      [
        'security',
        '🚨 Codes are blocked: too many were wrong',
        `For /unlock by Person ${OPERATOR} (${OPERATOR}). None is taken for at most 15 minutes.`,
      ],
    ]);
    await bot.restart();
    await bot.ask(OPERATOR, '/unlock');
    expect((await bot.ask(OPERATOR, codeNow())).text).toContain('blocked');
    // Of the same block: the outbox takes a key once.
    expect(new Set(bot.reported.map(({ key }) => key)).size).toBe(1);
    bot.clock.jump(15 * 60_000);
    await bot.ask(OPERATOR, '/unlock');
    await bot.ask(OPERATOR, '/whoami');
    expect((await bot.ask(OPERATOR, codeNow())).text).toContain('No question is open');
    await bot.ask(OPERATOR, '/unlock');
    expect((await bot.ask(OPERATOR, codeNow())).reply_markup).toBeDefined();
  });

  test('wrong codes for /settle are told as of /settle', async () => {
    await start({ unlockTotpSecret: SECRET });
    for (let count = 1; count <= 5; count += 1) {
      await bot.ask(OPERATOR, '/settle gb-4f2a-18 gone');
      await bot.ask(OPERATOR, 'wrong');
    }
    expect(bot.reported.map(({ lines }) => lines[0])).toEqual([expect.stringMatching(/^For \/settle by /)]);
  });

  test('in a group, where the bot sees replies only, the question says how to answer it: by its button no answer box opens', async () => {
    await start({ unlockTotpSecret: SECRET });
    await bot.ask(OPERATOR, '/locks', GROUP);
    bot.server.person.press(OPERATOR, GROUP, 'Unlock …');
    const how = 'Answer with a reply to this message.';
    const asked = await bot.server.person.waitFor(GROUP, ({ text }) => text?.includes('six digits') === true);
    expect(asked.text).toContain(how);
    expect((await bot.ask(OPERATOR, codeNow(), GROUP)).reply_markup).toBeDefined();
    expect((await bot.ask(OPERATOR, '/unlock')).text).not.toContain(how);
  });

  test('in a group whose command was deleted at once the question comes all the same', async () => {
    await start({ unlockTotpSecret: SECRET });
    const date = Math.floor(bot.clock.wallNow() / 1_000);
    bot.server.person.push({
      message: {
        message_id: 9_000,
        date,
        text: '/unlock',
        from: { id: OPERATOR, is_bot: false, first_name: 'x' },
        chat: { id: GROUP, type: 'supergroup' },
      },
    });
    await bot.server.person.waitFor(GROUP, ({ text }) => text?.includes('six digits') === true, { timeoutMs: 3_000 });
  });

  test('in a group another person cannot answer for the one who was asked', async () => {
    await start({ unlockTotpSecret: SECRET });
    await bot.ask(OPERATOR, '/unlock', GROUP);
    bot.server.person.send(SECOND_OPERATOR, GROUP, codeNow());
    await bot.settle();
    expect(bot.server.person.messages(GROUP).some(({ reply_markup: keys }) => keys !== undefined)).toBe(false);
    expect((await bot.ask(OPERATOR, codeNow(), GROUP)).reply_markup).toBeDefined();
  });
});

describe('/unlock with two operators', () => {
  test('the second one approves, in private or in the group; the first cannot', async () => {
    await start({ unlockApprovals: 2 });
    await bot.ask(OPERATOR, '/unlock two of us');
    await bot.press(OPERATOR, OPERATOR, 'Unlock');
    const request = await bot.server.person.waitFor(
      SECOND_OPERATOR,
      ({ text }) => text?.includes('must approve') === true,
    );
    expect(request.text).toContain('Kill-switch: 3 losses in a row');
    expect(bot.service.calls).toEqual([]);
    expect((await bot.press(OPERATOR, OPERATOR, 'Approve: Unlock')).text).toContain('different operator');
    expect(bot.service.calls).toEqual([]);
    await bot.press(SECOND_OPERATOR, SECOND_OPERATOR, 'Approve: Unlock');
    await unlocked(SECOND_OPERATOR);
    await unlocked(OPERATOR);
    expect(bot.service.calls).toMatchObject([{ name: 'unlock', caller: { userId: OPERATOR } }]);
    expect(
      bot.service.auditRows.some(
        ({ caller, outcome }) => caller.userId === SECOND_OPERATOR && outcome.startsWith('approved for'),
      ),
    ).toBe(true);
    // Single use: a copy of the button does nothing more.
    const data = request.reply_markup?.inline_keyboard[0]?.[0]?.callback_data ?? '';
    const message = JSON.parse(JSON.stringify(request));
    bot.server.person.push({
      callback_query: {
        id: 'again',
        from: { id: SECOND_OPERATOR, is_bot: false, first_name: 'x' },
        message,
        chat_instance: '1',
        data,
      },
    });
    await bot.settle();
    expect(bot.service.calls).toHaveLength(1);
  });

  test('within 15 minutes, never by a viewer, and the second may refuse', async () => {
    await start({ unlockApprovals: 2 });
    await bot.ask(OPERATOR, '/unlock', GROUP);
    await bot.press(OPERATOR, GROUP, 'Unlock');
    await bot.server.person.waitFor(GROUP, ({ text }) => text?.includes('must approve') === true);
    expect((await bot.press(VIEWER, GROUP, 'Approve: Unlock')).text).toContain('operators only');
    bot.clock.jump(15 * 60_000 + 1_000);
    expect((await bot.press(SECOND_OPERATOR, GROUP, 'Approve: Unlock')).text).toContain('no longer works');

    const again = await bot.ask(OPERATOR, '/unlock', GROUP);
    await bot.press(OPERATOR, GROUP, 'Unlock');
    await bot.server.person.waitFor(
      GROUP,
      ({ text, message_id: id }) => text?.includes('must approve') === true && id === again.message_id,
    );
    await bot.press(SECOND_OPERATOR, GROUP, 'Refuse');
    await bot.server.person.waitFor(GROUP, ({ text }) => text?.includes('Not approved') === true);
    expect(bot.service.calls).toEqual([]);
  });

  test('whoever asks is told which operator could not be asked, and when nobody is left', async () => {
    const third = 1003;
    await start({ unlockApprovals: 2, operators: [OPERATOR, SECOND_OPERATOR, third] });
    const { person, faults } = bot.server;
    person.addUser({ id: third, firstName: 'Third' });
    person.addPrivateChat(third);
    faults.inject({ name: 'blocked', methods: ['sendMessage'], chatId: SECOND_OPERATOR, times: 2 });
    const asked = await bot.ask(OPERATOR, '/unlock');
    await bot.press(OPERATOR, OPERATOR, 'Unlock');
    const told = await person.waitFor(OPERATOR, ({ text }) => text?.includes('was not asked') === true, {
      afterMessageId: asked.message_id,
    });
    expect(told.text).toBe(
      'Operator 1002 was not asked\n\nThe bot cannot write to them: 403: Forbidden: bot was blocked by the user\n1 other was asked, so far as is known.',
    );
    await person.waitFor(third, ({ text }) => text?.includes('must approve') === true);

    faults.inject({ name: 'chat-not-found', methods: ['sendMessage'], chatId: third });
    const again = await bot.ask(OPERATOR, '/unlock');
    await bot.press(OPERATOR, OPERATOR, 'Unlock');
    const last = await person.waitFor(OPERATOR, ({ text }) => text?.includes('Nobody else') === true, {
      afterMessageId: again.message_id,
    });
    expect(last.text).toMatch(
      /\nNobody else is left to approve\. When they have unblocked the bot or sent it \/start, send \/unlock again\.$/,
    );
    // In a group the others see the question itself.
    faults.inject({ name: 'blocked', methods: ['sendMessage'], chatId: SECOND_OPERATOR });
    const inGroup = await bot.ask(OPERATOR, '/unlock', GROUP);
    await bot.press(OPERATOR, GROUP, 'Unlock');
    await person.waitFor(third, ({ text }) => text?.includes('must approve') === true);
    await bot.settle();
    expect(
      person
        .messages(GROUP)
        .filter(({ message_id: id, text }) => id > inGroup.message_id && text?.includes('was not asked')),
    ).toEqual([]);
  });

  test('one operator alone cannot be asked for two', async () => {
    await start();
    const restarted = startHarness({ unlockApprovals: 2, operators: [OPERATOR] });
    await expect(restarted).rejects.toThrow('UNLOCK_APPROVALS=2');
  });
});

test('a deed whose audit row cannot be written is not done', async () => {
  await start();
  await bot.ask(OPERATOR, '/unlock');
  const { audit } = bot.service;
  const broken = bot.service as { audit: typeof audit };
  broken.audit = () => {
    throw new Error('disk full');
  };
  await bot.press(OPERATOR, OPERATOR, 'Unlock');
  await bot.settle();
  expect(bot.service.calls).toEqual([]);
});

test('a deed that was done is not told as failed because its outcome could not be written down', async () => {
  await start();
  await bot.ask(OPERATOR, '/unlock');
  const { audit } = bot.service;
  Object.assign(bot.service, {
    audit: (entry: Parameters<typeof audit>[0]) => {
      if (entry.outcome === 'unlocked') throw new Error('disk full');
      audit(entry);
    },
  });
  await bot.press(OPERATOR, OPERATOR, 'Unlock');
  await unlocked();
  await bot.settle();
  const told = bot.server.person.messages(OPERATOR).flatMap(({ from, text }) => (from.is_bot ? [text ?? ''] : []));
  expect(told.at(-2)).toMatch(/^✅ Cleared: kill-switch/);
  expect(told.at(-1)).toBe('Not on record\n\nHow /unlock ended is said above; it could not be written into the audit.');
  expect(bot.service.calls).toHaveLength(1);
});

test('an /unlock that clears one lock and not the other is called neither done nor refused', async () => {
  await start();
  Object.assign(bot.service, {
    unlock: async () => ({
      ok: false,
      code: 'partly',
      text: 'Unlocked: Kill-switch. Minimum balance: equity 90.00 is still below 100.00.',
    }),
  });
  await bot.ask(OPERATOR, '/unlock');
  await bot.press(OPERATOR, OPERATOR, 'Unlock');
  const ended = await bot.server.person.waitFor(
    OPERATOR,
    ({ text }) => text?.includes('Unlocked: Kill-switch') === true,
  );
  expect(ended.text).toMatch(/^⚠️ Done in part\n/);
});
