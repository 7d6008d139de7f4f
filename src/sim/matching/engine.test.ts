import { describe, expect, it } from 'vitest';
import { DEFAULT_LIQUIDITY } from './book.ts';
import type { MatchingEngine } from './engine.ts';
import { DEFAULT_FEES } from './fees.ts';
import { fixed, formatFixed, times } from './fixed.ts';
import { Rejection, type RejectionReason, type SimOrder } from './order.ts';
import { BTC_RULES, DEEP, order, testEngine } from './testing.ts';

const balance = (engine: MatchingEngine, asset: string): string => {
  const { free, locked } = engine.accounts.get(asset);
  return `${formatFixed(free)} ${formatFixed(locked)}`;
};
const average = ({ executedQuote, executed }: SimOrder): string =>
  formatFixed((executedQuote * 100_000_000n) / executed);
const refusal = (act: () => unknown): RejectionReason | null => {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof Rejection) return error.reason;
    throw error;
  }
};

describe('orders that take', () => {
  it('buy at the ask and pay the fee in what they receive', () => {
    const engine = testEngine();
    const bought = engine.place(order({ side: 'BUY', type: 'MARKET', quantity: '0.1' }));
    expect(bought.status).toBe('FILLED');
    // 0.1 at 50,005, fee 0.1 % of 0.1 BTC
    expect(balance(engine, 'USDT')).toBe('4999.50000000 0.00000000');
    expect(balance(engine, 'BTC')).toBe('1.09990000 0.00000000');
  });

  it('sell at the bid and pay the fee in quote currency', () => {
    const engine = testEngine();
    engine.place(order({ side: 'SELL', type: 'MARKET', quantity: '0.1' }));
    // 0.1 at 49,995 = 4,999.5 less 4.9995
    expect(balance(engine, 'USDT')).toBe('14994.50050000 0.00000000');
    expect(balance(engine, 'BTC')).toBe('0.90000000 0.00000000');
  });

  it('cut the commission to eight decimals', () => {
    const engine = testEngine({ price: '33333.33' });
    engine.place(order({ side: 'SELL', type: 'MARKET', quantity: '0.00033' }));
    const [trade] = engine.newTrades;
    // 0.00033 at 33,329.99 = 10.9988967; 0.1 % = 0.0109988967
    expect(formatFixed(trade?.commission ?? 0n)).toBe('0.01099889');
  });

  it('spend a quote amount as far as whole lots go', () => {
    const engine = testEngine();
    const bought = engine.place(order({ side: 'BUY', type: 'MARKET', quoteQuantity: '1000' }));
    expect(formatFixed(bought.quantity)).toBe('0.01999000');
    expect(formatFixed(bought.executedQuote)).toBe('999.59995000');
    expect(bought.status).toBe('FILLED');
  });

  it('give back what a better price saved', () => {
    const engine = testEngine();
    engine.place(order({ side: 'BUY', type: 'LIMIT', timeInForce: 'IOC', quantity: '0.1', price: '50055' }));
    expect(balance(engine, 'USDT')).toBe('4999.50000000 0.00000000');
  });

  it('get worse prices with size, level by level, in several trades', () => {
    const engine = testEngine({ liquidity: DEFAULT_LIQUIDITY, balances: { USDT: '100000' } });
    const small = engine.place(order({ side: 'BUY', type: 'MARKET', quantity: '0.0002' }));
    const large = engine.place(order({ side: 'BUY', type: 'MARKET', quantity: '0.1' }));
    expect(engine.files.tradesOf(large).length).toBeGreaterThan(2);
    expect(fixed(average(large)) > fixed(average(small))).toBe(true);
  });

  it('leave the liquidity they took taken until the price moves', () => {
    const engine = testEngine({ liquidity: DEFAULT_LIQUIDITY, balances: { USDT: '100000' } });
    const asks = engine.levels('BTCUSDT', 'ask');
    engine.place(order({ side: 'BUY', type: 'MARKET', quantity: formatFixed(asks[0]?.quantity ?? 0n) }));
    expect(engine.levels('BTCUSDT', 'ask')).toEqual(asks.slice(1));
    engine.movePrice('BTCUSDT', fixed('50000'), 'path', 1000);
    expect(engine.levels('BTCUSDT', 'ask')).toEqual(asks);
  });

  it('end EXPIRED with what the book had, when they may not rest', () => {
    const engine = testEngine({ liquidity: DEFAULT_LIQUIDITY, balances: { USDT: '10000000', BTC: '100' } });
    const ioc = engine.place(order({ side: 'BUY', type: 'LIMIT', timeInForce: 'IOC', quantity: '5', price: '50010' }));
    expect(ioc.status).toBe('EXPIRED');
    expect(ioc.executed > 0n && ioc.executed < fixed('5')).toBe(true);
    const market = engine.place(order({ side: 'SELL', type: 'MARKET', quantity: '50' }));
    expect(market.status).toBe('EXPIRED');
    expect(market.executed > 0n && ioc.locked === 0n && market.locked === 0n).toBe(true);
    expect(engine.accounts.get('USDT').locked + engine.accounts.get('BTC').locked).toBe(0n);
  });

  it('fill or kill: all or nothing', () => {
    const engine = testEngine({ liquidity: DEFAULT_LIQUIDITY, balances: { USDT: '10000000' } });
    const killed = engine.place(
      order({ side: 'BUY', type: 'LIMIT', timeInForce: 'FOK', quantity: '5', price: '50100' }),
    );
    expect([killed.status, killed.executed]).toEqual(['EXPIRED', 0n]);
    expect(
      engine.place(order({ side: 'BUY', type: 'LIMIT', timeInForce: 'FOK', quantity: '0.0005', price: '50100' }))
        .status,
    ).toBe('FILLED');
  });
});

