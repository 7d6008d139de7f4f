/**
 * Prices on an instrument's tick, in doubles. A price on a decimal tick is the double nearest to its decimal text, so
 * that nothing longer than the tick ever reaches the engine.
 */
export interface PriceGrid {
  /** The tick at or below; at least one tick. */
  down(price: number): number;
  /** The tick at or above. */
  up(price: number): number;
  /** The tick above a price that lies on one. */
  next(price: number): number;
}

/** Slack for products such as 1.15 x 100 = 114.99999999999999. */
const SLACK = 1e-6;

/** @param tick the tick size as decimal text, e.g. "0.01" */
export const priceGrid = (tick: string): PriceGrid => {
  const size = Number(tick);
  const places = tick.includes('.') ? tick.length - tick.indexOf('.') - 1 : 0;
  const scale = 10 ** places;
  // Whole ticks in units of the last decimal place: exact integers, so one division gives the nearest double.
  const unit = Math.round(size * scale);
  const at = (ticks: number): number => (Math.max(1, ticks) * unit) / scale;
  return {
    down: (price) => at(Math.floor((price * scale) / unit + SLACK)),
    up: (price) => at(Math.ceil((price * scale) / unit - SLACK)),
    next: (price) => at(Math.round((price * scale) / unit) + 1),
  };
};
