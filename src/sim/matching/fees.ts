import { UNIT, fixed, times, type Fixed } from './fixed.ts';
import type { SimSide } from './order.ts';

export interface FeeSchedule {
  /** Fractions of the amount received, scaled: 0.001 is 100000. */
  readonly maker: Fixed;
  readonly taker: Fixed;
  /** A third coin that pays the commission while its balance suffices, at a discount. */
  readonly coin: string | null;
  /** What is taken off the rate when the third coin pays: 0.25. */
  readonly discount: Fixed;
}

export const DEFAULT_FEES: FeeSchedule = {
  maker: fixed('0.001'),
  taker: fixed('0.001'),
  coin: null,
  discount: fixed('0.25'),
};

export interface Commission {
  readonly asset: string;
  readonly amount: Fixed;
}

export interface FeeQuestion {
  readonly side: SimSide;
  readonly base: string;
  readonly quote: string;
  readonly quantity: Fixed;
  readonly value: Fixed;
  readonly maker: boolean;
  /** Price of the third coin in the quote currency and its free balance; null when there is none. */
  readonly coin: { readonly price: Fixed; readonly free: Fixed } | null;
}

/** The commission of one execution, cut to eight decimals: in the asset received, unless the third coin can pay. */
export const commissionOf = (schedule: FeeSchedule, question: FeeQuestion): Commission => {
  const rate = question.maker ? schedule.maker : schedule.taker;
  if (schedule.coin !== null && question.coin !== null && question.coin.price > 0n) {
    const value = (question.value * rate * (UNIT - schedule.discount)) / UNIT;
    const amount = value / question.coin.price;
    if (amount > 0n && amount <= question.coin.free) return { asset: schedule.coin, amount };
  }
  return question.side === 'BUY'
    ? { asset: question.base, amount: times(question.quantity, rate) }
    : { asset: question.quote, amount: times(question.value, rate) };
};
