import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal } from '../decimal.ts';
import { imbalance } from '../ledger/ledger.ts';
import { equityOf } from './marking.ts';
import { BTC, instrumentText, seconds, World } from './world.test-helper.ts';

const BNB = 'BNB/USDT';

/**
 * A position in BNB is open; at the next start its market is traded no more, and BNB pays the fees. `spare`: BNB of the
 * account's own.
 */
const switched = (spare = '0'): World => {
  const world = new World({ balances: { USDT: '10000', BNB: spare }, config: { symbols: [BTC, BNB] } });
  world.instruments = [instrumentText(BTC), instrumentText(BNB)];
  world.exchange.prices[BNB] = 500;
  world.ready().enter(BNB);
  world.timer(seconds(5));
  world.config = { ...world.config, symbols: [BTC], feeAsset: 'BNB' };
  world.instruments = [instrumentText(BTC)];
  world.restart();
  look(world);
  return world;
};

/** Prices of both, as the feed asks for them, and two readings of the account. */
const look = (world: World): void => {
  const quote = (symbol: string, last: number) => ({
    symbol,
    last,
    bid: last * 0.9999,
    ask: last * 1.0001,
    at: world.at,
  });
  world.apply({ type: 'quotes', quotes: [quote(BTC, 50_000), quote(BNB, 500)] });
  world.account();
  world.account();
};

const equity = (world: World): number =>
  equityOf(world.state, world.at, world.wall, world.state.freshness) ?? Number.NaN;

describe('a coin that pays fees and of which a position is left from an earlier run', () => {
  test('is counted once: what the books hold as a position pays no fees', () => {
    const world = switched();
    expect(formatDecimal(world.state.ledger.feeCoin)).toBe('0');
    expect(equity(world)).toBeGreaterThan(9_900);
    expect(equity(world)).toBeLessThan(10_000);
    expect(world.effects.filter(({ type }) => type === 'deposit')).toHaveLength(1);
  });

  test('is counted beside the position as far as there is more of it', () => {
    const world = switched('1');
    expect(formatDecimal(world.state.ledger.feeCoin)).toBe('1');
    expect(equity(world)).toBeLessThan(10_500);
  });

  test('pays the fee of that position out of what is beside it: nothing is taken for sold beyond what was held', () => {
    const world = switched('1');
    world.exchange.feeCoin = 'third';
    world.command({ name: 'flatten', symbol: BNB });
    expect([world.managed(BNB), world.held(BNB), world.locks()]).toEqual([null, '0', []]);
    expect(world.state.ledger.feeCoin).toBe(world.exchange.of('BNB'));
    expect(world.state.ledger.feeCoin).toBeLessThan(decimal('1'));
    expect(imbalance(world.state.ledger)).toBe(0n);
    look(world);
    expect([world.locks(), world.state.suspicion]).toEqual([[], null]);
  });
});

describe('equity that is not known for ten minutes because of a price that no lock tells of', () => {
  const told = (world: World) =>
    world
      .take()
      .flatMap((effect) =>
        effect.type === 'alert' && effect.alert.title.startsWith('Equity') ? [effect.alert.title] : [],
      );
  /** The prices of what is traded alone. */
  const withoutCoin = (world: World, span: number): void => {
    world.pass(seconds(span));
    world.apply({ type: 'quotes', quotes: [{ symbol: BTC, last: 50_000, bid: 49_995, ask: 50_005, at: world.at }] });
  };

  test('is told, once, and when it is known again: until then no drawdown lock can trip', () => {
    const world = new World({ balances: { USDT: '10000', BNB: '1' }, config: { symbols: [BTC], feeAsset: 'BNB' } })
      .ready()
      .enter();
    world.take();
    for (let minute = 0; minute < 14; minute += 1) withoutCoin(world, 60);
    expect(told(world)).toEqual([]);
    for (let minute = 0; minute < 20; minute += 1) withoutCoin(world, 60);
    expect(told(world)).toEqual(['Equity is not known for 10 min: no fresh price of BNB/USDT']);
    world.restart();
    withoutCoin(world, 60);
    world.timer(seconds(900));
    expect([told(world), world.locks().includes('stale-data:BTC/USDT')]).toEqual([[], true]);
    world.quotes();
    world.pass(seconds(5));
    world.quotes();
    expect(told(world)).toEqual(['Equity is known again']);
  });

  test('is left to the stale-data lock where that tells of it', () => {
    const world = new World({ config: { symbols: [BTC] } }).ready().enter();
    world.timer(seconds(5));
    for (let minute = 0; minute < 30; minute += 1) world.timer(seconds(60));
    expect(world.locks()).toContain('stale-data:BTC/USDT');
    expect(told(world)).toEqual([]);
  });
});
