import type { Quote } from '../core/market/quote.ts';
import { MINUTE_MS, type EpochMs, type Milliseconds, type SymbolName } from '../core/units.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { MarketData } from '../ports/market-data.ts';
import type { EngineHost } from './engine-host.ts';
import { unanswered } from './unanswered.ts';

/** When not one number of any price has moved for this long (market time), the source is taken to stand still. */
const FROZEN_AFTER: Milliseconds = 5 * MINUTE_MS;

/**
 * Reads the prices of what is traded, of what is held of former runs, and of the fee coin, and tells the engine.
 * @returns one look; it resolves to false when no answer came: then there is none to other questions either, and each
 * would hold up the loop for its whole time limit
 */
export const createPricePoll = (options: {
  readonly host: EngineHost;
  readonly marketData: Pick<MarketData, 'quotes'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly symbols: readonly SymbolName[];
}): (() => Promise<boolean>) => {
  const { host, marketData, clock, log, symbols } = options;
  /**
   * The prices last seen, with the market time at which they came and at which they were first seen unmoved: a source
   * may stand still and answer all the same.
   */
  const seen = new Map<SymbolName, { readonly quote: Quote; readonly at: EpochMs; readonly unmoved: EpochMs | null }>();

  /**
   * What the engine calls now: where the clock was set back it is ahead, and would leave out prices that are dated
   * before it.
   */
  const present = (): EpochMs => Math.max(clock.marketNow(), host.state.at);

  /** Markets that are traded no more, but listed, in which there is a position. */
  const pastSymbols = (): readonly SymbolName[] =>
    Object.values(host.state.symbols).flatMap(({ symbol, managed, unlisted }) =>
      managed === null || unlisted || symbols.includes(symbol) ? [] : [symbol],
    );

  /** Their prices are asked for one by one: one that has left the exchange must not blind the others. */
  const pollPast = async (past: readonly SymbolName[]): Promise<readonly Quote[]> => {
    const quotes: Quote[] = [];
    for (const symbol of past) {
      const read = await marketData.quotes([symbol], present());
      if (read.ok) quotes.push(...read.value);
      else
        log.warn(
          { symbol, code: read.error.code, why: read.error.message },
          'the price of a position could not be read',
        );
    }
    return quotes;
  };

  /**
   * Prices that stand still keep the time at which they last moved, so that they grow stale. One look alone does not
   * show it: where a step of the market is longer than that, as in the demo, an hour that opens at the last close looks
   * the same.
   */
  const dated = (quote: Quote): Quote => {
    const before = seen.get(quote.symbol);
    const same =
      before !== undefined &&
      before.quote.last === quote.last &&
      before.quote.bid === quote.bid &&
      before.quote.ask === quote.ask;
    if (!same) seen.set(quote.symbol, { quote, at: quote.at, unmoved: null });
    else if (before.unmoved === null && quote.at > before.at) seen.set(quote.symbol, { ...before, unmoved: quote.at });
    const frozen = same && quote.at - before.at > FROZEN_AFTER && before.unmoved !== null && quote.at > before.unmoved;
    return frozen ? { ...quote, at: before.at } : quote;
  };

  return async () => {
    const { feeSymbol } = host.state;
    const read = await marketData.quotes(feeSymbol === null ? symbols : [...symbols, feeSymbol], present());
    if (!read.ok) log.warn({ code: read.error.code, why: read.error.message }, 'prices could not be read');
    const past = pastSymbols();
    // That the only one asked for has left the exchange is no answer for the others.
    if (!read.ok && (read.error.kind !== 'unlisted' || past.length === 0)) {
      host.apply({ type: 'timer' });
      return !unanswered(read);
    }
    const own = read.ok ? read.value : [];
    const quotes = past.length === 0 ? own : [...own, ...(await pollPast(past))];
    host.apply({ type: 'quotes', quotes: quotes.map(dated) });
    return true;
  };
};
