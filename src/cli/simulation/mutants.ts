import { formatDecimal, ZERO } from '../../core/decimal.ts';
import type { EngineState } from '../../core/engine/state.ts';
import { quantityOf } from '../../core/ledger/ledger.ts';
import type { OrderDraft, OrderSnapshot } from '../../core/orders/order.ts';
import type { SymbolName } from '../../core/units.ts';
import type { JournalStore } from '../../ports/store.ts';
import type { AssetBalance, OwnTrade, Venue } from '../../ports/venue.ts';

/** Deliberate faults of the bot: each takes one safeguard away, and some rule has to notice. */
export type Mutant = 'send-before-commit' | 'no-second-look' | 'no-stop' | 'no-reconciliation';

/** A store that writes a commit down when the next one comes: what a bot without "intent before network" would do. */
export const writeLate = (inner: JournalStore): JournalStore => {
  let write = (): void => undefined;
  return {
    ...inner,
    commit: (inputs, apply) => {
      write();
      const effects = inputs.map((input) => apply(input));
      let next = 0;
      write = () => void inner.commit(inputs, () => effects[next++] ?? []);
      return effects;
    },
    writeSnapshot: (snapshot) => {
      if (snapshot.sequence <= inner.lastSequence()) inner.writeSnapshot(snapshot);
    },
  };
};

/** The venue with one safeguard taken away; as it is for a mutant that lies elsewhere. */
export const mutateVenue = (venue: Venue, state: EngineState, mutant: Mutant | null): Venue => {
  switch (mutant) {
    case 'no-second-look':
      // The second look comes at once: within the time in which the request may still arrive.
      return { ...venue, receiveWindow: -999 };
    case 'no-stop':
      return {
        ...venue,
        send: (order) =>
          order.draft.purpose === 'stop'
            ? Promise.resolve({ kind: 'accepted', order: believed(order.draft) })
            : venue.send(order),
        openOrders: (symbol) => Promise.resolve({ ok: true, value: workingOf(state, symbol) }),
      };
    case 'no-reconciliation':
      // Every reading says what the books say already.
      return {
        ...venue,
        openOrders: (symbol) => Promise.resolve({ ok: true, value: workingOf(state, symbol) }),
        tradesAfter: async (...asked) => {
          const read = await venue.tradesAfter(...asked);
          return read.ok ? { ok: true, value: read.value.filter((trade) => isKnown(state, trade)) } : read;
        },
        balances: async () => {
          const read = await venue.balances();
          return read.ok && state.ledger.cash !== null ? { ok: true, value: totalsOf(state) } : read;
        },
      };
    default:
      return venue;
  }
};

/** The order as an exchange would show it that has taken it and not filled it. */
const believed = (draft: OrderDraft): OrderSnapshot => ({
  clientOrderId: draft.clientOrderId,
  exchangeOrderId: `believed-${draft.clientOrderId}`,
  symbol: draft.symbol,
  side: draft.side,
  status: 'new',
  quantity: formatDecimal(draft.quantity),
  executedQuantity: '0',
  fills: [],
});

/** Whether the books have the trade: what they do not have is not seen without reconciliation. */
const isKnown = (state: EngineState, { symbol, tradeId }: OwnTrade): boolean =>
  Object.values(state.orders).some((record) => record.draft.symbol === symbol && record.tradeIds.includes(tradeId));

/** The balances as the books have them. */
const totalsOf = ({ ledger, symbolList }: EngineState): AssetBalance[] => {
  const held = symbolList.map(({ symbol, instrument }) => [instrument.base, quantityOf(ledger, symbol)] as const);
  return [['USDT', ledger.cash ?? ZERO] as const, ...held].map(([asset, total]) => ({
    asset,
    free: formatDecimal(total),
    locked: '0',
  }));
};

/** The open orders as the books have them. */
const workingOf = (state: EngineState, symbol: SymbolName): OrderSnapshot[] =>
  Object.values(state.orders)
    .filter((record) => record.status === 'working' && record.draft.symbol === symbol)
    .map((record) => believed(record.draft));
