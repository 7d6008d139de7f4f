import { DRIFT_LIMIT, LEAST_DRIFT_HOURS } from '../src/core/features/drift.ts';
import type { ReplyBlock } from '../src/ports/chat.ts';
import type { ModelStatusView } from '../src/ports/operator-tools.ts';
import { none } from './support/arguments.ts';
import { defineToolCommand } from './support/command.ts';
import { baseOf, cut, percent, UNKNOWN, type Times } from './support/format.ts';

const index = (value: number | null): string =>
  value === null ? 'unknown !' : `${value.toFixed(3)}${value > DRIFT_LIMIT ? ' !' : ''}`;

const driftBlocks = (drift: ModelStatusView['drift']): readonly ReplyBlock[] => {
  if (drift === null) return [{ kind: 'text', lines: ['Drift: n/a, no reference in the model’s card.'] }];
  if (drift.prediction === null)
    return [
      { kind: 'text', lines: [`Drift: n/a before ${LEAST_DRIFT_HOURS} h of predictions, ${drift.hours} so far.`] },
    ];
  return [
    { kind: 'text', lines: [`Drift over ${drift.hours} h (limit ${DRIFT_LIMIT}):`] },
    {
      kind: 'table',
      head: ['What', 'PSI'],
      align: ['left', 'right'],
      rows: [
        ['prediction', index(drift.prediction)],
        ...drift.features.slice(0, 5).map(({ name, index: value }) => [cut(name, 24), index(value)]),
      ],
    },
  ];
};

const facts = (view: ModelStatusView, times: Times): ReplyBlock => ({
  kind: 'fields',
  rows: [
    ['Hash', view.hash.slice(0, 12)],
    ['For', cut(view.purpose, 22)],
    // With its year: a model may be years old.
    ['Trained to', view.trainedThrough === null ? UNKNOWN : new Date(view.trainedThrough).toISOString().slice(0, 10)],
    ['Stop', percent(view.stopLoss)],
    ['Target', percent(view.takeProfit)],
    ['Horizon', `${view.horizonHours} h`],
    ...view.predictions.map(
      ({ symbol, probability, at }) =>
        [`p ${baseOf(symbol)}`, `${probability.toFixed(3)} at ${times.time(at)}`] as const,
    ),
  ],
});

export const model = defineToolCommand({
  name: 'model',
  role: 'viewer',
  effect: 'read',
  usage: '',
  description: 'The model, its last predictions and drift',
  example: '/model',
  parse: none,
  run: ({ times }, tools) => {
    const view = tools.model();
    if (view === null)
      return {
        title: 'No model is loaded',
        blocks: [{ kind: 'text', lines: ['Without one there are no entries; /locks says more.'] }],
      };
    return {
      title: `Model ${view.name}`,
      blocks: [
        { kind: 'text', lines: [view.edge] },
        facts(view, times),
        ...(view.predictions.length === 0 ? [] : [{ kind: 'text' as const, lines: [times.note] }]),
        ...driftBlocks(view.drift),
      ],
      buttons: [[{ label: '↻ Refresh', command: '/model', inPlace: true }]],
    };
  },
});
