import { decimalFromNumber, formatDecimal, mulDown, toNumber, type Decimal } from '../decimal.ts';
import type { Denial } from '../guardian/denial.ts';
import { denialText } from '../guardian/denial-text.ts';
import { quantityOf } from '../ledger/ledger.ts';
import { amountText, money } from '../words.ts';
import type { EngineState, ManagedPosition, SymbolState } from './state.ts';
import { alert, type Turn } from './turn.ts';

/**
 * What people are told of holdings that the exchange does not let us sell: too few units or too little money for its
 * filters.
 *
 * Invariant: none of them leaves the list of positions without a word.
 */

/** "0.0011 BTC, worth 55.00 USDT"; without a price, what it has cost. */
const amountInWords = (state: EngineState, { symbol, last, instrument }: SymbolState, held: Decimal): string => {
  const units = `${formatDecimal(held)} ${instrument.base}`;
  if (last > 0) return `${units}, worth ${amountText(mulDown(held, decimalFromNumber(last)))} ${instrument.quote}`;
  const cost = state.ledger.positions[symbol]?.cost;
  return cost === undefined
    ? `${units}, its value is not known`
    : `${units}, its value is not known; it has cost ${money(toNumber(cost))} ${instrument.quote}`;
};

/** A position should be sold and cannot be: once a position. */
export const tellUnsellable = (turn: Turn, symbol: SymbolState, managed: ManagedPosition, denial: Denial): void => {
  if (managed.unsellableTold === true) return;
  managed.unsellableTold = true;
  const held = quantityOf(turn.state.ledger, symbol.symbol);
  const lines = [
    `${amountInWords(turn.state, symbol, held)}. ${denialText(denial)}.`,
    'It is sold as soon as the exchange would take the order; until then its stop is all that closes it.',
  ];
  alert(
    turn,
    'order-failure',
    `${managed.entryOrderId}:unsellable`,
    `${symbol.symbol} cannot be sold (${managed.exitReason ?? 'exit'}): its stop stays`,
    lines,
    ['/positions'],
    symbol.symbol,
  );
};

/** What was held has ended as dust. `cause` names the round trip: one alert for each. */
export const tellDust = (turn: Turn, symbol: SymbolState, cause: string): void => {
  const held = quantityOf(turn.state.ledger, symbol.symbol);
  const lines = [
    `${amountInWords(turn.state, symbol, held)}.`,
    'Less than the exchange lets anybody sell: it is no position any more and has no stop. It is valued with the account, and sold with the next position.',
  ];
  alert(
    turn,
    'fill',
    `dust:${cause}:${turn.at}`,
    `${symbol.symbol}: ${formatDecimal(held)} ${symbol.instrument.base} stay behind as dust`,
    lines,
    ['/balance'],
    symbol.symbol,
  );
};
