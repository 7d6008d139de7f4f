import { beforeEach, describe, expect, test } from 'vitest';
import { BTC, ETH, type World } from '../../core/engine/world.test-helper.ts';
import { DAY_MS, HOUR_MS } from '../../core/units.ts';
import type { FillRow } from '../../ports/store.ts';
import { noRecords, OperatorBench } from './operator-bench.test-helper.ts';

let bench: OperatorBench;
let world: World;
beforeEach(() => {
  bench = new OperatorBench();
  world = bench.world;
});

describe('charts', () => {
  test('mark the fills of the candles shown, entries and exits apart, oldest first', () => {
    const at = world.at;
    const fill = (symbol: string, purpose: string, when: number): FillRow => ({
      symbol,
      side: purpose === 'entry' ? 'buy' : 'sell',
      purpose,
      price: 1,
      quantity: 1,
      fee: 0,
      feeAsset: 'USDT',
      at: when,
    });
    const candle = {
      openTime: at - 2 * HOUR_MS,
      open: 1,
      high: 1,
      low: 1,
      close: 1,
      volume: 0,
      quoteVolume: 0,
      trades: 0,
      takerBuyBase: 0,
      takerBuyQuote: 0,
    };
    const records = noRecords({
      fills: () => [
        fill(BTC, 'stop', at),
        fill(ETH, 'entry', at),
        fill(BTC, 'entry', at - HOUR_MS),
        fill(BTC, 'entry', at - DAY_MS),
      ],
    });
    const { marks } = bench.tools({ records, feed: { recent: () => [candle] } }).chart(BTC, 2);
    expect(marks.map((mark) => mark.side)).toEqual(['entry', 'exit']);
  });
});
