import { freeText, matchSymbol } from './support/arguments.ts';
import { defineToolCommand } from './support/command.ts';
import { baseOf, money, price, quantity, quoteOf } from './support/format.ts';
import { stalePrices } from './support/views.ts';
import type { Milliseconds, SymbolName } from '../src/core/units.ts';
import { noPosition, span } from '../src/core/words.ts';
import type { FlattenPreview } from '../src/ports/operator-tools.ts';

const saleLine = ({
  symbol,
  quantity: size,
  lastPrice,
  estimatedProceeds,
}: FlattenPreview['positions'][number]): string =>
  `Sells ${quantity(size)} ${baseOf(symbol)} at market: about ${money(estimatedProceeds)} ${quoteOf(symbol)} at ${price(lastPrice)}`;

/** An estimate from a price of long ago is not what the sale will bring. */
const ageLine = (symbol: SymbolName, stale: ReadonlyMap<SymbolName, Milliseconds>): readonly string[] => {
  const age = stale.get(symbol);
  return age === undefined ? [] : [`The price of ${symbol} is ${span(age)} old: the sale may bring another.`];
};

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
  usage: '[symbol, all]',
  description: 'Sell one position or all (asks first)',
  example: '/flatten BTC',
  parse: freeText(40),
  run: ({ service }, tools, wanted) => {
    const chosen = /^(all)?$/i.test(wanted) ? null : matchSymbol(wanted, tools.symbols());
    if (chosen !== null && !chosen.ok)
      return {
        title: `/flatten: ${chosen.help}`,
        blocks: [{ kind: 'text', lines: ['Nothing is sold. One: /flatten BTC', 'All: /flatten'] }],
        outcome: 'wrong argument',
      };
    const preview = tools.flattenPreview(chosen?.value ?? null);
    if (preview.refusal !== null)
      return { title: 'Refused', blocks: [{ kind: 'text', lines: [preview.refusal] }], outcome: 'refused' };
    if (preview.positions.length === 0)
      return {
        title: 'Nothing to sell',
        blocks: [{ kind: 'text', lines: [noPosition(chosen?.value ?? null)] }],
        outcome: 'nothing to do',
      };
    const stale = stalePrices(service.status());
    return {
      title: 'Sell?',
      blocks: [],
      request: {
        kind: 'confirm',
        what: [
          ...preview.positions.map(saleLine),
          ...(preview.positions.length < 2
            ? []
            : [`In all about ${money(sum(preview))} ${quoteOf(preview.positions[0]?.symbol ?? '')}`]),
          ...preview.positions.flatMap(({ symbol }) => ageLine(symbol, stale)),
          ...preview.positions.flatMap(({ symbol, halted }) =>
            halted === true
              ? [
                  `The exchange has halted ${symbol}: it is sold when it is traded again, and a stop that rests stays until then.`,
                ]
              : [],
          ),
          'Fees are taken off. Each stop is cancelled first, and put back should the sale fail.',
        ],
        label: preview.positions.length === 1 ? 'Sell it' : 'Sell them all',
        needsCode: false,
        needsApproval: false,
        action: async (caller) =>
          tools.flatten(
            caller,
            preview.positions.map(({ symbol, openedBy }) => ({ symbol, openedBy })),
          ),
      },
      outcome: 'asked',
    };
  },
});
