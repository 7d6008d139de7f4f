import type { ApprovedOrder } from '../../core/guardian/approved-order.ts';
import type { Input } from '../../core/engine/input.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MarketData } from '../../ports/market-data.ts';
import type { Model } from '../../ports/model.ts';
import type { JournalStore } from '../../ports/store.ts';
import type { Read, Venue, VenueErrorKind } from '../../ports/venue.ts';
import type { MetricSet } from './registry.ts';

/** Orders remembered to notice a second sending; those long gone are not sent again. */
const REMEMBERED = 500;

/**
 * Outcomes that alert rules wait for. A series that begins at one has not risen for Prometheus, and the account is read
 * once an hour: without a zero before it a refused key would be noticed an hour late.
 */
const AWAITED: readonly VenueErrorKind[] = ['authentication', 'rate-limited'];

const beginAtZero = (metrics: MetricSet, operations: readonly string[]): void => {
  for (const operation of operations)
    for (const outcome of AWAITED) metrics.exchangeCalls.inc({ operation, outcome }, 0);
};

const outcomeOfRead = (read: Read<unknown>): string => (read.ok ? 'ok' : read.error.kind);

/** A venue that is the given one, with every call timed and counted. */
export const meterVenue = (venue: Venue, clock: Clock, metrics: MetricSet): Venue => {
  beginAtZero(metrics, ['open-orders', 'balances', 'trades', 'time']);
  const sent = new Set<string>();
  const timed = async <T>(operation: string, call: () => Promise<T>, outcome: (result: T) => string): Promise<T> => {
    const began = clock.monotonicNow();
    try {
      const result = await call();
      metrics.exchangeCalls.inc({ operation, outcome: outcome(result) });
      return result;
    } catch (error) {
      metrics.exchangeCalls.inc({ operation, outcome: 'threw' });
      throw error;
    } finally {
      metrics.exchangeSeconds.observe({ operation }, (clock.monotonicNow() - began) / 1000);
    }
  };
  const noteSend = ({ draft }: ApprovedOrder): void => {
    if (sent.has(draft.clientOrderId)) metrics.retries.inc({ purpose: draft.purpose });
    sent.add(draft.clientOrderId);
    for (const oldest of sent) {
      if (sent.size <= REMEMBERED) break;
      sent.delete(oldest);
    }
  };
  return {
    receiveWindow: venue.receiveWindow,
    send: (order) => {
      noteSend(order);
      return timed(
        'send',
        () => venue.send(order),
        ({ kind }) => kind,
      );
    },
    cancel: (reference) =>
      timed(
        'cancel',
        () => venue.cancel(reference),
        ({ kind }) => kind,
      ),
    lookUp: (reference) =>
      timed(
        'look-up',
        () => venue.lookUp(reference),
        ({ kind }) => kind,
      ),
    openOrders: (symbol) => timed('open-orders', () => venue.openOrders(symbol), outcomeOfRead),
    balances: () => timed('balances', () => venue.balances(), outcomeOfRead),
    tradesAfter: (symbol, after, since) =>
      timed('trades', () => venue.tradesAfter(symbol, after, since), outcomeOfRead),
    serverTime: () => timed('time', () => venue.serverTime(), outcomeOfRead),
  };
};

export const meterMarketData = (data: MarketData, clock: Clock, metrics: MetricSet): MarketData => {
  beginAtZero(metrics, ['instruments', 'candles', 'quotes']);
  const timed = async <T extends Read<unknown>>(operation: string, call: () => Promise<T>): Promise<T> => {
    const began = clock.monotonicNow();
    const result = await call();
    metrics.exchangeCalls.inc({ operation, outcome: outcomeOfRead(result) });
    metrics.exchangeSeconds.observe({ operation }, (clock.monotonicNow() - began) / 1000);
    return result;
  };
  return {
    instruments: (symbols) => timed('instruments', () => data.instruments(symbols)),
    closedCandles: (symbol, from, now) => timed('candles', () => data.closedCandles(symbol, from, now)),
    quotes: (symbols, now) => timed('quotes', () => data.quotes(symbols, now)),
  };
};

/**
 * The journal with its transactions and the engine's steps inside them timed. What is journaled and applied is
 * untouched.
 */
export const meterJournal = (journal: JournalStore, clock: Clock, metrics: MetricSet): JournalStore => ({
  ...journal,
  commit: (inputs, apply) => {
    const began = clock.monotonicNow();
    const effects = journal.commit(inputs, (input: Input) => {
      const from = clock.monotonicNow();
      const result = apply(input);
      metrics.stepSeconds.observe((clock.monotonicNow() - from) / 1000);
      return result;
    });
    metrics.commitSeconds.observe((clock.monotonicNow() - began) / 1000);
    for (const { type } of inputs) metrics.inputs.inc({ type });
    return effects;
  },
});

export const meterModel = (model: Model, clock: Clock, metrics: MetricSet): Model => ({
  description: model.description,
  predict: async (features) => {
    const began = clock.monotonicNow();
    const answer = await model.predict(features);
    metrics.predictionSeconds.observe((clock.monotonicNow() - began) / 1000);
    return answer;
  },
  predictBatch: (features) => model.predictBatch(features),
  close: () => model.close(),
});
