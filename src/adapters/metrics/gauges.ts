import { LOCKS } from '../../core/guardian/lock.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { HOUR_MS } from '../../core/units.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Health } from '../../ports/dashboard.ts';
import type { ModelDescription } from '../../ports/model.ts';
import type { BalanceView, RiskView, StatusView } from '../../ports/operator.ts';
import type { MetricSet } from './registry.ts';

/** Where the figures of a scrape come from. */
export interface MetricSource {
  readonly state: EngineState;
  readonly clock: Clock;
  readonly status: () => StatusView;
  readonly risk: () => RiskView;
  readonly balance: () => BalanceView;
  readonly health: () => Health;
  readonly outboxDepth: () => number;
  readonly journalEntries: () => number;
  readonly databaseBytes: () => number;
  readonly readers: () => number;
  readonly version: { readonly version: string; readonly engine: string; readonly mode: string };
  readonly model: ModelDescription | null;
}

/** Sets a gauge, or leaves it out: an unknown figure is absent, never zero. */
const setOrLeave = (gauge: { set(value: number): void; remove(): void }, value: number | null): void => {
  if (value === null || !Number.isFinite(value)) gauge.remove();
  else gauge.set(value);
};

const money = (metrics: MetricSet, { status, balance }: MetricSource): void => {
  const {
    equity,
    dayBaseline,
    dayPnlFraction,
    drawdownFraction,
    maxDailyDrawdown,
    maxTotalDrawdown,
    lossStreak,
    maxConsecutiveLosses,
    positions,
  } = status();
  const { quoteAsset, cash } = balance();
  metrics.equity.reset();
  if (equity !== null) metrics.equity.set({ currency: quoteAsset }, equity);
  metrics.equityKnown.set(equity === null ? 0 : 1);
  metrics.cash.reset();
  if (cash !== null) metrics.cash.set({ currency: quoteAsset }, cash);
  setOrLeave(metrics.dayBaseline, dayBaseline);
  setOrLeave(metrics.dayLoss, dayPnlFraction === null ? null : Math.max(0, -dayPnlFraction));
  metrics.dayLossLimit.set(maxDailyDrawdown);
  setOrLeave(metrics.drawdown, drawdownFraction);
  metrics.drawdownLimit.set(maxTotalDrawdown);
  metrics.lossStreak.set(lossStreak);
  metrics.lossStreakLimit.set(maxConsecutiveLosses);
  for (const gauge of [metrics.positionValue, metrics.positionUnprotected, metrics.unrealised]) gauge.reset();
  for (const { symbol, quantity, lastPrice, unrealised, stopWorking } of positions) {
    if (lastPrice !== null) metrics.positionValue.set({ symbol }, quantity * lastPrice);
    if (unrealised !== null) metrics.unrealised.set({ symbol }, unrealised);
    metrics.positionUnprotected.set({ symbol }, stopWorking ? 0 : 1);
  }
};

const exposure = (metrics: MetricSet, { risk }: MetricSource): void => {
  metrics.exposure.reset();
  for (const { name, limit, value } of risk().limits) {
    const symbol =
      name === 'gross exposure' ? 'all' : name.startsWith('exposure ') ? name.slice('exposure '.length) : null;
    if (symbol === null) continue;
    if (value !== null) metrics.exposure.set({ symbol }, value);
    metrics.exposureLimit.set({ symbol }, limit);
  }
};

const guardian = (metrics: MetricSet, { state, status }: MetricSource): void => {
  const now = status().state;
  for (const each of ['active', 'reducing', 'halted'] as const)
    metrics.state.set({ state: each }, each === now ? 1 : 0);
  const held = Object.values(state.guardian.locks);
  for (const kind of Object.keys(LOCKS)) metrics.locks.set({ kind }, held.filter((lock) => lock.kind === kind).length);
  setOrLeave(metrics.clockSkew, state.guardian.skew === null ? null : state.guardian.skew / 1000);
  setOrLeave(metrics.drift, state.guardian.drift?.value ?? null);
};

const market = (metrics: MetricSet, { state, clock }: MetricSource): void => {
  const now = clock.marketNow();
  metrics.priceAge.reset();
  metrics.candleAge.reset();
  for (const { symbol, priceAt, newestCandleOpen } of Object.values(state.symbols)) {
    if (priceAt !== null) metrics.priceAge.set({ symbol }, Math.max(0, now - priceAt) / 1000);
    if (newestCandleOpen !== null)
      metrics.candleAge.set({ symbol }, Math.max(0, now - newestCandleOpen - HOUR_MS) / 1000);
  }
  for (const status of ['intent', 'unknown', 'working'] as const)
    metrics.ordersOpen.set({ status }, Object.values(state.orders).filter((record) => record.status === status).length);
  metrics.marketTime.set(now / 1000);
};

const machine = (metrics: MetricSet, source: MetricSource): void => {
  const { ok, checks } = source.health();
  metrics.healthy.set(ok ? 1 : 0);
  metrics.checkOk.reset();
  for (const { name, ok: good } of checks) metrics.checkOk.set({ check: name }, good === true ? 1 : 0);
  metrics.outboxDepth.set(source.outboxDepth());
  metrics.journalEntries.set(source.journalEntries());
  metrics.databaseBytes.set(source.databaseBytes());
  metrics.readers.set(source.readers());
  setOrLeave(metrics.lastInput, source.state.wall === 0 ? null : source.state.wall / 1000);
  const { version, engine, mode } = source.version;
  metrics.info.set(
    { version, engine, mode, model: source.model?.name ?? 'none', model_hash: source.model?.hash ?? '' },
    1,
  );
};

/** Brings every gauge up to date: called once a scrape. Before the engine's first start the money is not known. */
export const readGauges = (metrics: MetricSet, source: MetricSource): void => {
  machine(metrics, source);
  metrics.equityKnown.set(0);
  if (source.state.config === null) return;
  money(metrics, source);
  exposure(metrics, source);
  guardian(metrics, source);
  market(metrics, source);
};
