import type { Effect } from '../core/engine/effect.ts';
import type { Input, PredictionInput } from '../core/engine/input.ts';
import { FEATURE_NAMES, FEATURE_SCHEMA_HASH } from '../core/features/catalogue.ts';
import type { ApprovedOrder } from '../core/guardian/approved-order.ts';
import type { OrderDraft } from '../core/orders/order.ts';
import { isFinal, type OrderStatus } from '../core/orders/record.ts';
import type { EpochMs, SymbolName } from '../core/units.ts';
import type { JournalStore } from '../ports/store.ts';
import { readCheck, stepWords } from './check-words.ts';

/** An effect as it is recorded: exact decimals as text, an approved order as its draft. */
type Recorded<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends bigint
    ? string
    : T extends ApprovedOrder
      ? Recorded<OrderDraft>
      : T extends readonly (infer Item)[]
        ? readonly Recorded<Item>[]
        : T extends object
          ? { readonly [K in keyof T]: Recorded<T[K]> }
          : never;
type Of<Type extends Effect['type']> = Recorded<Extract<Effect, { type: Type }>>;
type Order = Recorded<OrderDraft>;

interface Decided {
  readonly sequence: number;
  readonly input: PredictionInput;
  readonly decision: Of<'decision'>;
  /** Names of the input's features, as far as this program knows the model's catalogue. */
  readonly names: readonly string[] | null;
}

/** An entry order with everything that belongs to its position. */
interface Story {
  readonly symbol: SymbolName;
  readonly entryId: string | null;
  readonly decided: Decided | null;
  readonly orders: {
    readonly sequence: number;
    readonly cause: Input['type'];
    readonly at: EpochMs;
    readonly order: Order;
  }[];
  readonly lines: { readonly at: EpochMs; readonly sequence: number; readonly id: string; readonly text: string }[];
  readonly fills: Of<'fill'>[];
  /** Newest status of each order that the venue has said something of. */
  readonly status: Map<string, OrderStatus>;
  trade: Of<'trade'> | null;
}

/**
 * Why an order was made and what became of it, as lines for a terminal: the
 * decision with features, prediction, sizing and every check, then the order's
 * history, fills and trade. A stop or an exit is told with the entry it
 * belongs to. Null when the journal has no such order.
 * @param schemaHash catalogue of the model that is in force before the first entry; null = none, or not known
 */
export const explain = (
  store: Pick<JournalStore, 'entriesAfter'>,
  clientOrderId: string,
  schemaHash: string | null = null,
): readonly string[] | null => {
  const story = findStory(store, clientOrderId, namesOf(schemaHash));
  return story === null ? null : tell(story, clientOrderId);
};

const namesOf = (schemaHash: string | null | undefined): readonly string[] | null =>
  schemaHash === FEATURE_SCHEMA_HASH ? FEATURE_NAMES : null;

const findStory = (
  store: Pick<JournalStore, 'entriesAfter'>,
  clientOrderId: string,
  known: readonly string[] | null,
): Story | null => {
  const current = new Map<SymbolName, Story>();
  let found: Story | null = null;
  let names = known;
  for (const { sequence, input, effects } of store.entriesAfter(0)) {
    if (input.type === 'started') names = namesOf(input.config.model?.schemaHash);
    if (effects === '[]') continue;
    const recorded = JSON.parse(effects) as readonly Recorded<Effect>[];
    for (const effect of recorded) {
      if (!('symbol' in effect) && effect.type !== 'place') continue;
      if (effect.type === 'place' && effect.order.purpose === 'entry') {
        if (found !== null && found.symbol === effect.order.symbol) return found;
        current.set(
          effect.order.symbol,
          newStory(effect.order, decidedBy(sequence, input, recorded, effect.order.clientOrderId, names)),
        );
      }
      const story = note(current, effect, sequence, input);
      if (effect.type === 'place' && effect.order.clientOrderId === clientOrderId) found = story;
    }
  }
  return found;
};

const newStory = (order: Order, decided: Decided | null): Story => ({
  symbol: order.symbol,
  entryId: order.purpose === 'entry' ? order.clientOrderId : null,
  decided,
  orders: [],
  lines: [],
  fills: [],
  status: new Map(),
  trade: null,
});

