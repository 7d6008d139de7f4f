import { quantityOf } from '../ledger/ledger.ts';
import type { InstrumentsInput, InstrumentText } from './input.ts';
import { endPauses } from './lifecycle.ts';
import { instrumentFromText } from './on-start.ts';
import type { SymbolState } from './state.ts';
import { alert, type Turn } from './turn.ts';
import { inHalt } from './words.ts';

/**
 * The exchange's word on its markets has changed while the bot runs: orders follow it from now on, positions that wait
 * for one included.
 */
export const onInstruments = (turn: Turn, { instruments }: InstrumentsInput): void => {
  for (const text of instruments) {
    const symbol = turn.state.symbols[text.symbol];
    if (symbol === undefined) continue;
    const before = symbol.instrument;
    symbol.instrument = instrumentFromText(text);
    const changes = changesOf(before, symbol.instrument);
    if (changes.length > 0) endPauses(symbol);
    tell(
      turn,
      symbol,
      text,
      changes.filter((key) => key !== 'marketMaxQuantity' || isHeldBeyond(turn, symbol)),
    );
  }
};

/**
 * The exchange works out its largest market order from what is traded and states another one all the time: it is
 * followed, and news only for what is held beyond it.
 */
const isHeldBeyond = ({ state }: Turn, { symbol, instrument: { marketMaxQuantity } }: SymbolState): boolean =>
  marketMaxQuantity > 0n && quantityOf(state.ledger, symbol) > marketMaxQuantity;

type Instrument = SymbolState['instrument'];

/** Properties that say something else than before. */
const changesOf = (before: Instrument, after: Instrument): readonly (keyof Instrument)[] =>
  (Object.keys(after) as (keyof Instrument)[]).filter((key) => String(before[key]) !== String(after[key]));

const tell = (
  turn: Turn,
  { symbol, instrument, managed }: SymbolState,
  text: InstrumentText,
  changes: readonly (keyof Instrument)[],
): void => {
  if (changes.length === 0) return;
  const title = !changes.includes('trading')
    ? `${symbol}: the exchange has changed its rules`
    : instrument.trading
      ? `${symbol} is traded again at the exchange`
      : `${symbol}: the exchange has halted the market`;
  const rules = changes.filter((key) => key !== 'trading').map((key) => `${key} is now ${String(text[key])}`);
  const effect = instrument.trading ? 'Orders follow it from now on.' : inHalt(managed);
  alert(turn, 'data', `instruments:${symbol}:${turn.wall}`, title, [...rules, effect], ['/positions'], symbol);
};
