import type { EngineState } from '../../core/engine/state.ts';
import { HOUR_MS, type EpochMs } from '../../core/units.ts';
import type { ModelDescription } from '../../ports/model.ts';
import type { ChartView, ModelStatusView } from '../../ports/operator-tools.ts';
import type { Records } from '../../ports/store.ts';
import type { MarketFeed } from '../market-feed.ts';
import type { DriftWatch } from './drift-watch.ts';
import { positionViews } from './views.ts';

/** The model and the chart, from the records. */
export interface MarketViewOptions {
  readonly state: EngineState;
  readonly records: Records;
  readonly feed: Pick<MarketFeed, 'recent'>;
  readonly model: ModelDescription | null;
  /** End of the training data, from the card; null = not stated. */
  readonly trainedThrough: EpochMs | null;
  readonly drift: DriftWatch;
}

/** Fills that a chart of some hundred hours can have. */
const CHART_FILLS = 500;

export const modelView = ({
  state,
  records,
  model,
  trainedThrough,
  drift,
}: MarketViewOptions): ModelStatusView | null => {
  if (model === null) return null;
  const report = drift.report();
  return {
    name: model.name,
    hash: model.hash,
    purpose: model.purpose,
    trainedThrough,
    edge: model.demonstratedEdge ? 'edge after costs demonstrated out of sample' : 'no demonstrated edge after costs',
    stopLoss: model.stop,
    takeProfit: model.target,
    horizonHours: model.horizonHours,
    predictions: Object.keys(state.symbols).flatMap((symbol) => {
      const [row] = records.decisions(1, symbol);
      return row === undefined || row.probability === null
        ? []
        : [{ symbol, probability: row.probability, at: row.openTime + HOUR_MS }];
    }),
    drift: report === null ? null : { hours: report.hours, prediction: report.prediction, features: report.features },
  };
};

export const chartView = ({ state, records, feed }: MarketViewOptions, symbol: string, hours: number): ChartView => {
  const candles = feed.recent(symbol, hours);
  const from = candles[0]?.openTime ?? Number.POSITIVE_INFINITY;
  const position = positionViews(state).find((view) => view.symbol === symbol);
  return {
    symbol,
    candles,
    marks: records
      .fills(CHART_FILLS)
      .filter((fill) => fill.symbol === symbol && fill.at >= from)
      .map((fill) => ({
        at: fill.at,
        price: fill.price,
        side: fill.purpose === 'entry' ? ('entry' as const) : ('exit' as const),
      }))
      .reverse(),
    entryPrice: position?.entryPrice ?? null,
    stopPrice: position?.stopPrice ?? null,
    targetPrice: position?.targetPrice ?? null,
  };
};
