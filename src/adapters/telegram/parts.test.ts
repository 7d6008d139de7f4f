import fc from 'fast-check';
import { FormattedString } from '@grammyjs/parse-mode';
import { GrammyError, HttpError } from 'grammy';
import { describe, expect, test } from 'vitest';
import { classifyFailure, createRedactingLog, createRedactor } from './errors.ts';
import { createRateLimit } from './rate-limit.ts';
import { createRequests } from './requests.ts';
import { createAlertRenderer, MAX_TEXT, renderButtons, renderReply, splitText } from './render.ts';
import { createSeenUpdates } from './seen-updates.ts';
import { readUpdate } from './updates.ts';

const keep = (text: string): string => text;
const TOKEN = '4242424242:AAtest-token-test-token-test-token-1';

const createMemory = () => {
  const values = new Map<string, string>();
  return {
    get: (key: string) => values.get(key) ?? null,
    set: (key: string, value: string) => void values.set(key, value),
  };
};

describe('the splitter', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '👩‍🚀', 'é', 'word '), maxLength: 3_000 });

  test('keeps every character that is no separator, never exceeds the limit, never halves a character', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 800, max: 2_000 }), (whole, limit) => {
        const parts = splitText(FormattedString.b(whole), limit);
        for (const part of parts) {
          expect(part.text.length).toBeLessThanOrEqual(limit);
          expect(part.text.isWellFormed()).toBe(true);
          for (const { offset, length } of part.entities) expect(offset + length).toBeLessThanOrEqual(part.text.length);
        }
        if (parts.length < 5)
          expect(
            parts
              .map((part) => part.text)
              .join('')
              .replaceAll(/\s/g, ''),
          ).toBe(whole.replaceAll(/\s/g, ''));
      }),
    );
  });

  test('ends an endless text after five parts, and says so', () => {
    const parts = splitText(FormattedString.pre('x'.repeat(100_000)), MAX_TEXT);
    expect(parts).toHaveLength(5);
    expect(parts.at(-1)?.text.endsWith('…')).toBe(true);
  });

  test('cuts at line ends where it can', () => {
    const lines = Array.from({ length: 150 }, (_, index) => `line ${index} with some words`).join('\n');
    for (const part of splitText(FormattedString.join([lines]), 1_000)) expect(part.text).toMatch(/^line[\s\S]*words$/);
  });
});

describe('a confirmation', () => {
  const place = { chatId: 7, threadId: null, isPrivate: true };
  const open = () => {
    const time = { wall: 1_000_000, monotonic: 0 };
    const clock = {
      marketNow: () => 0,
      wallNow: () => time.wall,
      monotonicNow: () => time.monotonic,
      sleep: () => Promise.resolve(),
    };
    const requests = createRequests(clock);
    const request = {
      kind: 'confirm' as const,
      what: [],
      label: 'Do',
      needsCode: false,
      needsApproval: false,
      action: () => Promise.resolve({ ok: true, code: 'done', text: '' }),
    };
    const pending = {
      request,
      command: 'resume',
      caller: { userId: 7, name: 'Ada', role: 'operator' as const, via: 'telegram' as const },
      place,
    };
    return { time, requests, nonce: requests.openConfirm(pending) };
  };

  test('is old by either clock: one that was set back revives none', () => {
    const back = open();
    back.time.wall -= 3_600_000;
    back.time.monotonic += 120_001;
    expect(back.requests.takeConfirm(back.nonce, 7, place).kind).toBe('gone');
    const ahead = open();
    ahead.time.wall += 120_001;
    expect(ahead.requests.takeConfirm(ahead.nonce, 7, place).kind).toBe('gone');
    const fresh = open();
    fresh.time.wall += 120_000;
    fresh.time.monotonic += 120_000;
    expect(fresh.requests.takeConfirm(fresh.nonce, 7, place).kind).toBe('taken');
  });
});

