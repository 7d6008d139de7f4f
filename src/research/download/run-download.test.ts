import { describe, expect, it } from 'vitest';
import { columnsFromCandles, type CandleColumns } from '../../core/features/candle-columns.ts';
import type { Candle } from '../../core/market/candle.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import type { CandleStore } from '../../ports/candle-store.ts';
import type { MarketData } from '../../ports/market-data.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { findGaps } from './gaps.ts';
import { runDownload, runExport, runImport, type DownloadTools } from './run-download.ts';

const SYMBOL = 'BTC/USDT';
const FROM = Date.UTC(2018, 1, 1);
const PAGE = 50;

/** A store in memory. */
const memoryStore = (): CandleStore & { readonly held: Map<SymbolName, Map<EpochMs, Candle>> } => {
  const held = new Map<SymbolName, Map<EpochMs, Candle>>();
  const sorted = (symbol: SymbolName): Candle[] =>
    [...(held.get(symbol)?.values() ?? [])].sort((a, b) => a.openTime - b.openTime);
  return {
    held,
    symbols: () => [...held.keys()],
    range: (symbol) => {
      const candles = sorted(symbol);
      const [first, last] = [candles[0], candles.at(-1)];
      return first === undefined || last === undefined ? null : { first: first.openTime, last: last.openTime };
    },
    put: (symbol, candles) => {
      const own = held.get(symbol) ?? new Map<EpochMs, Candle>();
      const before = own.size;
      for (const candle of candles) own.set(candle.openTime, candle);
      held.set(symbol, own);
      return own.size - before;
    },
    series: (symbol) => columnsFromCandles(sorted(symbol)),
    close: () => undefined,
  };
};

type Market = Pick<MarketData, 'closedCandles'>;
const marketOf = (candles: readonly Candle[]): Market & { readonly asked: EpochMs[] } => {
  const asked: EpochMs[] = [];
  return {
    asked,
    closedCandles: (_, from, now) => {
      asked.push(from);
      return Promise.resolve({
        ok: true,
        value: candles.filter((candle) => candle.openTime >= from && candle.openTime + HOUR_MS <= now).slice(0, PAGE),
      });
    },
  };
};
const failing = (
  market: Market,
  times: number,
  kind: 'unreachable' | 'refused' | 'rate-limited' = 'unreachable',
): Market => {
  let left = times;
  return {
    closedCandles: (symbol, from, now) =>
      left-- > 0
        ? Promise.resolve({
            ok: false,
            error: { kind, code: '503', message: 'no answer', retryAfter: kind === 'rate-limited' ? 7000 : null },
          })
        : market.closedCandles(symbol, from, now),
  };
};

const listen = () => {
  const [out, err, shares, waits]: [string[], string[], number[], number[]] = [[], [], [], []];
  return {
    out,
    err,
    shares,
    waits,
    io: {
      out: (line: string) => out.push(line),
      err: (line: string) => err.push(line),
      progress: (share: number) => shares.push(share),
    },
  };
};
const toolsOf = (store: CandleStore, market: Market, hours: number, waits: number[] = []): DownloadTools => ({
  store,
  market,
  clock: {
    marketNow: () => FROM + hours * HOUR_MS + 5,
    monotonicNow: () => 0,
    sleep: (span) => (waits.push(span), Promise.resolve()),
  },
});
const all = generateCandles({ seed: 2, symbol: SYMBOL, from: FROM, hours: 400 });
/** The exchange's outage of February 2018 is inside the first 400 hours. */
const outage = Date.UTC(2018, 1, 8, 1);
const withOutage = all.filter((candle) => candle.openTime < outage || candle.openTime >= outage + 33 * HOUR_MS);

