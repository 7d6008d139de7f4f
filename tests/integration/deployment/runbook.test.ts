import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExchangeSimulator } from '../../../src/sim/exchange/simulator.ts';
import { startBotApiServer, type BotApiServer } from '../../../src/sim/telegram/server.ts';
import { startExchangeNow } from '../modes/exchange-now.ts';
import { runInRoot, whyNoRoot } from './throw-away-root.ts';

/**
 * Every command of the runbook is run, in its order, in an empty root with a simulated exchange and Telegram; or it
 * says why not.
 */
const RUNBOOK = readFileSync(new URL('../../../deployment/RUNBOOK.md', import.meta.url), 'utf8');

interface Block {
  readonly mark: string | null;
  readonly commands: string;
}

const blocks: readonly Block[] = [...RUNBOOK.matchAll(/(?:<!-- test: (.*?) -->\n)?```sh\n([\s\S]*?)```/g)].map(
  ([, mark, commands = '']) => ({ mark: mark ?? null, commands }),
);

const impossible = whyNoRoot();
const OPERATOR = 11_111_111;
let exchange: ExchangeSimulator;
let telegram: BotApiServer;
beforeAll(async () => {
  exchange = await startExchangeNow({
    credentials: { apiKey: 'replace-this-by-the-testnet-key', secret: 'replace-this-by-its-secret' },
  });
  telegram = await startBotApiServer({ token: '123456789:replace-this-by-your-own-token', wallNow: Date.now });
  telegram.person.addUser({ id: OPERATOR, firstName: 'Ada' });
  telegram.person.addPrivateChat(OPERATOR);
});
afterAll(async () => {
  await telegram.close();
  await exchange.close();
});

describe('RUNBOOK.md', () => {
  test('every block of commands is run, or says why it is not', () => {
    expect(blocks.length).toBeGreaterThan(15);
    for (const { mark, commands } of blocks) expect(mark, commands).toMatch(/^run$|^not run: .{10,}/);
    expect(blocks.filter(({ mark }) => mark === 'run').length).toBeGreaterThan(blocks.length / 2);
    // A fence of another language would escape this test.
    expect(
      [...RUNBOOK.matchAll(/^```(\w*)$/gm)]
        .map(([, language]) => language)
        .filter((language) => language !== 'sh' && language !== ''),
    ).toEqual([]);
  });

  test.skipIf(impossible !== null)(
    `a person who follows it from an empty machine gets a running bot, a backup back, another host${impossible === null ? '' : ` (skipped: ${impossible})`}`,
    { timeout: 240_000 },
    async () => {
      const steps = blocks
        .filter(({ mark }) => mark === 'run')
        .map(({ commands }, index) => `echo "--- block ${index + 1}"\n${commands}`);
      const { code, output } = await runInRoot(`cd /srv/checkout\n${steps.join('\n')}\necho "--- end"`, {
        EXCHANGE_API_ROOT: exchange.url,
        TELEGRAM_API_ROOT: telegram.url,
        DASHBOARD_PORT: '0',
      });
      expect(code, output).toBe(0);
      expect(output).toContain('--- end');
      expect(output).toContain('nothing to fix');
      for (const drill of ['round-trip', 'restart', 'kill-switch']) expect(output).toContain(`drill ${drill}: passed`);
      expect(output).toContain('Unlocked: Kill-switch');
      expect(output).toContain('MODE=live');
      expect(output).toMatch(/sound, mode paper/);
      expect(output).toContain('the database is a restored copy');
      expect(output).toContain('this release is installed already');
      expect(output).toContain('uninstalled. Kept: /var/lib/guardian-bot');
      const texts = telegram.person.messages(OPERATOR).map((message) => message.text ?? '');
      expect(texts.some((text) => text.includes('Guardian Bot started (paper)'))).toBe(true);
      expect(texts.some((text) => text.includes('Guardian Bot started (testnet)'))).toBe(true);
      expect(texts.some((text) => text.includes('Kill-switch'))).toBe(true);
    },
  );
});
