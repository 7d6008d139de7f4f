import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { writeCandleFile } from '../adapters/candles/candle-files.ts';
import { columnsFromCandles, type CandleColumns } from '../core/features/candle-columns.ts';
import { generateCandles } from '../sim/generator/candles.ts';
import { recordedMarket } from './backtest-market.ts';

const BTC = 'BTC/USDT';
const ETH = 'ETH/USDT';
const START = Date.UTC(2024, 0, 1);
const of = (symbol: string, hours = 48): CandleColumns =>
  columnsFromCandles(generateCandles({ seed: 1, symbol, from: START, hours }));

const folder = (files: Readonly<Record<string, CandleColumns>>): string => {
  const directory = mkdtempSync(join(tmpdir(), 'guardian-market-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, columns] of Object.entries(files)) writeCandleFile(join(directory, name), columns);
  return directory;
};

describe('recorded candles of a backtest', () => {
  test('six columns are refused: without volumes no feature is known, and nothing would be traded', () => {
    const short = { ...of(BTC), complete: false };
    expect(() => recordedMarket(folder({ 'BTCUSDT-1h.csv': short }), [BTC])).toThrow(
      /BTC\/USDT .* six columns; the features need all ten/,
    );
    // The context symbol is in every feature row, whether or not it is traded.
    expect(() => recordedMarket(folder({ 'BTCUSDT-1h.csv': short, 'ETHUSDT-1h.csv': of(ETH) }), [ETH])).toThrow(
      /BTC\/USDT .* six columns/,
    );
    expect(recordedMarket(folder({ 'BTCUSDT-1h.csv': of(BTC) }), [BTC]).to).toBe(START + 48 * 3_600_000);
  });

  test('two files of one market are refused: one of them would be left out without a word', () => {
    const directory = folder({ 'BTCUSDT-1h.csv': of(BTC, 72), 'BTCUSDT-1h.csv.gz': of(BTC) });
    expect(() => recordedMarket(directory, [BTC])).toThrow(/BTCUSDT-1h\.csv and BTCUSDT-1h\.csv\.gz .* remove one/);
    // Of finer candles, too, as soon as one is read: an order of events must not hang on the order of names.
    const { series } = recordedMarket(
      folder({ 'BTCUSDT-1h.csv': of(BTC), 'BTCUSDT-15m.csv': of(BTC), 'BTCUSDT-15m.csv.gz': of(BTC) }),
      [BTC],
    );
    expect(() => series[0]?.finer[0]?.columns).toThrow(/BTCUSDT-15m\.csv and BTCUSDT-15m\.csv\.gz/);
  });
});
