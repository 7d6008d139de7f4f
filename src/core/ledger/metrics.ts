import { DAY_MS, utcDayStart, type EpochMs, type Fraction, type Milliseconds, type SymbolName } from '../units.ts';
import { outcomeOf } from './outcome.ts';

/**
 * Statistics of results. Pure functions over closed trades and equity points;
 * doubles, for people and reports, never for booking. A figure from fewer
 * samples than stated beside it is null: not available.
 */

/** A closed round trip, net of all fees. */
export interface TradeResult {
  readonly symbol: SymbolName;
  /** Quote currency. */
  readonly pnl: number;
  readonly openedAt: EpochMs;
  readonly closedAt: EpochMs;
}

export interface EquitySample {
  readonly at: EpochMs;
  /** Quote currency. */
  readonly equity: number;
}

/** Money that came from (or, negative, went) outside at a time: no result. */
export interface Flow {
  readonly at: EpochMs;
  readonly amount: number;
}

/** Closed trades needed for win rate, profit factor and expectancy. */
export const MIN_TRADES = 10;
/** Daily returns needed for Sharpe, Sortino and Calmar. */
export const MIN_DAYS = 30;
/** The market never closes. */
const DAYS_PER_YEAR = 365;

export interface TradeStatistics {
  readonly trades: number;
  readonly wins: number;
  readonly losses: number;
  /** Sum of results, quote currency. */
  readonly realised: number;
  readonly grossProfit: number;
  /** Zero or negative. */
  readonly grossLoss: number;
  /** wins / trades; see outcomeOf. */
  readonly winRate: Fraction | null;
  /**
   * Gross profit / |gross loss|; null also when nothing was lost. Source: Schwager, Market Wizards; the common
   * definition.
   */
  readonly profitFactor: number | null;
  /**
   * Mean result of a trade, quote currency. Source: Tharp, Trade Your Way to Financial Freedom (expectancy per trade).
   */
  readonly expectancy: number | null;
  readonly averageWin: number | null;
  readonly averageLoss: number | null;
  readonly longestWinStreak: number;
  readonly longestLossStreak: number;
  /** Length of the streak under way: positive for wins, negative for losses. */
  readonly currentStreak: number;
}

/** Statistics of closed trades, in the order in which they closed. */
export const tradeStatistics = (trades: readonly TradeResult[]): TradeStatistics => {
  let wins = 0;
  let losses = 0;
  let grossProfit = 0;
  let grossLoss = 0;
  let streak = 0;
  let longestWinStreak = 0;
  let longestLossStreak = 0;
  for (const { pnl } of trades) {
    const outcome = outcomeOf(pnl);
    if (outcome === 'win') {
      wins += 1;
      grossProfit += pnl;
      streak = Math.max(streak, 0) + 1;
    } else if (outcome === 'loss') {
      losses += 1;
      grossLoss += pnl;
      streak = Math.min(streak, 0) - 1;
    } else streak = 0;
    longestWinStreak = Math.max(longestWinStreak, streak);
    longestLossStreak = Math.max(longestLossStreak, -streak);
  }
  const enough = trades.length >= MIN_TRADES;
  const realised = grossProfit + grossLoss;
  return {
    trades: trades.length,
    wins,
    losses,
    realised,
    grossProfit,
    grossLoss,
    winRate: enough ? wins / trades.length : null,
    profitFactor: enough && grossLoss < 0 ? grossProfit / -grossLoss : null,
    expectancy: enough ? realised / trades.length : null,
    averageWin: wins > 0 ? grossProfit / wins : null,
    averageLoss: losses > 0 ? grossLoss / losses : null,
    longestWinStreak,
    longestLossStreak,
    currentStreak: streak,
  };
};

export interface Drawdown {
  /** Largest fall from a peak as a fraction of that peak; zero when equity never fell. */
  readonly fraction: Fraction;
  readonly peakAt: EpochMs | null;
  readonly troughAt: EpochMs | null;
}

/**
 * Maximum drawdown: the largest (peak - later value) / peak. Money from outside moves the peak by its amount, as it
 * moves the Guardian's mark. Source: Magdon-Ismail and Atiya, Maximum Drawdown, Risk 17 (2004).
 */
