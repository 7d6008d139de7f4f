import type { EngineState } from '../../core/engine/state.ts';
import { breakEven, expectedValue, roundTripCosts, type PolicyTerms } from '../../core/strategy/policy.ts';
import type { BoardRecords, DecisionDetail, StoredDecision } from '../../ports/dashboard.ts';
import { readCheck, stepWords } from '../check-words.ts';
import type { Explanation, FeatureExplainer } from './explain-features.ts';

/** As it is in the database: decimals are text. */
interface StoredSizing {
  readonly equity: number;
  readonly riskAmount: string;
  readonly lossPerUnit: string;
  readonly limitPrice: string;
  readonly steps: readonly { readonly rule: string; readonly quantity: string }[];
}

type StoredCheck = Parameters<typeof readCheck>[0];

const sizingOf = (text: string | null): DecisionDetail['sizing'] => {
  if (text === null) return null;
  const { equity, riskAmount, lossPerUnit, limitPrice, steps } = JSON.parse(text) as StoredSizing;
  return {
    equity,
    riskAmount: Number(riskAmount),
    lossPerUnit: Number(lossPerUnit),
    limitPrice: Number(limitPrice),
    steps: steps.map(({ rule, quantity }) => ({ rule, words: stepWords(rule), quantity: Number(quantity) })),
  };
};

/** Terms of the policy, when they are those under which the decision was made. */
const termsOf = (state: EngineState, row: StoredDecision): PolicyTerms | null => {
  const { config } = state;
  if (config === null || config.model === null || row.probability === null || row.expectedValue === null) return null;
  const { stop, target, margin } = config.model;
  const terms: PolicyTerms = { stop, target, margin, takerFee: config.takerFee };
  return Math.abs(expectedValue(row.probability, terms) - row.expectedValue) < 1e-12 ? terms : null;
};

const explained = async (explainer: FeatureExplainer, row: StoredDecision): Promise<Explanation> => {
  if (row.probability === null) return { effects: null, missing: 'there was no prediction' };
  if (row.features === null) return { effects: null, missing: 'the journal entry is archived' };
  try {
    return await explainer.explain(row.features, row.probability);
  } catch {
    return { effects: null, missing: 'the model gave no answer' };
  }
};

/** A decision with everything that led to it and what became of it. */
export const decisionDetail = async (
  row: StoredDecision,
  state: EngineState,
  records: BoardRecords,
  explainer: FeatureExplainer,
): Promise<DecisionDetail> => {
  const { sizing, checks, features: _features, ...line } = row;
  const terms = termsOf(state, row);
  const { effects, missing } = await explained(explainer, row);
  const id = row.clientOrderId;
  return {
    ...line,
    breakEven: terms === null ? null : breakEven(terms),
    target: terms?.target ?? null,
    stop: terms?.stop ?? null,
    costs: terms === null ? null : roundTripCosts(terms.takerFee),
    sizing: sizingOf(sizing),
    checks: (JSON.parse(checks) as readonly StoredCheck[]).map(readCheck),
    features: effects,
    featuresMissing: missing,
    order: id === null ? null : records.order(id),
    fills: id === null ? [] : records.fillsOf(id),
    trade: id === null ? null : records.tradeOf(id),
  };
};
