import {
  add,
  decimal,
  decimalFromNumber,
  divDown,
  formatDecimal,
  isDecimalText,
  max,
  min,
  mulDown,
  mulUp,
  sub,
  toNumber,
  ZERO,
  type Decimal,
} from '../decimal.ts';
import { MAX_UNKNOWN } from '../guardian/health-locks.ts';
import { quantityOf } from '../ledger/ledger.ts';
import { endCancelling, settledTradeId, type OrderRecord } from '../orders/record.ts';
import { SECOND_MS, type EpochMs, type Fraction } from '../units.ts';
import { money } from '../words.ts';
import type { OperatorCommand, SettlementEvidence } from './input.ts';
import { takeFills } from './fills.ts';
import { reportOrder } from './orders-out.ts';
import { orderNamed, type EngineState, type SymbolState } from './state.ts';
import { recountOrders } from './open-orders.ts';
import { alert, type Turn } from './turn.ts';

/**
 * Settles an order when the exchange does not tell what became of it. Three cases:
 * - an operator says what became of an order whose outcome is unknown;
 * - an operator says it of an order that has ended in the books, shows more at the exchange and cannot be looked up, so
 *   that ledger and exchange cannot be compared at all;
 * - nobody is asked when an ended order states what it has executed and only the list of its trades cannot be read:
 * what
 *   was bought, or what a stop has left over, must not wait for its own stop until the list can be. The money booked is
 *   then what the order states, so that the next comparison finds what others have moved.
 *
 * Invariant: a claim alone books nothing. An order that has executed has moved the account, so the balances must have
 * changed since the last comparison: coins in the order's direction, and the money for them. What is booked is that
 * change, to the last decimal and with every fee in it; a claim that it does not bear out is refused. The comparison
 * that follows has the last word: what is still missing locks.
 */
export type SettleCommand = Extract<OperatorCommand, { name: 'settle' }>;

/**
 * What the balances say since the last comparison, in the order's own direction: coins sold or bought, money earned or
 * spent.
 */
export interface Movement {
  readonly base: Decimal;
  readonly quote: Decimal;
}

export type Judgement =
  | {
      readonly ok: true;
      readonly record: OrderRecord;
      readonly moved: Movement /** Base units and quote currency to be booked; zero for an order that is gone. */;
      readonly quantity: Decimal;
      readonly quote: Decimal;
    }
  | { readonly ok: false; readonly code: string; readonly text: string };

const refused = (code: string, text: string): Judgement => ({ ok: false, code, text });

/**
 * A price given by the operator is taken for a slip of the pen when it is further than this from the market, as a
 * fraction of it, either way.
 */
const PRICE_BAND = decimal('0.5');
/**
 * The price that the balances show may differ this much, as a fraction, from the one that the market or the order
 * names; beyond that, other money may be in it.
 */
const SHOWN_BAND = decimal('0.02');
/** This fraction of what an order states to have executed may be missing in the balances: fees taken in the coin. */
const MOST_FEE = decimal('0.01');
/** Fees may come to this many times the taker fee: room for a few of them rounded, and not for other money. */
const FEE_ROOM = 2;
/** A price given by the operator may differ this much, as a fraction, from the one that the balances show. */
const PRICE_AGREES = decimal('0.01');

/** Whether the operator's claim is borne out, and what it books. Changes nothing. `wall`: the engine's wall time. */
export const judgeSettlement = (
  state: EngineState,
  wall: EpochMs,
  command: Pick<SettleCommand, 'clientOrderId' | 'claim' | 'price' | 'evidence'>,
): Judgement => {
  const { clientOrderId, claim, price, evidence } = command;
  const record = orderNamed(state, clientOrderId);
  if (record === undefined) return refused('no-order', `There is no order ${clientOrderId} in the books.`);
  const hinders = state.hindrances.includes(clientOrderId);
  if (record.status !== 'unknown' && !hinders)
    return refused(
      'not-unknown',
      `The order is ${record.status}: only one whose outcome is unknown can be settled by hand.`,
    );
  const seconds = Math.round((wall - (record.unknownSince ?? wall)) / SECOND_MS);
  if (!hinders && seconds * SECOND_MS < MAX_UNKNOWN)
    return refused(
      'too-young',
      `Its outcome is unknown for ${seconds} s (limit ${MAX_UNKNOWN / SECOND_MS} s): the exchange is still being asked.`,
    );
  if (evidence.listed) return refused('listed', 'The exchange lists it among its open orders: cancel it there first.');
  if (price !== null && !(isDecimalText(price) && decimal(price) > ZERO))
    return refused('price-not-believed', `"${price}" is no price.`);
  const symbol = state.symbols[record.draft.symbol];
  const moved = symbol === undefined ? null : movementOf(state, symbol, record, evidence);
  if (symbol === undefined || moved === null)
    return refused(
      'no-evidence',
      `The balances state nothing of ${record.draft.symbol}: nothing can be held against the claim.`,
    );
  if (claim === 'filled') return judgeFilled(state, symbol, record, moved, command);
  const why = notGone(moved);
  return why === null
    ? { ok: true, record, moved, quantity: ZERO, quote: ZERO }
    : refused('not-borne-out', `${inWords(symbol, record, moved)}: ${why}`);
};

