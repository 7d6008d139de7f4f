import type { Check } from '../guardian/denial.ts';
import type { EpochMs, Fraction, SymbolName } from '../units.ts';
import { signedPercent } from '../words.ts';
import type { DecisionEffect, Sizing } from './effect.ts';

const NO_CHECKS: readonly Check[] = Object.freeze([]);

/** What a decision that placed or denied an order has beside its figures. */
export interface DecisionDetail {
  readonly text: string;
  readonly sizing: Sizing | null;
  readonly checks: readonly Check[];
  readonly clientOrderId: string | null;
}

/**
 * A decision whose words are put together when somebody reads them: most hours
 * of a backtest decide on nothing, and nobody ever reads why.
 */
export class Decision implements DecisionEffect {
  readonly type = 'decision';
  readonly symbol: SymbolName;
  readonly openTime: EpochMs;
  readonly probability: number | null;
  readonly expectedValue: Fraction | null;
  readonly margin: Fraction;
  readonly outcome: DecisionEffect['outcome'];
  readonly sizing: Sizing | null;
  readonly checks: readonly Check[];
  readonly clientOrderId: string | null;
  readonly #text: string | null;

  constructor(
    symbol: SymbolName,
    openTime: EpochMs,
    probability: number | null,
    expectedValue: Fraction | null,
    margin: Fraction,
    outcome: DecisionEffect['outcome'],
    detail: DecisionDetail | null,
  ) {
    this.symbol = symbol;
    this.openTime = openTime;
    this.probability = probability;
    this.expectedValue = expectedValue;
    this.margin = margin;
    this.outcome = outcome;
    this.sizing = detail === null ? null : detail.sizing;
    this.checks = detail === null ? NO_CHECKS : detail.checks;
    this.clientOrderId = detail === null ? null : detail.clientOrderId;
    this.#text = detail === null ? null : detail.text;
  }

  get text(): string {
    if (this.#text !== null) return this.#text;
    const told = odds(this.probability ?? Number.NaN, this.expectedValue ?? Number.NaN);
    switch (this.outcome) {
      case 'holding':
        return `holding: ${told}`;
      case 'exit':
        return `exit, model reversal: ${told}`;
      case 'no-edge':
        return `no edge: ${told} below ${signedPercent(this.margin)}`;
      default:
        return told;
    }
  }

  /** What the journal records. */
  toJSON(): DecisionEffect {
    const { type, symbol, openTime, probability, expectedValue, margin, outcome, text, sizing, checks, clientOrderId } =
      this;
    return { type, symbol, openTime, probability, expectedValue, margin, outcome, text, sizing, checks, clientOrderId };
  }
}

/** Probability and expected value, for people. */
export const odds = (probability: number, expectedValue: Fraction): string =>
  `p ${probability.toFixed(3)}, EV ${signedPercent(expectedValue)}`;
