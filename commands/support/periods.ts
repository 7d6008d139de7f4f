import { counted } from '../../src/core/words.ts';
import type { Reply } from '../../src/ports/chat.ts';
import type { OperatorTools, PeriodKind, PeriodView } from '../../src/ports/operator-tools.ts';
import { count } from './arguments.ts';
import { defineToolCommand, type Command } from './command.ts';
import { signedMoney, signedPercent } from './format.ts';

/** Periods are UTC days, weeks from Monday, and months: they are named by their UTC start. */
const nameOf = (kind: PeriodKind, { from }: PeriodView): string => {
  const start = new Date(from).toISOString();
  return kind === 'month' ? start.slice(0, 7) : start.slice(2, 10);
};

const table = (kind: PeriodKind, periods: readonly PeriodView[]): Reply['blocks'][number] => ({
  kind: 'table',
  head: ['UTC', 'PnL', '%', 'Trd'],
  align: ['left', 'right', 'right', 'right'],
  rows: periods.map((period) => [
    nameOf(kind, period),
    signedMoney(period.pnl),
    signedPercent(period.pnlFraction, 1).replace(' %', ''),
    String(period.trades),
  ]),
});

const total = (periods: readonly PeriodView[]): number | null => {
  let sum = 0;
  for (const { pnl } of periods) {
    if (pnl === null) return null;
    sum += pnl;
  }
  return sum;
};

const report = (tools: OperatorTools, quote: string, kind: PeriodKind, wanted: number, word: string): Reply => {
  const periods = tools.periods(kind, wanted);
  if (periods.length === 0) return { title: `No ${kind} to show yet`, blocks: [] };
  return {
    title: `${word}: ${signedMoney(total(periods))} in ${counted(periods.length, kind)}`,
    blocks: [
      table(kind, periods),
      { kind: 'text', lines: [`Change of equity in ${quote}, unrealised included, net of fees and deposits.`] },
    ],
    buttons: [
      [
        { label: 'Daily', command: '/daily', inPlace: true },
        { label: 'Weekly', command: '/weekly', inPlace: true },
        { label: 'Monthly', command: '/monthly', inPlace: true },
      ],
    ],
  };
};

/** /daily, /weekly and /monthly are one view of one report. */
export const definePeriodCommand = (name: string, kind: PeriodKind, usual: number, most: number): Command =>
  defineToolCommand({
    name,
    role: 'viewer',
    effect: 'read',
    usage: '[n]',
    description: `Profit and loss by ${kind}`,
    example: `/${name} ${usual}`,
    parse: count(usual, 1, most),
    run: ({ service }, tools, wanted) =>
      report(tools, service.balance().quoteAsset, kind, wanted, `${name.charAt(0).toUpperCase()}${name.slice(1)}`),
  });
