import { LOCKS } from '../guardian/lock.ts';
import type { GuardianState } from '../guardian/state.ts';
import type { EngineState, Phase, SymbolState } from './state.ts';

/** Where a position stands, for people. */
const PHASES: Readonly<Record<Phase, string>> = {
  entering: 'being entered',
  protecting: 'its stop is being placed',
  protected: 'stop in place',
  unstopping: 'being closed',
  exiting: 'being closed',
};

/** "no open positions", or "open: BTC/USDT (stop in place), ETH/USDT (being closed)". */
export const openPositions = (state: EngineState): string => {
  const open = state.symbolList.flatMap(({ symbol, managed }) =>
    managed === null ? [] : [`${symbol} (${PHASES[managed.phase]})`],
  );
  return open.length === 0 ? 'no open positions' : `open: ${open.join(', ')}`;
};

/** The locks in force by their titles, with the symbol where it is one symbol's: two of a kind are not one. */
export const lockNames = ({ locks }: GuardianState): readonly string[] =>
  Object.values(locks).map(({ kind, symbol }) =>
    symbol === null ? LOCKS[kind].title : `${LOCKS[kind].title} ${symbol}`,
  );

/** What a halt of the market means for it. */
export const inHalt = (managed: SymbolState['managed']): string =>
  `No entries there until it is traded again${managed === null ? '' : '; a stop that rests stays, and no sale takes its place before'}.`;

/** Markets that are halted at a start: nobody has been told by a change. */
export const haltsInWords = ({ symbolList }: EngineState): readonly string[] =>
  symbolList.flatMap(({ symbol, configured, managed, unlisted, instrument }) =>
    instrument.trading || unlisted || !(configured || managed !== null)
      ? []
      : [`The exchange has halted ${symbol}. ${inHalt(managed)}`],
  );