describe('orders that rest', () => {
  it('hold their funds back and give them back when cancelled', () => {
    const engine = testEngine();
    const buy = engine.place(order({ side: 'BUY', type: 'LIMIT', quantity: '0.1', price: '49000' }));
    expect(buy.status).toBe('NEW');
    expect(balance(engine, 'USDT')).toBe('5100.00000000 4900.00000000');
    engine.cancel(buy);
    expect(buy.status).toBe('CANCELED');
    expect(balance(engine, 'USDT')).toBe('10000.00000000 0.00000000');
    expect(refusal(() => engine.cancel(buy))).toBe('unknown-order');
  });

  it('fill at their own price as makers when the way crosses them, and after a gap too', () => {
    const engine = testEngine();
    const near = engine.place(order({ side: 'BUY', type: 'LIMIT', quantity: '0.05', price: '49900' }));
    const far = engine.place(order({ side: 'BUY', type: 'LIMIT', quantity: '0.05', price: '49000' }));
    engine.movePrice('BTCUSDT', fixed('49800'), 'path', 2000);
    expect([near.status, average(near)]).toEqual(['FILLED', '49900.00000000']);
    expect(far.status).toBe('NEW');
    engine.movePrice('BTCUSDT', fixed('45000'), 'jump', 3000);
    expect([far.status, average(far)]).toEqual(['FILLED', '49000.00000000']);
    expect(engine.newTrades.every(({ isMaker }) => isMaker)).toBe(true);
  });

  it('need the other side to reach them: a touch of the last price alone is not enough', () => {
    const engine = testEngine();
    const buy = engine.place(order({ side: 'BUY', type: 'LIMIT', quantity: '0.05', price: '49900' }));
    engine.movePrice('BTCUSDT', fixed('49900'), 'path', 2000);
    expect(buy.status).toBe('NEW');
  });

  it('fill in parts when the book is small, and keep the rest of their lock', () => {
    const engine = testEngine({ liquidity: DEFAULT_LIQUIDITY, balances: { USDT: '10000000' } });
    const buy = engine.place(order({ side: 'BUY', type: 'LIMIT', quantity: '5', price: '49990' }));
    engine.movePrice('BTCUSDT', fixed('49980'), 'path', 2000);
    expect(buy.status).toBe('PARTIALLY_FILLED');
    expect(buy.locked).toBe(times(buy.price, buy.quantity - buy.executed));
    expect(engine.accounts.get('USDT').locked).toBe(buy.locked);
  });
});

