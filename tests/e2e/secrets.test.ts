import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeConstantModel } from '../../src/research/onnx/constant-model.ts';
import type { ExchangeSimulator } from '../../src/sim/exchange/simulator.ts';
import { startBotApiServer, type BotApiServer } from '../../src/sim/telegram/server.ts';
import { startExchangeNow } from '../integration/modes/exchange-now.ts';
import { eventually, guardian, run, type Running } from '../integration/modes/process.ts';

/**
 * Secrets are planted in every place where an operator keeps one, the real process meets one failure
 * after another on both sides, and everything it has written anywhere is searched for them.
 */
const OPERATOR = 1001;
const PLANTED = {
  EXCHANGE_API_KEY: 'PLANTEDapiKEY0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEF',
  EXCHANGE_API_SECRET: 'PLANTEDapiSECRET0123456789abcdefghijklmnopqrstuvwxyz0123456789ABC',
  // Two bots on one token keep each other out of one host: another run of this test may be under way.
  TELEGRAM_BOT_TOKEN: `${randomInt(100_000_000, 999_999_999)}:AAPLANTEDbotTOKEN0123456789abcdefghij`,
  UNLOCK_TOTP_SECRET: 'JBSWY3DPEHPK3PXPPLANTEDTOTPSECRT',
  DASHBOARD_TOKEN: 'PLANTED-dashboard-token-0123456789',
  webhookPath: 'PLANTED-webhook-path-0123456789',
  heartbeatPath: 'PLANTED-heartbeat-path-0123456789',
} as const;

type Trouble = 'none' | 'reset' | 'echo' | 'gateway';

/**
 * In front of the exchange: breaks connections, and answers with the very request that it got, signature and key
 * included.
 */
