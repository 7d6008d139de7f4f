import { afterEach, expect, test } from 'vitest';
import type { ExchangeHandle } from '../../adapters/exchange/create-exchange.ts';
import { connect } from '../../adapters/exchange/loopback-exchange.test-helper.ts';
import { parseConfig } from '../../adapters/system/config-schema.ts';
import { createSystemClock } from '../../adapters/system/clock.ts';
import { HOUR_MS, type SymbolName } from '../../core/units.ts';
import { createExchangeSimulator, type ExchangeSimulator } from '../../sim/exchange/simulator.ts';
import { generateMarket } from '../../sim/exchange/testing.ts';
import { feeCoinGates } from './fee-coin.ts';
import type { FailedGate } from './gates.ts';

const FROM = Date.UTC(2025, 0, 2);
const BTC = 'BTC/USDT';
const BNB = 'BNB/USDT';
const GONE = 'GONE/USDT';
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let simulator: ExchangeSimulator | null = null;
let exchange: ExchangeHandle | null = null;
afterEach(async () => {
  await exchange?.close();
  await simulator?.close();
  simulator = exchange = null;
});

const gatesOf = async (
  coin: string | null,
  symbols: readonly SymbolName[],
  silent = false,
): Promise<readonly FailedGate[]> => {
  simulator = await createExchangeSimulator({
    history: generateMarket({ symbols: { [BTC]: 60_000, [BNB]: 600 }, from: FROM - 24 * HOUR_MS, hours: 48, seed: 1 }),
    startTime: FROM,
    ...(coin === null ? {} : { fees: { coin } }),
  });
  const { apiKey, secret } = simulator.credentials;
  exchange = await connect(simulator.url, { credentials: { apiKey, secret } });
  if (silent) simulator.control.fault({ name: '5xx', endpoint: 'commission', method: 'GET', count: 100 });
  const parsed = parseConfig({ SYMBOLS: symbols.join(',') });
  if (!parsed.ok) throw new Error('not a configuration');
  const wall = { ...createSystemClock(), sleep: () => Promise.resolve() };
  return feeCoinGates({ wall, config: parsed.config, log: SILENT }, exchange.account);
};

test('an account that pays fees in a coin which is traded is refused: they would come out of its position', async () => {
  expect(await gatesOf('BNB', [BTC, BNB])).toEqual([
    {
      code: 'fee-coin',
      text: 'the account pays fees in BNB, which SYMBOLS trades as BNB/USDT: fees would come out of its position; switch off paying fees in BNB at the exchange, or leave BNB/USDT out',
    },
  ]);
});

test('it passes where the coin is not traded, where fees are paid out of what is, and where a market has left', async () => {
  expect(await gatesOf('BNB', [BTC])).toEqual([]);
  await exchange?.close();
  await simulator?.close();
  expect(await gatesOf(null, [BTC, BNB])).toEqual([]);
  await exchange?.close();
  await simulator?.close();
  expect((await gatesOf('BNB', [GONE, BNB])).map(({ code }) => code)).toEqual(['fee-coin']);
});

test('where the exchange does not tell, it is not taken for safe', async () => {
  expect(await gatesOf(null, [BTC, BNB], true)).toEqual([
    {
      code: 'fee-coin',
      text: 'the exchange does not tell in which coin the account pays fees; start again when it answers',
    },
  ]);
  await exchange?.close();
  await simulator?.close();
  // Binance takes fees at a discount in BNB alone: without it in SYMBOLS no position can pay them.
  expect(await gatesOf(null, [BTC], true)).toEqual([]);
});
