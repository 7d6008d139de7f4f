/** Two decimals, thousands apart: "10,012.40", as in the replies to commands. */
export const money = (value: number): string => value.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ',');
