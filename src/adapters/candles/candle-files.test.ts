import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { candleAt, columnsFromCandles } from '../../core/features/candle-columns.ts';
import { candleFault } from '../../core/market/candle.ts';
import { HOUR_MS } from '../../core/units.ts';
import { openCandleFolder, readCandleFile, symbolOfMarketId, writeCandleFile } from './candle-files.ts';
import { CANDLE_FILE_HEADER, CandleFileError } from './parse-candles.ts';

const folder = mkdtempSync(join(tmpdir(), 'candles-'));
afterAll(() => rmSync(folder, { recursive: true }));

const T0 = Date.UTC(2024, 0, 1);
const ROW = `${T0},100.5,110,99.25,105,12.5,1300.125,42,6.25,650`;
const NEXT = `${T0 + HOUR_MS},105,106,104,105.5,1,105,3,0.5,52.5`;
let files = 0;
const file = (content: string, name = `X${files++}-1h.csv`): string => {
  const path = join(folder, name);
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(content) : content);
  return path;
};
const table = (...rows: string[]): string => `${[CANDLE_FILE_HEADER, ...rows].join('\n')}\n`;
const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(CandleFileError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};

describe('reading a candle file', () => {
  it('reads plain and gzip, with and without a last newline, and Windows line ends', () => {
    const plain = readCandleFile(file(table(ROW, NEXT)));
    expect(plain.length).toBe(2);
    expect(plain.complete).toBe(true);
    expect(candleAt(plain, 0)).toEqual({
      openTime: T0,
      open: 100.5,
      high: 110,
      low: 99.25,
      close: 105,
      volume: 12.5,
      quoteVolume: 1300.125,
      trades: 42,
      takerBuyBase: 6.25,
      takerBuyQuote: 650,
    });
    expect(readCandleFile(file(table(ROW, NEXT), 'A-1h.csv.gz'))).toEqual(plain);
    expect(readCandleFile(file(table(ROW, NEXT).trimEnd()))).toEqual(plain);
    expect(readCandleFile(file(table(ROW, NEXT).replaceAll('\n', '\r\n')))).toEqual(plain);
  });

  it('marks the columns a six-column file lacks as unknown, not as zero', () => {
    const columns = readCandleFile(file(`timestamp_ms,open,high,low,close,volume\n${T0 + 60_000},1,2,1,2,3\n`), '1m');
    expect(columns.complete).toBe(false);
    expect(columns.volume[0]).toBe(3);
    expect(columns.trades[0]).toBeNaN();
    expect(candleFault(candleAt(columns, 0))).not.toBeNull();
  });

  it('reads numbers to the last bit, as Number() does', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e12, noNaN: true }),
        fc.integer({ min: 0, max: 12 }),
        (value, places) => {
          const price = value.toFixed(places);
          if (Number(price) === 0) return;
          const columns = readCandleFile(
            file(table(`${T0},${price},${price},${price},${price},${value},1e-7,1,0,0`), 'bits-1h.csv'),
          );
          expect(columns.open[0]).toBe(Number(price));
          expect(columns.volume[0]).toBe(value);
          expect(columns.quoteVolume[0]).toBe(1e-7);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    ['a foreign header', 'time,o,h,l,c,v\n', /line 1: the header is "time,o,h,l,c,v"; it should be/],
    ['no rows', table(), /line 2: there is no candle/],
    ['a short row', table(ROW, '1,2,3'), /line 3: the row "1,2,3" has 3 columns; it should have 10/],
    ['a long row', table(`${ROW},7`), /line 2: the row .* has 11 columns; it should have 10/],
    ['a word', table(ROW.replace('42', 'many')), /line 2: trades is "many"; it should be a number of at least zero/],
    ['an empty field', table(ROW.replace('42', '')), /line 2: trades is ""; it should be a number/],
    ['a negative number', table(ROW.replace('12.5', '-12.5')), /line 2: volume is "-12.5"/],
    ['a blank line inside', table(ROW, '', NEXT), /line 3: the row "" has 1 columns/],
    ['unsorted rows', table(NEXT, ROW), /line 3: timestamp_ms \d+ follows \d+; rows should be sorted by time/],
    ['a repeated row', table(ROW, ROW), /line 3: timestamp_ms \d+ is there twice/],
    [
      'a time off the hour',
      table(ROW.replace(String(T0), String(T0 + 1))),
      /line 2: timestamp_ms is \d+; it should be a multiple of 3600000/,
    ],
    [
      'a time in microseconds',
      table(ROW.replace(String(T0), `${T0}000`)),
      /line 2: timestamp_ms is 1704067200000000, beyond the year 2100; it should be in milliseconds, not in microseconds/,
    ],
    ['a price of zero', table(ROW.replace('99.25', '0')), /line 2: a price is zero/],
    ['a high below the open', table(ROW.replace('110', '100')), /line 2: high 100 and low 99.25 should enclose/],
    [
      'more bought than traded',
      table(ROW.replace('6.25', '62.5')),
      /line 2: taker_buy_base 62.5 should not be above volume 12.5/,
    ],
  ])('refuses %s with one line that names file, line, value and remedy', (_, content, expected) => {
    const path = file(content);
    const message = messageOf(() => readCandleFile(path));
    expect(message).toMatch(expected);
    expect(message.startsWith(path)).toBe(true);
    expect(message).not.toContain('\n');
  });

  it('refuses a missing and a damaged file', () => {
    expect(messageOf(() => readCandleFile(join(folder, 'none.csv')))).toMatch(/none\.csv can't be read \(ENOENT\)/);
    const whole = gzipSync(table(ROW));
    const path = join(folder, 'cut-1h.csv.gz');
    writeFileSync(path, whole.subarray(0, whole.length - 12));
    expect(messageOf(() => readCandleFile(path))).toMatch(/is not a sound gzip file/);
  });

  it('refuses a small file that unpacks to more than any market has, before it is unpacked', () => {
    // Members one after the other are one file.
    const megabyte = gzipSync(Buffer.alloc(1e6, '0'));
    const path = join(folder, 'bomb-1h.csv.gz');
    writeFileSync(path, Buffer.concat(Array.from({ length: 60 }, () => megabyte)));
    expect(messageOf(() => readCandleFile(path))).toBe(
      `${path} unpacks to more than 44 MB, and twenty years of 1h candles take less; it should hold candles of one market alone`,
    );
    // So much is not too much of minutes: what is in it is looked at.
    expect(messageOf(() => readCandleFile(path, '1m'))).toMatch(/line 1/);
  });

  it('writes what it reads back unchanged', () => {
    const columns = columnsFromCandles([candleAt(readCandleFile(file(table(ROW))), 0)]);
    for (const name of ['round-1h.csv', 'round-1h.csv.gz']) {
      writeCandleFile(join(folder, name), columns);
      expect(readCandleFile(join(folder, name))).toEqual(columns);
    }
  });
});