describe('download', () => {
  it('fetches page by page up to the last closed candle, with rising progress', async () => {
    const store = memoryStore();
    const { out, err, shares, io } = listen();
    expect(
      await runDownload({ symbols: [SYMBOL], from: FROM + 7 }, toolsOf(store, marketOf(withOutage), 399), io),
    ).toBe(0);
    expect(store.series(SYMBOL)).toEqual(columnsFromCandles(withOutage.slice(0, -1)));
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    expect(out).toEqual([
      expect.stringMatching(/366 candles added; held from 2018-02-01T00:00:00\.000Z/),
      'BTC/USDT: no unexplained gap; 1 known outages (33 h)',
    ]);
    expect(err).toEqual([]);
  });

  it('fails for a market or a time that the exchange has no candles of', async () => {
    const store = memoryStore();
    const { out, err, io } = listen();
    expect(await runDownload({ symbols: [SYMBOL], from: FROM }, toolsOf(store, marketOf([]), 400), io)).toBe(1);
    expect([out, err]).toEqual([[], ['BTC/USDT: the exchange has no candles from 2018-02-01T00:00:00.000Z on']]);
  });

  it('goes on where it stopped, and fetches what lies before when asked for more', async () => {
    const store = memoryStore();
    store.put(SYMBOL, withOutage.slice(100, 300));
    const market = marketOf(withOutage);
    expect(await runDownload({ symbols: [SYMBOL], from: FROM }, toolsOf(store, market, 400), listen().io)).toBe(0);
    expect(store.series(SYMBOL).length).toBe(withOutage.length);
    expect(
      market.asked.filter((from) => from > (withOutage[100]?.openTime ?? 0) && from < (withOutage[299]?.openTime ?? 0)),
    ).toEqual([]);
    const again = marketOf(withOutage);
    await runDownload({ symbols: [SYMBOL], from: FROM }, toolsOf(store, again, 400), listen().io);
    expect(again.asked).toEqual([]);
  });

  it('reads the newest candle again: a clock that was fast had taken it while it was forming', async () => {
    const store = memoryStore();
    const forming = all
      .slice(0, 50)
      .map((candle, i) => (i === 49 ? { ...candle, close: candle.open, volume: candle.volume / 2 } : candle));
    expect(
      await runDownload({ symbols: [SYMBOL], from: FROM }, toolsOf(store, marketOf(forming), 50), listen().io),
    ).toBe(0);
    const later = listen();
    expect(await runDownload({ symbols: [SYMBOL], from: FROM }, toolsOf(store, marketOf(all), 60), later.io)).toBe(0);
    expect(store.series(SYMBOL)).toEqual(columnsFromCandles(all.slice(0, 60)));
    expect(later.out[0]).toMatch(/10 candles added/);
  });

  it('asks again for a hole that no outage explains, and fails when it stays', async () => {
    const holed = withOutage.filter((_, i) => i !== 60 && i !== 61);
    const store = memoryStore();
    const stubborn = listen();
    expect(
      await runDownload({ symbols: [SYMBOL], from: FROM }, toolsOf(store, marketOf(holed), 400), stubborn.io),
    ).toBe(1);
    expect(stubborn.out.at(-1)).toMatch(/1 unexplained gaps \(2 h\), the first at 2018-02-03T12h for 2 h/);
    expect(
      await runDownload({ symbols: [SYMBOL], from: FROM }, toolsOf(store, marketOf(withOutage), 400), listen().io),
    ).toBe(0);
    expect(store.series(SYMBOL).length).toBe(withOutage.length);
  });

  it('waits longer each time while the exchange does not answer, and as long as it is told', async () => {
    const waits: number[] = [];
    const heard = listen();
    expect(
      await runDownload(
        { symbols: [SYMBOL], from: FROM },
        toolsOf(memoryStore(), failing(marketOf(withOutage), 3), 400, waits),
        heard.io,
      ),
    ).toBe(0);
    expect(waits).toEqual([2000, 4000, 8000]);
    // Whoever waits in front of it is told why.
    expect(heard.err).toEqual(
      [2, 4, 8].map(
        (seconds, index) =>
          `candles of BTC/USDT from 2018-02-01T00:00:00.000Z: no answer; trying again in ${seconds} s (${index + 2} of 6)`,
      ),
    );
    const told: number[] = [];
    await runDownload(
      { symbols: [SYMBOL], from: FROM },
      toolsOf(memoryStore(), failing(marketOf(withOutage), 4, 'rate-limited'), 400, told),
      listen().io,
    );
    expect(told).toEqual([7000, 7000, 8000, 16_000]);
  });

  it('gives up in one line, at once for a refusal, and keeps what it has', async () => {
    const store = memoryStore();
    store.put(SYMBOL, withOutage.slice(0, 50));
    for (const [market, tries] of [
      [failing(marketOf([]), 100), 5],
      [failing(marketOf([]), 100, 'refused'), 0],
    ] as const) {
      const waits: number[] = [];
      const { err, io } = listen();
      expect(await runDownload({ symbols: [SYMBOL], from: FROM }, toolsOf(store, market, 400, waits), io)).toBe(1);
      expect(waits).toHaveLength(tries);
      expect(err.slice(tries)).toEqual([
        expect.stringMatching(/no answer; what was fetched is kept, start the download again to go on/),
      ]);
    }
    expect(store.series(SYMBOL).length).toBe(50);
  });
});

describe('gaps', () => {
  it('are outages only when every missing hour is a known one', () => {
    const longer = all.filter((candle) => candle.openTime < outage || candle.openTime >= outage + 34 * HOUR_MS);
    expect(findGaps(columnsFromCandles(withOutage))).toEqual([{ from: outage, hours: 33, outage: true }]);
    expect(findGaps(columnsFromCandles(longer))).toEqual([{ from: outage, hours: 34, outage: false }]);
  });
});

describe('import and export', () => {
  it('carry a series into the store and out of it', async () => {
    const store = memoryStore();
    const written: [string, CandleColumns][] = [];
    const tools = {
      store: () => store,
      readCandles: () => Promise.resolve(columnsFromCandles(all)),
      writeCandles: (path: string, columns: CandleColumns) => (written.push([path, columns]), Promise.resolve()),
    };
    const { out, io } = listen();
    expect(await runImport({ symbol: SYMBOL, path: 'a.csv' }, tools, io)).toBe(0);
    expect(await runExport({ symbol: SYMBOL, path: 'b.parquet' }, tools, io)).toBe(0);
    expect(written).toEqual([['b.parquet', columnsFromCandles(all)]]);
    expect(out[0]).toMatch(/400 of 400 candles of a\.csv were new/);
  });

  it('refuse what they can not use, in one line', async () => {
    const { err, io } = listen();
    const store = memoryStore();
    const none = (): never => expect.fail('no store is made for a file that is at fault');
    const writeCandles = (): Promise<void> => Promise.resolve();
    expect(
      await runImport(
        { symbol: SYMBOL, path: 'x' },
        { store: none, writeCandles, readCandles: () => Promise.reject(new Error('x, line 3: bad')) },
        io,
      ),
    ).toBe(2);
    expect(
      await runImport(
        { symbol: SYMBOL, path: 'x' },
        {
          store: none,
          writeCandles,
          readCandles: () => Promise.resolve({ ...columnsFromCandles(all), complete: false }),
        },
        io,
      ),
    ).toBe(2);
    expect(
      await runExport(
        { symbol: SYMBOL, path: 'x' },
        { store: () => store, writeCandles, readCandles: () => Promise.reject(new Error()) },
        io,
      ),
    ).toBe(2);
    expect(err).toEqual([
      'x, line 3: bad',
      expect.stringMatching(/the candles of x have only six columns/),
      expect.stringMatching(/no candles of BTC\/USDT to export/),
    ]);
  });
});
