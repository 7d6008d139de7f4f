import { dirname, join } from 'node:path';
import { createSimStore } from '../../adapters/sqlite/sim-store.ts';
import type { Input } from '../../core/engine/input.ts';
import type { JournalStore } from '../../ports/store.ts';
import { createPaperBroker } from '../../sim/paper/broker.ts';
import { ORDER_PREFIX, TAKER_FEE, type Base, type Surroundings } from './base.ts';
import { openBooks, originHalts } from './books.ts';
import { openPublicExchange } from './public-exchange.ts';
import { realTime } from './real-time.ts';

/** What a new paper account holds. */
const OPENING = { USDT: '1000' };

/** The journal, telling a listener what was journaled, after the commit and before any order goes out. */
const observed = (journal: JournalStore, tell: (input: Input) => void): JournalStore => ({
  ...journal,
  commit: (inputs, apply) => {
    const effects = journal.commit(inputs, apply);
    for (const input of inputs) tell(input);
    return effects;
  },
});

/**
 * Paper: the real exchange's public data, orders to the broker in this process. Its account lies beside the database.
 */
export const openPaper = async (base: Base): Promise<Surroundings> => {
  const { config, log, wall, resources } = base;
  const books = openBooks(base, 'paper');
  const store = createSimStore(join(dirname(config.databasePath), 'paper-broker.db'));
  resources.defer(() => store.close());
  const { clock, pacer, closingMargin } = realTime(base);
  const exchange = await openPublicExchange(config, clock, log, base.time !== null);
  resources.defer(() => exchange.close());
  const broker = createPaperBroker({ store, opening: OPENING, wallNow: () => wall.wallNow() });
  return {
    ...books,
    clock,
    pacer,
    journal: observed(books.database.journal, (input) => broker.observe(input)),
    // The clock that matters is still the exchange's: its candles and prices are dated by it.
    venue: { ...broker.venue, serverTime: () => exchange.venue.serverTime() },
    marketData: exchange.marketData,
    takerFee: TAKER_FEE,
    staleWallGrace: 0,
    closingMargin,
    halts: originHalts(
      books,
      broker.orderIds(ORDER_PREFIX).map((clientOrderId) => ({ clientOrderId })),
    ),
  };
};