export const maxDrawdown = (points: readonly EquitySample[], flows: readonly Flow[] = []): Drawdown => {
  let worst: Drawdown = { fraction: 0, peakAt: null, troughAt: null };
  for (const fall of falls(points, flows)) if (fall.fraction > worst.fraction) worst = fall;
  return worst;
};

/**
 * The fall from the highest point so far at each point, as a fraction; zero at a peak. The largest is the maximum
 * drawdown.
 */
export const drawdowns = (points: readonly EquitySample[], flows: readonly Flow[] = []): readonly Fraction[] =>
  Array.from(falls(points, flows), ({ fraction }) => fraction);

function* falls(points: readonly EquitySample[], flows: readonly Flow[]): Generator<Drawdown> {
  let peak = Number.NEGATIVE_INFINITY;
  let peakAt: EpochMs | null = null;
  let next = 0;
  for (const { at, equity } of points) {
    for (let flow = flows[next]; flow !== undefined && flow.at <= at; flow = flows[next]) {
      if (peakAt !== null && flow.at > peakAt) peak += flow.amount;
      next += 1;
    }
    if (equity > peak) {
      peak = equity;
      peakAt = at;
    }
    yield { fraction: peak > 0 ? Math.max(0, 1 - equity / peak) : 0, peakAt, troughAt: at };
  }
}

/**
 * Returns by UTC day: (last equity of the day - flows of the day) / last equity of the day before - 1. Days without a
 * point take no part; the first day counts from its first point.
 */
export const dailyReturns = (
  points: readonly EquitySample[],
  flows: readonly Flow[] = [],
): readonly { readonly day: EpochMs; readonly value: Fraction }[] => {
  const returns: { day: EpochMs; value: Fraction }[] = [];
  const first = points[0];
  if (first === undefined) return returns;
  let before = first.equity;
  let beforeAt = first.at;
  let next = 0;
  for (const [index, { at, equity }] of points.entries()) {
    const following = points[index + 1];
    if (following !== undefined && utcDayStart(following.at) === utcDayStart(at)) continue;
    let moved = 0;
    for (let flow = flows[next]; flow !== undefined && flow.at <= at; flow = flows[next]) {
      if (flow.at > beforeAt) moved += flow.amount;
      next += 1;
    }
    if (before > 0) returns.push({ day: utcDayStart(at), value: (equity - moved) / before - 1 });
    before = equity;
    beforeAt = at;
  }
  return returns;
};

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Annualised Sharpe ratio of daily returns, risk-free rate zero: mean / sample standard deviation x sqrt(365). Source:
 * Sharpe, The Sharpe Ratio, Journal of Portfolio Management 21 (1994). Null below MIN_DAYS or without any variation.
 */
export const sharpe = (returns: readonly number[]): number | null => {
  if (returns.length < MIN_DAYS) return null;
  const average = mean(returns);
  const variance = returns.reduce((sum, value) => sum + (value - average) ** 2, 0) / (returns.length - 1);
  return variance > VARIATION ? (average / Math.sqrt(variance)) * Math.sqrt(DAYS_PER_YEAR) : null;
};

/**
 * Annualised Sortino ratio, target zero: mean / sqrt(mean of squared negative returns, over all days) x sqrt(365).
 * Source: Sortino and Price, Performance Measurement in a Downside Risk Framework, Journal of Investing 3 (1994).
 * Null below MIN_DAYS or when no day lost.
 */
export const sortino = (returns: readonly number[]): number | null => {
  if (returns.length < MIN_DAYS) return null;
  const downside = mean(returns.map((value) => Math.min(value, 0) ** 2));
  return downside > VARIATION ? (mean(returns) / Math.sqrt(downside)) * Math.sqrt(DAYS_PER_YEAR) : null;
};

/** Variance below this is rounding noise of returns that are all alike. */
const VARIATION = 1e-24;

/**
 * Calmar ratio: compound annual growth / maximum drawdown. Source: Young, Calmar Ratio: A Smoother Tool, Futures
 * (1991). Null below MIN_DAYS or without a drawdown.
 */
