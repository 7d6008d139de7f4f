import { HOUR_MS, hourStart } from '../../../src/core/units.ts';
import { createMarketHistory } from '../../../src/sim/exchange/market-history.ts';
import {
  createExchangeSimulator,
  type ExchangeSimulator,
  type SimulatorOptions,
} from '../../../src/sim/exchange/simulator.ts';
import { DEMO_HISTORY_HOURS } from '../../../src/sim/generator/demo-history.ts';
import { generateCandles } from '../../../src/sim/generator/candles.ts';

/**
 * The exchange simulator with a market around the present hour, so that a bot on the real clock finds fresh candles and
 * prices.
 */
export const startExchangeNow = (options: Partial<SimulatorOptions> = {}): Promise<ExchangeSimulator> => {
  const now = hourStart(Date.now());
  const from = now - DEMO_HISTORY_HOURS * HOUR_MS;
  const symbols = ['BTC/USDT', 'ETH/USDT'];
  const candles = Object.fromEntries(
    symbols.map((symbol) => [symbol, generateCandles({ seed: 11, symbol, from, hours: DEMO_HISTORY_HOURS + 12 })]),
  );
  return createExchangeSimulator({ history: createMarketHistory(candles), startTime: now, ...options });
};
