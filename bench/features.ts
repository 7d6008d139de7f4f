/**
 * Throughput of the feature catalogue over history, one core, the live engine fed
 * candle by candle. Usage: npm run bench -- features [candle folder]; generated candles without one.
 */
import { openCandleFolder } from '../src/adapters/candles/candle-files.ts';
import { computeFeatures } from '../src/core/features/batch.ts';
import { columnsFromCandles } from '../src/core/features/candle-columns.ts';
import { FEATURE_COUNT } from '../src/core/features/catalogue.ts';
import { generateCandles } from '../src/sim/generator/candles.ts';

const HOURS = 65_590;
const SYMBOLS = ['BTC/USDT', 'ETH/USDT'];
const directory = process.argv[2] ?? process.env['MARKET_DATA_DIR'];
const folder = directory === undefined ? null : openCandleFolder(directory);
const series = new Map(
  SYMBOLS.map((symbol) => [
    symbol,
    folder?.series(symbol) ??
      columnsFromCandles(generateCandles({ seed: 1, symbol, from: Date.UTC(2018, 0, 1), hours: HOURS })),
  ]),
);

const measure = (symbols: readonly string[]): number => {
  const chosen = new Map([...series].filter(([symbol]) => symbols.includes(symbol)));
  const candles = [...chosen.values()].reduce((sum, columns) => sum + columns.length, 0);
  const from = performance.now();
  computeFeatures(chosen, symbols);
  return candles / ((performance.now() - from) / 1000);
};

const shown = (rate: number): string => `${Math.round(rate).toLocaleString('en-GB')} candles/s`;
console.log(`${FEATURE_COUNT} features over ${folder === null ? 'generated candles' : folder.directory}`);
for (const symbols of [SYMBOLS.slice(0, 1), SYMBOLS]) {
  const first = measure(symbols);
  const warm = Math.max(...Array.from({ length: 4 }, () => measure(symbols)));
  console.log(`${symbols.join(' + ')}: first run ${shown(first)}, warm ${shown(warm)}`);
}