export const calmar = (returns: readonly number[], drawdown: Fraction): number | null => {
  if (returns.length < MIN_DAYS || !(drawdown > 0)) return null;
  const growth = returns.reduce((product, value) => product * (1 + value), 1);
  return growth > 0 ? (growth ** (DAYS_PER_YEAR / returns.length) - 1) / drawdown : null;
};

/**
 * Part of [from, to) in which at least one position was open. Trades may overlap; `open` are the start times of
 * positions still open.
 */
export const exposureTime = (
  trades: readonly TradeResult[],
  from: EpochMs,
  to: EpochMs,
  open: readonly EpochMs[] = [],
): Fraction | null => {
  if (!(to > from)) return null;
  const spans = [
    ...trades.map(({ openedAt, closedAt }) => [openedAt, closedAt] as const),
    ...open.map((since) => [since, to] as const),
  ]
    .map(([start, end]) => [Math.max(start, from), Math.min(end, to)] as const)
    .sort((a, b) => a[0] - b[0]);
  let covered: Milliseconds = 0;
  let until = from;
  for (const [start, end] of spans) {
    covered += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return covered / (to - from);
};

export type Period = 'day' | 'week' | 'month';

/** Start of the UTC day, the ISO week (Monday) or the month that holds `at`. */
export const periodStart = (at: EpochMs, period: Period): EpochMs => {
  const day = utcDayStart(at);
  if (period === 'day') return day;
  const date = new Date(day);
  if (period === 'month') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  return day - ((date.getUTCDay() + 6) % 7) * DAY_MS;
};

export interface Bucket<K> {
  readonly key: K;
  readonly trades: number;
  readonly wins: number;
  readonly pnl: number;
}

const group = <K>(trades: readonly TradeResult[], keyOf: (trade: TradeResult) => K): readonly Bucket<K>[] => {
  const buckets = new Map<K, { key: K; trades: number; wins: number; pnl: number }>();
  for (const trade of trades) {
    const key = keyOf(trade);
    const bucket = buckets.get(key) ?? { key, trades: 0, wins: 0, pnl: 0 };
    bucket.trades += 1;
    bucket.wins += outcomeOf(trade.pnl) === 'win' ? 1 : 0;
    bucket.pnl += trade.pnl;
    buckets.set(key, bucket);
  }
  return [...buckets.values()];
};

/** Results by symbol, in the order in which the symbols first closed a trade. */
export const bySymbol = (trades: readonly TradeResult[]): readonly Bucket<SymbolName>[] =>
  group(trades, (trade) => trade.symbol);

/** Results by the period in which trades closed; periods without a trade are left out. `key` is the period's start. */
export const byPeriod = (trades: readonly TradeResult[], period: Period): readonly Bucket<EpochMs>[] =>
  group(trades, (trade) => periodStart(trade.closedAt, period));

export interface Performance extends TradeStatistics {
  readonly maxDrawdown: Fraction | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly calmar: number | null;
  readonly exposureTime: Fraction | null;
  /** Mean time in a position; null without a trade. */
  readonly averageHold: Milliseconds | null;
  /** Number of daily returns behind the ratios. */
  readonly days: number;
}

/** Everything about a span of time in one value. Points, flows and trades oldest first. */
export const performanceOf = (input: {
  readonly trades: readonly TradeResult[];
  readonly points: readonly EquitySample[];
  readonly flows?: readonly Flow[];
  /** Start times of positions still open. */
  readonly open?: readonly EpochMs[];
}): Performance => {
  const { trades, points, flows = [], open = [] } = input;
  const returns = dailyReturns(points, flows).map(({ value }) => value);
  const drawdown = maxDrawdown(points, flows).fraction;
  const from = points[0]?.at ?? trades[0]?.openedAt ?? 0;
  const to = points.at(-1)?.at ?? trades.at(-1)?.closedAt ?? 0;
  return {
    ...tradeStatistics(trades),
    maxDrawdown: points.length < 2 ? null : drawdown,
    sharpe: sharpe(returns),
    sortino: sortino(returns),
    calmar: calmar(returns, drawdown),
    exposureTime: exposureTime(trades, from, to, open),
    averageHold: trades.length === 0 ? null : mean(trades.map(({ openedAt, closedAt }) => closedAt - openedAt)),
    days: returns.length,
  };
};
