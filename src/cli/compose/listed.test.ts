import { expect, test } from 'vitest';
import { BTC, ETH, World } from '../../core/engine/world.test-helper.ts';
import type { SymbolName } from '../../core/units.ts';
import type { MarketData } from '../../ports/market-data.ts';
import type { Base } from './base.ts';
import { withListedSymbols } from './listed.ts';

const baseOf = (symbols: readonly SymbolName[]): Base =>
  ({ config: { symbols }, log: { error: () => undefined }, configHalts: [] }) as unknown as Base;
const listing = (...listed: readonly SymbolName[]): MarketData =>
  ({
    instruments: (symbols: readonly SymbolName[]) =>
      Promise.resolve(
        symbols.every((symbol) => listed.includes(symbol))
          ? { ok: true, value: [] }
          : { ok: false, error: { kind: 'unlisted', code: '-1121', message: 'Invalid symbol.', retryAfter: null } },
      ),
  }) as unknown as MarketData;

test('what is held is never abandoned: it starts halted with what the exchange still lists, also when that is nothing', async () => {
  const { state } = new World().ready().enter();
  for (const listed of [[BTC], []]) {
    const { config, configHalts } = await withListedSymbols(baseOf([BTC, ETH]), {
      state,
      marketData: listing(...listed),
    });
    expect(config.symbols).toEqual(listed);
    expect(configHalts).toMatchObject([{ code: 'unlisted', clears: 'restart', text: expect.stringContaining(ETH) }]);
  }
});

test('with nothing held, or everything listed, the configuration stays as it is', async () => {
  const base = baseOf([BTC, ETH]);
  expect(await withListedSymbols(base, { state: new World().ready().state, marketData: listing() })).toBe(base);
  expect(
    await withListedSymbols(base, { state: new World().ready().enter().state, marketData: listing(BTC, ETH) }),
  ).toBe(base);
});
