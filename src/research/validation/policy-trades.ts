import { outcomeOf } from '../../core/ledger/outcome.ts';
import { SLIPPAGE_ALLOWANCE } from '../../core/risk/sizing.ts';
import { decide, type PolicyTerms } from '../../core/strategy/policy.ts';
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
  /** Bought this fraction above the open, as the labels are. */
  readonly entrySlippage: Fraction;
  /** Least expected value after costs that is traded. */
  readonly margin: Fraction;
  /** Multiplies fees and slippage, charged and reckoned with alike. */
  readonly costFactor: number;
  /** Rows that may be entered; all when absent. What is held is given up at any. */
  readonly mayEnter?: (row: number) => boolean;
}

/** Round trip: fees of both sides and the slippage allowance, as the bot's policy reckons. */
export const roundTripCost = (costFactor: number): Fraction => costFactor * (2 * TAKER_FEE + SLIPPAGE_ALLOWANCE);

/** The terms of the bot's policy, with the fee that brings its round trip to these costs. */
const termsOf = ({ stop, target, margin, costFactor }: PolicyAssumptions): PolicyTerms => ({
  stop,
  target,
  margin,
  takerFee: (roundTripCost(costFactor) - SLIPPAGE_ALLOWANCE) / 2,
});

export interface PolicyTrade {
  readonly row: number;
  readonly symbol: number;
  readonly entryTime: EpochMs;
  readonly exitTime: EpochMs;
  /** Return on the amount invested, after costs. */
  readonly netReturn: number;
  /** Part of equity invested. */
  readonly share: Fraction;
  /** Whether the model turned round before a barrier was met. */
  readonly reversed: boolean;
}

/** A trade as long as the model may still end it. */
type Ongoing = { -readonly [K in keyof PolicyTrade]: PolicyTrade[K] };

/**
 * The trades that the bot's policy makes of given probabilities: its own decisions to
 * enter, to hold and to leave, one position a symbol, a rest after a stop-out, the
 * RiskEngine's size and caps. A position ends at its barrier, as the label does, or at
 * the first price after the hour in which the model turned round. No Guardian: this
 * asks whether the model earns, the backtest asks what the system does.
 * @param rows indices of the dataset in order of time
 * @param probabilities one for each of `rows`
 */
export const tradePolicy = (
  dataset: Dataset,
  rows: Int32Array,
  probabilities: ArrayLike<number>,
  assumptions: PolicyAssumptions,
): PolicyTrade[] => {
  const terms = termsOf(assumptions);
  const cost = roundTripCost(assumptions.costFactor);
  const size = Math.min(RISK_PER_TRADE / (assumptions.stop + cost), SYMBOL_CAP);
  const latest = new Map<number, Ongoing>();
  const trades: PolicyTrade[] = [];
  rows.forEach((row, i) => {
    const symbol = dataset.symbol[row] ?? 0;
    const time = dataset.time[row] ?? Number.NaN;
    const last = latest.get(symbol);
    const held = last !== undefined && time < last.exitTime;
    const wish = decide(probabilities[i] ?? Number.NaN, held, terms);
    if (held && wish === 'leave') {
      const paid = (dataset.nextOpen[last.row] ?? Number.NaN) * (1 + assumptions.entrySlippage);
      Object.assign(last, {
        exitTime: time,
        netReturn: (dataset.nextOpen[row] ?? Number.NaN) / paid - 1 - cost,
        reversed: true,
      } satisfies Partial<Ongoing>);
    }
    if (wish !== 'enter' || time < freeFrom(dataset, last) || assumptions.mayEnter?.(row) === false) return;
    const share = Math.min(size, GROSS_CAP - openShare(latest, time));
    if (share <= 0.01) return;
    const trade: Ongoing = {
      row,
      symbol,
      entryTime: time,
      exitTime: dataset.endTime[row] ?? Number.NaN,
      share,
      netReturn: (dataset.grossReturn[row] ?? Number.NaN) - cost,
      reversed: false,
    };
    trades.push(trade);
    latest.set(symbol, trade);
  });
  return trades;
};

/** From when on the symbol may be entered again. */
const freeFrom = (dataset: Dataset, last: PolicyTrade | undefined): EpochMs => {
  if (last === undefined) return Number.NEGATIVE_INFINITY;
  return last.exitTime + (dataset.outcome[last.row] === OUTCOME.stop && !last.reversed ? REST_HOURS * HOUR_MS : 0);
};

/** Part of equity that is invested: of each symbol the last trade alone can still be open. */
const openShare = (latest: ReadonlyMap<number, PolicyTrade>, time: EpochMs): Fraction => {
  let sum = 0;
  for (const { exitTime, share } of latest.values()) if (exitTime > time) sum += share;
  return sum;
};

export interface TradeSummary {
  readonly trades: number;
  /** Of them ended by the model, before a barrier was met. */
  readonly reversed: number;
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

/** Figures of trades that ended, over [from, to). Below LEAST_TRADES, figures that would be noise are null. */
export const summariseTrades = (trades: readonly PolicyTrade[], from: EpochMs, to: EpochMs): TradeSummary => {
  const returns = dailyReturns(trades, from, to);
  const enough = trades.length >= LEAST_TRADES;
  const won = trades.filter((trade) => outcomeOf(trade.netReturn) === 'win');
  const gains = won.reduce((sum, trade) => sum + trade.netReturn * trade.share, 0);
  const losses = trades.reduce((sum, trade) => sum - Math.min(0, trade.netReturn) * trade.share, 0);
  const moments = momentsOf(returns);
  const { totalReturn, maxDrawdown } = growth(returns);
  return {
    trades: trades.length,
    reversed: trades.filter((trade) => trade.reversed).length,
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

/**
 * Total return and maximum drawdown, as fractions, of an equity that starts at 1 and takes one return after the other.
 */
export const growth = (returns: ArrayLike<number>): { totalReturn: number; maxDrawdown: number } => {
  let [equity, peak, maxDrawdown] = [1, 1, 0];
  for (let i = 0; i < returns.length; i++) {
    equity *= 1 + (returns[i] ?? 0);
    peak = Math.max(peak, equity);
    maxDrawdown = Math.max(maxDrawdown, 1 - equity / peak);
  }
  return { totalReturn: equity - 1, maxDrawdown };
};
