import { toNumber, type Decimal } from './decimal.ts';

/** Two decimals, thousands apart: "10,012.40", as in the replies to commands. */
export const money = (value: number): string => value.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ',');

/** A price for people: enough decimals to tell it apart, no more. */
export const price = (value: Decimal): string => {
  const number = toNumber(value);
  if (number >= 1000) return money(number);
  const text = number.toPrecision(6);
  const mark = text.indexOf('e');
  // Six digits all the same, written out.
  return mark < 0 ? text : number.toFixed(5 - Number(text.slice(mark + 1)));
};

/** Room on a disk: "0.9 GiB"; "12 MiB" where that would be "0.0 GiB". */
export const sizeText = (bytes: number): string => (bytes < 1024 ** 3 / 10 ? `${Math.floor(bytes / 1024 ** 2)} MiB` : `${(bytes / 1024 ** 3).toFixed(1)} GiB`);

/** New books before their first start, which may wait for the exchange: one wording for replies, refusals and what is kept for later. */
export const STARTING = { title: 'The bot is still starting', why: 'It waits for the exchange and trades nothing' } as const;
