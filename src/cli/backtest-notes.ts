import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EpochMs } from '../core/units.ts';
import type { BacktestMarket } from './backtest-market.ts';

/** What a reader has to know before the figures. */
export const notesOf = (directory: string, market: Pick<BacktestMarket, 'name' | 'recorded'>, from: EpochMs): readonly string[] => {
  if (!market.recorded) return [`On the ${market.name}, which is made to be learnable: it says nothing about a real market. Give --data FOLDER for recorded candles.`];
  const learnt = trainedUntil(directory);
  if (learnt === null) return [`PERHAPS IN SAMPLE: ${join(directory, 'card.json')} does not say on which candles the model was trained; if on these, the figures are no evidence of an edge.`];
  if (learnt < from) return [];
  return [`IN SAMPLE: the model was trained on candles up to ${new Date(learnt).toISOString().slice(0, 10)}, so these figures are no evidence of an edge; its card has the out-of-sample ones.`];
};

/** Open time of the newest candle the model was trained on, as its card says; null without a card that says it whole. */
const trainedUntil = (directory: string): EpochMs | null => {
  try {
    const card: unknown = JSON.parse(readFileSync(join(directory, 'card.json'), 'utf8'));
    if (typeof card !== 'object' || card === null || !('data' in card) || !Array.isArray(card.data)) return null;
    const ends = card.data.flatMap((part: unknown) => (typeof part === 'object' && part !== null && 'to' in part && typeof part.to === 'string' ? [Date.parse(part.to)] : []));
    const newest = Math.max(...ends);
    return Number.isFinite(newest) ? newest : null;
  } catch {
    return null;
  }
};
