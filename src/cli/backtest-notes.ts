import { join } from 'node:path';
import type { EpochMs } from '../core/units.ts';
import type { ModelDescription } from '../ports/model.ts';
import type { BacktestMarket } from './backtest-market.ts';
import { readCard } from './model-card.ts';

/** What a reader has to know before the figures. */
export const notesOf = (
  directory: string,
  model: Pick<ModelDescription, 'hash'>,
  market: Pick<BacktestMarket, 'name' | 'recorded'>,
  from: EpochMs,
): readonly string[] => {
  if (!market.recorded)
    return [
      `On the ${market.name}, which is made to be learnable: it says nothing about a real market. Give --data FOLDER for recorded candles.`,
    ];
  const { trainedThrough: learnt, fault } = readCard(directory, model);
  if (fault !== null)
    return [
      `PERHAPS IN SAMPLE: ${fault}. Nothing else says on which candles the model was trained; if on these, the figures are no evidence of an edge.`,
    ];
  if (learnt === null)
    return [
      `PERHAPS IN SAMPLE: ${join(directory, 'card.json')} does not say on which candles the model was trained; if on these, the figures are no evidence of an edge.`,
    ];
  if (learnt < from) return [];
  return [
    `IN SAMPLE: the model was trained on candles up to ${new Date(learnt).toISOString().slice(0, 10)}, so these figures are no evidence of an edge; its card has the out-of-sample ones.`,
  ];
};
