import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { priceGrid } from './price-grid.ts';

describe('the price grid', () => {
  test.prop([
    fc.constantFrom('0.01', '0.1', '1', '0.0001', '0.05', '0.25'),
    fc.double({ min: 0.5, max: 500_000, noNaN: true }),
  ])('down and up enclose a price within a tick, as the doubles nearest to decimals on the tick', (tick, price) => {
    const grid = priceGrid(tick);
    const [down, up] = [grid.down(price), grid.up(price)];
    const size = Number(tick);
    expect(down).toBeLessThanOrEqual(price * (1 + 1e-9) + size);
    expect(up - down).toBeLessThanOrEqual(size * 1.001);
    for (const value of [down, up]) {
      expect(Number(value.toFixed(4))).toBe(value);
      expect(Math.abs(value / size - Math.round(value / size))).toBeLessThan(1e-6);
      expect(grid.down(value)).toBe(value);
      expect(grid.up(value)).toBe(value);
    }
  });

  test('a price below the tick is one tick: never zero', () => {
    expect(priceGrid('0.01').down(0.004)).toBe(0.01);
  });
});
