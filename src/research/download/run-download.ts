import type { CandleColumns } from '../../core/features/candle-columns.ts';
import { candleAt } from '../../core/features/candle-columns.ts';
import type { Candle } from '../../core/market/candle.ts';
import { HOUR_MS, hourStart, type EpochMs, type Milliseconds, type SymbolName } from '../../core/units.ts';
import type { CandleStore } from '../../ports/candle-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MarketData } from '../../ports/market-data.ts';
import { withVolumes } from '../dataset/volumes.ts';
import type { ResearchIo } from '../training/io.ts';
import { describeGaps, findGaps } from './gaps.ts';

export interface DownloadOptions {
  readonly symbols: readonly SymbolName[];
  /**
   * Open time of the first candle wanted; taken down to the hour. What is held already is not fetched again, but for
   * the newest.
   */
  readonly from: EpochMs;
}

export interface DownloadTools {
  readonly store: CandleStore;
  readonly market: Pick<MarketData, 'closedCandles'>;
  readonly clock: Pick<Clock, 'marketNow' | 'monotonicNow' | 'sleep'>;
}

/** Tries of one page before the download gives up; it goes on from there when started again. */
const ATTEMPTS = 6;
const FIRST_WAIT: Milliseconds = 2_000;
const LONGEST_WAIT: Milliseconds = 120_000;

/**
 * The body of `download`: fetches history page by page into the store, each page
 * committed before the next is asked for, so that it can be stopped at any time.
 * @returns exit code: 0 complete; 1 the exchange did not answer, has none of a market, or unexplained gaps remain
 */
export const runDownload = async (options: DownloadOptions, tools: DownloadTools, io: ResearchIo): Promise<number> => {
  const now = tools.clock.marketNow();
  const from = hourStart(options.from);
  const begun = tools.clock.monotonicNow();
  let code = 0;
  for (const [index, symbol] of options.symbols.entries()) {
    const report = (share: number): void => {
      const whole = (index + share) / options.symbols.length;
      io.progress(whole, `${symbol}${remaining(whole, tools.clock.monotonicNow() - begun)}`);
    };
    if (!(await fetchSymbol(symbol, from, now, tools, io, report))) return 1;
    if (tools.store.range(symbol) === null) {
      io.err(`${symbol}: the exchange has no candles from ${new Date(from).toISOString()} on`);
      code = 1;
    } else if (!(await closeGaps(symbol, now, tools, io))) code = 1;
  }
  return code;
};

const remaining = (share: number, spent: Milliseconds): string => {
  if (share < 0.01 || share >= 1) return '';
  const minutes = (spent * (1 - share)) / share / 60_000;
  return minutes < 1 ? ', less than a minute left' : `, about ${Math.ceil(minutes)} min left`;
};

/**
 * Fetches what lies before the oldest candle held, then what lies after the newest. The newest is fetched again with
 * what follows it: a clock that was fast has taken it for closed while it was forming.
 */
const fetchSymbol = async (
  symbol: SymbolName,
  from: EpochMs,
  now: EpochMs,
  tools: DownloadTools,
  io: ResearchIo,
  report: (share: number) => void,
): Promise<boolean> => {
  const held = tools.store.range(symbol);
  const spans = held === null ? [{ from, to: now }] : [{ from, to: held.first }];
  if (held !== null && held.last + 2 * HOUR_MS <= now) spans.push({ from: held.last, to: now });
  let added = 0;
  for (const span of spans) {
    const fetched = await fetchSpan(symbol, span, now, tools, io, (at) =>
      report((at - from) / Math.max(1, hourStart(now) - from)),
    );
    if (fetched === null) return false;
    added += fetched;
  }
  const range = tools.store.range(symbol);
  if (range !== null)
    io.out(
      `${symbol}: ${added} candles added; held from ${new Date(range.first).toISOString()} to ${new Date(range.last).toISOString()}`,
    );
  return true;
};

/** Candles that open in [from, to). @returns how many were new, or null when the exchange gave no answer */
const fetchSpan = async (
  symbol: SymbolName,
  span: { readonly from: EpochMs; readonly to: EpochMs },
  now: EpochMs,
  tools: DownloadTools,
  io: ResearchIo,
  report: (at: EpochMs) => void,
): Promise<number | null> => {
  let added = 0;
  let at = span.from;
  while (at + HOUR_MS <= span.to) {
    const page = await fetchPage(symbol, at, now, tools, io);
    if (page === null) return null;
    const wanted = page.filter((candle) => candle.openTime < span.to);
    const last = wanted.at(-1);
    // An empty page: nothing newer is listed. A page beyond the span: the hole up to it stays a hole.
    if (last === undefined) break;
    added += tools.store.put(symbol, wanted);
    at = last.openTime + HOUR_MS;
    report(at);
  }
  return added;
};

