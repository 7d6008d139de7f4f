import { describe, expect, test } from 'vitest';
import { toNumber } from '../../../core/decimal.ts';
import { HOUR_MS } from '../../../core/units.ts';
import { generateCandles } from '../../../sim/generator/candles.ts';
import { DEFAULT_ASSUMPTIONS } from '../assumptions.ts';
import { BTC, ETH, FROM, generated, momentumOf, options, seriesOf, START } from '../fixture.test-helper.ts';
import { runStudy } from '../study.ts';
import { summaryLines } from '../summary.ts';
import { reportFiles } from './files.ts';
import { reportPage } from './page.ts';

const { series, predictions } = generated(2, [BTC, ETH], 6_000);
const study = runStudy({
  ...options(series, predictions, { assumptions: DEFAULT_ASSUMPTIONS, from: FROM, to: FROM + 3_000 * HOUR_MS }),
  model: null,
});

/** Stands for the pictures' adapter: what it is given is what matters here. */
const drawn: { width: number; height: number; marks: number }[] = [];
const files = new Map(
  (
    await reportFiles(study, series, ['IN SAMPLE: <b>careful</b>'], ({ width, height, marks }) => {
      drawn.push({ width, height, marks: marks.length });
      for (const mark of marks) {
        const numbers =
          mark.kind === 'line'
            ? mark.points
            : mark.kind === 'rect'
              ? [mark.x, mark.y, mark.width, mark.height]
              : [mark.x, mark.y];
        expect(numbers.every(Number.isFinite), `${mark.kind} ${numbers.join(' ')}`).toBe(true);
      }
      return Promise.resolve(new Uint8Array([1]));
    })
  ).map(({ name, content }) => [name, content]),
);
const text = (name: string): string => {
  const content = files.get(name);
  if (typeof content !== 'string') throw new Error(`${name} should be text`);
  return content;
};

describe('the report', () => {
  test('has the page, a picture of each kind, the trades and everything', () => {
    expect([...files.keys()].sort()).toEqual([
      'backtest.json',
      'distribution.png',
      'drawdown.png',
      'equity.png',
      'index.html',
      'months.png',
      'trades-btcusdt.png',
      'trades-ethusdt.png',
      'trades.csv',
    ]);
    expect(drawn.every(({ marks }) => marks > 10)).toBe(true);
  });

  test('the page is self-contained, says what has to be known first, and escapes what it is given', () => {
    const page = text('index.html');
    expect(page).not.toMatch(/<script|<link|src=|href=|url\(|@import/);
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/);
    expect(page).toContain('IN SAMPLE: &lt;b&gt;careful&lt;/b&gt;');
    expect(page).toContain(study.result.orderHash);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('writes all money alike, and has the head of a column of words above them', () => {
    const { guarded } = study;
    const rich = { ...study, guarded: { ...guarded, performance: { ...guarded.performance, expectancy: 12_712.909 } } };
    const shown = '12\u202f712.91';
    expect(summaryLines(rich).find((line) => line.startsWith('Expectancy'))).toContain(shown);
    expect(reportPage(rich, [], [])).toContain(`<td>Expectancy a trade, USDT</td><td>${shown}</td>`);
    expect(text('index.html')).toContain('<th class="why">Why</th>');
  });

  test('one picture is drawn after the other: each holds its canvas in memory meanwhile', async () => {
    let [under, most] = [0, 0];
    await reportFiles(study, series, [], async () => {
      under += 1;
      most = Math.max(most, under);
      await Promise.resolve();
      under -= 1;
      return new Uint8Array();
    });
    expect(most).toBe(1);
  });

  test('prices of a coin worth less than a dollar keep the digits of its tick, in the table and on the axis', async () => {
    const xrp = 'XRP/USDT';
    const cheap = (value: number): number => Number((value / 100_000).toFixed(4));
    const candles = generateCandles({ seed: 2, symbol: BTC, from: START, hours: 6_000 }).map((of) => ({
      ...of,
      open: cheap(of.open),
      high: cheap(of.high),
      low: cheap(of.low),
      close: cheap(of.close),
    }));
    const one = seriesOf(xrp, candles);
    const ran = runStudy({
      ...options([one], new Map([[xrp, momentumOf(one.hourly)]]), {
        assumptions: DEFAULT_ASSUMPTIONS,
        from: FROM,
        to: FROM + 3_000 * HOUR_MS,
      }),
      model: null,
    });
    expect(ran.result.trades.length).toBeGreaterThan(5);
    const page =
      (await reportFiles(ran, [one], [], () => Promise.resolve(new Uint8Array()))).find(
        ({ name }) => name === 'index.html',
      )?.content ?? '';
    for (const { entryPrice, exitPrice } of ran.result.trades) {
      const [entry, exit] = [entryPrice, exitPrice].map(
        (value) =>
          `<td>${toNumber(value)
            .toFixed(6)
            .slice(0, 6)
            .replace(/0{1,2}$/, '')}`,
      );
      expect(page).toContain(entry);
      expect(page).toContain(exit);
    }
    const axis = [...String(page).matchAll(/>(\d\.\d+)<\/text>/g)].map(([, label]) => label);
    expect(new Set(axis).size).toBeGreaterThan(2);
  });

  test('the trades as CSV and the JSON say the same as the run', () => {
    const rows = text('trades.csv').trim().split('\n');
    expect(rows).toHaveLength(study.result.trades.length + 1);
    const parsed = JSON.parse(text('backtest.json')) as {
      orderHash: string;
      trades: { pnl: string }[];
      withGuardian: { totalReturn: number };
      resampling: { maxDrawdown: { low: number; high: number } };
    };
    expect(parsed.orderHash).toBe(study.result.orderHash);
    expect(parsed.trades).toHaveLength(study.result.trades.length);
    const { maxDrawdown } = parsed.resampling;
    expect(maxDrawdown.low).toBeLessThanOrEqual(maxDrawdown.high);
    expect(JSON.stringify(parsed)).not.toContain('null,null,null,null,null');
  });

  test('locks cost or save what the trades they kept out made', () => {
    const missed = study.lockCosts.reduce((sum, { missedTrades }) => sum + missedTrades, 0);
    expect(missed).toBeGreaterThan(0);
    expect(study.lockCosts.every(({ cost }) => Number.isFinite(cost))).toBe(true);
    expect(study.unguarded.trades).toBeGreaterThan(study.result.trades.length);
  });

  test('the summary has no figure that is not one', () => {
    expect(summaryLines(study).join('\n')).not.toMatch(/NaN|undefined|Infinity/);
  });
});
