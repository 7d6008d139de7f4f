import { CONTEXT_SYMBOL } from '../../core/features/catalogue.ts';
import { LONGEST_GAP_HOURS, WARM_UP_HOURS } from '../../core/features/symbol-state.ts';
import type { SymbolName } from '../../core/units.ts';

/** Why candles give no row of features at all. */
export const noKnownRow = (symbol: SymbolName): string =>
  `the features of ${symbol} are known for no hour: before the first they need ${WARM_UP_HOURS} candles of it${symbol === CONTEXT_SYMBOL ? '' : ` and of ${CONTEXT_SYMBOL}`}, without a hole of more than ${LONGEST_GAP_HOURS} hours`;
