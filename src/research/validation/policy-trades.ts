import { SLIPPAGE_ALLOWANCE } from '../../core/risk/sizing.ts';
import { DAY_MS, HOUR_MS, type EpochMs, type Fraction } from '../../core/units.ts';
import type { Dataset } from '../dataset/build-dataset.ts';
import { OUTCOME } from '../labels/triple-barrier.ts';
import { momentsOf, probabilisticSharpe, sharpeRatio } from './sharpe.ts';

/** Hours a symbol rests after a stop-out (PRODUCT section 3). */
const REST_HOURS = 4;
const TAKER_FEE: Fraction = 0.001;
/** Equity at risk a trade, and the caps of exposure (PRODUCT section 4). */
const RISK_PER_TRADE: Fraction = 0.01;
const GROSS_CAP: Fraction = 0.8;
const SYMBOL_CAP: Fraction = 0.7;

export interface PolicyAssumptions {
  readonly stop: Fraction;
  readonly target: Fraction;
  /** Least expected value after costs that is traded. */
  readonly margin: Fraction;
  /** Multiplies fees and slippage, charged and reckoned with alike. */
  readonly costFactor: number;
}

/** Round trip: fees of both sides and the slippage allowance, as the bot's policy reckons. */
export const roundTripCost = (costFactor: number): Fraction => costFactor * (2 * TAKER_FEE + SLIPPAGE_ALLOWANCE);

export interface PolicyTrade {
  readonly row: number;
  readonly symbol: number;
  readonly entryTime: EpochMs;
  readonly exitTime: EpochMs;
  /** Return on the amount invested, after costs. */
  readonly netReturn: number;
  /** Part of equity invested. */
  readonly share: Fraction;
}

/**
 * The trades that the bot's policy enters on given probabilities: one position a
 * symbol, a rest after a stop-out, the RiskEngine's size and caps. Each is held to
 * its barrier, as the label is; the bot leaves before when the model turns round
 * (REVERSAL_PART). No Guardian: this asks whether the model earns, the backtest
 * asks what the system does.
 * @param rows indices of the dataset in order of time
 * @param probabilities one for each of `rows`
 */
export const tradePolicy = (dataset: Dataset, rows: Int32Array, probabilities: ArrayLike<number>, assumptions: PolicyAssumptions): PolicyTrade[] => {
  const cost = roundTripCost(assumptions.costFactor);
  const size = Math.min(RISK_PER_TRADE / (assumptions.stop + cost), SYMBOL_CAP);
  const freeFrom = new Map<number, EpochMs>();
  const open: PolicyTrade[] = [];
  const trades: PolicyTrade[] = [];
  rows.forEach((row, i) => {
    const probability = probabilities[i] ?? Number.NaN;
    const value = probability * assumptions.target - (1 - probability) * assumptions.stop - cost;
    const symbol = dataset.symbol[row] ?? 0;
    const entryTime = dataset.time[row] ?? Number.NaN;
    if (!(value >= assumptions.margin) || entryTime < (freeFrom.get(symbol) ?? 0)) return;
    for (let k = open.length - 1; k >= 0; k--) if ((open[k]?.exitTime ?? 0) <= entryTime) open.splice(k, 1);
    const share = Math.min(size, GROSS_CAP - open.reduce((sum, trade) => sum + trade.share, 0));
    if (share <= 0.01) return;
    const exitTime = dataset.endTime[row] ?? Number.NaN;
    const trade = { row, symbol, entryTime, exitTime, share, netReturn: (dataset.grossReturn[row] ?? Number.NaN) - cost };
    trades.push(trade);
    open.push(trade);
    freeFrom.set(symbol, exitTime + (dataset.outcome[row] === OUTCOME.stop ? REST_HOURS * HOUR_MS : 0));
  });
  return trades;
};

export interface TradeSummary {
  readonly trades: number;
  readonly winRate: number | null;
  /** Mean return a trade after costs, on the amount invested. */
  readonly meanReturn: number | null;
  readonly profitFactor: number | null;
  /** Growth of equity over the whole span. */
  readonly totalReturn: number;
  readonly maxDrawdown: number;
  /** Of daily returns, days without a trade included, annualised with 365 days. */
  readonly sharpe: number | null;
  /** Probability that the true Sharpe ratio is above zero. */
  readonly probabilisticSharpe: number | null;
}

/** Below this number of trades a figure would only be noise. */
const LEAST_TRADES = 20;
const DAYS_A_YEAR = 365;

export const summariseTrades = (trades: readonly PolicyTrade[], from: EpochMs, to: EpochMs): TradeSummary => {
  const returns = dailyReturns(trades, from, to);
  const enough = trades.length >= LEAST_TRADES;
  const won = trades.filter((trade) => trade.netReturn > 0);
  const gains = won.reduce((sum, trade) => sum + trade.netReturn * trade.share, 0);
  const losses = trades.reduce((sum, trade) => sum - Math.min(0, trade.netReturn) * trade.share, 0);
  const moments = momentsOf(returns);
  const { totalReturn, maxDrawdown } = growth(returns);
  return {
    trades: trades.length,
    winRate: enough ? won.length / trades.length : null,
    meanReturn: enough ? trades.reduce((sum, trade) => sum + trade.netReturn, 0) / trades.length : null,
    profitFactor: enough && losses > 0 ? gains / losses : null,
    totalReturn,
    maxDrawdown,
    sharpe: enough ? sharpeRatio(moments) * Math.sqrt(DAYS_A_YEAR) : null,
    probabilisticSharpe: enough ? probabilisticSharpe(moments, 0) : null,
  };
};

/** Return on equity of each UTC day in [from, to), booked on the day a trade ends. */
export const dailyReturns = (trades: readonly PolicyTrade[], from: EpochMs, to: EpochMs): Float64Array => {
  const first = Math.floor(from / DAY_MS);
  const returns = new Float64Array(Math.max(1, Math.ceil(to / DAY_MS) - first));
  for (const trade of trades) {
    const day = Math.min(returns.length - 1, Math.max(0, Math.floor(trade.exitTime / DAY_MS) - first));
    returns[day] = (returns[day] ?? 0) + trade.netReturn * trade.share;
  }
  return returns;
};

export const growth = (returns: ArrayLike<number>): { totalReturn: number; maxDrawdown: number } => {
  let [equity, peak, maxDrawdown] = [1, 1, 0];
  for (let i = 0; i < returns.length; i++) {
    equity *= 1 + (returns[i] ?? 0);
    peak = Math.max(peak, equity);
    maxDrawdown = Math.max(maxDrawdown, 1 - equity / peak);
  }
  return { totalReturn: equity - 1, maxDrawdown };
};
