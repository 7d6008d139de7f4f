import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, decimal, formatDecimal, mulUp, sub, ZERO, type Decimal } from '../decimal.ts';
import { instrumentFromText } from '../engine/on-start.ts';
import { BTC, instrumentText } from '../engine/world.test-helper.ts';
import { floorToLot, type Instrument } from '../market/instrument.ts';
import {
  budgetLossPerUnit,
  entryLimit,
  gapExit,
  lossPerUnit,
  quantityForRisk,
  riskFraction,
  stopLimit,
  stopTrigger,
} from './sizing.ts';

const btc: Instrument = instrumentFromText(instrumentText(BTC));
const price = fc.integer({ min: 100, max: 20_000_000 }).map((cents) => (BigInt(cents) * 10n ** 14n) as Decimal);

describe('prices of orders', () => {
  test('an entry pays at most the ask and a tenth of a percent, on the tick below', () => {
    expect(formatDecimal(entryLimit(btc, 50_000))).toBe('50050');
    // 63123.45 x 1.001 = 63186.57345
    expect(formatDecimal(entryLimit(btc, 63_123.45))).toBe('63186.57');
  });

  test('a stop triggers at the average fill less the distance, on the tick above', () => {
    expect(formatDecimal(stopTrigger(btc, decimal('50000'), 0.015))).toBe('49250');
    // 50123.45 x 0.985 = 49371.59825
    expect(formatDecimal(stopTrigger(btc, decimal('50123.45'), 0.015))).toBe('49371.6');
  });

  test('a stop-limit sells down to two percent below its trigger, never below the least price', () => {
    expect(formatDecimal(stopLimit(btc, decimal('49371.6')))).toBe('48384.16');
    expect(formatDecimal(stopLimit(btc, decimal('0.01')))).toBe('0.01');
  });
});

describe('sizes', () => {
  test('the loss of a unit is stop distance, fees of both sides and slippage, on the entry price', () => {
    // 50000 x (0.015 + 2 x 0.001 + 0.001) = 900
    expect(formatDecimal(lossPerUnit(decimal('50000'), 0.015, 0.001))).toBe('900');
  });

  test('one percent of 10,000 at a loss of 900 a unit is 0.1111 units, rounded down', () => {
    expect(formatDecimal(quantityForRisk(decimal('100'), decimal('900')))).toBe('0.1111111111111111');
  });

  test('never risk more than is allowed, whatever the lot', () => {
    fc.assert(
      fc.property(
        price,
        fc.integer({ min: 1, max: 10 ** 9 }),
        fc.constantFrom(0.001, 0.01, 0.015),
        fc.constantFrom(0, 0.00075, 0.001),
        (limit, cents, stop, fee) => {
          const risk = (BigInt(cents) * 10n ** 14n) as Decimal;
          const perUnit = lossPerUnit(limit, stop, fee);
          const quantity = floorToLot(btc, quantityForRisk(risk, perUnit), 'limit');
          expect(mulUp(quantity, perUnit) <= risk).toBe(true);
          // And a lot more would be too much, unless the exchange's largest order has cut it.
          const more = add(quantity, decimal('0.00001'));
          expect(quantity === decimal('9000') || mulUp(more, perUnit) > risk).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('the first ten live trades risk at most a quarter of a percent', () => {
    expect(riskFraction(0.01, true, 0)).toBe(0.0025);
    expect(riskFraction(0.01, true, 9)).toBe(0.0025);
    expect(riskFraction(0.01, true, 10)).toBe(0.01);
    expect(riskFraction(0.001, true, 0)).toBe(0.001);
    expect(riskFraction(0.01, false, 0)).toBe(0.01);
  });
});

describe('the loss budget', () => {
  test('an exit at the stop, half a percent lower, after its fee', () => {
    // 49250 x 0.995 = 49003.75; less a fee of 0.1 %: 48954.74625
    expect(formatDecimal(gapExit(decimal('49250'), 0.001))).toBe('48954.74625');
  });

  test('the loss of a unit from its cost with fee to that exit', () => {
    // 50050 x 1.001 = 50100.05; 50050 x 0.985 = 49299.25; x 0.995 = 49052.75375; less fee 49003.70099625
    expect(formatDecimal(budgetLossPerUnit(decimal('50000'), 0.015, 0.001))).toBe(
      formatDecimal(sub(decimal('50050'), decimal('48954.74625'))),
    );
  });

  test('covers every fill at or below the limit, the tick of the stop included', () => {
    fc.assert(
      fc.property(price, fc.integer({ min: 0, max: 500 }), (limit, below) => {
        const fill = (limit - BigInt(below) * 10n ** 14n) as Decimal;
        if (fill <= ZERO) return;
        const real = sub(add(fill, mulUp(fill, decimal('0.001'))), gapExit(stopTrigger(btc, fill, 0.015), 0.001));
        expect(real <= budgetLossPerUnit(limit, 0.015, 0.001)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
