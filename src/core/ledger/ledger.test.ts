import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, decimal, formatDecimal, sub, ZERO, type Decimal } from '../decimal.ts';
import type { Fill, Side } from '../orders/order.ts';
import {
  averageCost,
  bookDeposit,
  bookFill,
  bookWithdrawnUnits,
  closeTrade,
  createLedger,
  imbalance,
  quantityOf,
  sellable,
  type Booking,
  type Ledger,
  type Position,
} from './ledger.ts';

const BTC = 'BTC/USDT';

const opened = (cash = '10000'): Ledger => {
  const ledger = createLedger();
  bookDeposit(ledger, decimal(cash));
  return ledger;
};

interface Deal {
  readonly quantity: string;
  readonly price: string;
  readonly fee?: string;
  readonly feeAsset?: string;
  readonly feeCoin?: string | null;
  readonly feeCoinPrice?: string | null;
}

const deal = (
  ledger: Ledger,
  side: Side,
  { quantity, price, fee = '0', feeAsset = 'USDT', feeCoin = 'BNB', feeCoinPrice = '500' }: Deal,
): Booking => {
  const quote = formatDecimal(((decimal(quantity) * decimal(price)) / 10n ** 16n) as Decimal);
  const fill: Fill = { tradeId: '1', price, quantity, quoteQuantity: quote, fee, feeAsset, at: 1_000 };
  return bookFill(ledger, fill, {
    symbol: BTC,
    base: 'BTC',
    quote: 'USDT',
    side,
    clientOrderId: 'e1',
    feeCoin,
    feeCoinPrice: feeCoinPrice === null ? null : decimal(feeCoinPrice),
    takerFee: decimal('0.001'),
  });
};

const position = (ledger: Ledger): Position => ledger.positions[BTC] ?? { quantity: ZERO, cost: ZERO, trade: null };

const text = (value: Decimal | null): string => (value === null ? 'null' : formatDecimal(value));