describe('stops', () => {
  const stop = (quantity = '1', stopPrice = '49250') => order({ side: 'SELL', type: 'STOP_LOSS', quantity, stopPrice });
  const stopLimit = (stopPrice = '49250', price = '48265') =>
    order({ side: 'SELL', type: 'STOP_LOSS_LIMIT', quantity: '1', stopPrice, price });

  it('fill near their trigger when the way crosses it', () => {
    const engine = testEngine();
    const placed = engine.place(stop());
    expect([placed.status, placed.workingTime]).toEqual(['NEW', -1]);
    engine.movePrice('BTCUSDT', fixed('49251'), 'path', 2000);
    expect(placed.status).toBe('NEW');
    engine.movePrice('BTCUSDT', fixed('48000'), 'path', 3000);
    // last = trigger 49,250, so the bid is 49,245.07 (one basis point, down to the tick)
    expect([placed.status, placed.workingTime, average(placed)]).toEqual(['FILLED', 3000, '49245.07000000']);
  });

  it('fill at the gapped price when the price jumps over the trigger', () => {
    const engine = testEngine();
    const placed = engine.place(stop());
    engine.movePrice('BTCUSDT', fixed('47000'), 'jump', 2000);
    expect([placed.status, average(placed)]).toEqual(['FILLED', '46995.30000000']);
  });

  it('with a limit that was jumped rest unfilled, and fill when the price comes back', () => {
    const engine = testEngine();
    const placed = engine.place(stopLimit());
    engine.movePrice('BTCUSDT', fixed('47000'), 'jump', 2000);
    expect([placed.status, placed.workingTime]).toEqual(['NEW', 2000]);
    expect(engine.accounts.get('BTC').locked).toBe(fixed('1'));
    engine.movePrice('BTCUSDT', fixed('48500'), 'path', 3000);
    expect([placed.status, average(placed)]).toEqual(['FILLED', '48265.00000000']);
  });

  it('fire in the order in which the way meets them', () => {
    const engine = testEngine({ balances: { BTC: '2' } });
    const low = engine.place(stop('1', '49000'));
    const high = engine.place(stop('1', '49500'));
    engine.movePrice('BTCUSDT', fixed('48000'), 'path', 2000);
    expect(engine.newTrades.map(({ orderId }) => orderId)).toEqual([high.orderId, low.orderId]);
  });

  it('on the other side and for profit wait for their own direction', () => {
    const engine = testEngine();
    const buyStop = engine.place(order({ side: 'BUY', type: 'STOP_LOSS', quantity: '0.01', stopPrice: '51000' }));
    const profit = engine.place(order({ side: 'SELL', type: 'TAKE_PROFIT', quantity: '0.5', stopPrice: '52000' }));
    const dip = engine.place(
      order({ side: 'BUY', type: 'TAKE_PROFIT_LIMIT', quantity: '0.01', stopPrice: '48000', price: '48100' }),
    );
    engine.movePrice('BTCUSDT', fixed('51500'), 'path', 2000);
    expect([buyStop.status, profit.status, dip.status]).toEqual(['FILLED', 'NEW', 'NEW']);
    engine.movePrice('BTCUSDT', fixed('52500'), 'path', 3000);
    expect(profit.status).toBe('FILLED');
    engine.movePrice('BTCUSDT', fixed('47900'), 'path', 4000);
    expect([dip.status, average(dip)]).toEqual(['FILLED', '48004.80000000']);
    expect(engine.accounts.get('USDT').locked + engine.accounts.get('BTC').locked).toBe(0n);
  });

  it('at the same trigger share the book that is there', () => {
    const engine = testEngine({ liquidity: DEFAULT_LIQUIDITY, balances: { BTC: '2' } });
    const [first, second] = [engine.place(stop('1', '49500')), engine.place(stop('1', '49500'))];
    engine.movePrice('BTCUSDT', fixed('48000'), 'path', 2000);
    expect(first.executed > 0n).toBe(true);
    expect([first.status, second.status, second.executed]).toEqual(['EXPIRED', 'EXPIRED', 0n]);
  });

  it('that would trigger at once are refused', () => {
    const engine = testEngine();
    expect(refusal(() => engine.place(stop('1', '50000')))).toBe('would-trigger-immediately');
    expect(refusal(() => engine.place(stop('1', '50000.01')))).toBe('would-trigger-immediately');
  });
});

