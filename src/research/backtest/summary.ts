import { counted } from '../../core/words.ts';
import type { BacktestStudy } from './study.ts';
import { guardianLines, STOPPED_NOTE } from './guardian-lines.ts';
import { day, figure, interval, minute, money, percent, signedMoney, signedPercent } from './words.ts';

const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
};

/** The study on a terminal, one line after the other. */
export const summaryLines = (study: BacktestStudy): readonly string[] => {
  const { result, guarded, unguarded, hold, resampling } = study;
  const columns = [guarded, unguarded, hold] as const;
  const row = (name: string, write: (of: (typeof columns)[number]) => string): string[] => [
    name,
    ...columns.map(write),
  ];
  const trading = (name: string, write: (of: (typeof columns)[number]) => string): string[] => [
    name,
    ...columns.map((of) => (of === hold ? '' : write(of))),
  ];
  const heads = [['', 'Guardian', 'without', 'buy and hold']];
  const lines = [
    `${study.symbols.join(', ')}  ${day(study.from)} to ${day(study.to)}  model ${study.model === null ? 'none' : `${study.model.name} (${study.model.hash.slice(0, 12)})`}`,
    ...(result.stopped === null
      ? []
      : [
          `STOPPED on ${minute(result.stopped.at)} UTC: ${result.stopped.lock} after the last /unlock of the operator model; ${STOPPED_NOTE}`,
        ]),
    '',
    ...table([
      ...heads,
      row('Final equity, USDT', (of) => money(of.finalEquity)),
      row('Return', (of) => signedPercent(of.totalReturn)),
      row('Maximum drawdown', (of) => percent(of.performance.maxDrawdown)),
      row('Sharpe', (of) => figure(of.performance.sharpe)),
      row('Sortino', (of) => figure(of.performance.sortino)),
      row('Calmar', (of) => figure(of.performance.calmar)),
      trading('Trades', (of) => String(of.performance.trades)),
      trading('Win rate', (of) => percent(of.performance.winRate, 1)),
      trading('Profit factor', (of) => figure(of.performance.profitFactor)),
      trading('Expectancy, USDT', (of) => money(of.performance.expectancy)),
      trading('Longest losing streak', (of) => String(of.performance.longestLossStreak)),
      trading('Time in the market', (of) => percent(of.performance.exposureTime, 1)),
    ]),
    '',
    ...chanceLines(study),
    `Halted ${percent(result.timeLocked.halted, 1)} of the time, no entries at all ${percent(result.timeLocked.noEntries, 1)}; ${counted(result.locks.length, 'lock')}, ${costLine(study)}`,
    ...guardianLines(study),
    ...(result.openPositions.length === 0
      ? []
      : [`Still open: ${result.openPositions.map(({ symbol, quantity }) => `${quantity} ${symbol}`).join(', ')}`]),
    `Fees ${money(result.fees)} USDT; ${counted(result.orders, 'order')}, ${counted(result.fills, 'fill')}, ${counted(result.candles, 'hour')} decided`,
    ...unansweredLines(study),
    ...(resampling.maxDrawdown === null ? ['Too few trades for intervals.'] : []),
    `Order list ${result.orderHash}`,
  ];
  return lines;
};

const chanceLines = ({ resampling, limits }: BacktestStudy): string[] => {
  if (resampling.maxDrawdown === null) return [];
  return [
    `By chance, 90 % of ${resampling.draws} resamplings: mean trade ${interval(resampling.meanTrade, (value) => signedPercent(value))} of equity, return ${interval(resampling.totalReturn, (value) => signedPercent(value, 1))}`,
    `In another order of the same trades: maximum drawdown ${interval(resampling.maxDrawdown, (value) => percent(value, 1))}, beyond the limit of ${percent(limits['maxTotalDrawdown'] ?? null, 0)} in ${percent(resampling.beyondLimit, 1)}`,
  ];
};

/**
 * Hours without an answer look like hours without an opportunity; a long row of them says that the candles do not do.
 */
const unansweredLines = ({ result }: BacktestStudy): string[] => {
  const unanswered = result.decisions['no-prediction'];
  return unanswered === 0
    ? []
    : [
        `The model gave no answer in ${unanswered} of ${result.candles} hours: its features were not known (warm-up, an outage, or no candle of the context symbol)`,
      ];
};

const costLine = ({ guardianCost: { locks } }: BacktestStudy): string =>
  locks <= 0 ? `which saved ${money(-locks)} USDT` : `which cost ${signedMoney(locks)} USDT`;