describe('a round trip', () => {
  test("fees in quote: cost carries the buyer's, proceeds lose the seller's", () => {
    const ledger = opened();
    deal(ledger, 'buy', { quantity: '0.1', price: '50000', fee: '5' });
    expect(text(ledger.cash)).toBe('4995');
    expect(text(averageCost(position(ledger)))).toBe('50050');
    const sold = deal(ledger, 'sell', { quantity: '0.1', price: '51000', fee: '5.1' });
    // 5100 - 5.1 - 5005
    expect(text(sold.realised)).toBe('89.9');
    expect(text(sold.feeValue)).toBe('5.1');
    expect(text(ledger.cash)).toBe('10089.9');
    expect(text(ledger.realised)).toBe('89.9');
    expect(text(ledger.feesPaid)).toBe('10.1');
    expect(imbalance(ledger)).toBe(ZERO);
    expect(closeTrade(ledger, BTC)).toEqual({
      quantity: decimal('0.1'),
      entryPrice: decimal('50000'),
      exitPrice: decimal('51000'),
      fees: decimal('10.1'),
      pnl: decimal('89.9'),
      pnlFraction: 89.9 / 5000,
      openedAt: 1_000,
      entryOrderId: 'e1',
    });
    expect(closeTrade(ledger, BTC)).toBeNull();
    expect(closeTrade(ledger, 'ETH/USDT')).toBeNull();
  });

  test('a fee in base lessens what is held, not the cash', () => {
    const ledger = opened();
    const bought = deal(ledger, 'buy', { quantity: '0.1', price: '50000', fee: '0.0001', feeAsset: 'BTC' });
    expect(text(quantityOf(ledger, BTC))).toBe('0.0999');
    expect(text(ledger.cash)).toBe('5000');
    expect(text(bought.feeValue)).toBe('5');
    expect(bought.realised).toBe(ZERO);
    const sold = deal(ledger, 'sell', { quantity: '0.0999', price: '50000' });
    // 4995 for what has cost 5000
    expect(text(sold.realised)).toBe('-5');
    expect(imbalance(ledger)).toBe(ZERO);
  });

  test('a fee in a third coin is a loss at once, at its price', () => {
    const ledger = opened();
    ledger.feeCoin = decimal('1');
    const bought = deal(ledger, 'buy', { quantity: '0.1', price: '50000', fee: '0.0075', feeAsset: 'BNB' });
    expect(text(bought.realised)).toBe('-3.75');
    expect(text(ledger.feeCoin)).toBe('0.9925');
    expect(text(ledger.feeCoinSpent)).toBe('3.75');
    expect(text(ledger.cash)).toBe('5000');
    const sold = deal(ledger, 'sell', { quantity: '0.1', price: '50000', fee: '0.0075', feeAsset: 'BNB' });
    expect(text(sold.realised)).toBe('-3.75');
    expect(text(closeTrade(ledger, BTC)?.pnl ?? null)).toBe('-7.5');
    expect(imbalance(ledger)).toBe(ZERO);
  });

  test('a third coin without a price costs the full taker fee, and one that is not ours leaves the balance of ours alone', () => {
    const ledger = opened();
    ledger.feeCoin = decimal('1');
    expect(
      text(
        deal(ledger, 'buy', { quantity: '0.1', price: '50000', fee: '0.0075', feeAsset: 'BNB', feeCoinPrice: null })
          .feeValue,
      ),
    ).toBe('5');
    deal(ledger, 'sell', { quantity: '0.05', price: '50000', fee: '3', feeAsset: 'XYZ', feeCoinPrice: null });
    expect(text(ledger.feeCoin)).toBe('0.9925');
    expect(imbalance(ledger)).toBe(ZERO);
  });

  test('no fee is no fee, whatever coin it is stated in', () => {
    const ledger = opened();
    expect(
      deal(ledger, 'buy', { quantity: '0.1', price: '50000', fee: '0', feeAsset: 'XYZ', feeCoinPrice: null }).feeValue,
    ).toBe(ZERO);
    expect(ledger.feesPaid).toBe(ZERO);
  });

  test('proceeds arrive to the last decimal', () => {
    const ledger = opened();
    deal(ledger, 'buy', { quantity: '0.12345678', price: '50000' });
    const cash = ledger.cash ?? ZERO;
    const quote = '6172.8391234567891234';
    bookFill(
      ledger,
      { tradeId: '2', price: '50000', quantity: '0.12345678', quoteQuantity: quote, fee: '0', feeAsset: 'USDT', at: 1 },
      {
        symbol: BTC,
        base: 'BTC',
        quote: 'USDT',
        side: 'sell',
        clientOrderId: 'x',
        feeCoin: null,
        feeCoinPrice: null,
        takerFee: decimal('0.001'),
      },
    );
    expect(sub(ledger.cash ?? ZERO, cash)).toBe(decimal(quote));
    expect(text(ledger.realised)).toBe('0.0001234567891234');
    expect(text(ledger.deposits)).toBe('10000');
  });

  test('sold in parts, the cost leaves in parts and whole with the last', () => {
    const ledger = opened();
    deal(ledger, 'buy', { quantity: '0.3', price: '10000', fee: '0.01' });
    deal(ledger, 'sell', { quantity: '0.1', price: '10000' });
    expect(text(ledger.positions[BTC]?.cost ?? null)).toBe('2000.0066666666666667');
    deal(ledger, 'sell', { quantity: '0.2', price: '10000' });
    expect(ledger.positions[BTC]).toMatchObject({ quantity: ZERO, cost: ZERO });
    expect(text(ledger.realised)).toBe('-0.01');
    expect(imbalance(ledger)).toBe(ZERO);
    expect(averageCost(position(ledger))).toBeNull();
  });

  test('what is left when it ends is dust, and goes into the next', () => {
    const ledger = opened();
    deal(ledger, 'buy', { quantity: '0.1', price: '50000' });
    deal(ledger, 'sell', { quantity: '0.09999', price: '50000' });
    expect(text(closeTrade(ledger, BTC)?.pnl ?? null)).toBe('0');
    deal(ledger, 'buy', { quantity: '0.1', price: '60000' });
    expect(text(quantityOf(ledger, BTC))).toBe('0.10001');
    const sold = deal(ledger, 'sell', { quantity: '0.10001', price: '60000' });
    expect(text(sold.realised)).toBe('0.1');
    expect(text(closeTrade(ledger, BTC)?.pnl ?? null)).toBe('0.1');
  });

  test('never sold: its exit price is zero', () => {
    const ledger = opened();
    deal(ledger, 'buy', { quantity: '0.1', price: '50000' });
    expect(closeTrade(ledger, BTC)).toMatchObject({ exitPrice: ZERO, pnl: ZERO });
  });
});