describe('rendering', () => {
  test('no line ends between a number and its unit, in words, figures and alerts', () => {
    const words = '+2.84 % of 1,012.40 USDT, 0.5 BTC; 42 s, 3 d 4 h, 2 h 05 min, 13 ms, 5.6 MB, 08:00 UTC';
    const bound =
      '+2.84\u00A0% of 1,012.40\u00A0USDT, 0.5\u00A0BTC; 42\u00A0s, 3\u00A0d\u00A04\u00A0h, 2\u00A0h\u00A005\u00A0min, 13\u00A0ms, 5.6\u00A0MB, 08:00\u00A0UTC';
    const reply = renderReply(
      {
        title: '-0.97 %',
        blocks: [
          { kind: 'text', lines: [words] },
          { kind: 'fields', rows: [['Day', '+2.31  +0.23 %']] },
          { kind: 'table', head: ['In'], align: ['left'], rows: [['1 h']] },
        ],
      },
      keep,
    );
    expect(reply.text).toBe(`-0.97\u00A0%\n\n${bound}\n\nDay  +2.31  +0.23\u00A0%\n\nIn\n1\u00A0h`);
    expect(
      createAlertRenderer(
        'UTC',
        keep,
      )({
        kind: 'drawdown',
        key: 'k',
        title: 'down 1 %',
        lines: [words],
        commands: [],
        symbol: null,
        at: Date.UTC(2024, 7, 5, 8),
      }).text.text,
    ).toBe(`📉 down 1\u00A0%\n\n${bound}\n05 Aug 08:00\u00A0UTC`);
    // What is no number with its unit stays as it is written.
    const plain = '3 losses in 2 days, 24 x data, 1 message, 10 h5, order 7 sent, 5 meters';
    expect(renderReply({ title: plain, blocks: [] }, keep).text).toBe(plain);
  });

  test('aligns labels, numbers and tables; nothing needs escaping', () => {
    const { text, entities } = renderReply(
      {
        title: 'A <b>title</b> *_`[',
        blocks: [
          {
            kind: 'fields',
            rows: [
              ['Equity', '1,012.40'],
              ['Day', '+2.31'],
            ],
          },
          {
            kind: 'table',
            head: ['Sym', 'PnL'],
            align: ['left', 'right'],
            rows: [
              ['BTC', '+9.20'],
              ['ETH', '-11.31'],
            ],
          },
        ],
      },
      keep,
    );
    expect(text).toBe('A <b>title</b> *_`[\n\nEquity  1,012.40\nDay     +2.31\n\nSym    PnL\nBTC  +9.20\nETH -11.31');
    expect(entities.map(({ type }) => type)).toEqual(['bold', 'pre', 'pre']);
  });

  test('takes out what makes a line read as another', () => {
    expect(renderReply({ title: 'a\u202eb\u0007c', blocks: [] }, keep).text).toBe('a b c');
    expect(renderReply({ title: '\ud800', blocks: [] }, keep).text.isWellFormed()).toBe(true);
  });

  test('an alert is one message, with a sign and its commands as buttons', () => {
    const { text, keyboard } = createAlertRenderer(
      'UTC',
      keep,
    )({
      kind: 'lock',
      key: 'k',
      title: 'Kill-switch',
      lines: Array.from({ length: 999 }, () => 'a long line'),
      commands: ['/unlock', '/pnl'],
      symbol: null,
      at: 0,
    });
    expect(text.text.length).toBeLessThanOrEqual(MAX_TEXT);
    expect(text.text.startsWith('🔒 Kill-switch')).toBe(true);
    expect(keyboard?.inline_keyboard).toEqual([
      [
        { text: '/unlock', callback_data: 'n:/unlock' },
        { text: '/pnl', callback_data: 'n:/pnl' },
      ],
    ]);
  });

  test('an alert ends with the time of its cause in the operator’s zone; a report names its day itself', () => {
    const render = createAlertRenderer('Europe/Athens', keep);
    const at = Date.UTC(2024, 8, 5, 21, 30);
    const alert = {
      kind: 'fill',
      key: 'k',
      title: 'BTC bought',
      lines: ['a line'],
      commands: [],
      symbol: null,
      at,
    } as const;
    expect(render(alert).text.text).toBe('💱 BTC bought\n\na line\n06 Sep 00:30 Europe/Athens');
    expect(render({ ...alert, lines: [] }).text.text).toBe('💱 BTC bought\n\n06 Sep 00:30 Europe/Athens');
    expect(render({ ...alert, kind: 'report' }).text.text).toBe('📊 BTC bought\n\na line');
  });

  test('no buttons is no keyboard', () => {
    expect(renderButtons([[]])).toBeUndefined();
    expect(renderButtons(undefined)).toBeUndefined();
  });
});

