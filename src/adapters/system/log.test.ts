import { describe, expect, test } from 'vitest';

import { createLog } from './log.ts';
import { createRedactor } from './redact.ts';

const SECRETS = [
  'planted-api-secret',
  'pl"anted\\key',
  '987654321:AAPlantedPlantedPlantedPlantedPlanted',
  'with space&amp',
];

const capture = (options: {
  pretty: boolean;
  level?: 'debug' | 'info' | 'warn' | 'error';
}): { lines: string[]; log: ReturnType<typeof createLog> } => {
  const lines: string[] = [];
  const log = createLog({
    level: options.level ?? 'debug',
    pretty: options.pretty,
    redact: createRedactor(SECRETS),
    write: (text) => void lines.push(text),
  });
  return { lines, log };
};

describe('the log', () => {
  test('writes one JSON object a line, with level, time, fields and message', () => {
    const { lines, log } = capture({ pretty: false });
    log.warn({ symbol: 'BTC/USDT', quantity: 5n }, 'late');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      symbol: 'BTC/USDT',
      quantity: '5',
      msg: 'late',
      time: expect.stringMatching(/Z$/),
    });
  });

  test('keeps the stack of an error under any name', () => {
    const { lines, log } = capture({ pretty: false });
    log.error({ cause: new Error('lost') }, 'failed');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      cause: { message: 'lost', stack: expect.stringContaining('log.test') },
    });
  });

  test('drops what is below its level', () => {
    const { lines, log } = capture({ pretty: false, level: 'warn' });
    log.info({}, 'no');
    log.debug({}, 'no');
    expect(lines).toEqual([]);
  });

  test.each([false, true])('lets no planted secret through (pretty: %s)', (pretty) => {
    const { lines, log } = capture({ pretty });
    for (const secret of SECRETS) {
      log.info({ secret, nested: { deep: [secret] } }, `message ${secret}`);
      log.error({ err: new Error(`GET https://x/?key=${encodeURIComponent(secret)}`), [secret]: 1 }, 'as a name');
      log.debug({ json: JSON.stringify({ secret }) }, JSON.stringify(secret));
    }
    const written = lines.join('');
    for (const part of [
      'planted-api',
      'pl"anted',
      'anted\\\\key',
      'AAPlanted',
      'pl%22anted',
      'with space',
      'with%20space',
    ])
      expect(written).not.toContain(part);
    expect(written).toContain('[redacted]');
  });

  test.each([false, true])(
    'gives a terminal and the journal no orders that others have written into it, nor lines of their own (pretty: %s)',
    (pretty) => {
      const { lines, log } = capture({ pretty });
      const words = 'refused\u001b[2J\u009b2J\u202e\u007f\n[12:00:00] INFO: all is well';
      log.error({ why: words, error: new Error(words), nested: [words] }, words);
      const written = lines.join('');
      expect(written).not.toMatch(/(?!\n)[\p{Cc}\u202a-\u202e]/u);
      expect(written).not.toMatch(/^\[12:00:00\]/m);
      if (!pretty) expect(JSON.parse(written)).toMatchObject({ why: words, msg: words, error: { message: words } });
    },
  );

  test('pretty lines are text, not JSON', () => {
    const { lines, log } = capture({ pretty: true });
    log.info({ port: 8787 }, 'page is up');
    expect(lines.join('')).toMatch(/INFO.*page is up/);
    expect(lines.join('')).not.toContain('{"level"');
  });
});

describe('the redactor', () => {
  const redact = createRedactor([]);

  test('knows secrets by their shape', () => {
    expect(redact('POST https://api.telegram.org/bot123:abc/sendMessage failed')).toBe(
      'POST https://api.telegram.org/bot[redacted]/sendMessage failed',
    );
    expect(redact('/api/v3/order?symbol=BTCUSDT&timestamp=1&signature=0123456789abcdef0123456789abcdef')).toBe(
      '/api/v3/order?symbol=BTCUSDT&timestamp=1&signature=[redacted]',
    );
    expect(redact('token 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw')).toBe('token [redacted]');
    expect(redact('"X-MBX-APIKEY":"vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"')).toBe(
      '"X-MBX-APIKEY":"[redacted]"',
    );
    expect(redact('authorization: Bearer abcdef123456')).toBe('authorization: Bearer [redacted]');
    expect(redact('https://joe:pass@example.org/x')).toBe('https://[redacted]@example.org/x');
  });

  test('leaves ordinary text alone', () => {
    const text = 'BTC/USDT bought 0.00120 at 61,234.50; /bots are fine, signature missing, 12:30:45';
    expect(redact(text)).toBe(text);
    expect(createRedactor(['', 'ab', 'the'])(text)).toBe(text);
  });

  test('leaves no rest of a secret that contains another', () => {
    expect(createRedactor(['secret', 'secret-and-more'])('x secret-and-more y')).toBe('x [redacted] y');
  });
});
