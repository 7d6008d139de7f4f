import { counted } from '../../../core/words.ts';
import { toNumber } from '../../../core/decimal.ts';
import type { Scene } from '../../../ports/scene.ts';
import { LOCKS } from '../../../core/guardian/lock.ts';
import type { LockCost } from '../lock-costs.ts';
import type { BacktestStudy } from '../study.ts';
import { guardianLines, STOPPED_NOTE } from '../guardian-lines.ts';
import { figure, interval, minute, money, percent, price, signedMoney, signedPercent } from '../words.ts';
import { escapeText, sceneSvg } from './svg.ts';

const STYLE = `
:root{color-scheme:dark}
body{margin:0;background:#0a1016;color:#eef4f9;font:16px/1.5 Inter,system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 20px 80px}
h1{font-size:30px;margin:0 0 4px}h2{font-size:21px;margin:44px 0 10px}p{color:#9db0c1;margin:6px 0}
.warn{background:#3a2c12;border-left:4px solid #f6c15c;color:#f7dfae;padding:10px 14px;border-radius:4px}
.stop{background:#3b1b1b;border-left:4px solid #ff7d72;color:#ffd2cd;padding:10px 14px;border-radius:4px}
svg{width:100%;height:auto;display:block;border-radius:10px;margin:14px 0;border:1px solid #22303d}
.scroll{overflow-x:auto;border:1px solid #22303d;border-radius:8px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:15px}
th,td{padding:7px 12px;text-align:right;border-bottom:1px solid #1b2733;white-space:nowrap}
th{color:#9db0c1;font-weight:500;background:#101922;position:sticky;top:0}
td:first-child,th:first-child{text-align:left}tr:last-child td{border-bottom:0}
td.why,th.why{text-align:left}td.why{white-space:normal;min-width:260px}.tall{max-height:560px;overflow:auto}.good{color:#45d68c}.bad{color:#ff7d72}
code{font-family:ui-monospace,monospace;font-size:13px;color:#9db0c1;word-break:break-all}
ul{color:#9db0c1;padding-left:20px}
@media (max-width:640px){main{padding:20px 12px 60px}h1{font-size:23px}h2{font-size:18px}table{font-size:13px}th,td{padding:6px 8px}th,td:first-child{white-space:normal}td.why{min-width:180px}}
`;

/** Cells are text and are escaped here, once. */
const cell = (text: string, name = ''): string =>
  `<td${name === '' ? '' : ` class="${name}"`}>${escapeText(text)}</td>`;
const coloured = (text: string, value: number): string => cell(text, value > 0 ? 'good' : value < 0 ? 'bad' : '');
const table = (head: readonly string[], rows: readonly string[], tall = false): string =>
  `<div class="scroll${tall ? ' tall' : ''}"><table><thead><tr>${head.map((name) => `<th${name === 'Why' ? ' class="why"' : ''}>${escapeText(name)}</th>`).join('')}</tr></thead><tbody>${rows.map((row) => `<tr>${row}</tr>`).join('')}</tbody></table></div>`;

