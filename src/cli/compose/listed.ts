import type { SymbolName } from '../../core/units.ts';
import type { Base, Surroundings } from './base.ts';
import { holdsSomething } from './books.ts';

/**
 * The base without symbols that the exchange does not list. A bot that holds something starts without them, and
 * halted: what it holds of the others is looked after, also where none is left to be traded. Where nothing is held, the
 * start refuses.
 */
export const withListedSymbols = async (base: Base, { state, marketData }: Pick<Surroundings, 'state' | 'marketData'>): Promise<Base> => {
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
  return { ...base, config: { ...config, symbols: listed }, configHalts: [...base.configHalts, { code: 'unlisted', text, clears: 'restart' }] };
};