describe('a folder of candles', () => {
  const directory = mkdtempSync(join(folder, 'market-'));
  writeFileSync(join(directory, 'BTCUSDT-1h.csv.gz'), gzipSync(table(ROW, NEXT)));
  writeFileSync(join(directory, 'ETHUSDT-1h.csv'), table(ROW));
  writeFileSync(join(directory, 'README.md'), 'not candles');

  it('finds symbols by file name and answers ranges', () => {
    const candles = openCandleFolder(directory);
    expect(candles.symbols).toEqual(['BTC/USDT', 'ETH/USDT']);
    expect(candles.candles('BTC/USDT', T0 + 1, T0 + 2 * HOUR_MS).map((candle) => candle.close)).toEqual([105.5]);
    expect(candles.endOf(['BTC/USDT'])).toBe(T0 + 2 * HOUR_MS);
    expect(candles.endOf(['BTC/USDT', 'ETH/USDT'])).toBe(T0 + HOUR_MS);
    expect(candles.series('BTC/USDT')).toBe(candles.series('BTC/USDT'));
  });

  it('says what it lacks', () => {
    expect(messageOf(() => openCandleFolder(join(folder, 'nowhere')))).toMatch(/does not exist/);
    expect(messageOf(() => openCandleFolder(join(directory, 'README.md')))).toMatch(
      /README\.md can't be read \(ENOTDIR\); it should be a folder that holds files such as BTCUSDT-1h\.csv\.gz/,
    );
    expect(messageOf(() => openCandleFolder(directory, '15m'))).toMatch(/has no file such as BTCUSDT-15m\.csv\.gz/);
    expect(messageOf(() => openCandleFolder(directory).series('SOL/USDT'))).toMatch(
      /has no 1h candles of SOL\/USDT; it has BTC\/USDT, ETH\/USDT/,
    );
  });

  it('splits market ids', () => {
    expect(symbolOfMarketId('BTCUSDT')).toBe('BTC/USDT');
    expect(symbolOfMarketId('ETHBTC')).toBe('ETH/BTC');
    expect(symbolOfMarketId('USDT')).toBeNull();
  });
});

const market = process.env['MARKET_DATA_DIR'];
describe.skipIf(market === undefined)('real candles (needs MARKET_DATA_DIR)', () => {
  it('reads 65,590 hours of BTC', () => {
    const columns = readCandleFile(join(market ?? '', 'BTCUSDT-1h.csv.gz'));
    expect(columns.length).toBe(65_590);
    expect(columns.open[0]).toBe(13_715.65);
    expect(columns.takerBuyQuote[65_589]).toBe(13_853_522.7911957);
  });
});
