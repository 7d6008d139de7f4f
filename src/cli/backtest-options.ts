import { UserError } from '../adapters/system/user-error.ts';
import { DEFAULT_ASSUMPTIONS, type Assumptions } from '../research/backtest/assumptions.ts';
import { HOUR_MS, type EpochMs, type SymbolName } from '../core/units.ts';

/** As commander gives them. */
export interface BacktestArguments {
  readonly symbols?: string;
  readonly data?: string;
  readonly from?: string;
  readonly to?: string;
  readonly report?: string;
  readonly json?: string;
  readonly model?: string;
  readonly margin?: string;
  readonly balance?: string;
  readonly fee?: string;
  readonly spread?: string;
  readonly slippage?: string;
  readonly latency?: string;
  readonly unlockAfter?: string;
  readonly compare?: string;
  readonly seed?: string;
}

/** @throws UserError naming the option, the value and what would be right */
const number = (
  name: string,
  text: string | undefined,
  standard: number,
  least: number,
  most: number,
  what: string,
): number => {
  if (text === undefined) return standard;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= least && value <= most))
    throw new UserError(`--${name} ${text} is not ${what} from ${least} to ${most}`);
  return value;
};

export const assumptionsOf = (options: BacktestArguments): Assumptions => {
  const standard = DEFAULT_ASSUMPTIONS;
  return {
    balance: number('balance', options.balance, standard.balance, 100, 1e9, 'an amount'),
    fee: number('fee', options.fee, standard.fee, 0, 0.02, 'a fraction'),
    spread: number('spread', options.spread, standard.spread, 0, 0.02, 'a fraction'),
    slippage: number('slippage', options.slippage, standard.slippage, 0, 0.02, 'a fraction'),
    latency: number('latency', options.latency, standard.latency, 0, 10_000, 'a number of milliseconds'),
    operator: {
      ...standard.operator,
      unlockAfter:
        number(
          'unlock-after',
          options.unlockAfter,
          standard.operator.unlockAfter / HOUR_MS,
          1,
          24 * 365,
          'a number of hours',
        ) * HOUR_MS,
    },
  };
};

/** Least expected value that is traded: the model's own unless another is tried. */
export const marginOf = (text: string | undefined, own: number): number => {
  const margin = number('margin', text, own, 0, 1, 'a fraction');
  if (margin === 0) throw new UserError('--margin 0 trades without an edge; use a fraction above zero, such as 0.001');
  return margin;
};

export const seedOf = (text: string | undefined): number => {
  const seed = number('seed', text, 1, 0, 4_294_967_295, 'a whole number');
  if (!Number.isInteger(seed)) throw new UserError(`--seed ${String(text)} is not a whole number`);
  return seed;
};

/** What a comparison can be told beside the database; everything else is as it was recorded. */
const COMPARED: ReadonlySet<string> = new Set<keyof BacktestArguments>(['compare', 'spread', 'slippage']);

/** @throws UserError for options beside --compare that would be left aside without a word */
export const refuseBesideCompare = (options: BacktestArguments): void => {
  const unused = Object.keys(options)
    .filter((name) => !COMPARED.has(name))
    .map((name) => `--${name === 'unlockAfter' ? 'unlock-after' : name}`);
  if (unused.length > 0)
    throw new UserError(
      `${unused.join(', ')}: --compare prints how a database differs and takes all but --spread and --slippage from it; leave ${unused.length === 1 ? 'this' : 'these'} out`,
    );
};

/** @throws UserError for a seed beside the recorded candles of `directory`: nothing is generated then */
export const refuseSeed = (seed: string | undefined, directory: string): void => {
  if (seed !== undefined)
    throw new UserError(
      `--seed ${seed} is for the generated market, but the candles are those of ${directory} (--data or MARKET_DATA_DIR); leave one of the two out`,
    );
};

const SYMBOL = /^[A-Z0-9]{2,15}\/[A-Z0-9]{2,10}$/;

/**
 * @throws UserError for a name that is not BASE/QUOTE, one that is there twice, or another quote currency than `quote`
 * (null = any)
 */
export const symbolsOf = (
  text: string | undefined,
  configured: readonly SymbolName[],
  quote: string | null,
): readonly SymbolName[] => {
  if (text === undefined) return configured;
  const symbols = text.split(',').map((part) => part.trim().toUpperCase());
  for (const symbol of symbols) {
    if (!SYMBOL.test(symbol)) throw new UserError(`--symbols ${text}: "${symbol}" is not a market such as BTC/USDT`);
    if (quote !== null && !symbol.endsWith(`/${quote}`))
      throw new UserError(`--symbols ${text}: ${symbol} is not traded against ${quote}`);
  }
  if (new Set(symbols).size !== symbols.length) throw new UserError(`--symbols ${text} names a market twice`);
  return symbols;
};

const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}(:00(:00)?)?Z?)?$/;

/** An hour of market time from `2024-01-31` or `2024-01-31T12:00Z`, or null when none is given. @throws UserError */
export const hourOf = (name: 'from' | 'to', text: string | undefined): EpochMs | null => {
  if (text === undefined) return null;
  const full = DATE.test(text) ? `${text.slice(0, 10)}T${(text.slice(11, 13) || '00').padStart(2, '0')}:00:00Z` : '';
  const at = Date.parse(full);
  if (!Number.isFinite(at) || new Date(at).toISOString().slice(0, 10) !== text.slice(0, 10))
    throw new UserError(`--${name} ${text} is not a date such as 2024-01-31 or 2024-01-31T12:00Z`);
  return at;
};