interface Bully {
  readonly url: string;
  trouble: Trouble;
  /** Query strings of signed requests that came by. */
  readonly signatures: Set<string>;
  close(): Promise<void>;
}

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const bodyOf = async (incoming: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

const startBully = async (target: string): Promise<Bully> => {
  const signatures = new Set<string>();
  const bully: { trouble: Trouble } = { trouble: 'none' };
  const forward = (incoming: IncomingMessage, body: Buffer, response: ServerResponse): void => {
    const outgoing = request(
      `${target}${incoming.url ?? '/'}`,
      { method: incoming.method, headers: { ...incoming.headers, host: new URL(target).host } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    outgoing.on('error', () => response.destroy());
    outgoing.end(body);
  };
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    const whole = `${incoming.url ?? ''}?${body.toString()}`;
    const signature = /signature=([0-9a-f]{32,})/.exec(whole)?.[1];
    if (signature !== undefined) signatures.add(signature);
    switch (bully.trouble) {
      case 'none':
        return forward(incoming, body, response);
      case 'reset':
        response.socket?.resetAndDestroy();
        return;
      case 'echo':
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end(
            JSON.stringify({ code: -1000, msg: `bad: ${whole} of key ${String(incoming.headers['x-mbx-apikey'])}` }),
          );
        return;
      case 'gateway':
        response
          .writeHead(503, { 'content-type': 'text/html' })
          .end(`<h1>503</h1>${whole} ${String(incoming.headers['x-mbx-apikey'])}`);
    }
  };
  const server = createServer((incoming, response) => void serve(incoming, response).catch(() => response.destroy()));
  return Object.assign(bully, {
    url: await listen(server),
    signatures,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
};

let directory: string;
let exchange: ExchangeSimulator;
let bully: Bully;
let telegram: BotApiServer;
let outside: Server;
let bot: Running | null = null;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-secrets-'));
  writeConstantModel(join(directory, 'model'), { probability: 0.5, purpose: 'trading' });
  exchange = await startExchangeNow({
    credentials: { apiKey: PLANTED.EXCHANGE_API_KEY, secret: PLANTED.EXCHANGE_API_SECRET },
  });
  bully = await startBully(exchange.url);
  telegram = await startBotApiServer({ token: PLANTED.TELEGRAM_BOT_TOKEN, wallNow: () => Date.now() });
  telegram.person.addUser({ id: OPERATOR, firstName: 'Ada' });
  telegram.person.addPrivateChat(OPERATOR);
  // Webhook and heartbeat: refused, with the address in the answer.
  outside = createServer((incoming, response) => response.writeHead(500).end(incoming.url));
});

afterEach(async () => {
  await bot?.end('SIGKILL');
  bot = null;
  await bully.close();
  await exchange.close();
  await telegram.close();
  outside.closeAllConnections();
  await new Promise((resolve) => outside.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

const say = (text: string): number => telegram.person.send(OPERATOR, OPERATOR, text).message_id;
const hears = (part: string, after = 0): Promise<unknown> =>
  telegram.person.waitFor(OPERATOR, ({ text }) => text?.includes(part) === true, {
    afterMessageId: after,
    timeoutMs: 30_000,
  });
const seconds = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * 1_000));

test('planted secrets are in nothing that the process writes, whatever fails', async () => {
  const elsewhere = await listen(outside);
  const environment = {
    MODE: 'testnet',
    SYMBOLS: 'BTC/USDT',
    EXCHANGE_API_KEY: PLANTED.EXCHANGE_API_KEY,
    EXCHANGE_API_SECRET: PLANTED.EXCHANGE_API_SECRET,
    EXCHANGE_API_ROOT: bully.url,
    TELEGRAM_BOT_TOKEN: PLANTED.TELEGRAM_BOT_TOKEN,
    TELEGRAM_API_ROOT: telegram.url,
    TELEGRAM_OPERATORS: String(OPERATOR),
    TELEGRAM_SILENCE_SECONDS: '30',
    UNLOCK_TOTP_SECRET: PLANTED.UNLOCK_TOTP_SECRET,
    DASHBOARD_TOKEN: PLANTED.DASHBOARD_TOKEN,
    ALERT_WEBHOOK_URL: `${elsewhere}/${PLANTED.webhookPath}`,
    HEARTBEAT_URL: `${elsewhere}/${PLANTED.heartbeatPath}`,
    DASHBOARD_PORT: '0',
    MODEL_DIR: join(directory, 'model'),
    LOG_LEVEL: 'debug',
  };
  const written: string[] = [];
  const cli = async (...args: readonly string[]): Promise<void> =>
    void written.push((await run(args, environment, directory)).output);

  // A start while the exchange answers with the signed request itself, then goes away.
  bully.trouble = 'echo';
  bot = guardian(['start'], environment, directory);
  await bot.says('the exchange does not tell the account yet');
  const ended = await bot.end('SIGTERM');
  // It waits for the exchange, and whoever ends it does not have to.
  expect(ended.code).toBe(0);
  written.push(ended.output);
  bully.trouble = 'none';

  bot = guardian(['start'], environment, directory);
  await bot.says('Telegram bot is up');
  await hears('Guardian Bot');
  const pageUrl = await eventually('the page', () => /"page":"(http[^"]+)"/.exec(bot?.output() ?? '')?.[1] ?? null);
  for (const trouble of ['reset', 'echo', 'gateway'] as const) {
    bully.trouble = trouble;
    for (const line of ['/reconcile', '/status', '/health', '/logs 50', '/balance']) {
      const sent = say(line);
      await telegram.person.waitFor(OPERATOR, () => true, { afterMessageId: sent, timeoutMs: 30_000 });
    }
    await seconds(3);
  }
  bully.trouble = 'none';

  // Telegram refuses, breaks and stays away until the webhook is called; codes are mistyped.
  for (const name of ['unauthorized', 'conflict', 'internal-error', 'bad-gateway', 'reset'] as const) {
    telegram.faults.inject({ name, methods: ['getUpdates', 'sendMessage'], times: 2 });
    say('/version');
    await seconds(1.5);
  }
  telegram.faults.inject({ name: 'reset', methods: ['getUpdates', 'sendMessage'], times: Infinity });
  await cli('ctl', 'halt', 'by', 'hand');
  // Meanwhile the page and its API with the token, the other subcommands, a second instance, wrong configurations.
  for (const path of ['/', '/api/board', '/api/status', '/healthz', '/metrics', '/api/commands']) {
    const answer = await fetch(`${pageUrl}${path}`, {
      headers: { authorization: `Bearer ${PLANTED.DASHBOARD_TOKEN}` },
    });
    written.push(await answer.text());
  }
  await cli('doctor');
  await cli('start');
  await cli('ctl', 'status');
  await cli('audit', '--json');
  bully.trouble = 'echo';
  await cli('doctor');
  bully.trouble = 'none';
  for (const [key, value] of [
    ['UNLOCK_TOTP_SECRET', `${PLANTED.UNLOCK_TOTP_SECRET}!`],
    ['TELEGRAM_BOT_TOKEN', `x${PLANTED.TELEGRAM_BOT_TOKEN}`],
    ['ALERT_WEBHOOK_URL', PLANTED.webhookPath],
  ] as const) {
    written.push((await run(['start'], { ...environment, [key]: value }, directory)).output);
  }
  await bot.says('the alert webhook failed');
  telegram.faults.clear();
  await eventually('the bot at Telegram', () => (telegram.person.botListening() ? true : null));
  const asked = say('/unlock all is well');
  await hears('six digits', asked);
  say('123456');
  await hears('Wrong code', asked);

  written.push((await bot.end('SIGTERM')).output);
  bot = null;

  written.push(JSON.stringify(telegram.person.chats().map(({ id }) => telegram.person.messages(id))));
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith('.onnx'),
  );
  expect(files.some(({ name }) => name === 'testnet.db')).toBe(true);
  for (const { parentPath, name } of files) written.push(readFileSync(join(parentPath, name), 'latin1'));

  // The situations did happen.
  const everything = written.join('\n');
  for (const sign of [
    '[redacted]',
    'ECONNRESET',
    'TELEGRAM_BOT_TOKEN',
    'ALERT_WEBHOOK_URL answered 500',
    'Two bots on one token',
  ])
    expect(everything, sign).toContain(sign);
  expect(bully.signatures.size).toBeGreaterThan(10);

  const forms = Object.values(PLANTED).flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
  ]);
  for (const secret of [...forms, ...bully.signatures]) {
    const at = everything.indexOf(secret);
    expect(at === -1 ? null : everything.slice(Math.max(0, at - 200), at + secret.length + 20)).toBeNull();
  }
}, 180_000);
