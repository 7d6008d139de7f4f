/** Throughput of step() with given predictions: hourly candles of two kinds of market, one core. Usage: npm run bench. */
import { World, BTC } from '../src/core/engine/world.test-helper.ts';
import { step } from '../src/core/engine/step.ts';
import type { Input } from '../src/core/engine/input.ts';

const HOURS = 65_590;
const HOUR = 3_600_000;

const run = (trade: boolean): number => {
  const world = new World({ config: { mode: 'backtest', symbols: [BTC] } }).ready();
  const start = Math.floor(world.at / HOUR) * HOUR;
  const inputs: Input[] = [];
  let price = 50_000;
  for (let hour = 1; hour <= HOURS; hour += 1) {
    const at = start + hour * HOUR;
    price *= 1 + 0.004 * Math.sin(hour * 12.9898) ;
    const half = price * 0.004;
    inputs.push({ type: 'quotes', at, wall: at, quotes: [{ symbol: BTC, last: price, bid: price * 0.9999, ask: price * 1.0001, at }] });
    inputs.push({ type: 'candle', at, wall: at, symbol: BTC, candle: { openTime: at - HOUR, open: price, high: price + half, low: price - half, close: price, volume: 1, quoteVolume: 1, trades: 1, takerBuyBase: 0, takerBuyQuote: 0 } });
    inputs.push({ type: 'prediction', at, wall: at, symbol: BTC, openTime: at - HOUR, probability: trade && hour % 40 === 0 ? 0.9 : 0.4, failure: null, features: [] });
  }
  const { state } = world;
  const from = performance.now();
  for (const input of inputs) {
    const effects = step(state, input);
    for (const effect of effects) {
      if (effect.type !== 'place') continue;
      const { clientOrderId } = effect.order.draft;
      step(state, { type: 'order-report', at: input.at, wall: input.wall, symbol: BTC, clientOrderId, outcome: { kind: 'not-sent', code: 'bench', message: '' } });
    }
  }
  return HOURS / ((performance.now() - from) / 1000);
};
for (let round = 0; round < 5; round += 1) console.log(`no trades ${Math.round(run(false)).toLocaleString()} candles/s`);