const decidedBy = (
  sequence: number,
  input: Input,
  effects: readonly Recorded<Effect>[],
  id: string,
  names: readonly string[] | null,
): Decided | null => {
  const decision = effects.find((effect) => effect.type === 'decision' && effect.clientOrderId === id);
  return decision?.type === 'decision' && input.type === 'prediction' ? { sequence, input, decision, names } : null;
};

/** Adds an effect to the story of its symbol; the story, or null when there is none. */
const note = (
  current: Map<SymbolName, Story>,
  effect: Recorded<Effect>,
  sequence: number,
  input: Input,
): Story | null => {
  const { at } = input;
  switch (effect.type) {
    case 'place': {
      const { order } = effect;
      const story = current.get(order.symbol) ?? newStory(order, null);
      current.set(order.symbol, story);
      story.orders.push({ sequence, cause: input.type, at, order });
      story.lines.push({ at, sequence, id: order.clientOrderId, text: `approved and recorded: ${order.reason}` });
      return story;
    }
    case 'cancel':
      current
        .get(effect.symbol)
        ?.lines.push({ at, sequence, id: effect.clientOrderId, text: `cancellation asked for: ${effect.reason}` });
      return null;
    case 'order': {
      const { clientOrderId, status, executed, exchangeOrderId, detail } = effect;
      const text = [
        `${status}, executed ${executed}`,
        exchangeOrderId === null ? '' : `exchange id ${exchangeOrderId}`,
        detail ?? '',
      ]
        .filter((part) => part !== '')
        .join(', ');
      const story = current.get(effect.symbol);
      story?.lines.push({ at, sequence, id: clientOrderId, text });
      story?.status.set(clientOrderId, status);
      return null;
    }
    case 'fill':
      current.get(effect.symbol)?.fills.push(effect);
      return null;
    case 'trade': {
      const story = current.get(effect.symbol);
      // Where the entry is on a day that was put away, the first trade that closes is that of its position.
      if (story !== undefined && (story.entryId ?? effect.entryOrderId) === effect.entryOrderId) story.trade ??= effect;
      return null;
    }
    default:
      return null;
  }
};

const stamp = (at: EpochMs): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
const percent = (fraction: number): string => `${fraction >= 0 ? '+' : ''}${(fraction * 100).toFixed(3)} %`;

const describe = (order: Order): string => {
  const prices = [
    order.limitPrice === null ? '' : ` at ${order.limitPrice}`,
    order.stopPrice === null ? '' : ` trigger ${order.stopPrice}`,
    order.timeInForce === null ? '' : ` ${order.timeInForce}`,
  ];
  return `${order.purpose}: ${order.side} ${order.quantity} ${order.symbol} ${order.type}${prices.join('')}`;
};

const tell = (story: Story, id: string): readonly string[] => {
  const placed = story.orders.find(({ order }) => order.clientOrderId === id);
  const others = story.orders.filter(({ order }) => order.clientOrderId !== id);
  const fills = story.fills.filter((fill) => fill.clientOrderId === id);
  return [
    placed === undefined ? `Order ${id}` : `Order ${id}, ${describe(placed.order)}`,
    ...(placed === undefined
      ? []
      : [
          `Placed ${stamp(placed.at)} on a "${placed.cause}" input (journal entry ${placed.sequence}): ${placed.order.reason}`,
        ]),
    ...(story.decided === null ? ['', withoutDecision(story)] : tellDecision(story.decided, story.entryId)),
    '',
    'History',
    ...story.lines
      .filter((line) => line.id === id)
      .map((line) => `  ${stamp(line.at)}  ${line.text}  (entry ${line.sequence})`),
    '',
    fills.length > 0 ? 'Fills' : isOpen(story, id) ? `Fills: none so far, ${openWords(story, id)}` : 'Fills: none',
    ...fills.map(
      (fill) =>
        `  ${stamp(fill.at)}  ${fill.side} ${fill.quantity} @ ${fill.price}, fee ${fill.fee} ${fill.feeAsset}, realised ${fill.realised} (trade ${fill.tradeId})`,
    ),
    ...(others.length === 0
      ? []
      : [
          '',
          'Other orders of this position',
          ...others.map(
            ({ order, at }) => `  ${stamp(at)}  ${order.clientOrderId}  ${describe(order)} (${order.reason})`,
          ),
        ]),
    '',
    ...tellTrade(story),
  ];
};

