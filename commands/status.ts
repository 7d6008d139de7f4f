import type { Reply, ReplyBlock } from '../src/ports/chat.ts';
import type { StatusView } from '../src/ports/operator.ts';
import { span } from '../src/core/words.ts';
import { none } from './support/arguments.ts';
import { defineCommand } from './support/command.ts';
import {
  baseOf,
  cut,
  money,
  percent,
  price,
  signedMoney,
  signedPercent,
  UNKNOWN,
  type Times,
} from './support/format.ts';
import {
  dayText,
  equityGap,
  lockLines,
  STARTING_REPLY,
  stateLine,
  stopText,
  unsellableBlocks,
} from './support/views.ts';

/** The strictest lock is named in full; /locks has the rest. */
const others = ({ locks }: StatusView): readonly string[] =>
  locks.length < 2 ? [] : [`${locks.length} locks in all: ${locks.map(({ id }) => id).join(', ')}`];

/** What bars entries of a symbol or two under a bot that is active as a whole. */
const barred = ({ why, entryBars, locks }: StatusView): readonly string[] =>
  why === null
    ? [
        ...entryBars.map(({ why: cause, symbols }) => `${cause}: no entries in ${symbols.join(', ')}.`),
        ...(locks.length === 0 ? [] : ['/locks has more.']),
      ]
    : [];

const overview = (status: StatusView, quote: string, times: Times): ReplyBlock => ({
  kind: 'fields',
  rows: [
    ['Equity', status.equity === null ? UNKNOWN : `${money(status.equity)} ${quote}`],
    ['Today', dayText(status.dayPnl, status.dayPnlFraction)],
    ...(status.dayRebased === true ? [['', 'since /unlock rebased it'] as const] : []),
    ['', `limit -${percent(status.maxDailyDrawdown)}`],
    ['Drawdown', `${percent(status.drawdownFraction)} of ${percent(status.maxTotalDrawdown)}`],
    ['Losses', `${status.lossStreak} in a row, limit ${status.maxConsecutiveLosses}`],
    ['Next', `${times.time(status.nextDecisionAt)} (in ${span(status.nextDecisionAt - status.marketNow)})`],
  ],
});

const positions = (status: StatusView): ReplyBlock => {
  if (status.positions.length === 0) return { kind: 'text', lines: ['No position.'] };
  return {
    kind: 'fields',
    rows: status.positions.flatMap((position): (readonly [string, string])[] => [
      [baseOf(position.symbol), `${signedMoney(position.unrealised)}  ${signedPercent(position.unrealisedFraction)}`],
      ['  stop', stopText(position)],
      ...(position.closing === null ? [] : [['  closing', cut(position.closing, 24)] as const]),
    ]),
  };
};

/** The engine knows no zone and names moments in UTC; between times of the operator's zone one is read as such. */
const inZone = (text: string, times: Times): string =>
  text.replace(/\b(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC\b/g, (_, day: string, time: string) =>
    times.stamp(Date.parse(`${day}T${time}Z`)),
  );

const markets = (status: StatusView, times: Times): ReplyBlock => ({
  kind: 'text',
  lines: status.symbols.flatMap((symbol) => [
    `${baseOf(symbol.symbol)} ${price(symbol.lastPrice)}, ${symbol.priceAgeMs === null ? 'no price yet' : `${span(symbol.priceAgeMs)} old`}`,
    ...(symbol.lastDecision === null
      ? []
      : [`   ${times.time(symbol.lastDecision.at)} ${cut(inZone(symbol.lastDecision.text, times), 120)}`]),
  ]),
});

/** Before the first start of new books there are no figures; a /pause that was taken meanwhile is there. */
const starting = ({ locks }: StatusView, times: Times): Reply => ({
  title: STARTING_REPLY.title,
  blocks: [
    ...STARTING_REPLY.blocks,
    ...(locks.length === 0 ? [] : [{ kind: 'text' as const, lines: locks.flatMap((lock) => lockLines(lock, times)) }]),
  ],
  buttons: [[{ label: '↻ Refresh', command: '/status', inPlace: true }]],
});

export const status = defineCommand({
  name: 'status',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'State, equity, positions, next decision',
  example: '/status',
  parse: none,
  run: ({ service, times }) => {
    const view = service.status();
    if (view.symbols.length === 0) return starting(view, times);
    return {
      title: `${stateLine(view)} · ${view.mode}`,
      blocks: [
        ...(view.why === null
          ? []
          : [
              {
                kind: 'text' as const,
                lines: [cut(view.why.reason, 300), `Clears: ${view.why.clearing}.`, ...others(view)],
              },
            ]),
        ...(barred(view).length === 0 ? [] : [{ kind: 'text' as const, lines: barred(view) }]),
        overview(view, service.balance().quoteAsset, times),
        ...equityGap(view),
        positions(view),
        ...view.positions.flatMap(unsellableBlocks),
        markets(view, times),
        { kind: 'text', lines: [`${times.zoned(view.marketNow)} · up ${span(view.wallNow - view.startedAt)}`] },
      ],
      buttons: [
        [
          { label: '↻ Refresh', command: '/status', inPlace: true },
          { label: 'PnL', command: '/pnl', inPlace: false },
          { label: 'Locks', command: '/locks', inPlace: false },
        ],
      ],
    };
  },
});
