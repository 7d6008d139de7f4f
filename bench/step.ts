/**
 * Throughput of step() alone with given predictions that are never traded: price, candle and decision of each hour, one
 * symbol, one core. Usage: npm run bench -- step
 */
import type { Input } from '../src/core/engine/input.ts';
import { BTC, World } from '../src/core/engine/world.test-helper.ts';
import { HOUR_MS, hourStart } from '../src/core/units.ts';

/** As many hours as there are recorded of BTC. */
const HOURS = 65_590;
const ROUNDS = 5;

const history = (start: number): readonly Input[] => {
  const inputs: Input[] = [];
  let price = 50_000;
  for (let hour = 1; hour <= HOURS; hour += 1) {
    const at = start + hour * HOUR_MS;
    price *= 1 + 0.004 * Math.sin(hour * 12.9898);
    const half = price * 0.004;
    inputs.push({
      type: 'quotes',
      at,
      wall: at,
      quotes: [{ symbol: BTC, last: price, bid: price * 0.9999, ask: price * 1.0001, at }],
    });
    const prices = { open: price, high: price + half, low: price - half, close: price };
    inputs.push({
      type: 'candle',
      at,
      wall: at,
      symbol: BTC,
      candle: {
        openTime: at - HOUR_MS,
        ...prices,
        volume: 1,
        quoteVolume: 1,
        trades: 1,
        takerBuyBase: 0,
        takerBuyQuote: 0,
      },
    });
    inputs.push({
      type: 'prediction',
      at,
      wall: at,
      symbol: BTC,
      openTime: at - HOUR_MS,
      probability: 0.39,
      failure: null,
      features: [],
    });
  }
  return inputs;
};

for (let round = 1; round <= ROUNDS; round += 1) {
  const world = new World({ config: { mode: 'backtest', symbols: [BTC] } }).ready();
  const inputs = history(hourStart(world.at));
  const from = performance.now();
  for (const input of inputs) world.step(input);
  const seconds = (performance.now() - from) / 1_000;
  console.log(`step, round ${round}: ${Math.round(HOURS / seconds).toLocaleString('en')} candles a second`);
}
