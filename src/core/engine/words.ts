import { LOCKS } from '../guardian/lock.ts';
import type { GuardianState } from '../guardian/state.ts';
import type { EngineState, Phase } from './state.ts';

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
  const open = state.symbolList.flatMap(({ symbol, managed }) => (managed === null ? [] : [`${symbol} (${PHASES[managed.phase]})`]));
  return open.length === 0 ? 'no open positions' : `open: ${open.join(', ')}`;
};

/** The locks in force by their titles, with the symbol where it is one symbol's: two of a kind are not one. */
export const lockNames = ({ locks }: GuardianState): readonly string[] => Object.values(locks).map(({ kind, symbol }) => (symbol === null ? LOCKS[kind].title : `${LOCKS[kind].title} ${symbol}`));
