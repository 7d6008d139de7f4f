// The equity curve with the drawdown under it.
import { AreaSeries, createChart, LineStyle } from '/vendor/lightweight-charts.mjs';
import { byId, el, getJson, segments } from './dom.mjs';
import { chartOptions, keepWhole } from './chart.mjs';
import { money, percent, signedMoney, signedPercent, stamp, tone } from './format.mjs';
import { continued, summary } from './equity-points.mjs';
import { colour, onTheme } from './theme.mjs';

const RANGES = [
  { value: '24h', label: '24 h' },
  { value: '7d', label: '7 d' },
  { value: '30d', label: '30 d' },
  { value: 'all', label: 'All' },
];
/** Points beyond which the curve is asked for anew, thinned. */
const MOST_POINTS = 640;

let chart = null;
let equity = null;
let drawdown = null;
let range = 'all';
let curve = { points: [], peak: 0 };
let limit = 0;
let limitLine = null;
let asked = 0;

const clear = (name, share) => colour(name).replace(/^rgb\(/, 'rgba(').replace(/\)$/, `, ${share})`);

const theme = () => {
  chart.applyOptions(chartOptions());
  equity.applyOptions({ lineColor: colour('--accent'), topColor: clear('--accent', 0.28), bottomColor: clear('--accent', 0.02) });
  drawdown.applyOptions({ lineColor: colour('--down'), topColor: clear('--down', 0.02), bottomColor: clear('--down', 0.3) });
  limitLine?.applyOptions({ color: colour('--down') });
};

const describe = () => {
  const found = summary(curve.points);
  if (found === null) {
    byId('curve').setAttribute('aria-label', 'No equity on record yet: the first point comes with the next hour');
    byId('curve-note').replaceChildren(el('span', {}, 'The first point comes with the next hour.'));
    return;
  }
  const { first, last, deposits, result, worst } = found;
  const outside = deposits === 0 ? '' : `; ${deposits > 0 ? 'deposits' : 'withdrawals'} ${signedMoney(deposits)}`;
  byId('curve').setAttribute('aria-label', `Equity from ${money(first.equity)} on ${stamp(first.at)} to ${money(last.equity)} on ${stamp(last.at)}; deepest drawdown ${percent(worst)}${outside}`);
  byId('curve-note').replaceChildren(
    el('span', {}, 'Equity ', el('b', {}, money(last.equity)), ' ', el('span', tone(result), `${signedMoney(result)} (${signedPercent(first.equity > 0 ? result / first.equity : null)})`), outside),
    el('span', { class: 'key', 'data-key': 'drawdown' }, `deepest drawdown ${percent(worst)}; the lock trips at ${percent(limit, 0)}`),
  );
};

const draw = () => {
  const { points } = curve;
  equity.setData(points.map(({ at, equity: value }) => ({ time: at / 1000, value })));
  drawdown.setData(points.map(({ at, drawdown: value }) => ({ time: at / 1000, value: -value * 100 })));
  describe();
};

const load = async () => {
  asked += 1;
  const mine = asked;
  const found = await getJson(`/api/equity?range=${range}`);
  if (mine !== asked) return;
  // The chart wants one point a time, rising.
  curve = { points: found.points.filter(({ at }, index) => index === 0 || at > found.points[index - 1].at), peak: found.peak };
  limit = found.maxTotalDrawdown;
  draw();
  chart.timeScale().fitContent();
};

export const startEquity = () => {
  if (chart !== null) return load();
  chart = createChart(byId('curve'), chartOptions());
  keepWhole(chart, byId('curve'));
  equity = chart.addSeries(AreaSeries, { lineWidth: 2, priceLineVisible: false, priceFormat: { type: 'custom', minMove: 0.01, formatter: money } });
  drawdown = chart.addSeries(AreaSeries, { lineWidth: 1, priceLineVisible: false, invertFilledArea: true, priceFormat: { type: 'custom', minMove: 0.01, formatter: (value) => `${value.toFixed(1)} %` } }, 1);
  limitLine = drawdown.createPriceLine({ price: 0, color: colour('--down'), lineWidth: 1, lineStyle: LineStyle.Dotted, axisLabelVisible: false, title: '' });
  const [upper, lower] = chart.panes();
  upper?.setStretchFactor(2.4);
  lower?.setStretchFactor(1);
  theme();
  onTheme(theme);
  segments(byId('equity-ranges'), RANGES, range, (chosen) => {
    range = chosen;
    load().catch(() => undefined);
  });
  return load();
};

export const addToEquity = (news) => {
  if (chart === null || news.equity === undefined) return;
  const { points, peak, more } = continued(curve, news.equity);
  curve = { points, peak };
  for (const { at, equity: value, drawdown: fall } of more) {
    equity.update({ time: at / 1000, value });
    drawdown.update({ time: at / 1000, value: -fall * 100 });
  }
  if (points.length > MOST_POINTS) load().catch(() => undefined);
  else describe();
};
