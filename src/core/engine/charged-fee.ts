import {
  add,
  decimal,
  decimalFromNumber,
  divDown,
  mulDown,
  sub,
  sum,
  toNumber,
  ZERO,
  type Decimal,
} from '../decimal.ts';
import { isSettledTrade, type OrderRecord } from '../orders/record.ts';
import type { Fill } from '../orders/order.ts';
import { DAY_MS, type Fraction, type Milliseconds } from '../units.ts';
import type { EngineConfig } from './config.ts';
import type { EngineState, SymbolState } from './state.ts';
import { alert, type Turn } from './turn.ts';

/**
 * The rate of fees that fills show. An account states its rates at the start; a promotion that ends, a lower tier or a
 * market's own commission changes what is charged while the bot runs, and sizes and the loss budget have to know.
 *
 * Invariant: the engine's fee is the highest of the configured one and what the newest orders of each symbol were
 * charged, but for those of a symbol that is traded no longer, and those that lie too far back.
 */

/** A fee is rounded to this, in the coin it is charged in: one of a small fill may be dearer by as much. */
const ROUNDING = '0.00000001';
/** A configuration may not state more. */
const HIGHEST: Fraction = 0.0999;
/** A rate that is higher than the known one by no more than this factor is the same one, rounded. */
const NEWS = 1.05;

/**
 * What was charged so long ago is charged no more, or has to be found out anew: a rate at which no signal is worth an
 * entry would keep every order away that could show a lower one.
 */
export const CHARGE_LAPSES: Milliseconds = 30 * DAY_MS;

/** The configuration of a run with the fees that orders have been charged so far. */
export const withChargedFees = (
  config: EngineConfig,
  { symbolList }: Pick<EngineState, 'symbolList'>,
): EngineConfig => {
  const takerFee = Math.max(
    config.takerFee,
    ...symbolList.map(({ chargedFee, configured, managed }) =>
      configured || managed !== null ? (chargedFee ?? 0) : 0,
    ),
  );
  return takerFee === config.takerFee ? config : { ...config, takerFee };
};

/**
 * Notes what new fills of an order were charged. Those in a third coin, whose price is another question, say nothing;
 * nor does what was settled by hand.
 */
export const noteChargedFee = (
  turn: Turn,
  symbol: SymbolState,
  { draft }: OrderRecord,
  fills: readonly Fill[],
): void => {
  const { base, quote } = symbol.instrument;
  if (
    symbol.chargedFee === undefined &&
    fills.every((fill) => isOrdinary(fill, turn.state.configuredFee ?? turn.config.takerFee, base))
  )
    return;
  const charged = fills.filter(
    ({ feeAsset, tradeId }) =>
      (feeAsset === base || feeAsset === quote) && feeAsset !== turn.config.feeAsset && !isSettledTrade(tradeId),
  );
  if (charged.length === 0 || charged.length < fills.length) return;
  const money = sum(charged.map((fill) => decimal(fill.quoteQuantity)));
  if (money <= ZERO) return;
  const fees = feesOf(charged, base);
  const { config, state } = turn;
  const known = state.configuredFee ?? config.takerFee;
  const least = sub(
    fees,
    feesOf(
      charged.map((fill) => ({ ...fill, fee: ROUNDING })),
      base,
    ),
  );
  const rate = least > mulDown(money, decimalFromNumber(known)) ? Math.min(toNumber(divDown(fees, money)), HIGHEST) : 0;
  const before = symbol.chargedFee ?? 0;
  if (rate > 0) symbol.chargedAt = turn.at;
  // A stop with a limit may have been the maker's, who pays less: only what takes says that fees have come down.
  if (rate === before || (rate < before && draft.type === 'stop-loss-limit')) return;
  if (rate === 0) forget(symbol);
  else symbol.chargedFee = rate;
  state.configuredFee = known;
  state.config = withChargedFees({ ...config, takerFee: known }, state);
  if (state.config.takerFee > config.takerFee * NEWS) tell(turn, symbol, state.config.takerFee);
};

/**
 * Most fills by far are charged no more than is known, which is seen without exact arithmetic. Of those in a third coin
 * that does not matter.
 */
const isOrdinary = ({ fee, feeAsset, price, quoteQuantity }: Fill, known: Fraction, base: string): boolean =>
  (Number(fee) - Number(ROUNDING)) * (feeAsset === base ? Number(price) : 1) <= known * Number(quoteQuantity);

/** Forgets what was charged too long ago, and says so where a lower fee counts by that. */
export const lapseChargedFees = (turn: Turn): void => {
  const { state, config } = turn;
  if (state.configuredFee === undefined) return;
  const old = state.symbolList.filter(
    (symbol) => symbol.chargedFee !== undefined && turn.at - (symbol.chargedAt ??= turn.at) >= CHARGE_LAPSES,
  );
  const [symbol] = old;
  if (symbol === undefined) return;
  old.forEach(forget);
  state.config = withChargedFees({ ...config, takerFee: state.configuredFee }, state);
  const { takerFee } = state.config;
  if (takerFee === config.takerFee) return;
  const lines = [`For ${CHARGE_LAPSES / DAY_MS} days no order has shown what is charged now; the next one does.`];
  alert(
    turn,
    'reconciliation',
    `fee-lapsed:${turn.wall}`,
    `${symbol.symbol}: fees of ${percent(takerFee)} count again, no more ${percent(config.takerFee)}`,
    lines,
    ['/trades'],
    symbol.symbol,
  );
};

const forget = (symbol: SymbolState): void => {
  delete symbol.chargedFee;
  delete symbol.chargedAt;
};

/** Fees at their value in quote currency. */
const feesOf = (fills: readonly Fill[], base: string): Decimal =>
  fills.reduce(
    (all, { fee, feeAsset, price }) =>
      add(all, feeAsset === base ? mulDown(decimal(fee), decimal(price)) : decimal(fee)),
    ZERO,
  );

const percent = (rate: Fraction): string => `${Number((rate * 100).toPrecision(3))} %`;

const tell = (turn: Turn, { symbol }: SymbolState, rate: Fraction): void => {
  const lines = [
    'Sizes, the loss budget and the expected value of a signal count with it from now on.',
    'Compare the fees that the exchange states for the account.',
  ];
  alert(
    turn,
    'reconciliation',
    `fee:${symbol}:${turn.wall}`,
    `${symbol}: fees of ${percent(rate)} are charged, ${percent(turn.config.takerFee)} was known`,
    lines,
    ['/trades'],
    symbol,
  );
};
