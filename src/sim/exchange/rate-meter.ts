import { DAY_MS, MINUTE_MS, SECOND_MS, type EpochMs } from '../../core/units.ts';
import { errors } from './api-error.ts';

export const WEIGHT_LIMIT = 6000;
const ORDERS_PER_10S = 50;
const ORDERS_PER_DAY = 160_000;

/**
 * Used weight and order counts, as the exchange's headers state them. A window
 * is over when it is on either clock: a test passes many market minutes in one
 * wall minute, a paused demo many wall minutes in one market minute, and
 * neither should look like a flood.
 */
export class RateMeter {
  readonly #enforce: boolean;
  #weightWindow = '';
  #weight = 0;
  #secondsWindow = '';
  #tenSeconds = 0;
  #dayWindow = '';
  #day = 0;

  constructor(enforce: boolean) {
    this.#enforce = enforce;
  }

  /** @throws ApiError 429 when limits are enforced and this request breaks one. */
  request(weight: number, wall: EpochMs, market: EpochMs): void {
    const window = windowOf(MINUTE_MS, wall, market);
    if (window !== this.#weightWindow) this.#weight = 0;
    this.#weightWindow = window;
    this.#weight += weight;
    if (this.#enforce && this.#weight > WEIGHT_LIMIT) throw errors.tooManyRequests();
  }

  /** Counts a request for an order. @throws ApiError 429 when limits are enforced and it is one too many. */
  order(wall: EpochMs, market: EpochMs): void {
    this.#beginWindows(wall, market);
    if (this.#enforce && this.#tenSeconds >= ORDERS_PER_10S) throw errors.tooManyOrders(ORDERS_PER_10S, '10 SECOND');
    if (this.#enforce && this.#day >= ORDERS_PER_DAY) throw errors.tooManyOrders(ORDERS_PER_DAY, '1 DAY');
    this.#tenSeconds += 1;
    this.#day += 1;
  }

  /** What the account has used of each limit of orders, in the order in which the exchange states them. */
  orderCounts(wall: EpochMs, market: EpochMs): readonly { readonly limit: number; readonly count: number }[] {
    this.#beginWindows(wall, market);
    return [
      { limit: ORDERS_PER_10S, count: this.#tenSeconds },
      { limit: ORDERS_PER_DAY, count: this.#day },
    ];
  }

  #beginWindows(wall: EpochMs, market: EpochMs): void {
    const seconds = windowOf(10 * SECOND_MS, wall, market);
    if (seconds !== this.#secondsWindow) this.#tenSeconds = 0;
    this.#secondsWindow = seconds;
    const day = windowOf(DAY_MS, wall, market);
    if (day !== this.#dayWindow) this.#day = 0;
    this.#dayWindow = day;
  }

  weightHeaders(): Record<string, string> {
    return { 'x-mbx-used-weight': String(this.#weight), 'x-mbx-used-weight-1m': String(this.#weight) };
  }

  orderHeaders(): Record<string, string> {
    return { 'x-mbx-order-count-10s': String(this.#tenSeconds), 'x-mbx-order-count-1d': String(this.#day) };
  }
}

const windowOf = (length: number, wall: EpochMs, market: EpochMs): string =>
  `${Math.floor(wall / length)}/${Math.floor(market / length)}`;
