import { expect, test } from 'vitest';
import { toNumber } from '../../core/decimal.ts';
import { columnsFromCandles, type CandleColumns } from '../../core/features/candle-columns.ts';
import { HOUR_MS, hourStart } from '../../core/units.ts';
import { generateCandles } from '../../sim/generator/candles.ts';
import { BTC, ETH, FROM, options, PLAIN, START } from '../backtest/fixture.test-helper.ts';
import { runBacktest } from '../backtest/run-backtest.ts';
import { withoutGuardian } from '../backtest/unguarded.ts';
import { buildDataset } from '../dataset/build-dataset.ts';
import { roundTripCost, tradePolicy } from './policy-trades.ts';

const HOURS = 5_000;
const SEED = 44;
const SYMBOLS = [BTC, ETH];

/** Six hours' momentum as a probability that turns round quickly. */
const answersTo = ({ close }: CandleColumns): Float32Array =>
  Float32Array.from(close, (now, row) =>
    row < 24 ? Number.NaN : Math.min(0.9, Math.max(0.1, 0.4 + 15 * (now / (close[row - 6] ?? Number.NaN) - 1))),
  );

test('the trades of the validation are those that the whole system makes without its Guardian: entries, exits, reversals among them, and results', {
  timeout: 60_000,
}, () => {
  const series = new Map(
    SYMBOLS.map((symbol) => [
      symbol,
      columnsFromCandles(generateCandles({ seed: SEED, symbol, from: START, hours: HOURS })),
    ]),
  );
  const barriers = { stop: 0.015, target: 0.03, horizonHours: 24, entrySlippage: 0 };
  const dataset = buildDataset(series, SYMBOLS, barriers);
  const rows = Int32Array.from(dataset.time.keys()).filter((row) => (dataset.time[row] ?? 0) >= FROM);
  // An answer only where there is a row: the model has none where the features are not known.
  const answers = new Map(
    [...series].map(([symbol, columns]) => [
      symbol,
      { all: answersTo(columns), given: new Float32Array(HOURS).fill(Number.NaN) },
    ]),
  );
  const probabilities = Float64Array.from(rows, (row) => {
    const own = answers.get(SYMBOLS[dataset.symbol[row] ?? 0] ?? '');
    const candle = ((dataset.time[row] ?? 0) - START) / HOUR_MS - 1;
    const answer = own?.all[candle] ?? Number.NaN;
    own?.given.fill(answer, candle, candle + 1);
    return answer;
  });
  const validated = tradePolicy(dataset, rows, probabilities, { ...barriers, margin: 0.001, costFactor: 1 });
  const predictions = new Map([...answers].map(([symbol, { given }]) => [symbol, given]));
  const markets = [...series].map(([symbol, hourly]) => ({ symbol, hourly, finer: [] }));
  const { trades } = runBacktest(
    options(markets, predictions, {
      assumptions: PLAIN,
      from: FROM,
      to: START + HOURS * HOUR_MS,
      applyTo: withoutGuardian,
    }),
  );

  expect(validated.filter(({ reversed }) => reversed).length).toBeGreaterThan(20);
  // The hour at whose end the label is known, as the bot's exit comes somewhere in it; a reversal's is that of the
  // price after the answer.
  const told = validated.map(
    ({ symbol, entryTime, exitTime, reversed }) =>
      `${SYMBOLS[symbol] ?? ''} ${entryTime} to ${reversed ? exitTime : exitTime - HOUR_MS}${reversed ? ' model reversal' : ''}`,
  );
  const made = trades.map(({ symbol, openedAt, closedAt, exitReason }) => {
    // The horizon ends with an hour; the bot sees it at the first price of the next.
    const exit = hourStart(closedAt) - (exitReason === 'horizon' ? HOUR_MS : 0);
    return `${symbol} ${hourStart(openedAt)} to ${exit}${exitReason === 'model reversal' ? ' model reversal' : ''}`;
  });
  expect(told.toSorted()).toEqual(made.toSorted());
  const gross = (values: readonly number[]): number => values.reduce((product, value) => product * (1 + value), 1);
  const ends = gross(trades.map(({ entryPrice, exitPrice }) => toNumber(exitPrice) / toNumber(entryPrice) - 1));
  expect(gross(validated.map(({ netReturn }) => netReturn + roundTripCost(1))) / ends).toBeCloseTo(1, 2);
});
