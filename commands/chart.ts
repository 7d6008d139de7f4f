import { matchSymbol, parseCount } from './support/arguments.ts';
import { defineToolCommand } from './support/command.ts';
import { baseOf, cut, price, signedPercent } from './support/format.ts';
import type { ChartView } from '../src/ports/operator-tools.ts';
import type { CandlePicture } from '../src/ports/chat.ts';

const DEFAULT_HOURS = 72;
const MAX_HOURS = 336;
/** Meant as a number, be it a wrong one: no symbol looks like this. */
const LIKE_HOURS = /^[-+]?\d+([.,]\d+)?h?$/i;

const linesOf = (view: ChartView): CandlePicture['lines'] => [
  ...(view.entryPrice === null ? [] : [{ price: view.entryPrice, role: 'entry' as const }]),
  ...(view.stopPrice === null ? [] : [{ price: view.stopPrice, role: 'stop' as const }]),
  ...(view.targetPrice === null ? [] : [{ price: view.targetPrice, role: 'target' as const }]),
];

export const chart = defineToolCommand({
  name: 'chart',
  role: 'viewer',
  effect: 'read',
  usage: '[symbol] [hours]',
  description: 'Candles with entries, exits, stop and target',
  example: '/chart BTC 48',
  parse: (text) => {
    const words = text === '' ? [] : text.split(/\s+/);
    if (words.length > 2) return { ok: false, help: 'takes a symbol and a number of hours' };
    const [hoursWord, another] = words.filter((word) => LIKE_HOURS.test(word));
    if (another !== undefined) return { ok: false, help: `takes one number of hours, got "${cut(text, 40)}"` };
    const symbol = words.find((word) => word !== hoursWord) ?? null;
    if (hoursWord === undefined)
      return words.length === 2
        ? { ok: false, help: `"${words[1] ?? ''}" is no number of hours` }
        : { ok: true, value: { symbol, hours: DEFAULT_HOURS } };
    const hours = parseCount(hoursWord.replace(/h$/i, ''), 6, MAX_HOURS);
    return hours.ok ? { ok: true, value: { symbol, hours: hours.value } } : hours;
  },
  run: ({ times }, tools, { symbol, hours }) => {
    const traded = tools.symbols();
    const chosen = matchSymbol(symbol ?? traded[0] ?? '', traded);
    if (!chosen.ok)
      return {
        title: `/chart: ${chosen.help}`,
        blocks: [{ kind: 'text', lines: ['For example: /chart BTC 48'] }],
        outcome: 'wrong argument',
      };
    const view = tools.chart(chosen.value, hours);
    const [first] = view.candles;
    const last = view.candles.at(-1);
    if (first === undefined || last === undefined) return { title: `No candle of ${chosen.value} yet`, blocks: [] };
    const title = `${view.symbol} ${price(last.close)}  ${signedPercent(last.close / first.open - 1)}`;
    const subtitle = `${view.candles.length} h to ${times.zoned(last.openTime + 3_600_000)}`;
    const levels = linesOf(view).map(({ role, price: level }) => [role, price(level)] as const);
    return {
      title,
      blocks: [
        ...(levels.length === 0 ? [] : [{ kind: 'fields' as const, rows: levels }]),
        { kind: 'text', lines: [subtitle] },
      ],
      buttons: [
        [24, 72, 168, 336].map((span) => ({
          label: span === hours ? `• ${span} h` : `${span} h`,
          command: `/chart ${view.symbol} ${span}`,
          inPlace: true,
        })),
        ...(traded.length < 2
          ? []
          : [
              traded
                .slice(0, 4)
                .map((other) => ({ label: baseOf(other), command: `/chart ${other} ${hours}`, inPlace: true })),
            ]),
      ],
      picture: {
        kind: 'candles',
        title,
        subtitle,
        symbol: view.symbol,
        candles: view.candles,
        marks: view.marks,
        lines: linesOf(view),
        timeZone: times.zone,
      },
    };
  },
});
