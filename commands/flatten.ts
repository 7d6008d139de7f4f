import { freeText, matchSymbol } from './support/arguments.ts';
import { defineToolCommand } from './support/command.ts';
import { baseOf, money, price, quantity, quoteOf } from './support/format.ts';
import type { FlattenPreview } from '../src/ports/operator-tools.ts';

const saleLine = ({ symbol, quantity: size, lastPrice, estimatedProceeds }: FlattenPreview['positions'][number]): string =>
  `Sells ${quantity(size)} ${baseOf(symbol)} at market: about ${money(estimatedProceeds)} ${quoteOf(symbol)} at ${price(lastPrice)}`;

const sum = (preview: FlattenPreview): number | null => {
  let total = 0;
  for (const { estimatedProceeds } of preview.positions) {
    if (estimatedProceeds === null) return null;
    total += estimatedProceeds;
  }
  return total;
};

export const flatten = defineToolCommand({
  name: 'flatten',
  role: 'operator',
  effect: 'loosen',
  usage: '[symbol]',
  description: 'Sell one position or all (asks first)',
  example: '/flatten BTC',
  parse: freeText(40),
  run: (_context, tools, wanted) => {
    const chosen = wanted === '' ? null : matchSymbol(wanted, tools.symbols());
    if (chosen !== null && !chosen.ok) return { title: `/flatten: ${chosen.help}`, blocks: [{ kind: 'text', lines: ['For example: /flatten BTC'] }], outcome: 'wrong argument' };
    const preview = tools.flattenPreview(chosen?.value ?? null);
    if (preview.refusal !== null) return { title: 'Refused', blocks: [{ kind: 'text', lines: [preview.refusal] }], outcome: 'refused' };
    if (preview.positions.length === 0) return { title: 'No position to sell', blocks: [], outcome: 'nothing to do' };
    return {
      title: 'Sell?',
      blocks: [],
      request: {
        kind: 'confirm',
        what: [
          ...preview.positions.map(saleLine),
          ...(preview.positions.length < 2 ? [] : [`In all about ${money(sum(preview))} ${quoteOf(preview.positions[0]?.symbol ?? '')}`]),
          'Fees are taken off. Each stop is cancelled first, and put back should the sale fail.',
        ],
        label: preview.positions.length === 1 ? 'Sell it' : 'Sell them all',
        needsCode: false,
        needsApproval: false,
        action: async (caller) => tools.flatten(caller, preview.positions.map(({ symbol }) => symbol)),
      },
      outcome: 'asked',
    };
  },
});
