import type { Effect } from '../../core/engine/effect.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MarketData } from '../../ports/market-data.ts';
import type { Model } from '../../ports/model.ts';
import type { JournalStore } from '../../ports/store.ts';
import type { Venue } from '../../ports/venue.ts';
import { createEffectCounter } from './effects.ts';
import { readGauges, type MetricSource } from './gauges.ts';
import { meterJournal, meterMarketData, meterModel, meterVenue } from './meters.ts';
import { createMetricSet } from './registry.ts';

export type { MetricSource } from './gauges.ts';

/** Figures for Prometheus: counts by wrapping the ports, gauges by looking when asked. */
export interface Metrics {
  venue(venue: Venue): Venue;
  marketData(data: MarketData): MarketData;
  journal(journal: JournalStore): JournalStore;
  model(model: Model): Model;
  /** To be called with every effect. */
  readonly effect: (effect: Effect) => void;
  /** From here on gauges are known. */
  watch(source: MetricSource): void;
  readonly contentType: string;
  /** The exposition format, as /metrics answers it. */
  text(): Promise<string>;
  close(): void;
}

/** @param clock wall and monotonic time measure; market time is only shown */
export const createMetrics = (clock: Clock): Metrics => {
  const set = createMetricSet();
  const counter = createEffectCounter(clock, set);
  let source: MetricSource | null = null;
  return {
    venue: (venue) => meterVenue(venue, clock, set),
    marketData: (data) => meterMarketData(data, clock, set),
    journal: (journal) => meterJournal(journal, clock, set),
    model: (model) => meterModel(model, clock, set),
    effect: counter.effect,
    watch: (found) => {
      source = found;
      counter.adopt(Object.values(found.state.orders));
    },
    contentType: set.registry.contentType,
    text: () => {
      if (source !== null) readGauges(set, source);
      return set.registry.metrics();
    },
    close: () => set.close(),
  };
};
