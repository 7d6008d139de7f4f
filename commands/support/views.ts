import type { Reply, ReplyBlock } from '../../src/ports/chat.ts';
import type { LockView, PositionView, StatusView, TradingState } from '../../src/ports/operator.ts';
import { span, STARTING } from '../../src/core/words.ts';
import { MINUTE_MS, type Milliseconds, type SymbolName } from '../../src/core/units.ts';
import {
  baseOf,
  cut,
  money,
  percent,
  price,
  quantity,
  signedMoney,
  signedPercent,
  UNKNOWN,
  type Times,
} from './format.ts';

/** Parts that several commands show alike. */
export const STATE_SIGN: Readonly<Record<TradingState, string>> = { active: '🟢', reducing: '🟡', halted: '🔴' };
const STATE_WORD: Readonly<Record<TradingState, string>> = {
  active: 'Active',
  reducing: 'Reducing: exits only',
  halted: 'Halted: exits only',
};

/** How it stands, in one line. A green "Active" over a bot that may enter nowhere would mislead. */
export const stateLine = ({ state, mayEnter }: Pick<StatusView, 'state' | 'mayEnter'>): string =>
  state === 'active' && !mayEnter
    ? `${STATE_SIGN.reducing} Active, but no entry now`
    : `${STATE_SIGN[state]} ${STATE_WORD[state]}`;

/** What is said before the first start of new books. */
export const STARTING_REPLY = {
  title: STARTING.title,
  blocks: [{ kind: 'text', lines: [`${STARTING.why}; /logs says for what. /pause and /halt are taken already.`] }],
} as const satisfies Reply;

/**
 * "59,221.10 (-1.5 %)", or that there is none on the exchange: then its distance is none, and both would not fit one
 * line.
 */
export const stopText = (position: PositionView): string => {
  if (position.stopPrice === null) return 'NO STOP';
  if (!position.stopWorking) return `${price(position.stopPrice)} NOT CONFIRMED`;
  const distance =
    position.lastPrice === null ? '' : ` (${signedPercent(position.stopPrice / position.lastPrice - 1, 1)})`;
  return `${price(position.stopPrice)}${distance}`;
};

/** What the exchange would not let anybody sell now; nothing while it would. */
export const unsellableBlocks = ({ symbol, unsellable }: PositionView): readonly ReplyBlock[] =>
  unsellable === undefined
    ? []
    : [{ kind: 'text', lines: [`${baseOf(symbol)} cannot be sold now: ${unsellable}. Its stop stays.`] }];

/** Ages of the prices that nobody may take for the present ones: what is reckoned with them has to say so. */
export const stalePrices = ({ locks, symbols }: StatusView): ReadonlyMap<SymbolName, Milliseconds> => {
  const held = new Set(locks.flatMap(({ kind, symbol }) => (kind === 'stale-data' ? (symbol ?? []) : [])));
  return new Map(
    symbols.flatMap(({ symbol, priceAgeMs }) =>
      held.has(symbol) && priceAgeMs !== null && priceAgeMs >= MINUTE_MS ? [[symbol, priceAgeMs] as const] : [],
    ),
  );
};

/** Why equity is not known, beside figures that are; nothing while it is. */
export const equityGap = ({ equity, equityUnknown }: StatusView): readonly ReplyBlock[] =>
  equity === null
    ? [
        {
          kind: 'text',
          lines: [
            `Equity is unknown: ${equityUnknown ?? 'no reason given'}. Values are those of the last prices known.`,
          ],
        },
      ]
    : [];

export const positionBlocks = (
  position: PositionView,
  times: Times,
  marketNow: number | null,
  priceAge: Milliseconds | null,
): readonly ReplyBlock[] => [
  {
    kind: 'text',
    lines: [`${position.symbol}  ${signedMoney(position.unrealised)} (${signedPercent(position.unrealisedFraction)})`],
  },
  {
    kind: 'fields',
    rows: [
      ['Size', `${quantity(position.quantity)} ${baseOf(position.symbol)}`],
      ['Entry', price(position.entryPrice)],
      ['Last', price(position.lastPrice)],
      ...(priceAge === null ? [] : [['', `${span(priceAge)} old`] as const]),
      ['Stop', stopText(position)],
      ['Target', price(position.targetPrice)],
      ...(position.closing === null ? [] : [['Closing', cut(position.closing, 26)] as const]),
      ['Opened', times.stamp(position.openedAt)],
      ...(marketNow === null ? [] : [['Held', span(marketNow - position.openedAt)] as const]),
      ['Closes by', times.stamp(position.horizonAt)],
    ],
  },
  ...unsellableBlocks(position),
];

export const lockLines = (lock: LockView, times: Times): readonly string[] => [
  `${STATE_SIGN[lock.state]} ${lock.id}${lock.policy === 'flatten' ? ' (flattens)' : ''}`,
  `   ${cut(lock.reason, 160)}`,
  `   since ${times.zoned(lock.since)}; clears: ${lock.clearing}`,
];

export const dayText = (pnl: number | null, fraction: number | null): string =>
  pnl === null ? UNKNOWN : `${signedMoney(pnl)}  ${signedPercent(fraction)}`;

export const limitText = (
  value: number | null,
  limit: number,
  unit: 'fraction' | 'quote' | 'count' | 'seconds',
  quote: string,
): string => {
  switch (unit) {
    case 'fraction':
      return `${percent(value)} of ${percent(limit)}`;
    case 'quote':
      return value === null
        ? `${UNKNOWN}, at least ${money(limit)} ${quote}`
        : `${money(value)} ${quote}, at least ${money(limit)}`;
    case 'count':
      return `${value ?? UNKNOWN} of ${limit}`;
    case 'seconds':
      return `${value === null ? UNKNOWN : Math.round(value)} of ${limit} s`;
  }
};
