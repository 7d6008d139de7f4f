import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commands } from '../../../commands/registry.ts';
import { createPictureRenderer, type ClosablePictureRenderer } from '../../../src/adapters/pictures/renderer.ts';
import { killSwitch, operatorPause } from './fake-service.ts';
import { lastMessageId, OPERATOR, startHarness, STRANGER, VIEWER, type Harness } from './harness.ts';

/** Every command of the registry, through grammY over HTTP, for each kind of person. */
let bot: Harness;
let pictures: ClosablePictureRenderer;
beforeEach(async () => {
  pictures = createPictureRenderer();
  bot = await startHarness({ pictures });
  bot.service.setLocks([killSwitch, operatorPause]);
});
afterEach(async () => {
  await bot.close();
  await pictures.close();
});

/** A sound argument for those that need one, and what must be in the answer. */
const CASES: Readonly<Record<string, { readonly argument?: string; readonly answer: RegExp }>> = {
  status: { answer: /Halted[\s\S]*1,012\.40[\s\S]*stop\s+59,221\.60/ },
  pnl: { argument: '7d', answer: /PnL last 7 days: \+12\.40 \(\+1\.24\u00A0%\)[\s\S]*Sharpe\s+n\/a/ },
  positions: { answer: /BTC\/USDT {2}\+4\.51[\s\S]*Target\s+61,927\.10/ },
  orders: { answer: /gb-4f2a-18[\s\S]*Trigger\s+59,221\.60/ },
  trades: { answer: /Trades 1 to 10 of 37[\s\S]*stop/ },
  balance: { answer: /1,012\.40\u00A0USDT[\s\S]*1,000\u00A0DOGE/ },
  risk: { answer: /Risk\/trade\s+1\.00\u00A0%[\s\S]*Price age: unknown of 300\u00A0s/ },
  locks: { answer: /kill-switch[\s\S]*clears: \/unlock/ },
  health: { answer: /1 of 2 needs a look[\s\S]*❔ Exchange/ },
  model: { answer: /No demonstrated edge[\s\S]*realised_volatility_24h\s+0\.310 !/ },
  chart: { argument: 'btc 48', answer: /BTC\/USDT[\s\S]*stop\s+59,221\.60/ },
  daily: { answer: /Daily: unknown in 7 days/ },
  weekly: { argument: '2', answer: /Weekly: \+23\.60 in 2 weeks/ },
  monthly: { argument: '1', answer: /Monthly: \+12\.30 in 1 month/ },
  performance: { answer: /BTC\s+8\s+\+9\.20\s+\+1\.15/ },
  stats: { answer: /Profit f\.\s+1\.40/ },
  logs: { argument: '3', answer: /The last 3 lines/ },
  audit: { answer: /Readiness 82 of 100: 1 failed[\s\S]*0644/ },
  export: { argument: 'trades', answer: /37 rows of trades/ },
  pause: { argument: 'news', answer: /Paused/ },
  resume: { answer: /Resume trading\?[\s\S]*These locks stay: kill-switch/ },
  unlock: { argument: 'reviewed', answer: /Unlock\?[\s\S]*Reason: reviewed/ },
  halt: { argument: 'maintenance', answer: /^🛑 Halted: exits only, working entries cancelled\n\n\/unlock ends it\./ },
  flatten: { argument: 'BTC', answer: /Sells 0\.0123\u00A0BTC at market: about 743\.41\u00A0USDT at 60,500\.00/ },
  cancel: { argument: 'gb-4f2a-19', answer: /Cancels entry gb-4f2a-19/ },
  settle: { argument: 'gb-4f2a-18 gone', answer: /Settle as gone\?[\s\S]*Settles gb-4f2a-18/ },
  reconcile: { answer: /Done: reconcile/ },
  mute: { argument: '2h', answer: /Muted/ },
  alerts: { argument: 'data silent', answer: /Changed/ },
  backup: { answer: /Done: backup/ },
  whoami: { answer: /Id\s+\d+/ },
  version: { answer: /Guardian Bot 0\.1\.0/ },
  help: { answer: /\/status: State, equity/ },
  start: { answer: /Guardian Bot 0\.1\.0/ },
};

const textOf = (message: { readonly text?: string; readonly caption?: string }): string =>
  message.text ?? message.caption ?? '';

