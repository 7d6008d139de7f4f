import { tightenByForming, updateVolatility } from '../guardian/volatility.ts';
import { hourStart } from '../units.ts';
import type { CandleInput, HistoryInput, QuotesInput } from './input.ts';
import { dataIsFresh, freshnessRule, grossExposure, markEquity } from './marking.ts';
import { symbolOf, type SymbolState } from './state.ts';
import type { Turn } from './turn.ts';

export const onHistory = (turn: Turn, input: HistoryInput): void => {
  const symbol = symbolOf(turn.state, input.symbol);
  for (const [openTime, , high, low, close] of input.candles) {
    if (symbol.newestCandleOpen !== null && openTime <= symbol.newestCandleOpen) continue;
    updateVolatility(symbol.volatility, { high, low, close }, turn.config.limits.maxAtrPercentile);
    symbol.newestCandleOpen = openTime;
  }
};

/** A late, repeated or reordered candle changes nothing. */
export const onCandle = (turn: Turn, input: CandleInput): void => {
  const symbol = symbolOf(turn.state, input.symbol);
  const { candle } = input;
  if (symbol.newestCandleOpen !== null && candle.openTime <= symbol.newestCandleOpen) return;
  updateVolatility(symbol.volatility, candle, turn.config.limits.maxAtrPercentile);
  symbol.newestCandleOpen = candle.openTime;
};

export const onQuotes = (turn: Turn, input: QuotesInput): void => {
  const { state } = turn;
  const rule = freshnessRule(state);
  for (const quote of input.quotes) {
    if (!(quote.last > 0 && quote.bid > 0 && quote.ask > 0)) continue;
    if (state.config?.feeAsset !== null && quote.symbol === `${state.config?.feeAsset}/${state.config?.quoteAsset}`) {
      state.feeCoinPrice = quote.last;
    }
    const symbol = state.symbols[quote.symbol];
    if (symbol === undefined) continue;
    if (symbol.priceAt !== null && quote.at < symbol.priceAt) continue;
    symbol.last = quote.last;
    symbol.bid = quote.bid;
    symbol.ask = quote.ask;
    symbol.priceAt = quote.at;
    symbol.priceWall = turn.wall;
    watchForming(symbol, quote.last, turn);
    symbol.freshPolls = dataIsFresh(symbol, turn.at, turn.wall, rule) ? symbol.freshPolls + 1 : 0;
    watchTarget(symbol);
  }
};

/** The hour under way counts for tightening only. */
const watchForming = (symbol: SymbolState, last: number, turn: Turn): void => {
  const hour = hourStart(turn.at);
  const { forming } = symbol;
  if (forming.hour !== hour) symbol.forming = { hour, high: last, low: last };
  else {
    if (last > forming.high) forming.high = last;
    if (last < forming.low) forming.low = last;
  }
  tightenByForming(symbol.volatility, symbol.forming.high, symbol.forming.low, last);
};

/** The target counts at the bid: that is what a sale fetches. */
const watchTarget = (symbol: SymbolState): void => {
  const managed = symbol.managed;
  if (managed !== null && managed.targetPrice !== null && managed.phase !== 'entering' && symbol.bid >= managed.targetPrice) {
    managed.exitReason ??= 'take-profit';
  }
};

/** One equity point for each market hour, at its first moment with a known equity. */
export const recordEquity = (turn: Turn): void => {
  const { state } = turn;
  const hour = hourStart(turn.at);
  if (state.equityHour === hour) return;
  const { value } = markEquity(state, turn.at, turn.wall);
  if (value === null) return;
  state.equityHour = hour;
  turn.effects.push({ type: 'equity', at: turn.at, equity: value, cash: state.cashNumber ?? 0, exposure: grossExposure(state) });
};
