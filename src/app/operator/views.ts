import { toNumber } from '../../core/decimal.ts';
import type { EngineConfig } from '../../core/engine/config.ts';
import { dataIsFresh, markEquity, measureExposure, unrealisedOf } from '../../core/engine/marking.ts';
import { entryBarOf } from '../../core/engine/on-prediction.ts';
import { whyUnsellable } from '../../core/engine/reducing-orders.ts';
import type { EngineState, SymbolState } from '../../core/engine/state.ts';
import { DENIALS, type Denial, type DenialCode } from '../../core/guardian/denial.ts';
import { isForUnlock, LOCKS, type Lock } from '../../core/guardian/lock.ts';
import { policyOf, strictestLock, tradingState, type LockPolicies } from '../../core/guardian/state.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import type { BalanceView, LockView, PositionView, RiskView, StatusView, SymbolStatus } from '../../ports/operator.ts';
import { nextDecision } from '../market-feed.ts';
import { serialOf } from './lock-serials.ts';

/** The moment at which a view is taken. */
export interface Now {
  readonly market: EpochMs;
  readonly wall: EpochMs;
}

export const lockView = (lock: Lock, policies: LockPolicies | undefined): LockView => {
  const { state, clears } = LOCKS[lock.kind];
  return {
    id: lock.id,
    serial: serialOf(lock),
    kind: lock.kind,
    symbol: lock.symbol,
    state,
    policy: policyOf(lock.kind, policies),
    since: lock.since,
    ...(lock.renewed === undefined ? {} : { renewed: lock.renewed }),
    reason: `${LOCKS[lock.kind].title}: ${lock.reason}`,
    clearing: clears,
    clearedByUnlock: isForUnlock(lock.kind),
  };
};

export const lockViews = (state: EngineState): readonly LockView[] =>
  Object.values(state.guardian.locks).map((lock) => lockView(lock, state.config?.lockPolicies));

const positionView = (state: EngineState, symbol: SymbolState): PositionView | null => {
  const { managed } = symbol;
  const position = state.ledger.positions[symbol.symbol];
  if (managed === null || position === undefined || position.quantity <= 0n || managed.averageEntry === null)
    return null;
  const unrealised = unrealisedOf(state, symbol);
  const unsellable = whyUnsellable(state, symbol);
  const cost = toNumber(position.cost);
  const stop = managed.stopOrderId === null ? undefined : state.orders[managed.stopOrderId];
  return {
    symbol: symbol.symbol,
    quantity: toNumber(position.quantity),
    entryPrice: toNumber(managed.averageEntry),
    lastPrice: symbol.last > 0 ? symbol.last : null,
    unrealised,
    unrealisedFraction: unrealised === null || cost === 0 ? null : unrealised / cost,
    stopPrice: managed.stopPrice === null ? null : toNumber(managed.stopPrice),
    stopWorking: stop?.status === 'working' && !symbol.unlisted,
    targetPrice: managed.targetPrice ?? 0,
    closing: managed.exitReason,
    ...(unsellable === null ? {} : { unsellable }),
    openedAt: position.trade?.openedAt ?? managed.signal,
    horizonAt: managed.horizonAt,
  };
};

export const positionViews = (state: EngineState): readonly PositionView[] =>
  Object.values(state.symbols).flatMap((symbol) => positionView(state, symbol) ?? []);

const symbolStatus = (symbol: SymbolState, now: Now): SymbolStatus => ({
  symbol: symbol.symbol,
  lastPrice: symbol.last > 0 ? symbol.last : null,
  priceAgeMs: symbol.priceAt === null ? null : Math.max(0, now.market - symbol.priceAt),
  newestCandleClose: symbol.newestCandleOpen === null ? null : symbol.newestCandleOpen + HOUR_MS,
  lastDecision:
    symbol.lastDecision?.openTime === undefined
      ? null
      : { at: symbol.lastDecision.openTime + HOUR_MS, text: symbol.lastDecision.text },
});

/**
 * What an order would be refused for in the symbol, asked of the check that it would have to pass, with what the newest
 * input knew: a day that begins between two inputs is none to a bot that is about to see it. Data that has grown old
 * since then bars all the same.
 */
const barOf = (
  state: EngineState,
  config: EngineConfig,
  symbol: SymbolState,
  now: Now,
  equityKnown: boolean,
): Pick<Denial, 'code'> | null => {
  const denial = entryBarOf({ state, config, at: state.at, wall: now.wall }, symbol);
  if (denial !== null) return denial;
  if (!equityKnown) return { code: 'equity-unknown' };
  return dataIsFresh(symbol, now.market, now.wall, state.freshness) ? null : { code: 'price-unknown' };
};

const barWords = ({ accountFailed, guardian }: EngineState, symbol: SymbolName, code: DenialCode): string => {
  switch (code) {
    case 'clock-unknown':
      return 'The exchange clock is not known';
    case 'baseline-unknown':
      return "The day's baseline is not known yet";
    case 'instrument-not-trading':
      return 'Not traded at the exchange now';
    case 'equity-unknown':
      return accountFailed ? 'The account could not be read' : 'Equity is not known';
    case 'price-unknown':
      return 'No fresh price';
    default: {
      const lock = strictestLock(guardian, null) ?? strictestLock(guardian, symbol);
      return lock === null ? DENIALS[code] : LOCKS[lock.kind].title;
    }
  }
};