/** The whole report as one page that asks for nothing else: pictures inside it, no script. */
export const reportPage = (study: BacktestStudy, charts: readonly Scene[], notes: readonly string[]): string => {
  const { result, model } = study;
  const [equity, drawdown, ...others] = charts.map(sceneSvg);
  const body = [
    `<h1>Backtest of ${escapeText(study.symbols.join(', '))}</h1>`,
    `<p>${minute(study.from)} to ${minute(study.to)} UTC, model ${escapeText(model === null ? 'none' : `${model.name} (${model.hash.slice(0, 12)})`)}, engine ${escapeText(study.engineVersion)}</p>`,
    ...notes.map((note) => `<p class="warn">${escapeText(note)}</p>`),
    ...(model !== null && !model.demonstratedEdge
      ? ['<p class="warn">The model&#39;s card shows no demonstrated edge after costs.</p>']
      : []),
    ...(result.stopped === null
      ? []
      : [
          `<p class="stop">Stopped on ${minute(result.stopped.at)} UTC: ${escapeText(result.stopped.lock)} after the last /unlock of the operator model; ${STOPPED_NOTE}.</p>`,
        ]),
    figures(study),
    equity ?? '',
    drawdown ?? '',
    '<h2>What the Guardian cost and saved</h2>',
    `<p>Against the same engine with a Guardian that forgets: trading was halted ${percent(result.timeLocked.halted, 1)} of the time, and all entries were forbidden ${percent(result.timeLocked.noEntries, 1)} of it. A lock&#39;s cost is what the other run made of trades that began under it, and of positions that it closed; negative is saved.</p>`,
    ...guardianLines(study).map((line) => `<p>${escapeText(line)}.</p>`),
    byKind(study.lockCosts),
    lockTable(study.lockCosts),
    ...others,
    '<h2>By chance</h2>',
    chance(study),
    '<h2>By symbol</h2>',
    table(
      ['Symbol', 'Trades', 'Won', 'Result, USDT'],
      study.guarded.symbols.map(
        ({ key, trades, wins, pnl }) =>
          cell(key) +
          cell(String(trades)) +
          cell(percent(trades === 0 ? null : wins / trades, 1)) +
          coloured(signedMoney(pnl), pnl),
      ),
    ),
    '<h2>Decisions</h2>',
    decisions(study),
    `<h2>Trades</h2>`,
    trades(study),
    '<h2>Assumptions</h2>',
    `<ul>${study.assumptionLines.map((line) => `<li>${escapeText(line)}</li>`).join('')}</ul>`,
    `<p>Limits: <code>${escapeText(JSON.stringify(study.limits))}</code></p>`,
    `<p>Order list <code>${result.orderHash}</code>: ${counted(result.orders, 'order')}, ${counted(result.fills, 'fill')}, ${counted(result.candles, 'hour')} decided.</p>`,
  ];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Backtest ${escapeText(study.symbols.join(', '))}</title><style>${STYLE}</style></head><body><main>${body.join('\n')}</main></body></html>\n`;
};

const figures = ({ guarded, unguarded, hold, result, resampling }: BacktestStudy): string => {
  const columns = [guarded, unguarded, hold];
  const row = (name: string, write: (of: (typeof columns)[number]) => string): string =>
    cell(name) + columns.map((of) => cell(write(of))).join('');
  const trading = (name: string, write: (of: (typeof columns)[number]) => string): string =>
    cell(name) + columns.map((of) => cell(of === hold ? '' : write(of))).join('');
  return table(
    ['', 'With the Guardian', 'Without', 'Buy and hold'],
    [
      row('Final equity, USDT', (of) => money(of.finalEquity)),
      cell('Return') + columns.map((of) => coloured(signedPercent(of.totalReturn), of.totalReturn)).join(''),
      row('Maximum drawdown', (of) => percent(of.performance.maxDrawdown)),
      row('Sharpe', (of) => figure(of.performance.sharpe)),
      row('Sortino', (of) => figure(of.performance.sortino)),
      row('Calmar', (of) => figure(of.performance.calmar)),
      trading('Trades', (of) => String(of.performance.trades)),
      trading('Win rate', (of) => percent(of.performance.winRate, 1)),
      trading('Profit factor', (of) => figure(of.performance.profitFactor)),
      trading('Expectancy a trade, USDT', (of) => money(of.performance.expectancy)),
      trading('Longest losing streak', (of) => String(of.performance.longestLossStreak)),
      trading('Time in the market', (of) => percent(of.performance.exposureTime, 1)),
      cell('Fees, USDT') + cell(money(result.fees)) + cell('') + cell(''),
      cell('Sharpe by chance (90 %)') +
        cell(interval(resampling.sharpe, (value) => figure(value))) +
        cell('') +
        cell(''),
    ],
  );
};

const byKind = (costs: readonly LockCost[]): string => {
  const kinds = new Map<string, { locks: number; hours: number; missed: number; flattened: number; cost: number }>();
  for (const { title, hours, missedTrades, flattened, cost } of costs) {
    const sum = kinds.get(title) ?? { locks: 0, hours: 0, missed: 0, flattened: 0, cost: 0 };
    kinds.set(title, {
      locks: sum.locks + 1,
      hours: sum.hours + hours,
      missed: sum.missed + missedTrades,
      flattened: sum.flattened + flattened,
      cost: sum.cost + cost,
    });
  }
  return table(
    ['Lock', 'Times', 'Hours', 'Trades missed', 'Positions closed', 'Cost, USDT (negative: saved)'],
    [...kinds].map(
      ([name, { locks, hours, missed, flattened, cost }]) =>
        cell(name) +
        cell(String(locks)) +
        cell(figure(hours, 0)) +
        cell(String(missed)) +
        cell(String(flattened)) +
        coloured(signedMoney(cost), -cost),
    ),
  );
};

/** Locks that an operator or a day has to clear, one by one; the others are many and short. */
const lockTable = (costs: readonly LockCost[]): string => {
  const halting = new Set<string>(
    Object.values(LOCKS)
      .filter(({ state }) => state === 'halted')
      .map(({ title }) => title),
  );
  const shown = costs.filter(({ title }) => halting.has(title));
  if (shown.length === 0) return '';
  return `<p>Each halt:</p>${table(
    ['Lock', 'Since (UTC)', 'Hours', 'Equity', 'Missed', 'Cost, USDT', 'Why'],
    shown.map(
      ({ title, since, hours, equity, missedTrades, cost, reason }) =>
        cell(title) +
        cell(minute(since)) +
        cell(figure(hours, 1)) +
        cell(money(equity)) +
        cell(String(missedTrades)) +
        coloured(signedMoney(cost), -cost) +
        cell(reason, 'why'),
    ),
    true,
  )}`;
};

const chance = ({ resampling, limits }: BacktestStudy): string => {
  if (resampling.maxDrawdown === null) return '<p>Too few trades: not available.</p>';
  return table(
    ['Figure', 'Middle 90 %'],
    [
      cell('Mean result of a trade, of equity') + cell(interval(resampling.meanTrade, (value) => signedPercent(value))),
      cell('Win rate') + cell(interval(resampling.winRate, (value) => percent(value, 1))),
      cell('Return') + cell(interval(resampling.totalReturn, (value) => signedPercent(value, 1))),
      cell('Samples that lose money') + cell(percent(resampling.lossShare, 1)),
      cell('Maximum drawdown, the same trades in another order') +
        cell(interval(resampling.maxDrawdown, (value) => percent(value, 1))),
      cell(`Orders whose drawdown passes ${percent(limits['maxTotalDrawdown'] ?? null, 0)}`) +
        cell(percent(resampling.beyondLimit, 1)),
    ],
  );
};

const decisions = ({ result }: BacktestStudy): string => {
  const denials = Object.entries(result.denials).toSorted((a, b) => b[1] - a[1]);
  return (
    table(
      ['Decision', 'Hours'],
      Object.entries(result.decisions).map(([name, count]) => cell(name) + cell(String(count))),
    ) +
    (denials.length === 0
      ? ''
      : `<p>Entries denied, by reason:</p>${table(
          ['Reason', 'Times'],
          denials.map(([name, count]) => cell(name) + cell(String(count))),
        )}`)
  );
};

/** A page stays readable with this many rows; the CSV has them all. */
const MOST_TRADES = 1_000;

const trades = ({ result }: BacktestStudy): string => {
  const shown = result.trades.slice(-MOST_TRADES).toReversed();
  const note =
    result.trades.length > shown.length
      ? `<p>The newest ${shown.length} of ${result.trades.length}; trades.csv has all.</p>`
      : '';
  return (
    note +
    table(
      ['Symbol', 'Opened (UTC)', 'Closed (UTC)', 'Entry', 'Exit', 'Result, USDT', 'Result', 'Why it ended'],
      shown.map((trade) => {
        const pnl = toNumber(trade.pnl);
        return (
          cell(trade.symbol) +
          cell(minute(trade.openedAt)) +
          cell(minute(trade.closedAt)) +
          cell(price(toNumber(trade.entryPrice))) +
          cell(price(toNumber(trade.exitPrice))) +
          coloured(signedMoney(pnl), pnl) +
          coloured(signedPercent(trade.pnlFraction), pnl) +
          cell(trade.exitReason)
        );
      }),
      true,
    )
  );
};