describe('refusals', () => {
  it('change nothing', () => {
    const engine = testEngine();
    const before = [balance(engine, 'USDT'), balance(engine, 'BTC')];
    expect(refusal(() => engine.place(order({ side: 'BUY', type: 'LIMIT', quantity: '1', price: '49000' })))).toBe(
      'insufficient-balance',
    );
    expect(refusal(() => engine.place(order({ side: 'BUY', type: 'MARKET', quantity: '1' })))).toBe(
      'insufficient-balance',
    );
    expect(refusal(() => engine.place(order({ side: 'SELL', type: 'MARKET', quantity: '1.00001' })))).toBe(
      'insufficient-balance',
    );
    expect(
      refusal(() => engine.place(order({ side: 'BUY', type: 'LIMIT_MAKER', quantity: '0.1', price: '50005' }))),
    ).toBe('would-match-immediately');
    expect([balance(engine, 'USDT'), balance(engine, 'BTC')]).toEqual(before);
    expect(engine.files.orderCount).toBe(0);
  });

  it('of a client id end with the order that holds it: a filled order frees it', () => {
    const engine = testEngine();
    const open = engine.place(
      order({ side: 'BUY', type: 'LIMIT', quantity: '0.01', price: '49000', clientOrderId: 'same' }),
    );
    expect(
      refusal(() => engine.place(order({ side: 'BUY', type: 'MARKET', quantity: '0.01', clientOrderId: 'same' }))),
    ).toBe('duplicate-client-id');
    engine.cancel(open);
    const first = engine.place(order({ side: 'BUY', type: 'MARKET', quantity: '0.01', clientOrderId: 'same' }));
    const second = engine.place(order({ side: 'BUY', type: 'MARKET', quantity: '0.01', clientOrderId: 'same' }));
    expect([first.status, second.status]).toEqual(['FILLED', 'FILLED']);
    expect(engine.files.byClientId('BTCUSDT', 'same')).toBe(second);
  });

  it('come for everything while the market is closed', () => {
    const engine = testEngine();
    engine.symbol('BTCUSDT').open = false;
    expect(refusal(() => engine.place(order({ side: 'BUY', type: 'MARKET', quantity: '0.01' })))).toBe('market-closed');
  });
});

describe('fees in a third coin', () => {
  const bnb = { ...BTC_RULES, id: 'BNBUSDT', base: 'BNB' };
  const fees = { ...DEFAULT_FEES, coin: 'BNB' };

  it('are taken at a discount, at the price of the coin', () => {
    const engine = testEngine({
      liquidity: DEEP,
      fees,
      rules: [BTC_RULES, bnb],
      balances: { USDT: '10000', BNB: '1' },
    });
    engine.movePrice('BNBUSDT', fixed('500'), 'jump', 1000);
    engine.place(order({ side: 'BUY', type: 'MARKET', quantity: '0.1' }));
    // 5,000.5 x 0.1 % x 0.75 / 500
    expect(balance(engine, 'BNB')).toBe('0.99249925 0.00000000');
    expect(balance(engine, 'BTC')).toBe('0.10000000 0.00000000');
  });

  it('fall back to the asset received when the coin runs out', () => {
    const engine = testEngine({
      liquidity: DEEP,
      fees,
      rules: [BTC_RULES, bnb],
      balances: { USDT: '10000', BNB: '0.001' },
    });
    engine.movePrice('BNBUSDT', fixed('500'), 'jump', 1000);
    engine.place(order({ side: 'BUY', type: 'MARKET', quantity: '0.1' }));
    expect(balance(engine, 'BNB')).toBe('0.00100000 0.00000000');
    expect(balance(engine, 'BTC')).toBe('0.09990000 0.00000000');
  });
});