/** What bars entries, by cause. */
const entryBars = (state: EngineState, now: Now, equityKnown: boolean): Pick<StatusView, 'entryBars' | 'mayEnter'> => {
  const { config } = state;
  if (config === null) return { entryBars: [], mayEnter: false };
  const traded = state.symbolList.filter(({ symbol }) => config.symbols.includes(symbol));
  const barred = traded.flatMap((each) => {
    const bar = barOf(state, config, each, now, equityKnown);
    return bar === null ? [] : [{ symbol: each.symbol, code: bar.code, why: barWords(state, each.symbol, bar.code) }];
  });
  const bars = [...Map.groupBy(barred, ({ why }) => why)].map(([why, own]) => ({
    code: own[0]?.code ?? '',
    why,
    symbols: own.map(({ symbol }) => symbol),
  }));
  return { entryBars: bars, mayEnter: barred.length < traded.length };
};

export const statusView = (state: EngineState, now: Now): StatusView => {
  const { guardian, config } = state;
  const equity = markEquity(state, now.market, now.wall);
  const baseline = guardian.dayBaseline;
  const dayPnl = equity.value === null || baseline === null ? null : equity.value - baseline;
  const overall = tradingState(guardian, null);
  const lock = strictestLock(guardian, null);
  return {
    mode: config?.mode ?? 'starting',
    state: overall,
    why: lock === null ? null : lockView(lock, config?.lockPolicies),
    ...entryBars(state, now, equity.value !== null),
    equity: equity.value,
    equityUnknown: equity.unknown,
    dayBaseline: baseline,
    dayPnl,
    dayPnlFraction: dayPnl === null || baseline === null || baseline === 0 ? null : dayPnl / baseline,
    dayRebased: guardian.unlockDay !== null && guardian.unlockDay === guardian.day,
    maxDailyDrawdown: config?.limits.maxDailyDrawdown ?? 0,
    drawdownFraction:
      equity.value === null || guardian.highWaterMark === null
        ? null
        : Math.max(0, 1 - equity.value / guardian.highWaterMark),
    maxTotalDrawdown: config?.limits.maxTotalDrawdown ?? 0,
    lossStreak: guardian.lossStreak.length,
    maxConsecutiveLosses: config?.limits.maxConsecutiveLosses ?? 0,
    positions: positionViews(state),
    locks: lockViews(state),
    symbols: Object.values(state.symbols).map((symbol) => symbolStatus(symbol, now)),
    marketNow: now.market,
    nextDecisionAt: nextDecision(now.market),
    wallNow: now.wall,
    startedAt: state.startedWall,
  };
};

export const balanceView = (state: EngineState, now: Now): BalanceView => ({
  quoteAsset: state.config?.quoteAsset ?? '',
  cash: state.cashNumber,
  positions: Object.values(state.symbols)
    .filter((symbol) => symbol.heldNumber > 0)
    .map((symbol) => ({
      asset: symbol.instrument.base,
      quantity: symbol.heldNumber,
      value: symbol.last > 0 ? symbol.heldNumber * symbol.last : null,
    })),
  feeAsset:
    state.config === null || state.config.feeAsset === null
      ? null
      : {
          asset: state.config.feeAsset,
          quantity: state.feeCoinNumber,
          value: state.feeCoinPrice === null ? null : state.feeCoinNumber * state.feeCoinPrice,
        },
  external: Object.entries(state.external).map(([asset, quantity]) => ({ asset, quantity: Number(quantity) })),
  equity: markEquity(state, now.market, now.wall).value,
  asOf: state.accountAt,
});

export const riskView = (state: EngineState, now: Now): RiskView => {
  const { config, guardian } = state;
  if (config === null) throw new Error('the engine has not been started');
  const { limits } = config;
  const equity = markEquity(state, now.market, now.wall).value;
  const below = (reference: number | null): number | null =>
    equity === null || reference === null ? null : Math.max(0, 1 - equity / reference);
  const share = (symbol: SymbolState): { readonly gross: number; readonly own: number } | null => {
    const exposure = measureExposure(state, symbol, now.market, now.wall);
    return exposure === null || equity === null
      ? null
      : { gross: toNumber(exposure.gross) / equity, own: toNumber(exposure.symbol) / equity };
  };
  const shares = Object.values(state.symbols).map((symbol) => ({ symbol, share: share(symbol) }));
  const rule = state.freshness;
  return {
    riskPerTrade: limits.riskPerTrade,
    stopLoss: limits.stopLoss,
    takeProfit: limits.takeProfit,
    horizonHours: limits.horizonHours,
    maxLeverage: limits.maxLeverage,
    limits: [
      { name: 'daily drawdown', limit: limits.maxDailyDrawdown, value: below(guardian.dayBaseline), unit: 'fraction' },
      {
        name: 'total drawdown',
        limit: limits.maxTotalDrawdown,
        value: below(guardian.highWaterMark),
        unit: 'fraction',
      },
      { name: 'losses in a row', limit: limits.maxConsecutiveLosses, value: guardian.lossStreak.length, unit: 'count' },
      { name: 'minimum balance', limit: limits.minBalance, value: equity, unit: 'quote' },
      {
        name: 'gross exposure',
        limit: limits.maxGrossExposure,
        value: shares[0]?.share?.gross ?? null,
        unit: 'fraction',
      },
      ...shares.map(({ symbol, share: own }) => ({
        name: `exposure ${symbol.symbol}`,
        limit: limits.maxSymbolExposure,
        value: own?.own ?? null,
        unit: 'fraction' as const,
      })),
      ...shares.map(({ symbol }) => ({
        name: `data age ${symbol.symbol}${dataIsFresh(symbol, now.market, now.wall, rule) ? '' : ' (stale)'}`,
        limit: limits.maxDataAgeSeconds,
        value: symbol.priceAt === null ? null : Math.max(0, now.market - symbol.priceAt) / 1000,
        unit: 'seconds' as const,
      })),
    ],
  };
};
