import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal, formatDecimal, type Decimal } from '../decimal.ts';
import { instrumentFromText } from '../engine/on-start.ts';
import type { InstrumentText } from '../engine/input.ts';
import { BTC, instrumentText } from '../engine/world.test-helper.ts';
import {
  filterFault,
  floorToLot,
  floorToTick,
  ceilToTick,
  largestQuantity,
  smallestQuantity,
  type Instrument,
} from './instrument.ts';

const made = (changes: Partial<InstrumentText> = {}): Instrument => instrumentFromText(instrumentText(BTC, changes));
const btc = made();
const at = decimal('50000');

describe('quantities', () => {
  test('are cut to the lot, and at the market to both lots', () => {
    expect(formatDecimal(floorToLot(btc, decimal('0.123456789'), 'limit'))).toBe('0.12345');
    const coarse = made({ marketStepSize: '0.0001' });
    expect(formatDecimal(floorToLot(coarse, decimal('0.123456789'), 'limit'))).toBe('0.12345');
    for (const type of ['market', 'stop-loss'] as const)
      expect(formatDecimal(floorToLot(coarse, decimal('0.123456789'), type))).toBe('0.1234');
    expect(formatDecimal(floorToLot(coarse, decimal('0.123456789'), 'stop-loss-limit'))).toBe('0.12345');
  });

  test('lots that are no multiples of each other have a common one', () => {
    expect(
      formatDecimal(floorToLot(made({ stepSize: '0.02', marketStepSize: '0.03' }), decimal('0.2'), 'market')),
    ).toBe('0.18');
    expect(formatDecimal(floorToLot(made({ stepSize: '0', marketStepSize: '0.03' }), decimal('0.2'), 'market'))).toBe(
      '0.18',
    );
    expect(
      formatDecimal(floorToLot(made({ stepSize: '0.02', marketStepSize: '0.02' }), decimal('0.21'), 'market')),
    ).toBe('0.2');
  });

  test('are cut to the largest order; zero means that there is no such limit', () => {
    expect(formatDecimal(floorToLot(btc, decimal('9500'), 'limit'))).toBe('9000');
    expect(formatDecimal(floorToLot(btc, decimal('9500'), 'market'))).toBe('100');
    expect(formatDecimal(floorToLot(made({ marketMaxQuantity: '0' }), decimal('9500'), 'market'))).toBe('9000');
    expect(formatDecimal(floorToLot(made({ maxQuantity: '0' }), decimal('9500'), 'limit'))).toBe('9500');
    expect(formatDecimal(floorToLot(made({ maxQuantity: '0' }), decimal('9500'), 'market'))).toBe('100');
    expect(largestQuantity(made({ maxQuantity: '0', marketMaxQuantity: '0' }), 'market')).toBe(0n);
    expect(largestQuantity(made({ maxQuantity: '50' }), 'market')).toBe(decimal('50'));
  });

  test('never grow and lie on the grid', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 21n }),
        fc.constantFrom('limit' as const, 'market' as const),
        (raw, type) => {
          const cut = floorToLot(btc, raw as Decimal, type);
          expect(cut <= raw).toBe(true);
          expect(cut % btc.stepSize).toBe(0n);
        },
      ),
    );
  });
});

describe('prices', () => {
  test('go to the tick below or above', () => {
    expect(formatDecimal(floorToTick(btc, decimal('1.239')))).toBe('1.23');
    expect(formatDecimal(ceilToTick(btc, decimal('1.231')))).toBe('1.24');
  });
});

describe('filters', () => {
  test.each([
    ['a sound order', 'limit', '0.001', '50000', null],
    ['a price off the tick', 'limit', '0.001', '50000.001', 'tick-size'],
    ['a price too low', 'limit', '0.001', '0', 'price-range'],
    ['a price too high', 'limit', '0.001', '1000000.01', 'price-range'],
    ['the highest price', 'limit', '0.001', '1000000', null],
    ['a market order is not judged by tick', 'market', '0.001', '50000.001', null],
    ['a stop is', 'stop-loss', '0.001', '50000.001', 'tick-size'],
    ['a quantity off the lot', 'limit', '0.000015', '50000', 'lot-size'],
    ['nothing', 'limit', '0', '50000', 'quantity-range'],
    ['the largest', 'limit', '180', '50000', null],
    ['too much for a limit order', 'limit', '9000.00001', '50000', 'quantity-range'],
    ['the most of a market order', 'market', '100', '50000', null],
    ['too much for a market order', 'market', '100.00001', '50000', 'quantity-range'],
    ['too much for a stop that sells at the market', 'stop-loss', '100.00001', '50000', 'quantity-range'],
    ['the least value', 'limit', '0.0001', '50000', null],
    ['too little value', 'limit', '0.00009', '50000', 'min-notional'],
    ['too much value', 'limit', '180.00001', '50000', 'max-notional'],
    ['of a market order, too', 'market', '0.00009', '50000', 'min-notional'],
  ] as const)('%s: %s %s @ %s is %s', (_what, type, quantity, price, code) => {
    expect(filterFault(btc, type, decimal(quantity), decimal(price))?.code ?? null).toBe(code);
  });

  test('name the limit and the value', () => {
    expect(filterFault(btc, 'limit', decimal('0.00009'), at)).toEqual({
      code: 'min-notional',
      limit: decimal('5'),
      value: decimal('4.5'),
    });
    expect(filterFault(btc, 'limit', decimal('0.000015'), at)).toEqual({
      code: 'lot-size',
      limit: decimal('0.00001'),
      value: decimal('0.000015'),
    });
    expect(filterFault(made({ minQuantity: '0.01' }), 'limit', decimal('0.009'), at)).toEqual({
      code: 'quantity-range',
      limit: decimal('0.01'),
      value: decimal('0.009'),
    });
    expect(filterFault(btc, 'limit', decimal('9001'), at)).toEqual({
      code: 'quantity-range',
      limit: decimal('9000'),
      value: decimal('9001'),
    });
    expect(filterFault(made({ minPrice: '10' }), 'limit', decimal('1'), decimal('9.99'))).toEqual({
      code: 'price-range',
      limit: decimal('10'),
      value: decimal('9.99'),
    });
  });

  test('at the market the larger of both minima counts', () => {
    const strict = made({ marketMinQuantity: '0.01' });
    expect(smallestQuantity(strict, 'market')).toBe(decimal('0.01'));
    expect(smallestQuantity(strict, 'limit')).toBe(decimal('0.00001'));
    expect(filterFault(strict, 'market', decimal('0.009'), at)?.code).toBe('quantity-range');
    expect(filterFault(strict, 'limit', decimal('0.009'), at)).toBeNull();
  });

  test('a maximum of zero is none; a maximum value does not bind market orders', () => {
    const free = made({ maxPrice: '0', maxQuantity: '0', marketMaxQuantity: '0', maxNotional: '0' });
    expect(filterFault(free, 'limit', decimal('1000000'), decimal('9999999'))).toBeNull();
    expect(filterFault(made({ maxNotional: '100' }), 'market', decimal('1'), at)).toBeNull();
  });

  test('without a price the quantity is judged all the same', () => {
    expect(filterFault(btc, 'market', decimal('0.000015'), null)?.code).toBe('lot-size');
    expect(filterFault(btc, 'market', decimal('0.00001'), null)).toBeNull();
  });
});
