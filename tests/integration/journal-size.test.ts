import { expect, test } from 'vitest';
import { connect, pragmaNumber } from '../../src/adapters/sqlite/connection.ts';
import { createJournalStore } from '../../src/adapters/sqlite/journal-store.ts';
import { migrate } from '../../src/adapters/sqlite/migrate.ts';
import { LOOK_EVERY } from '../../src/app/polling-pacer.ts';
import { BTC, ETH, World } from '../../src/core/engine/world.test-helper.ts';
import { FEATURE_COUNT } from '../../src/core/features/catalogue.ts';
import type { Input } from '../../src/core/engine/input.ts';
import { step } from '../../src/core/engine/step.ts';
import { encodeState } from '../../src/core/engine/codec.ts';
import { DAY_MS, HOUR_MS, hourStart } from '../../src/core/units.ts';

const MEGABYTE = 1_000_000;

test('a day of two symbols, a look at prices every five seconds, takes less than 20 MB in the database', () => {
  const world = new World({ config: { symbols: [BTC, ETH] } }).ready();
  const { state } = world;
  const db = connect(':memory:', 'FULL');
  try {
    migrate(db, 0);
    const journal = createJournalStore(db);
    const before = pragmaNumber(db, 'page_count');
    const start = hourStart(world.at) + HOUR_MS;
    const commit = (...inputs: readonly Input[]): void => void journal.commit(inputs, (input) => step(state, input));
    for (let at = start; at < start + DAY_MS; at += LOOK_EVERY) {
      const times = { at, wall: at };
      const price = (base: number): number => Number((base * (1 + 0.003 * Math.sin(at / 700_000))).toFixed(2));
      commit({
        type: 'quotes',
        ...times,
        quotes: [BTC, ETH].map((symbol, index) => ({
          symbol,
          last: price(50_000 / (1 + 15 * index)),
          bid: price(49_999.99 / (1 + 15 * index)),
          ask: price(50_000.01 / (1 + 15 * index)),
          at,
        })),
      });
      if (at % HOUR_MS !== 0) continue;
      for (const symbol of [BTC, ETH]) {
        commit({
          type: 'candle',
          ...times,
          symbol,
          candle: {
            openTime: at - HOUR_MS,
            open: 50_000.12,
            high: 50_100.34,
            low: 49_900.56,
            close: 50_050.78,
            volume: 1_234.56789,
            quoteVolume: 61_728_394.51234,
            trades: 98_765,
            takerBuyBase: 617.28394,
            takerBuyQuote: 30_864_197.25617,
          },
        });
        commit({
          type: 'prediction',
          ...times,
          symbol,
          openTime: at - HOUR_MS,
          probability: 0.512_345_678_9,
          failure: null,
          features: Array.from({ length: FEATURE_COUNT }, (_, index) => Math.fround(Math.sin(index + at))),
        });
      }
      if (at % DAY_MS === 0) journal.writeSnapshot({ sequence: journal.lastSequence(), at, state: encodeState(state) });
    }
    const bytes = (pragmaNumber(db, 'page_count') - before) * pragmaNumber(db, 'page_size');
    expect(bytes / MEGABYTE).toBeLessThan(20);
    // And it is a day's journal that was measured.
    expect(journal.lastSequence()).toBeGreaterThan(DAY_MS / LOOK_EVERY);
  } finally {
    db.close();
  }
});
