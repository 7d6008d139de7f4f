import { counted } from '../src/core/words.ts';
import type { ReplyButton } from '../src/ports/chat.ts';
import { page, type Page } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import { baseOf, cut, signedMoney, signedPercent } from './support/format.ts';

const pager = ({ size, page: current }: Page, total: number): readonly (readonly ReplyButton[])[] => {
  const pages = Math.max(1, Math.ceil(total / size));
  const row = [
    ...(current > 1 ? [{ label: '‹ Newer', command: `/trades ${size} ${current - 1}`, inPlace: true }] : []),
    ...(current < pages ? [{ label: 'Older ›', command: `/trades ${size} ${current + 1}`, inPlace: true }] : []),
  ];
  return row.length === 0 ? [] : [row];
};

/**
 * Reasons in a narrow column: of a rule, of a person, of each lock that can close positions. What is not here is cut.
 */
const SHORT_REASONS: readonly (readonly [prefix: string, short: string])[] = [
  ['take-profit', 'target'],
  ['model reversal', 'model'],
  ['flatten by', 'by hand'],
  ['daily drawdown', 'daily DD'],
  ['total drawdown', 'total DD'],
  ['stop not filled', 'stop'],
  ['unprotected', 'no stop'],
  ['kill-switch', 'losses'],
  ['minimum balance', 'balance'],
  ['volatility', 'volatile'],
  ['stale data', 'stale'],
  ['reconciliation', 'books'],
  ['clock skew', 'clock'],
  ['execution', 'orders'],
  ['model drift', 'drift'],
  ['crash loop', 'crashes'],
  ['nobody reachable', 'silence'],
  ['not listed', 'unlisted'],
  ['start gate', 'gate'],
  ['paused by', '/pause'],
  ['halted by', '/halt'],
];

const reasonOf = (exitReason: string): string =>
  SHORT_REASONS.find(([prefix]) => exitReason.toLowerCase().startsWith(prefix))?.[1] ?? cut(exitReason, 8);

export const trades = defineCommand({
  name: 'trades',
  role: 'viewer',
  effect: 'read',
  usage: '[n]',
  description: 'Closed trades, newest first',
  example: '/trades 20',
  parse: page(10, 50),
  run: ({ service, times }, wanted) => {
    const { total, trades: rows } = service.trades(wanted.size, (wanted.page - 1) * wanted.size);
    if (rows.length === 0)
      return { title: total === 0 ? 'No closed trade yet' : `Only ${counted(total, 'trade')}`, blocks: [] };
    const first = (wanted.page - 1) * wanted.size + 1;
    return {
      title: `Trades ${first} to ${first + rows.length - 1} of ${total}`,
      blocks: [
        {
          kind: 'table',
          head: ['Closed', 'Sym', 'PnL', '%', 'Why'],
          align: ['left', 'left', 'right', 'right', 'left'],
          rows: rows.map((trade) => [
            times.day(trade.closedAt),
            cut(baseOf(trade.symbol), 4),
            signedMoney(trade.pnl),
            signedPercent(trade.pnlFraction, 1).replace(' %', ''),
            reasonOf(trade.exitReason),
          ]),
        },
        { kind: 'text', lines: [`PnL in ${service.balance().quoteAsset}, net of all fees. Days are ${times.zone}.`] },
      ],
      buttons: pager(wanted, total),
    };
  },
});