describe('failures', () => {
  const redact = createRedactor([TOKEN, 'a-secret-key']);
  const answer = (code: number, description: string, parameters = {}): GrammyError =>
    new GrammyError(
      `Call to 'sendMessage' failed!`,
      { ok: false, error_code: code, description, parameters },
      'sendMessage',
      {},
    );

  test.each([
    [answer(429, 'Too Many Requests', { retry_after: 9 }), 'wait'],
    [answer(429, 'Too Many Requests'), 'wait'],
    [answer(400, 'Bad Request: chat not found'), 'forbidden'],
    [answer(400, 'Bad Request: message is too long'), 'impossible'],
    [answer(400, 'Bad Request: group chat was upgraded', { migrate_to_chat_id: -1 }), 'migrated'],
    [answer(400, 'Bad Request: message is not modified: ...'), 'not-modified'],
    [answer(401, 'Unauthorized'), 'token'],
    [answer(404, 'Not Found'), 'token'],
    [answer(403, 'Forbidden: bot was blocked by the user'), 'forbidden'],
    [answer(409, 'Conflict'), 'conflict'],
    [answer(413, 'Request Entity Too Large'), 'impossible'],
    [answer(502, 'Bad Gateway'), 'unreachable'],
    [new HttpError('Network request failed', new Error('ECONNREFUSED')), 'unreachable'],
    [new Error('anything'), 'unreachable'],
    ['not even an error', 'unreachable'],
  ])('%s is %s', (error, kind) => {
    expect(classifyFailure(error, redact).kind).toBe(kind);
  });

  test('carry no secret, plain or encoded', () => {
    const error = new HttpError(
      'failed',
      new Error(
        `request to http://127.0.0.1/bot${TOKEN}/getMe?x=${encodeURIComponent(TOKEN)} a-secret-key 99999999:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA signature=abcdef`,
      ),
    );
    const { why } = classifyFailure(error, redact);
    for (const secret of [TOKEN, encodeURIComponent(TOKEN), 'a-secret-key', 'AAAAAAAA', 'abcdef'])
      expect(why).not.toContain(secret);
  });
});

test('the log of the bot cannot be handed a secret, in a field or in the words', () => {
  const lines: unknown[] = [];
  const write = (fields: unknown, message: string): void => void lines.push([fields, message]);
  const log = createRedactingLog({ debug: write, info: write, warn: write, error: write }, createRedactor([TOKEN]));
  for (const level of ['debug', 'info', 'warn', 'error'] as const)
    log[level]({ why: `at bot${TOKEN}/getMe`, count: 3 }, `failed: ${TOKEN}`);
  expect(JSON.stringify(lines)).not.toContain(TOKEN);
  expect(lines).toHaveLength(4);
  expect(lines[0]).toEqual([{ why: 'at bot<secret>/getMe', count: 3 }, 'failed: <secret>']);
});

