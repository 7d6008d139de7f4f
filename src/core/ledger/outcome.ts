export type TradeOutcome = 'win' | 'loss' | 'even';

/**
 * What a closed trade was, by its result net of all fees: the one definition, for the kill-switch, statistics, reports
 * and metrics. At exactly zero it is neither win nor loss; it counts among the trades, and ends a row of either.
 * @param net decimal or double; only its sign matters
 */
export const outcomeOf = (net: bigint | number): TradeOutcome => (net > 0 ? 'win' : net < 0 ? 'loss' : 'even');