const fetchPage = async (
  symbol: SymbolName,
  from: EpochMs,
  now: EpochMs,
  tools: DownloadTools,
  io: ResearchIo,
): Promise<readonly Candle[] | null> => {
  for (let attempt = 1; ; attempt++) {
    const answer = await tools.market.closedCandles(symbol, from, now);
    if (answer.ok) return answer.value;
    const { error } = answer;
    const final =
      error.kind === 'refused' || error.kind === 'unlisted' || error.kind === 'authentication' || attempt >= ATTEMPTS;
    const what = `candles of ${symbol} from ${new Date(from).toISOString()}`;
    if (final) {
      io.err(`${what}: ${error.message}; what was fetched is kept, start the download again to go on`);
      return null;
    }
    // At least as long as it is told, which may be no more than the client's guess, and longer each time all the same.
    const wait = Math.max(error.retryAfter ?? 0, Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)));
    io.err(`${what}: ${error.message}; trying again in ${Math.ceil(wait / 1_000)} s (${attempt + 1} of ${ATTEMPTS})`);
    await tools.clock.sleep(wait);
  }
};

/** Asks once more for every hole that is not a known outage, and says what remains. @returns whether none does */
const closeGaps = async (symbol: SymbolName, now: EpochMs, tools: DownloadTools, io: ResearchIo): Promise<boolean> => {
  for (const gap of findGaps(tools.store.series(symbol)).filter((found) => !found.outage)) {
    const fetched = await fetchSpan(
      symbol,
      { from: gap.from, to: gap.from + gap.hours * HOUR_MS },
      now,
      tools,
      io,
      () => undefined,
    );
    if (fetched === null) return false;
  }
  const gaps = findGaps(tools.store.series(symbol));
  io.out(`${symbol}: ${describeGaps(gaps)}`);
  return gaps.every((gap) => gap.outage);
};

/** What import and export need of the adapters. */
export interface TransferTools {
  /** Opens the store, making it where there is none: asked for once the file is known to be sound. */
  readonly store: () => CandleStore;
  /** CSV (plain or gzip) and Parquet, told by the name's end. @throws Error with a one-line message */
  readonly readCandles: (path: string) => Promise<CandleColumns>;
  readonly writeCandles: (path: string, columns: CandleColumns) => Promise<void>;
}

const IMPORT_BATCH = 10_000;

/** The body of `download --import`: candles of a file into the store. @returns exit code: 0 done, 2 unusable file */
export const runImport = async (
  options: { readonly symbol: SymbolName; readonly path: string },
  tools: TransferTools,
  io: ResearchIo,
): Promise<number> => {
  let columns: CandleColumns;
  try {
    columns = withVolumes(await tools.readCandles(options.path), options.path);
  } catch (error) {
    io.err((error as Error).message);
    return 2;
  }
  const store = tools.store();
  let added = 0;
  for (let first = 0; first < columns.length; first += IMPORT_BATCH) {
    const last = Math.min(columns.length, first + IMPORT_BATCH);
    added += store.put(
      options.symbol,
      Array.from({ length: last - first }, (_, i) => candleAt(columns, first + i)),
    );
    io.progress(last / columns.length, options.symbol);
  }
  io.out(
    `${options.symbol}: ${added} of ${columns.length} candles of ${options.path} were new; ${describeGaps(findGaps(store.series(options.symbol)))}`,
  );
  return 0;
};

/**
 * The body of `download --export`: the held series of a symbol into a file.
 * @returns exit code: 0 done, 2 nothing to export
 */
export const runExport = async (
  options: { readonly symbol: SymbolName; readonly path: string },
  tools: TransferTools,
  io: ResearchIo,
): Promise<number> => {
  const columns = tools.store().series(options.symbol);
  if (columns.length === 0) {
    io.err(`there are no candles of ${options.symbol} to export; download or import them first`);
    return 2;
  }
  await tools.writeCandles(options.path, columns);
  io.out(`${options.symbol}: ${columns.length} candles written to ${options.path}`);
  return 0;
};
