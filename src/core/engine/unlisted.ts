import { averageCost, quantityOf } from '../ledger/ledger.ts';
import { formatDecimal, toNumber } from '../decimal.ts';
import { impose, lift } from '../guardian/lock-changes.ts';
import type { SymbolName } from '../units.ts';
import { money } from '../words.ts';
import type { SymbolState } from './state.ts';
import { alert, type Turn } from './turn.ts';

/**
 * A market that the exchange has taken off its list while something of it is held: what is held can neither be sold nor
 * protected there, and every order would be refused. Nothing is sent for it, entries are locked, the rest goes on.
 */
export const noteListing = (turn: Turn, unlisted: readonly SymbolName[]): void => {
  for (const symbol of turn.state.symbolList) {
    const gone = unlisted.includes(symbol.symbol);
    if (gone ? symbol.unlisted : !symbol.unlisted) continue;
    symbol.unlisted = gone;
    if (symbol.managed !== null) tell(turn, symbol);
  }
  evaluateListing(turn);
};

/** The lock: held while any position is in a market that is not listed. */
export const evaluateListing = (turn: Turn): void => {
  const { guardian, symbolList } = turn.state;
  const held = symbolList.filter(({ unlisted, managed }) => unlisted && managed !== null);
  if (held.length === 0)
    return lift(guardian, turn.changes, 'unlisted', 'rule: listed again, or nothing of it is held');
  const what = held.map((symbol) => `${symbol.symbol} (${amountOf(turn, symbol)})`).join(', ');
  impose(guardian, turn.changes, {
    kind: 'unlisted',
    symbol: null,
    since: turn.at,
    reason: `the exchange no longer lists ${what}: held there, neither sold nor protected`,
    limit: null,
    value: null,
  });
};

const amountOf = ({ state: { ledger } }: Turn, { symbol, instrument }: SymbolState): string =>
  `${formatDecimal(quantityOf(ledger, symbol))} ${instrument.base}`;

const tell = (turn: Turn, symbol: SymbolState): void => {
  const { symbol: name, unlisted, instrument } = symbol;
  if (!unlisted)
    return alert(
      turn,
      'reconciliation',
      `listed:${name}:${turn.at}`,
      `${name}: the exchange lists it again`,
      ['Its position is looked after as before.'],
      ['/positions'],
      name,
    );
  const position = turn.state.ledger.positions[name];
  const cost = position === undefined ? null : averageCost(position);
  const lines = [
    `Held on the exchange's account: ${amountOf(turn, symbol)}${cost === null || position === undefined ? '' : `, bought at ${money(toNumber(cost))}, ${money(toNumber(position.cost))} ${instrument.quote} in all`}.`,
    'It can neither be sold nor protected here: its stop has ended with the market, and no order is sent for it. Entries are locked; other positions keep their stops and exits.',
    'Convert or withdraw it at the exchange, then /reconcile and /unlock.',
  ];
  alert(
    turn,
    'reconciliation',
    `unlisted:${name}:${turn.at}`,
    `${name} is not listed any more: ${amountOf(turn, symbol)} cannot be sold here`,
    lines,
    ['/positions', '/balance'],
    name,
  );
};