/**
 * Why an order cannot be taken for gone, or null. Coins that moved its way without any money are somebody else's; where
 * money moved as well, whichever way, a deposit or a withdrawal may hide what the order had for them: what it bought
 * would be held by nobody and without a stop, what it sold be sold again out of what is not the bot's.
 */
const notGone = ({ base, quote }: Movement): string | null => {
  if (base <= ZERO || quote === ZERO) return null;
  if (quote > ZERO) return 'that is an order that was filled, not one that is gone.';
  return 'coins moved its way, and money that was moved beside them can hide what it had for them. If it is gone all the same, move the coins back before you settle it.';
};

const judgeFilled = (
  state: EngineState,
  symbol: SymbolState,
  record: OrderRecord,
  moved: Movement,
  { price, evidence }: Pick<SettleCommand, 'price' | 'evidence'>,
): Judgement => {
  if (moved.base <= ZERO)
    return refused('not-borne-out', `${inWords(symbol, record, moved)}: no coin has moved the order's way.`);
  const quantity = min(moved.base, sub(record.draft.quantity, record.executed));
  if (quantity <= ZERO)
    return refused(
      'not-borne-out',
      `All of its ${formatDecimal(record.executed)} are booked: it cannot have done more.`,
    );
  const { stated } = evidence;
  if (stated !== undefined && !bearsOut(quantity, record, stated))
    return refused(
      'not-borne-out',
      `${inWords(symbol, record, moved)}, and the order states that ${stated} were executed.`,
    );
  const others = othersThatMoved(state, record, evidence);
  const own = statedMoney(record, evidence);
  const doubt = doubtOf(symbol, record, moved, { quantity, others, own });
  const said = price === null ? null : decimal(price);
  if (doubt === null) {
    const shown = divDown(moved.quote, quantity);
    if (said !== null && !within(said, shown, PRICE_AGREES))
      return refused(
        'price-not-believed',
        `The balances show ${money(toNumber(shown))}, not ${money(toNumber(said))}: leave the price out.`,
      );
    return {
      ok: true,
      record,
      moved,
      quantity,
      quote:
        own === null
          ? moved.quote
          : ownMoney(record, moved, own, { takerFee: state.config?.takerFee ?? 0, alone: others.length === 0 }),
    };
  }
  if (said === null)
    return refused(
      'price-needed',
      `${doubt}: say the average price that the exchange shows, fees taken in: /settle ${record.draft.clientOrderId} filled <price>.`,
    );
  const market = referencePrice(symbol, record);
  if (market !== null && !within(said, market, PRICE_BAND))
    return refused(
      'price-not-believed',
      `${money(toNumber(said))} is more than ${toNumber(PRICE_BAND) * 100} % from ${money(toNumber(market))}.`,
    );
  return { ok: true, record, moved, quantity, quote: mulDown(said, quantity) };
};

/** Whether the units that moved are what the order states beyond what is booked of it, less a fee at most. */
const bearsOut = (quantity: Decimal, { executed }: OrderRecord, stated: string): boolean => {
  if (!isDecimalText(stated)) return false;
  const rest = sub(decimal(stated), executed);
  return quantity <= rest && quantity >= sub(rest, mulDown(rest, MOST_FEE));
};

/** What the order states to have paid or got, where nothing of it is booked yet; null without such a statement. */
const statedMoney = ({ executed }: OrderRecord, { statedQuote = '' }: SettlementEvidence): Decimal | null =>
  executed === ZERO && isDecimalText(statedQuote) && decimal(statedQuote) > ZERO ? decimal(statedQuote) : null;

