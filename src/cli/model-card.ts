import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { driftReferenceOf, type DriftReference } from '../core/features/drift.ts';
import type { EpochMs } from '../core/units.ts';
import type { ModelDescription } from '../ports/model.ts';

/** What a model's card says beyond the model's own metadata; null where it does not say it. */
export interface CardFacts {
  readonly reference: DriftReference | null;
  /** Open time of the newest candle that the model was trained on, in any of its series. */
  readonly trainedThrough: EpochMs | null;
  /** Why a card that is there is left aside; null = it is not, or there is none. */
  readonly fault: string | null;
}

const SAYS_NOTHING: CardFacts = { reference: null, trainedThrough: null, fault: null };

/**
 * Reads the card beside a model. A model without a card is used all the same; then neither its drift nor the data that
 * it was trained on are known. A card of another model file is left aside in the same way: it would tell of candles
 * that this model was not trained on, and measure drift from them.
 */
export const readCard = (modelDirectory: string, model: Pick<ModelDescription, 'hash'> | null): CardFacts => {
  if (model === null) return SAYS_NOTHING;
  const path = join(modelDirectory, 'card.json');
  const fault = (what: string): CardFacts => ({ ...SAYS_NOTHING, fault: `${path} ${what}` });
  let card: unknown;
  try {
    card = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return SAYS_NOTHING;
    return fault(
      code === undefined
        ? 'is not JSON; write it again'
        : `can't be read (${code}); check the file and its permissions`,
    );
  }
  const of = isObject(card) ? card['modelSha256'] : undefined;
  const short = typeof of === 'string' ? of.slice(0, 12) : typeof of;
  if (of !== undefined && of !== model.hash)
    return fault(
      `is the card of another model (its modelSha256 is ${short}, the model's ${model.hash.slice(0, 12)}); put the right one beside the model, or none`,
    );
  return { reference: driftReferenceOf(card), trainedThrough: newestOf(card), fault: null };
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Null without a list of series that says it whole. */
const newestOf = (card: unknown): EpochMs | null => {
  const data = isObject(card) ? card['data'] : null;
  if (!Array.isArray(data)) return null;
  const newest = Math.max(
    ...data.flatMap((series: unknown) =>
      isObject(series) && typeof series['to'] === 'string' ? [Date.parse(series['to'])] : [],
    ),
  );
  return Number.isFinite(newest) ? newest : null;
};
