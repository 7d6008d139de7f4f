import { tightenByForming, updateVolatility } from '../guardian/volatility.ts';
import { isStale } from '../guardian/data-locks.ts';
import type { Quote } from '../market/quote.ts';
import { HOUR_MS, hourStart, type EpochMs, type Fraction } from '../units.ts';
import type { CandleInput, HistoryInput, QuotesInput } from './input.ts';
import { borneOut, disbelieved, equityOf, grossExposure } from './marking.ts';
import { symbolOf, type EngineState, type SymbolState } from './state.ts';
import { emit, type Turn } from './turn.ts';

/** Whether these can be the prices of a candle. */
export const isCandle = (high: number, low: number, close: number): boolean =>
  low > 0 && low <= close && close <= high && high < Number.POSITIVE_INFINITY;

/**
 * Takes a closed candle into the limits. One that is late, repeated, not
 * closed yet or no candle at all changes nothing: a date in the future would
 * look fresh for ever.
 */
const take = (turn: Turn, symbol: SymbolState, openTime: EpochMs, high: number, low: number, close: number): void => {
  if (symbol.newestCandleOpen !== null && openTime <= symbol.newestCandleOpen) return;
  if (openTime % HOUR_MS !== 0 || openTime + HOUR_MS > turn.at || !isCandle(high, low, close)) return;
  updateVolatility(symbol.volatility, high, low, close, turn.config.limits.maxAtrPercentile);
  symbol.newestCandleOpen = openTime;
};

/** Warms the volatility lock up with past candles. @throws for a symbol that is not configured */
export const onHistory = (turn: Turn, input: HistoryInput): void => {
  const symbol = symbolOf(turn.state, input.symbol);
  for (const [openTime, , high, low, close] of input.candles) take(turn, symbol, openTime, high, low, close);
};

/** Takes the candle that has just closed. @throws for a symbol that is not configured */
export const onCandle = (turn: Turn, input: CandleInput): void => {
  const { openTime, high, low, close } = input.candle;
  take(turn, symbolOf(turn.state, input.symbol), openTime, high, low, close);
};

/** Not a price: zero, negative, infinite, not a number. */
const isPrice = (value: number): boolean => value > 0 && value < Number.POSITIVE_INFINITY;

/**
 * Takes one poll of prices. A quote that is none, or is older than the one held, is left out; unknown symbols as well.
 */
export const onQuotes = (turn: Turn, input: QuotesInput): void => {
  const { state } = turn;
  const rule = state.freshness;
  for (const quote of input.quotes) {
    if (!isPrice(quote.last) || !isPrice(quote.bid) || !isPrice(quote.ask)) continue;
    // A stamp from the future would look fresh for longer than it is.
    const at = Math.min(quote.at, turn.at);
    if (quote.symbol === state.feeSymbol) takeFeeCoin(state, quote.last, at, turn.wall);
    const symbol = state.symbols[quote.symbol];
    if (symbol === undefined || !(symbol.priceAt === null || at >= symbol.priceAt)) continue;
    believe(symbol, quote);
    symbol.last = quote.last;
    symbol.bid = quote.bid;
    symbol.ask = quote.ask;
    // A price that stands still is no younger for having been read again, on either clock.
    if (symbol.priceAt === null || at > symbol.priceAt) symbol.priceWall = turn.wall;
    symbol.priceAt = at;
    watchForming(symbol, quote.last, at);
    symbol.freshPolls = isStale(symbol, turn.at, turn.wall, rule) ? 0 : symbol.freshPolls + 1;
    watchTarget(symbol);
  }
};

/**
 * A price further than this from the one before it, as a fraction, counts for baselines only once the next price is
 * near it.
 */
const WILD_MOVE: Fraction = 0.05;

/**
 * Decides how much of a new price the baselines believe. A price that lifts a baseline lifts, for good, every limit
 * measured from it: once a single wild price is over, it would look like a drawdown, lock and close positions. So
 * baselines take the price as far as the order book bears it out, and a leap only at the second reading, like every
 * difference that is acted upon. Whatever tightens takes each price at once.
 */
const believe = (symbol: SymbolState, { last, bid, ask }: Quote): void => {
  if (!leaps(symbol.last, last)) symbol.believed = borneOut(last, bid, ask);
};

/** Whether a price is so far from the one before it that a second one has to confirm it. */
export const leaps = (before: number, price: number): boolean => before > 0 && Math.abs(price / before - 1) > WILD_MOVE;

/**
 * A new price of the coin that pays fees. No order depends on it, so a leap is not used at all before a second reading
 * confirms it.
 */
const takeFeeCoin = (state: EngineState, price: number, at: EpochMs, wall: EpochMs): void => {
  if (at < state.feeCoinAt) return;
  const wild = leaps(state.feeCoinSeen, price);
  state.feeCoinSeen = price;
  if (wild) return;
  if (state.feeCoinPrice === null || at > state.feeCoinAt) state.feeCoinWall = wall;
  state.feeCoinPrice = price;
  state.feeCoinAt = at;
};

/** The hour that a price belongs to counts for tightening only. */
const watchForming = (symbol: SymbolState, last: number, at: EpochMs): void => {
  const { forming } = symbol;
  const hour = hourStart(at);
  if (forming.hour !== hour) {
    forming.hour = hour;
    forming.high = last;
    forming.low = last;
  } else {
    if (last > forming.high) forming.high = last;
    if (last < forming.low) forming.low = last;
  }
  tightenByForming(symbol.volatility, forming.high, forming.low, last);
};

/** The target counts at the bid: that is what a sale fetches. */
const watchTarget = (symbol: SymbolState): void => {
  const managed = symbol.managed;
  if (managed !== null && managed.targetPrice !== null && symbol.bid >= managed.targetPrice) {
    managed.exitReason ??= 'take-profit';
  }
};

/** One equity point for each market hour, at its first moment with a known equity. */
export const recordEquity = (turn: Turn): void => {
  const { state } = turn;
  if (state.equityHour !== null && turn.at < state.equityHour + HOUR_MS) return;
  const value = equityOf(state, turn.at, turn.wall, state.freshness);
  if (value === null) return;
  state.equityHour = hourStart(turn.at);
  emit(turn, {
    type: 'equity',
    at: turn.at,
    equity: value - disbelieved(state),
    cash: state.cashNumber ?? 0,
    exposure: grossExposure(state),
  });
};
