import { candleFault, type Candle } from '../../core/market/candle.ts';
import type { Instrument } from '../../core/market/instrument.ts';
import type { Quote } from '../../core/market/quote.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import type { Log } from '../../ports/log.ts';
import type { MarketData } from '../../ports/market-data.ts';
import type { Read } from '../../ports/venue.ts';
import {
  bookTickersAnswer,
  checkAnswer,
  exchangeInfoAnswer,
  klinesAnswer,
  malformed,
  tickerPricesAnswer,
  type Kline,
  type SymbolInfo,
} from './answers.ts';
import type { Client } from './client.ts';
import { exchangeId, toInstrument } from './instruments.ts';

const PAGE = 1_000;

const listed = (symbols: readonly SymbolName[]): string => JSON.stringify(symbols.map(exchangeId));

/** An empty list asks the exchange for every symbol that it has. */
const NOTHING = Promise.resolve<Read<readonly never[]>>({ ok: true, value: [] });

/** Public market data through the client. */
export const createMarketData = (client: Client, log: Log): MarketData => ({
  instruments: (symbols) => (symbols.length === 0 ? NOTHING : readInstruments(client, symbols)),
  closedCandles: async (symbol, from, now) => {
    const answer = await client.call('klines', {
      symbol: exchangeId(symbol),
      interval: '1h',
      startTime: from,
      limit: PAGE,
    });
    const klines = checkAnswer(`candles of ${symbol}`, klinesAnswer, answer);
    return klines.ok ? toClosedCandles(symbol, klines.value, from, now) : klines;
  },
  quotes: async (symbols, now) => {
    if (symbols.length === 0) return NOTHING;
    const together = await readQuotes(client, log, symbols, now);
    if (together.ok || together.error.kind !== 'unlisted' || symbols.length === 1) return together;
    // The exchange refuses them all for one that it has taken off its list, which must not blind the others.
    const quotes: Quote[] = [];
    for (const symbol of symbols) {
      const alone = await readQuotes(client, log, [symbol], now);
      if (alone.ok) quotes.push(...alone.value);
      else if (alone.error.kind === 'unlisted')
        log.warn({ symbol }, 'the exchange does not list the symbol any more: no price');
      else return alone;
    }
    return { ok: true, value: quotes };
  },
});

const readQuotes = async (
  client: Client,
  log: Log,
  symbols: readonly SymbolName[],
  now: EpochMs,
): Promise<Read<readonly Quote[]>> => {
  const parameters = { symbols: listed(symbols) };
  const [book, last] = await Promise.all([
    client.call('bookTicker', parameters),
    client.call('tickerPrice', parameters),
  ]);
  const books = checkAnswer('best prices', bookTickersAnswer, book);
  if (!books.ok) return books;
  const lasts = checkAnswer('last prices', tickerPricesAnswer, last);
  if (!lasts.ok) return lasts;
  const bookOf = new Map(books.value.map((item) => [item.symbol, item]));
  const lastOf = new Map(lasts.value.map((item) => [item.symbol, item.price]));
  return {
    ok: true,
    value: symbols.flatMap((symbol) =>
      toQuote(symbol, bookOf.get(exchangeId(symbol)), lastOf.get(exchangeId(symbol)), now, log),
    ),
  };
};

/**
 * The prices of one symbol, or none: a symbol without sound prices goes stale on its own and does not blind the others.
 */
const toQuote = (
  symbol: SymbolName,
  book: { readonly bidPrice: number; readonly askPrice: number } | undefined,
  last: number | undefined,
  at: EpochMs,
  log: Log,
): readonly Quote[] => {
  if (book !== undefined && last !== undefined && book.bidPrice > 0 && last > 0 && book.askPrice >= book.bidPrice) {
    return [{ symbol, last, bid: book.bidPrice, ask: book.askPrice, at }];
  }
  log.warn(
    { symbol, bid: book?.bidPrice ?? null, ask: book?.askPrice ?? null, last: last ?? null },
    'no sound price: left out',
  );
  return [];
};

const toCandle = (kline: Kline): Candle => ({
  openTime: kline[0],
  open: kline[1],
  high: kline[2],
  low: kline[3],
  close: kline[4],
  volume: kline[5],
  quoteVolume: kline[7],
  trades: kline[8],
  takerBuyBase: kline[9],
  takerBuyQuote: kline[10],
});

/**
 * Keeps what is closed at `now`. One unsound or misplaced candle spoils the page: a gap must not look like an answer.
 */
const toClosedCandles = (
  symbol: SymbolName,
  klines: readonly Kline[],
  from: EpochMs,
  now: EpochMs,
): Read<readonly Candle[]> => {
  const candles: Candle[] = [];
  let previous = from - 1;
  for (const kline of klines) {
    const candle = toCandle(kline);
    const fault = candle.openTime > previous ? candleFault(candle) : 'is out of order';
    if (fault !== null) return malformed(`candle of ${symbol} at ${new Date(candle.openTime).toISOString()}: ${fault}`);
    previous = candle.openTime;
    if (candle.openTime + HOUR_MS <= now) candles.push(candle);
  }
  return { ok: true, value: candles };
};

const askInfo = async (client: Client, symbols: readonly SymbolName[]): Promise<Read<readonly SymbolInfo[]>> => {
  const info = checkAnswer(
    'exchange information',
    exchangeInfoAnswer,
    await client.call('exchangeInfo', { symbols: listed(symbols) }),
  );
  if (!info.ok) return info;
  const weight = info.value.rateLimits?.find(
    (limit) => limit.rateLimitType === 'REQUEST_WEIGHT' && limit.interval === 'MINUTE' && limit.intervalNum === 1,
  );
  if (weight !== undefined) client.budget.setLimit(weight.limit);
  return { ok: true, value: info.value.symbols };
};

const notListed = (symbol: SymbolName): Read<never> => ({
  ok: false,
  error: {
    kind: 'unlisted',
    code: '-1121',
    message: `the exchange does not list ${symbol}; change SYMBOLS`,
    retryAfter: null,
  },
});

const readInstruments = async (
  client: Client,
  symbols: readonly SymbolName[],
): Promise<Read<readonly Instrument[]>> => {
  const info = await askInfo(client, symbols);
  if (!info.ok) {
    if (info.error.kind !== 'unlisted') return info;
    const culprit = symbols.length === 1 ? symbols[0] : await firstUnlisted(client, symbols);
    return culprit === undefined ? info : notListed(culprit);
  }
  const byId = new Map(info.value.map((item) => [item.symbol, item]));
  const instruments: Instrument[] = [];
  for (const symbol of symbols) {
    const found = byId.get(exchangeId(symbol));
    if (found === undefined) return notListed(symbol);
    const instrument = toInstrument(symbol, found);
    if (!instrument.ok) return instrument;
    instruments.push(instrument.value);
  }
  return { ok: true, value: instruments };
};

/** The exchange says that one of several symbols is invalid and not which. */
const firstUnlisted = async (client: Client, symbols: readonly SymbolName[]): Promise<SymbolName | undefined> => {
  for (const symbol of symbols) {
    const info = await askInfo(client, [symbol]);
    if (!info.ok && info.error.kind === 'unlisted') return symbol;
  }
  return undefined;
};