describe('every command', () => {
  test('has a case in the table of this file', () => {
    expect(Object.keys(CASES).sort()).toEqual(commands.map(({ name }) => name).sort());
  });

  test.each(commands.map(({ name, role }) => [name, role] as const))(
    '/%s (%s) answers those who may and nobody else',
    async (name, role) => {
      const { argument = '', answer } = CASES[name] ?? { answer: /never/ };
      const line = `/${name} ${argument}`.trim();
      bot.server.person.send(STRANGER, STRANGER, line);
      const forViewer = textOf(await bot.ask(VIEWER, line));
      if (role === 'viewer') expect(forViewer).toMatch(answer);
      else expect(forViewer).toContain('is for operators');
      expect([...bot.service.calls, ...bot.tools.calls]).toEqual([]);
      expect(textOf(await bot.ask(OPERATOR, line))).toMatch(answer);
      await bot.settle();
      expect(bot.server.person.messages(STRANGER)).toHaveLength(1);
      expect(
        bot.service.auditRows.filter(({ command, caller }) => command === name && caller.userId === OPERATOR),
      ).toHaveLength(1);
    },
  );

  test.each(commands.map(({ name }) => [name] as const))(
    '/%s answers a wrong argument with the right form, and does nothing',
    async (name) => {
      const wrong = `/${name} ${'no such argument '.repeat(40)}`;
      const reply = await bot.ask(OPERATOR, wrong);
      const { effect } = commands.find((command) => command.name === name) ?? {};
      if (effect !== 'tighten') expect([...bot.service.calls, ...bot.tools.calls]).toEqual([]);
      expect(textOf(reply)).not.toContain('did not work');
    },
  );

  test.each(commands.map(({ name }) => [name] as const))('/%s is narrow enough for a phone', async (name) => {
    const { argument = '' } = CASES[name] ?? {};
    const message = await bot.ask(OPERATOR, `/${name} ${argument}`.trim());
    for (const entity of [...(message.entities ?? []), ...(message.caption_entities ?? [])]) {
      const { type, offset, length } = entity as { type: string; offset: number; length: number };
      if (type !== 'pre') continue;
      for (const line of textOf(message)
        .slice(offset, offset + length)
        .split('\n'))
        expect(line.length, line).toBeLessThanOrEqual(34);
    }
  });
});

