/** Two decimals, thousands apart: "10,012.40", as in the replies to commands. */
export const money = (value: number): string => value.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ',');

/** New books before their first start, which may wait for the exchange: one wording for replies, refusals and what is kept for later. */
export const STARTING = { title: 'The bot is still starting', why: 'It waits for the exchange and trades nothing' } as const;