const withoutDecision = ({ entryId }: Story): string =>
  entryId === null
    ? 'The decision is not in what was read: the position began before its first entry.'
    : 'No decision on record: this order did not come from a prediction.';

const tellDecision = ({ sequence, input, decision, names }: Decided, entryId: string | null): readonly string[] => [
  '',
  `Decision of ${stamp(input.at)}, candle ${stamp(decision.openTime)} (journal entry ${sequence}, order ${entryId})`,
  `  Prediction  ${decision.probability ?? 'none'}`,
  `  Expected value  ${decision.expectedValue === null ? 'unknown' : percent(decision.expectedValue)} after costs, margin ${percent(decision.margin)}`,
  `  Outcome  ${decision.outcome}: ${decision.text}`,
  ...tellSizing(decision.sizing),
  '  Checks',
  ...decision.checks.map(tellCheck),
  ...tellFeatures(input.features, names),
];

/**
 * "ok    Spread is narrow                limit 0.5 %, value 0.02 %   [spread-collar]": words for people, the code for
 * searching.
 */
const tellCheck = (check: Of<'decision'>['checks'][number]): string => {
  const { words, limit, value } = readCheck(check);
  const told = [
    limit === '' ? '' : `limit ${limit}`,
    value === '' ? (check.ok ? '' : 'value unknown') : `value ${value}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
  return `    ${check.ok ? 'ok  ' : 'FAIL'}  ${words.padEnd(32)} ${told.padEnd(40)} [${check.code}]`;
};

const tellSizing = (sizing: Of<'decision'>['sizing']): readonly string[] =>
  sizing === null
    ? ['  Sizing  none']
    : [
        `  Sizing  equity ${sizing.equity}, risk ${sizing.riskAmount}, loss per unit ${sizing.lossPerUnit}, limit price ${sizing.limitPrice}`,
        ...sizing.steps.map((cut) => `    ${stepWords(cut.rule).padEnd(32)} ${cut.quantity}`),
      ];

/** Digits that a 32-bit feature can vouch for. */
const FEATURE_DIGITS = 7;

const tellFeatures = (features: readonly (number | null)[], names: readonly string[] | null): readonly string[] => {
  if (features.length === 0) return ['  Features  none on record'];
  const known = names !== null && names.length === features.length;
  return [
    `  Features (${features.length}${known ? '' : ', of a catalogue this program does not know'})`,
    ...features.map(
      (value, index) =>
        `    ${(known ? (names[index] ?? '') : `feature ${index}`).padEnd(28)} ${value === null ? 'unknown' : Number(value.toPrecision(FEATURE_DIGITS))}`,
    ),
  ];
};

/** Whether what was read leaves it open what the order has done or will do. */
const isOpen = ({ status }: Story, id: string): boolean => !isFinal({ status: status.get(id) ?? 'intent' });

const openWords = ({ status }: Story, id: string): string =>
  status.get(id) === 'unknown' ? 'the outcome of the order is unknown' : 'the order has not ended in what was read';

const withoutTrade = (story: Story): string => {
  const { entryId, fills } = story;
  if (entryId === null) return 'Trade: not closed in what was read';
  if (fills.length > 0) return 'Trade: still open';
  return isOpen(story, entryId)
    ? `Trade: none so far, ${openWords(story, entryId)}`
    : 'Trade: none, nothing was filled';
};

const tellTrade = (story: Story): readonly string[] => {
  const { trade } = story;
  return trade === null
    ? [withoutTrade(story)]
    : [
        `Trade closed ${stamp(trade.closedAt)}: ${trade.exitReason}`,
        `  ${trade.quantity} @ ${trade.entryPrice} -> ${trade.exitPrice}, fees ${trade.fees}, result ${trade.pnl} (${percent(trade.pnlFraction)})`,
      ];
};
