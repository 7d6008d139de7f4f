import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeCandleFile } from '../../src/adapters/candles/candle-files.ts';
import { openDatabase } from '../../src/adapters/sqlite/database.ts';
import { CONFIG_KEY_NAMES } from '../../src/adapters/system/config-keys.ts';
import { columnsFromCandles } from '../../src/core/features/candle-columns.ts';
import { writeConstantModel } from '../../src/research/onnx/constant-model.ts';
import { generateCandles } from '../../src/sim/generator/candles.ts';
import { runGuardian, startGuardian } from './running-bot.ts';

/**
 * PRODUCT section 12: one clear line that names the thing, the value and what would be right; no stack trace; a code
 * that scripts can use.
 */
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'guardian-bad-input-'));
  writeConstantModel(join(directory, 'model'), { probability: 0.5 });
  writeConstantModel(join(directory, 'foreign-model'), { probability: 0.5, schemaHash: 'f'.repeat(64) });
  mkdirSync(join(directory, 'candles'));
  writeFileSync(join(directory, 'candles', 'BTCUSDT-1h.csv'), 'not,candles\n1,2\n');
  mkdirSync(join(directory, 'few'));
  writeCandleFile(
    join(directory, 'few', 'BTCUSDT-1h.csv'),
    columnsFromCandles(generateCandles({ seed: 1, symbol: 'BTC/USDT', from: Date.UTC(2024, 0, 1), hours: 1_200 })),
  );
  openDatabase({ path: join(directory, 'paper.db'), mode: 'paper', account: 'paper' }).close();
  writeFileSync(
    join(directory, 'broken.db'),
    'this is no database, but it is long enough to be looked at\n'.repeat(40),
  );
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const refuse = async (
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly lines: readonly string[] }> => {
  const base = { DASHBOARD_PORT: '0', DATABASE_PATH: join(directory, 'demo.db'), MODEL_DIR: join(directory, 'model') };
  const { code, output } = await runGuardian(['start'], { ...base, ...environment }, directory);
  // Log lines are JSON; what is meant for the person is not.
  return { code, lines: output.split('\n').filter((line) => line !== '' && !line.startsWith('{')) };
};