/**
 * Of the money that moved what is the order's own by its statement, fees taken in. What others have moved meanwhile is
 * left to the comparison: a deposit or a withdrawal is neither a profit nor a loss. Beside another order the fee is
 * taken for the most that it may be: what it was less is found as a deposit, and nothing is missing.
 */
const ownMoney = (
  { draft }: OrderRecord,
  { quote }: Movement,
  own: Decimal,
  { takerFee, alone }: { readonly takerFee: Fraction; readonly alone: boolean },
): Decimal => {
  const fee = mulUp(own, decimalFromNumber(FEE_ROOM * takerFee));
  const most = draft.side === 'buy' ? add(own, fee) : sub(own, fee);
  return alone ? max(min(own, most), min(quote, max(own, most))) : most;
};

/**
 * Other orders that have moved the account, also those that rest as far as is known: what has filled them may not be in
 * the books yet.
 */
const othersThatMoved = (
  state: EngineState,
  record: OrderRecord,
  evidence: SettlementEvidence,
): readonly OrderRecord[] => state.openOrders.filter((open) => open !== record && hasMoved(state, open, evidence));

/**
 * What the order would book, the other orders that have moved the account, and the money that it states, if it does.
 */
interface Circumstances {
  readonly quantity: Decimal;
  readonly others: readonly OrderRecord[];
  readonly own: Decimal | null;
}

/** Why the money that moved cannot be taken for the order's own, or null when it can. */
const doubtOf = (
  symbol: SymbolState,
  record: OrderRecord,
  moved: Movement,
  { quantity, others, own }: Circumstances,
): string | null => {
  // Those in other markets have moved money alone, and what of that is its own the order states itself.
  const other = own === null ? others[0] : others.find(({ draft }) => draft.symbol === record.draft.symbol);
  if (other !== undefined) return `Order ${other.draft.clientOrderId} has moved the account, too`;
  if (moved.base > quantity)
    return `${inWords(symbol, record, moved)}, more than the order's ${formatDecimal(quantity)}`;
  const paid = others.length === 0 ? moved.quote : (own ?? moved.quote);
  if (paid <= ZERO) return `${inWords(symbol, record, moved)}, and no money for it`;
  const market = referencePrice(symbol, record);
  const shown = divDown(paid, quantity);
  const believed =
    market === null ||
    [market, record.draft.limitPrice, record.draft.stopPrice].some(
      (price) => price !== null && within(shown, price, SHOWN_BAND),
    );
  return believed
    ? null
    : `${inWords(symbol, record, moved)}, which is not believed beside a price of ${money(toNumber(market))}`;
};

const hasMoved = (state: EngineState, record: OrderRecord, evidence: SettlementEvidence): boolean => {
  const symbol = state.symbols[record.draft.symbol];
  const moved = symbol === undefined ? null : movementOf(state, symbol, record, evidence);
  return moved === null || moved.base > ZERO;
};

const within = (value: Decimal, of: Decimal, band: Decimal): boolean =>
  value >= sub(of, mulDown(of, band)) && value <= add(of, mulDown(of, band));

/** The price that a fill is held against: the market's, else what the order itself wanted. */
const referencePrice = ({ last, managed }: SymbolState, { draft }: OrderRecord): Decimal | null =>
  last > 0 ? decimalFromNumber(last) : (draft.limitPrice ?? draft.stopPrice ?? managed?.averageEntry ?? null);

/** An account that states neither coin nor money of the market was not read. */
const movementOf = (
  state: EngineState,
  symbol: SymbolState,
  { draft }: OrderRecord,
  { totals }: SettlementEvidence,
): Movement | null => {
  const { base, quote } = symbol.instrument;
  const { cash } = state.ledger;
  const there = new Map(totals.map(({ asset, total }) => [asset, total]));
  if (
    cash === null ||
    (!there.has(base) && !there.has(quote)) ||
    totals.some(({ asset, total }) => (asset === base || asset === quote) && !isDecimalText(total))
  )
    return null;
  const baseNow = decimal(there.get(base) ?? '0');
  const quoteNow = decimal(there.get(quote) ?? '0');
  const baseBefore = symbol.atExchange ?? quantityOf(state.ledger, symbol.symbol);
  const quoteBefore = state.cashAtExchange ?? cash;
  return draft.side === 'sell'
    ? { base: sub(baseBefore, baseNow), quote: sub(quoteNow, quoteBefore) }
    : { base: sub(baseNow, baseBefore), quote: sub(quoteBefore, quoteNow) };
};

