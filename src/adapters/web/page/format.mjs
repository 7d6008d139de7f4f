// Numbers and times as people read them. Times are market time in UTC.
const number = (value, digits) =>
  value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
/** A number with its sign; what rounds to nothing has none. */
const signed = (value, digits) => {
  const text = number(Math.abs(value), digits);
  return `${!/[1-9]/.test(text) ? '' : value > 0 ? '+' : '−'}${text}`;
};

export const money = (value) => (value === null ? 'unknown' : number(value, 2));
export const signedMoney = (value) => (value === null ? 'unknown' : signed(value, 2));
/** Six decimals, and for the coins of which one costs less than that four figures. */
const smallPrice = (value) =>
  value.toLocaleString('en-GB', {
    minimumFractionDigits: 6,
    maximumFractionDigits: value === 0 ? 6 : Math.min(20, Math.max(6, 3 - Math.floor(Math.log10(Math.abs(value))))),
  });
export const price = (value) =>
  value === null ? 'unknown' : Math.abs(value) >= 1 ? number(value, Math.abs(value) >= 100 ? 2 : 4) : smallPrice(value);
export const quantity = (value) => value.toLocaleString('en-GB', { maximumFractionDigits: 8 });
export const percent = (fraction, digits = 2) =>
  fraction === null ? 'unknown' : `${number(fraction * 100, digits)}\u00a0%`;
export const signedPercent = (fraction, digits = 2) =>
  fraction === null ? '' : `${signed(fraction * 100, digits)}\u00a0%`;
export const tone = (value) => (value === null || value === 0 ? '' : value > 0 ? 'good' : 'bad');
/** As `tone`, of money as it is shown: less than half a cent is neither gain nor loss. */
export const moneyTone = (value) => tone(value === null ? null : Math.round(value * 100));
export const plain = (value) =>
  value === null ? 'unknown' : (Number(value.toPrecision(4)) + 0).toLocaleString('en-GB', { maximumFractionDigits: 8 });

const zone = { timeZone: 'UTC', hourCycle: 'h23' };
const stampFormat = new Intl.DateTimeFormat('en-GB', {
  ...zone,
  day: '2-digit',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const dayFormat = new Intl.DateTimeFormat('en-GB', {
  ...zone,
  weekday: 'short',
  day: '2-digit',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
export const stamp = (at) => stampFormat.format(at).replace(',', '');
export const longStamp = (at) => `${dayFormat.format(at).replaceAll(',', '')} UTC`;

export const span = (ms) => {
  if (ms < 1_000) return 'now';
  if (ms < 60_000) return `${Math.floor(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.floor(ms / 3_600_000)} h` : `${Math.floor(ms / 86_400_000)} d`;
};

export const base = (symbol) => symbol.split('/')[0];
/** What bars entries, and where: "Stale data: no entries in BTC, ETH." */
export const barText = (entryBars) =>
  entryBars.map(({ why, symbols }) => `${why}: no entries in ${symbols.map(base).join(', ')}.`).join(' ');
/** Words of the bot with every number and its unit on one line, a true minus and a true arrow. */
export const whole = (text) =>
  text
    .replaceAll(/(\d) (?=(?:%|USDT|h|hours?|min|s)(?!\w))/g, '$1\u00a0')
    .replaceAll(/(?<=^|[\s(])-(?=\d)/g, '−')
    .replaceAll('->', '→');
/** `take-profit` as `Take-profit`. */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * What a chart's note says of the position, with the key of its line; a position without a stop must not read as none.
 */
export const levelsOf = (position) =>
  position === null
    ? [['', 'no position']]
    : [
        ['entry', `entry ${price(position.entryPrice)}`],
        ['stop', position.stopPrice === null ? 'no stop rests on the exchange' : `stop ${price(position.stopPrice)}`],
        ['target', `target ${price(position.targetPrice)}`],
      ];
