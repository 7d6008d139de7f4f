import type { SymbolName } from '../../core/units.ts';
import type { Base, Surroundings } from './base.ts';
import { holdsSomething } from './books.ts';

/**
 * Takes symbols that the exchange does not list out of the configuration of a bot that holds something, so that it can
 * start, halted, and look after what it holds, even where no symbol is left to trade. With nothing held the
 * configuration stays as it is, and the start refuses it later.
 */
export const withListedSymbols = async (
  base: Base,
  { state, marketData }: Pick<Surroundings, 'state' | 'marketData'>,
): Promise<Base> => {
  const { config, log } = base;
  // A question that is not answered proves nothing: the symbol stays.
  const isUnlisted = async (symbols: readonly SymbolName[]): Promise<boolean> => {
    const read = await marketData.instruments(symbols);
    return !read.ok && read.error.kind === 'unlisted';
  };
  if (!holdsSomething(state) || !(await isUnlisted(config.symbols))) return base;
  const listed: SymbolName[] = [];
  const gone: SymbolName[] = [];
  for (const symbol of config.symbols) ((await isUnlisted([symbol])) ? gone : listed).push(symbol);
  if (gone.length === 0) return base;
  const text = `the exchange does not list ${gone.join(', ')}; change SYMBOLS`;
  log.error({ gone }, 'a start without symbols that the exchange does not list: exits only');
  return {
    ...base,
    config: { ...config, symbols: listed },
    configHalts: [...base.configHalts, { code: 'unlisted', text, clears: 'restart' }],
  };
};