describe('what has been seen', () => {
  test('is remembered across restarts, for the last 250, whatever the numbers', () => {
    const memory = createMemory();
    const seen = createSeenUpdates(memory, 'k');
    for (const id of [900, 5, 7, 5]) seen.add(id);
    const again = createSeenUpdates(memory, 'k');
    expect([900, 5, 7, 6].map((id) => again.has(id))).toEqual([true, true, true, false]);
    for (let id = 1_000; id < 1_300; id += 1) again.add(id);
    expect([again.has(900), again.has(1_049), again.has(1_050), again.has(1_299)]).toEqual([false, false, true, true]);
  });
});

describe('the rate limit', () => {
  test('lets a burst through, warns once, and refills', () => {
    let now = 0;
    const rate = createRateLimit(3, 1, () => now);
    expect([1, 1, 1, 1, 1].map((sender) => rate(sender))).toEqual(['go', 'go', 'go', 'warn', 'drop']);
    expect(rate(2)).toBe('go');
    now = 1_000;
    expect([rate(1), rate(1)]).toEqual(['go', 'warn']);
  });
});

describe('reading updates', () => {
  const person = { id: 5, is_bot: false, first_name: 'Ann', username: 'ann' };
  const sound = {
    update_id: 1,
    message: { message_id: 2, date: 10, chat: { id: 5, type: 'private' }, from: person, text: '/status' },
  };

  test('a sound message is read, a topic only where it is one', () => {
    expect(readUpdate(sound)).toEqual({
      kind: 'message',
      updateId: 1,
      sender: { id: 5, name: 'Ann (@ann)' },
      place: { chatId: 5, threadId: null, isPrivate: true },
      messageId: 2,
      sentAt: 10_000,
      text: '/status',
      answers: null,
      forwarded: false,
    });
    const inTopic = {
      ...sound,
      message: { ...sound.message, chat: { id: -9, type: 'supergroup' }, message_thread_id: 3 },
    };
    expect(readUpdate(inTopic)).toMatchObject({ place: { threadId: null } });
    expect(readUpdate({ ...inTopic, message: { ...inTopic.message, is_topic_message: true } })).toMatchObject({
      place: { threadId: 3 },
    });
  });

  test('edits, bots, channels and posts in the name of a chat are nobody’s', () => {
    expect(readUpdate({ update_id: 1, edited_message: { ...sound.message, edit_date: 1_722_850_000 } })?.kind).toBe(
      'edited',
    );
    expect(
      readUpdate({
        update_id: 1,
        edited_message: { ...sound.message, edit_date: 1_722_850_000, sender_chat: { id: -5 } },
      }),
    ).toBeNull();
    // Somebody has put a reaction to it: a /halt that was done must not be answered with "does nothing".
    for (const stated of [{}, { edit_date: 0 }])
      expect(readUpdate({ update_id: 1, edited_message: { ...sound.message, ...stated } })).toBeNull();
    for (const change of [
      { from: { ...person, is_bot: true } },
      { sender_chat: {} },
      { via_bot: {} },
      { chat: { id: 5, type: 'channel' } },
      { from: { ...person, id: '5' } },
      { text: 7 },
    ]) {
      expect(readUpdate({ update_id: 1, message: { ...sound.message, ...change } })).toBeNull();
    }
  });

  test('anything at all is read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (first, second, third) => {
        readUpdate(first);
        readUpdate({ update_id: 1, message: first, callback_query: second });
        readUpdate({ update_id: 1, message: { ...sound.message, from: first, chat: second, text: third } });
        readUpdate({ update_id: 1, callback_query: { id: first, from: person, message: second, data: third } });
      }),
    );
    expect(readUpdate(undefined)).toBeNull();
  });

  test('names are cleaned', () => {
    const evil = {
      ...sound,
      message: { ...sound.message, from: { id: 5, is_bot: false, first_name: '\u202eevil\n\u0000name' } },
    };
    expect(readUpdate(evil)).toMatchObject({ sender: { name: 'evil name' } });
  });
});
