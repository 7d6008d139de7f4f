import type { ReplyBlock } from '../src/ports/chat.ts';
import type { PnlRange, PnlView } from '../src/ports/operator.ts';
import { choice } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import {
  baseOf,
  money,
  percent,
  ratio,
  signedMoney,
  signedPercent,
  statistic,
  UNKNOWN,
  type Times,
} from './support/format.ts';
import { equityGap } from './support/views.ts';

const RANGES: readonly [PnlRange, ...PnlRange[]] = ['today', '7d', '30d', 'all'];
const RANGE_WORDS: Readonly<Record<PnlRange, string>> = {
  today: 'today',
  '7d': 'last 7 days',
  '30d': 'last 30 days',
  all: 'since the start',
};

export const pnlBlocks = (view: PnlView, quote: string): readonly ReplyBlock[] => [
  {
    kind: 'fields',
    rows: [
      ['Equity', view.equity === null ? money(null) : `${money(view.equity)} ${quote}`],
      ['Realised', signedMoney(view.realised)],
      ['Unrealised', signedMoney(view.unrealised)],
      ['Fees paid', money(view.fees)],
      ...(view.deposits === 0 ? [] : [['Deposits', signedMoney(view.deposits)] as const]),
      ['Trades', `${view.trades} (${view.wins} won, ${view.losses} lost)`],
      ['Win rate', statistic(view.winRate, (value) => percent(value, 0))],
      ['Profit f.', statistic(view.profitFactor, ratio)],
      ['Per trade', statistic(view.expectancy, signedMoney)],
      // Of the hours on record: the Guardian measures at each price, so its drawdown may be a little deeper.
      ['Max DD', view.maxDrawdown === null ? UNKNOWN : `${percent(view.maxDrawdown)} (hourly)`],
      ['Sharpe', statistic(view.sharpe, ratio)],
      ['Sortino', statistic(view.sortino, ratio)],
    ],
  },
  ...(view.bySymbol.length === 0
    ? []
    : [
        {
          kind: 'table' as const,
          head: ['Symbol', 'Trades', 'PnL'],
          align: ['left', 'right', 'right'] as const,
          rows: view.bySymbol.map(({ symbol, trades, pnl: result }) => [
            baseOf(symbol),
            String(trades),
            signedMoney(result),
          ]),
        },
      ]),
];

const subtitle = (view: PnlView, times: Times): string => `${times.stamp(view.from)} to ${times.zoned(view.to)}`;

export const pnl = defineCommand({
  name: 'pnl',
  role: 'viewer',
  effect: 'read',
  usage: '[today, 7d, 30d, all]',
  description: 'Profit and loss with fees, and the equity curve',
  example: '/pnl 7d',
  parse: choice<PnlRange>(RANGES),
  run: ({ service, times }, range) => {
    const view = service.pnl(range);
    const quote = service.balance().quoteAsset;
    const change =
      view.startEquity === null || view.equity === null ? null : view.equity - view.deposits - view.startEquity;
    const fraction =
      change === null || view.startEquity === null || view.startEquity === 0 ? null : change / view.startEquity;
    const title = `PnL ${RANGE_WORDS[range]}: ${change === null ? 'unknown' : `${signedMoney(change)} (${signedPercent(fraction)})`}`;
    return {
      title,
      blocks: [
        ...pnlBlocks(view, quote),
        ...equityGap(service.status()),
        { kind: 'text', lines: [subtitle(view, times)] },
      ],
      buttons: [
        RANGES.map((candidate) => ({
          label: candidate === range ? `• ${candidate}` : candidate,
          command: `/pnl ${candidate}`,
          inPlace: true,
        })),
      ],
      ...(view.curve.length < 2
        ? {}
        : {
            picture: {
              kind: 'equity' as const,
              title,
              subtitle: subtitle(view, times),
              quote,
              curve: view.curve,
              timeZone: times.zone,
            },
          }),
    };
  },
});