describe('more sold than held', () => {
  test('the excess came from outside: its proceeds are a deposit, no result', () => {
    const ledger = opened();
    deal(ledger, 'buy', { quantity: '0.1', price: '50000' });
    const sold = deal(ledger, 'sell', { quantity: '0.4', price: '50000', fee: '20' });
    expect(text(sold.excess)).toBe('0.3');
    // A quarter of 19,980 for what has cost 5,000.
    expect(text(sold.realised)).toBe('-5');
    expect(text(ledger.deposits)).toBe('24985');
    expect(text(ledger.cash)).toBe('24980');
    expect(quantityOf(ledger, BTC)).toBe(ZERO);
    expect(imbalance(ledger)).toBe(ZERO);
    expect(closeTrade(ledger, BTC)).toMatchObject({ pnl: decimal('-5'), exitPrice: decimal('49950') });
  });

  test('with nothing held at all, the whole proceeds are a deposit', () => {
    const ledger = opened();
    const sold = deal(ledger, 'sell', { quantity: '0.1', price: '50000' });
    expect(sold).toMatchObject({ realised: ZERO, excess: decimal('0.1') });
    expect(text(ledger.deposits)).toBe('15000');
    expect(imbalance(ledger)).toBe(ZERO);
  });
});

describe('money from and to outside', () => {
  test('moves cash and deposits, and is neither a profit nor a loss', () => {
    const ledger = opened('1000');
    bookDeposit(ledger, decimal('-400'));
    expect(text(ledger.cash)).toBe('600');
    expect(text(ledger.deposits)).toBe('600');
    expect(ledger.realised).toBe(ZERO);
    expect(imbalance(ledger)).toBe(ZERO);
  });

  test('units that left take their cost with them, and are withdrawn at their value', () => {
    const ledger = opened();
    deal(ledger, 'buy', { quantity: '0.1', price: '50000' });
    expect(text(bookWithdrawnUnits(ledger, BTC, decimal('0.025'), decimal('60000')))).toBe('1500');
    expect(text(quantityOf(ledger, BTC))).toBe('0.075');
    expect([text(ledger.deposits), text(ledger.realised)]).toEqual(['8500', '250']);
    expect(imbalance(ledger)).toBe(ZERO);
    expect(text(bookWithdrawnUnits(ledger, BTC, decimal('5'), null))).toBe('3750');
    expect(quantityOf(ledger, BTC)).toBe(ZERO);
    expect(imbalance(ledger)).toBe(ZERO);
    expect(bookWithdrawnUnits(ledger, 'ETH/USDT', decimal('1'), null)).toBe(ZERO);
    expect(bookWithdrawnUnits(ledger, BTC, decimal('-1'), null)).toBe(ZERO);
  });

  test('before the first balance nothing can be booked, and nothing is out of balance', () => {
    const ledger = createLedger();
    expect(() => deal(ledger, 'buy', { quantity: '0.1', price: '50000' })).toThrow('before the first balance');
    expect(imbalance(ledger)).toBe(ZERO);
    expect(quantityOf(ledger, BTC)).toBe(ZERO);
  });
});

test('what may be sold is the smaller of what is held and what is there, never below zero', () => {
  const [one, two] = [decimal('1'), decimal('2')];
  expect(sellable(one, two)).toBe(one);
  expect(sellable(two, one)).toBe(one);
  expect(sellable(two, null)).toBe(two);
  expect(sellable(two, decimal('-1'))).toBe(ZERO);
});

test('whatever is dealt, the books balance to the last decimal and results add up', () => {
  const units = fc.integer({ min: 1, max: 5_000_000 }).map((n) => formatDecimal((BigInt(n) * 10n ** 11n) as Decimal));
  const price = fc.integer({ min: 1_00, max: 90_000_00 }).map((cents) => (cents / 100).toFixed(2));
  const fee = fc.constantFrom('quote', 'base', 'third', 'other', 'none');
  fc.assert(
    fc.property(
      fc.array(fc.record({ side: fc.constantFrom('buy' as const, 'sell' as const), units, price, fee }), {
        maxLength: 40,
        size: 'max',
      }),
      (deals) => {
        const ledger = opened('1000000');
        ledger.feeCoin = decimal('100');
        let realised = ZERO;
        for (const each of deals) {
          const amount = {
            quote: ['0.012345', 'USDT'],
            base: ['0.00000123', 'BTC'],
            third: ['0.00001', 'BNB'],
            other: ['1', 'XYZ'],
            none: ['0', 'USDT'],
          }[each.fee] ?? ['0', 'USDT'];
          const booking = deal(ledger, each.side, {
            quantity: each.units,
            price: each.price,
            fee: amount[0] ?? '0',
            feeAsset: amount[1] ?? 'USDT',
          });
          realised = add(realised, booking.realised);
          expect(imbalance(ledger)).toBe(ZERO);
          expect(quantityOf(ledger, BTC) >= ZERO).toBe(true);
          expect(booking.excess >= ZERO).toBe(true);
        }
        expect(sub(ledger.realised, realised)).toBe(ZERO);
      },
    ),
    { numRuns: 200 },
  );
});
