import type { EpochMs } from '../../core/units.ts';
import type { Fixed } from '../matching/fixed.ts';
import type { SimTrade } from '../matching/order.ts';

/** One public trade of a symbol. */
export interface Print {
  readonly id: number;
  readonly price: Fixed;
  readonly quantity: Fixed;
  readonly time: EpochMs;
  readonly buyerIsMaker: boolean;
}

/** A trade of others. Its size is worked out when it is asked for, which it hardly ever is. */
export class MarketPrint implements Print {
  readonly id: number;
  readonly price: Fixed;
  readonly time: EpochMs;
  readonly buyerIsMaker: boolean;
  readonly #size: () => Fixed | undefined;
  readonly #least: Fixed;

  constructor(
    id: number,
    price: Fixed,
    time: EpochMs,
    buyerIsMaker: boolean,
    size: () => Fixed | undefined,
    least: Fixed,
  ) {
    this.id = id;
    this.price = price;
    this.time = time;
    this.buyerIsMaker = buyerIsMaker;
    this.#size = size;
    this.#least = least;
  }

  get quantity(): Fixed {
    return this.#size() ?? this.#least;
  }
}

/**
 * The tape: the newest public trades of each symbol, the account's own among
 * them. Kept in memory only; after a restart it begins with the account's own.
 */
export class TradePrints {
  static readonly KEPT = 1000;
  readonly #tape = new Map<string, Print[]>();

  add(id: string, print: Print): void {
    const tape = this.#tape.get(id);
    if (tape === undefined) {
      this.#tape.set(id, [print]);
      return;
    }
    tape.push(print);
    if (tape.length > 2 * TradePrints.KEPT) tape.splice(0, tape.length - TradePrints.KEPT);
  }

  addOwn(trades: readonly SimTrade[]): void {
    for (const { symbol, id, price, quantity, time, isBuyer, isMaker } of trades) {
      this.add(symbol, { id, price, quantity, time, buyerIsMaker: isBuyer === isMaker });
    }
  }

  newest(id: string, limit: number): readonly Print[] {
    return (this.#tape.get(id) ?? []).slice(-Math.min(limit, TradePrints.KEPT));
  }
}