/** "0.1 BTC less and 5,390.00 USDT more than at the last comparison". */
const inWords = (
  { instrument: { base, quote } }: SymbolState,
  { draft }: OrderRecord,
  { base: units, quote: paid }: Movement,
): string => {
  const change = (amount: Decimal, text: string, up: boolean): string =>
    amount === ZERO ? `no change of ${text}` : `${text} ${amount > ZERO === up ? 'more' : 'less'}`;
  const size = (amount: Decimal): Decimal => (amount < ZERO ? sub(ZERO, amount) : amount);
  const buys = draft.side === 'buy';
  const coins = change(units, units === ZERO ? base : `${formatDecimal(size(units))} ${base}`, buys);
  const cash = change(paid, paid === ZERO ? quote : `${money(toNumber(size(paid)))} ${quote}`, !buys);
  return `The exchange shows ${coins} and ${cash} than at the last comparison`;
};

/** What the balances show, for whoever is asked to confirm. */
export const movementInWords = (state: EngineState, record: OrderRecord, moved: Movement): string => {
  const symbol = state.symbols[record.draft.symbol];
  return symbol === undefined ? '' : inWords(symbol, record, moved);
};

/** Carries a settlement out, or says why not. */
export const settle = (
  turn: Turn,
  command: SettleCommand,
  by: string,
): { readonly ok: boolean; readonly code: string; readonly text: string } => {
  const { state } = turn;
  const judged = judgeSettlement(state, turn.wall, command);
  if (!judged.ok) return judged;
  const { record, quantity, quote } = judged;
  const { draft } = record;
  const before = { status: record.status, fills: record.tradeIds.length };
  const hindered = state.hindrances.includes(draft.clientOrderId);
  record.status = 'settled';
  record.unknownSince = null;
  endCancelling(record);
  record.missing = false;
  const alone = command.evidence.stated !== undefined;
  record.detail = alone ? 'settled by what it states and the balances' : `${command.claim}, settled by operator ${by}`;
  state.guardian.lastTroubleWall = turn.wall;
  const [base = '', quoteAsset = ''] = draft.symbol.split('/');
  let text = 'nothing more was bought or sold by it';
  // Of one that is gone whatever turns up later is new, unless that is what kept the account from being compared.
  if (quantity > ZERO || hindered) record.settledAt = turn.at + (state.guardian.skew ?? 0);
  state.hindrances = state.hindrances.filter((id) => id !== draft.clientOrderId);
  if (quantity > ZERO) {
    record.executed = add(record.executed, quantity);
    const tradeId = settledTradeId(record);
    record.tradeIds.push(tradeId);
    // No fee of its own: what the balances show has every fee in it.
    takeFills(turn, record, [
      {
        tradeId,
        price: formatDecimal(divDown(quote, quantity)),
        quantity: formatDecimal(quantity),
        quoteQuantity: formatDecimal(quote),
        fee: '0',
        feeAsset: quoteAsset,
        at: turn.at,
      },
    ]);
    text = `${draft.side === 'buy' ? 'bought' : 'sold'} ${formatDecimal(quantity)} ${base} for ${money(toNumber(quote))} ${quoteAsset}`;
  }
  reportOrder(turn, record, before);
  recountOrders(state);
  const { title, why } = alone
    ? {
        title: `${draft.purpose} booked by what it states itself`,
        why: 'The exchange answers for it, but its trades cannot be read; the balances bear it out.',
      }
    : { title: `${draft.purpose} settled by hand as ${command.claim}`, why: `by operator ${by}` };
  alert(
    turn,
    'reconciliation',
    `settled:${draft.clientOrderId}:${turn.at}`,
    `${draft.symbol}: ${title}`,
    [`${draft.clientOrderId}: ${text}`, why, 'Books and account are compared now; a difference halts trading.'],
    ['/positions', '/orders'],
    draft.symbol,
  );
  return { ok: true, code: 'done', text: `${draft.clientOrderId} is settled as ${command.claim}: ${text}.` };
};