describe('deeds with a confirmation', () => {
  test.each([
    ['/flatten', 'Sell it', 'flatten', [{ symbol: 'BTC/USDT', openedBy: 'gb-4f2a-17' }]],
    ['/cancel gb-4f2a-19', 'Cancel the order', 'cancel', 'gb-4f2a-19'],
    [
      '/settle gb-4f2a-18 gone',
      'It is gone',
      'settle',
      { orderId: 'gb-4f2a-18', claim: 'gone', price: null, shown: 'seen' },
    ],
  ] as const)('%s acts on its button only, once', async (line, button, name, detail) => {
    await bot.ask(OPERATOR, line);
    expect(bot.tools.calls).toEqual([]);
    await bot.press(OPERATOR, OPERATOR, button);
    await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Done') === true);
    expect(bot.tools.calls).toMatchObject([{ name, detail, caller: { userId: OPERATOR } }]);
  });

  test('/flatten of several says the sum, in the quote currency and with the fees taken off', async () => {
    const sale = (symbol: string, estimatedProceeds: number) => ({
      symbol,
      quantity: 0.01,
      lastPrice: 60_500,
      estimatedProceeds,
    });
    Object.assign(bot.tools, {
      flattenPreview: () => ({ positions: [sale('BTC/USDT', 1_000.5), sale('ETH/USDT', 250.25)], refusal: null }),
    });
    expect((await bot.ask(OPERATOR, '/flatten')).text).toMatch(
      /In all about 1,250\.75\u00A0USDT\nFees are taken off\./,
    );
  });

  test('a sale that is under way is not titled as done', async () => {
    Object.assign(bot.tools, {
      flatten: async () => ({ ok: true, code: 'done', text: 'Closing BTC/USDT. No open position in ETH/USDT.' }),
    });
    await bot.ask(OPERATOR, '/flatten');
    await bot.press(OPERATOR, OPERATOR, 'Sell it');
    const told = await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Closing') === true);
    expect(told.text).toBe('✅ Closing BTC/USDT\n\nNo open position in ETH/USDT.');
  });

  test.each([
    [
      '/flatten',
      'Sell it',
      { ok: true, code: 'nothing-to-do', text: 'Closed meanwhile. No open position in BTC/USDT.' },
    ],
    ['/resume', 'Resume trading', { ok: false, code: 'not-paused', text: 'Not paused: nothing to resume.' }],
    ['/unlock', 'Unlock', { ok: false, code: 'nothing-locked', text: 'None of these locks is in force.' }],
  ] as const)(
    '%s that came about by itself between question and button is told as such, not as refused',
    async (line, button, outcome) => {
      Object.assign(bot.tools, { flatten: async () => outcome });
      Object.assign(bot.service, { resume: async () => outcome, unlock: async () => outcome });
      await bot.service.pause({ userId: OPERATOR, name: 'Ada', role: 'operator', via: 'telegram' }, 'news');
      const question = await bot.ask(OPERATOR, line);
      await bot.press(OPERATOR, OPERATOR, button);
      const told = await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes(outcome.text) === true, {
        afterMessageId: question.message_id - 1,
      });
      expect(told.text).toBe(`Nothing left to do\n\n${outcome.text}`);
    },
  );

  test('/cancel refuses a protective stop and an unknown order', async () => {
    expect((await bot.ask(OPERATOR, '/cancel gb-4f2a-18')).text).toContain('never cancelled by hand');
    expect((await bot.ask(OPERATOR, '/cancel nothing')).text).toContain('no working order');
    expect(bot.tools.calls).toEqual([]);
  });

  test('what manages expires, too, and no button carries it', async () => {
    const old = Math.floor(bot.clock.wallNow() / 1000) - 61;
    for (const line of ['/reconcile', '/backup', '/mute 1h', '/flatten', '/cancel gb-4f2a-19', '/unlock']) {
      const sent = bot.server.person.send(OPERATOR, OPERATOR, line, { date: old });
      await bot.server.person.waitFor(OPERATOR, ({ text }) => text?.includes('Expired') === true, {
        afterMessageId: sent.message_id,
      });
    }
    expect(bot.tools.calls).toEqual([]);
  });

  test('/alerts shows the settings, and locks cannot be changed', async () => {
    expect((await bot.ask(OPERATOR, '/alerts')).text).toMatch(/lock\s+on/);
    expect((await bot.ask(OPERATOR, '/alerts lock off')).text).toContain('always on');
    expect((await bot.ask(OPERATOR, '/alerts nonsense off')).text).toContain('no kind "nonsense"');
    expect((await bot.ask(OPERATOR, '/mute off')).text).toContain('Sound is on');
    expect((await bot.ask(OPERATOR, '/mute 90d')).text).toContain('no duration');
  });
});

describe('pictures and files', () => {
  test('/pnl and /chart come with a picture whose buttons replace it', async () => {
    for (const [line, button] of [
      ['/pnl 7d', '30d'],
      ['/chart', '24 h'],
    ] as const) {
      const shown = await bot.ask(VIEWER, line);
      const [photo] = shown.photo ?? [];
      expect(photo).toMatchObject({ width: 1_200, height: 900 });
      expect(bot.server.person.file(photo?.file_id ?? '')?.mimeType).toBe('image/png');
      await bot.press(VIEWER, VIEWER, button);
      const edited = await bot.server.person.waitFor(
        VIEWER,
        ({ message_id: id, edit_date: at }) => id === shown.message_id && at !== undefined,
      );
      expect(edited.photo?.[0]?.file_id).not.toBe(photo?.file_id);
    }
  });

  test('/export sends a CSV that a spreadsheet reads', async () => {
    await bot.ask(VIEWER, '/export equity');
    const sent = await bot.server.person.waitFor(VIEWER, ({ document }) => document !== undefined);
    expect(sent.document).toMatchObject({ file_name: 'guardian-demo-equity-2024-08-05.csv', mime_type: 'text/csv' });
    const content = new TextDecoder().decode(bot.server.person.file(sent.document?.file_id ?? '')?.content);
    const lines = content.split('\r\n');
    expect(lines[0]).toBe('at,equity');
    expect(lines).toHaveLength(1_002);
    expect(lines[1]).toMatch(/^2024-06-24T20:00:00\.000Z,1000$/);
  });

  test('without a renderer, and when drawing fails, the text comes alone', async () => {
    await bot.close();
    bot = await startHarness({ pictures: { render: async () => Promise.reject(new Error('no memory')) } });
    const message = await bot.ask(VIEWER, '/pnl');
    expect(message.photo).toBeUndefined();
    expect(message.text).toContain('1,012.40');
    expect(bot.log.lines.some(({ message: text }) => text.includes('picture not drawn'))).toBe(true);
    expect(lastMessageId(bot.server, VIEWER)).toBe(2);
  });
});
