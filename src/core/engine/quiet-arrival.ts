import { expectedValue } from '../strategy/policy.ts';
import { HOUR_MS } from '../units.ts';
import { Decision } from './decision.ts';
import { borneOut } from './marking.ts';
import { leaps } from './on-market.ts';
import { noPrediction } from './on-prediction.ts';
import { openOf, tellsHourBefore, type QuietSeries, type Rules, type Stretch } from './quiet-stretch.ts';
import type { Barriers } from './resting-positions.ts';
import type { EngineState, SymbolState } from './state.ts';

/**
 * What the hours leave behind: the counts of their decisions, and the state as the last of them has left it.
 *
 * Invariant: the state is the one that single steps would leave, in every part.
 */

/**
 * How many symbols the model has no answer for to the candle that has just closed, and how many of the others are held.
 */
export const countDecisions = ({ series, rows, block }: Stretch, index: number, { positions }: Rules): void => {
  const { hours } = block;
  block.unanswered = 0;
  block.holding = 0;
  for (let i = 0; i < series.length; i += 1) {
    const { probability } = series[i] as QuietSeries;
    const first = (rows[i] as number) + index - 1;
    let missing = 0;
    for (let row = first; row < first + hours; row += 1) if (!((probability[row] as number) >= 0)) missing += 1;
    block.unanswered += missing;
    if ((positions[i] as Barriers).held) block.holding += hours - missing;
  }
};

/**
 * The newest price that is no leap from the one before it is believed. With a position no hour that opens with a leap
 * is passed.
 */
const believe = (symbol: SymbolState, stretch: Stretch, i: number, hours: number, { exposed }: Rules): void => {
  const { bid, ask } = stretch.series[i] as QuietSeries;
  for (let k = hours - 1; k >= 0; k -= 1) {
    const price = openOf(stretch, i, k);
    if (!exposed && leaps(k === 0 ? symbol.last : openOf(stretch, i, k - 1), price)) continue;
    symbol.believed = borneOut(price, bid(price), ask(price));
    return;
  }
};

/** The rest of the state, as the last of the hours has left it. */
export const arrive = (state: EngineState, stretch: Stretch, hours: number, rules: Rules): void => {
  const { terms } = rules;
  const at = stretch.from + (hours - 1) * HOUR_MS;
  for (let i = 0; i < state.symbolList.length; i += 1) {
    const symbol = state.symbolList[i] as SymbolState;
    const { probability, failure, bid, ask } = stretch.series[i] as QuietSeries;
    const last = openOf(stretch, i, hours - 1);
    believe(symbol, stretch, i, hours, rules);
    symbol.last = last;
    symbol.bid = bid(last);
    symbol.ask = ask(last);
    symbol.priceAt = at;
    symbol.priceWall = at;
    symbol.forming.hour = at;
    symbol.forming.high = last;
    symbol.forming.low = last;
    symbol.newestCandleOpen = at - HOUR_MS;
    // An hour that is told leaves two: its close, and the open.
    symbol.freshPolls = tellsHourBefore(stretch, hours - 1, rules) ? 2 : symbol.freshPolls + hours;
    const p = probability[(stretch.rows[i] as number) + hours - 2] as number;
    symbol.lastDecision = Number.isNaN(p)
      ? noPrediction(symbol.symbol, at - HOUR_MS, null, terms.margin, failure)
      : new Decision(
          symbol.symbol,
          at - HOUR_MS,
          p,
          expectedValue(p, terms),
          terms.margin,
          symbol.managed === null ? 'no-edge' : 'holding',
          null,
        );
  }
  state.at = at;
  state.wall = at;
  state.equityHour = at;
  state.evaluated.at = at;
  state.evaluated.wall = at;
};
