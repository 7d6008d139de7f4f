import { MINUTE_MS, type EpochMs, type Milliseconds } from '../units.ts';
import { freshFeeCoinPrice, priceIsFresh } from './marking.ts';
import type { EngineState } from './state.ts';
import { alert, type Turn } from './turn.ts';

/** Equity may be unknown this long (wall time) before it is told. */
const TOLD_AFTER: Milliseconds = 10 * MINUTE_MS;

/**
 * Tells people when equity has been unknown for ten minutes, and when it is known again. Meanwhile no drawdown lock can
 * trip, and nothing is bought. A missing price of a traded symbol sets the stale-data lock, which tells of it; a
 * missing price of the coin that pays fees, or of a position in a market that is no longer traded or listed, sets no
 * lock.
 */
export const noteBlindness = (turn: Turn, equity: number | null): void => {
  const { state, wall } = turn;
  if (equity !== null) {
    if (state.blind?.told === true)
      alert(
        turn,
        'data',
        `equity-known:${wall}`,
        'Equity is known again',
        ['The drawdown locks watch it again.'],
        ['/status'],
      );
    state.blind = undefined;
    return;
  }
  const missing = untold(state, turn.at, wall);
  if (missing.length === 0) return;
  const { since, told } = (state.blind ??= { since: wall, told: false });
  const span = wall - since;
  if (told || span < TOLD_AFTER) return;
  state.blind = { since, told: true };
  const lines = [
    'No drawdown lock can trip meanwhile, and entries are refused. Stops and exits of positions with a price go on.',
  ];
  alert(
    turn,
    'data',
    `equity-unknown:${wall}`,
    `Equity is not known for ${Math.round(span / MINUTE_MS)} min: no fresh price of ${missing.join(', ')}`,
    lines,
    ['/status', '/balance'],
  );
};

/**
 * Markets whose missing price makes equity unknown without any lock to tell of it. None while a stale-data lock tells
 * of another such market.
 */
const untold = (state: EngineState, at: EpochMs, wall: EpochMs): readonly string[] => {
  if (state.cashNumber === null) return [];
  const rule = state.freshness;
  const stale = state.symbolList.filter(
    (symbol) => symbol.managed !== null && symbol.heldNumber !== 0 && !priceIsFresh(symbol, at, wall, rule),
  );
  if (stale.some(({ configured, unlisted }) => configured && !unlisted)) return [];
  const coin =
    state.feeSymbol !== null && state.feeCoinNumber !== 0 && freshFeeCoinPrice(state, at, wall, rule) === null
      ? [state.feeSymbol]
      : [];
  return [...stale.map(({ symbol }) => symbol), ...coin];
};
