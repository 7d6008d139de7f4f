import { DAY_MS, type EpochMs, type SymbolName } from '../../core/units.ts';
import type { GbdtOptions } from '../gbdt/train-gbdt.ts';
import type { BarrierOptions } from '../labels/triple-barrier.ts';
import type { FitOptions } from './fit-model.ts';

/** Everything that was settled before the results were looked at. */
export const MODEL_NAME = 'btc-eth-1h';
export const MODEL_SYMBOLS: readonly SymbolName[] = ['BTC/USDT', 'ETH/USDT'];

/** The RiskEngine's stop and the bot's default target and horizon; bought 2 basis points above the open. */
export const MODEL_BARRIERS: BarrierOptions = { stop: 0.015, target: 0.03, horizonHours: 24, entrySlippage: 0.0002 };

/** Test windows begin here; the year before is only learned from. */
export const VALIDATION_FROM: EpochMs = Date.UTC(2019, 0, 1);
/** Nothing decided after this was looked at while parameters were chosen: what comes later is the verdict. */
export const SEARCH_END: EpochMs = Date.UTC(2022, 0, 1);
export const FOLD_MONTHS = 6;
export const SEARCH_FOLD_MONTHS = 12;

/**
 * A fold's length of candles has to lie before the first test window, to learn from, and after SEARCH_END, for the
 * verdict.
 */
export const CANDLES_FROM: EpochMs = Date.UTC(2019, -FOLD_MONTHS, 1);
export const CANDLES_TO: EpochMs = Date.UTC(2022, FOLD_MONTHS, 1);

/**
 * Between what is learned from and what is measured on, beyond the labels' own 24 hours: the features look back a week
 * and more.
 */
export const EMBARGO = 7 * DAY_MS;

export const COST_FACTORS = [0.5, 1, 2] as const;
export const MARGINS = [0, 0.001, 0.002, 0.003, 0.005, 0.01] as const;

export interface HyperParameters {
  readonly gbdt: GbdtOptions;
  readonly holdoutShare: number;
}

export const DEFAULT_PARAMETERS: HyperParameters = {
  gbdt: {
    rounds: 400,
    leaves: 8,
    maxDepth: 6,
    learningRate: 0.03,
    minLeafRows: 500,
    lambda: 20,
    featureFraction: 0.4,
    rowFraction: 0.5,
    maxBins: 64,
    patience: 50,
    seed: 20_260_101,
  },
  holdoutShare: 0.15,
};

/**
 * Parameters with the embargo of the plan. `purge`: whether rows whose labels reach into the test window are left out;
 * only the control of the validation asks for them.
 */
export const fitOptions = (parameters: HyperParameters, purge = true): FitOptions => ({
  ...parameters,
  embargo: EMBARGO,
  purge,
});

/**
 * What must hold on the years after SEARCH_END before the card may claim an edge.
 * Written down before the first run; a model that fails one of them has none.
 */
export const EDGE_RULE = {
  trades: 100,
  deflatedSharpe: 0.95,
  /** Mean return a trade must be above zero at this multiple of the costs. */
  costFactor: 2,
} as const;

/** Without a demonstrated edge the margin is the smallest of MARGINS that trades at most this often in a year. */
export const RARE_TRADES_A_YEAR = 1;