describe('guardian start refuses', () => {
  test.each([
    ['an unknown key', { MAX_DAILY_DRAWDWON: '0.01' }, 2, ['MAX_DAILY_DRAWDWON', 'did you mean MAX_DAILY_DRAWDOWN']],
    ['a loosened limit', { MAX_DAILY_DRAWDOWN: '0.05' }, 2, ['MAX_DAILY_DRAWDOWN=0.05', '0.02']],
    ['a percentage where a fraction belongs', { RISK_PER_TRADE: '1%' }, 2, ['RISK_PER_TRADE=1%', '0.01']],
    ['a market start without history', { DEMO_FROM: '2018-01-02T00:00:00Z' }, 2, ['DEMO_FROM', 'MARKET_DATA_DIR']],
  ] as const)('%s', async (_name, environment, code, words) => {
    const answer = await refuse(environment);
    expect(answer.lines).toHaveLength(1);
    for (const word of words) expect(answer.lines[0]).toContain(word);
    expect(answer.code).toBe(code);
  });

  test('without passing on to the terminal what it takes for orders', async () => {
    const { code, output } = await runGuardian(['backtest', '--data', 'none\u001b]0;owned\u0007\u202e'], {}, directory);
    expect(output).toContain('none\ufffd]0;owned\ufffd\ufffd');
    expect(code).toBe(2);
  });

  test.each([
    ['a missing model', (): Record<string, string> => ({ MODEL_DIR: join(directory, 'nowhere') }), 2, 'does not exist'],
    [
      'a model of another feature schema',
      (): Record<string, string> => ({ MODEL_DIR: join(directory, 'foreign-model') }),
      2,
      'retrain',
    ],
    [
      'an unreadable candle file',
      (): Record<string, string> => ({ MARKET_DATA_DIR: join(directory, 'candles') }),
      2,
      'BTCUSDT-1h.csv, line 1',
    ],
    [
      'candles that are too few for a start at any time',
      (): Record<string, string> => ({ MARKET_DATA_DIR: join(directory, 'few'), SYMBOLS: 'BTC/USDT' }),
      2,
      'it needs 400 days before the start; the candles are too few by 351 days, so that no time fits',
    ],
    [
      'a missing candle folder',
      (): Record<string, string> => ({ MARKET_DATA_DIR: join(directory, 'nowhere') }),
      2,
      'does not exist',
    ],
    [
      'a database of another mode',
      (): Record<string, string> => ({ DATABASE_PATH: join(directory, 'paper.db') }),
      3,
      'paper',
    ],
    [
      'a file that is no database',
      (): Record<string, string> => ({ DATABASE_PATH: join(directory, 'broken.db') }),
      3,
      'broken.db',
    ],
  ] as const)('%s', async (_name, environment, code, words) => {
    const answer = await refuse(environment());
    expect(answer.lines).toHaveLength(1);
    expect(answer.lines[0]).toContain(words);
    expect(answer.code).toBe(code);
  });

  test('other settings than those with which the market beside the database was made', async () => {
    const folder = mkdtempSync(join(directory, 'market-'));
    const first = await startGuardian(
      { DASHBOARD_PORT: '0', DATABASE_PATH: join(folder, 'first.db'), MODEL_DIR: join(directory, 'model') },
      directory,
    );
    await first.end('SIGTERM');
    const answer = await refuse({ DATABASE_PATH: join(folder, 'second.db'), DEMO_SEED: '3' });
    expect(answer.lines).toHaveLength(1);
    expect(answer.lines[0]).toMatch(
      /demo-exchange\.db: the simulator's store was made with seed 1, not 3\..*DATABASE_PATH in another folder/,
    );
    expect(answer.code).toBe(2);
  });

  test('a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const answer = await refuse({ DASHBOARD_PORT: String(port) });
    other.close();
    expect(answer.lines).toHaveLength(1);
    expect(answer.lines[0]).toContain(`port ${port}`);
    expect(answer.code).toBe(2);
  });
});

test('start --help names every configuration key', async () => {
  const { code, output } = await runGuardian(['start', '--help'], {}, directory);
  expect(code).toBe(0);
  for (const name of CONFIG_KEY_NAMES) expect(output).toMatch(new RegExp(`^  ${name} `, 'm'));
  expect(output).toContain('(default: 8787)');
  expect(output.split('\n').filter((line) => line.length > 80 || line.includes('\\n'))).toEqual([]);
});

test('drill --help names one default of the market, in words', async () => {
  const { output } = await runGuardian(['drill', '--help'], {}, directory);
  expect(output.match(/\(default:.*/g)).toEqual(['(default: the first without a position)']);
});

test('doctor --configuration judges the configuration alone: what is at fault, and nothing for secrets that only the service has or an exchange that is silent', async () => {
  const home = join(directory, 'home');
  mkdirSync(home);
  const ask = (text: string) => {
    writeFileSync(join(home, '.env'), text, { mode: 0o600 });
    return runGuardian(['doctor', '--configuration'], {}, home);
  };
  expect(await ask('MODE=testnet\nEXCHANGE_API_ROOT=http://127.0.0.1:1\n')).toEqual({
    code: 0,
    output: 'ok  MODE=testnet, BTC/USDT, ETH/USDT\n',
  });
  const refused = await ask(
    '# mine\nDASHBOARD_TOKEN="0123456789abcdef0123456789abcdef\nHEARTBEAT_URL=https://example.org/a#b\n',
  );
  expect(refused.code).toBe(2);
  expect(refused.output.split('\n').filter((line) => line !== '')).toEqual([
    expect.stringMatching(/^\.env: DASHBOARD_TOKEN on line 2 begins with a quote that does not end it; put one quote/),
    expect.stringMatching(/^\.env: HEARTBEAT_URL on line 3 would end at its #.*; put the value into quotes/),
  ]);
});
