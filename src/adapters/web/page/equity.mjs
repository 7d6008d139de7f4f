// The equity curve with the drawdown under it.
import { AreaSeries, createChart, LineStyle } from '/vendor/lightweight-charts.mjs';
import { byId, el, getJson, segments } from './dom.mjs';
import { chartOptions, keepWhole } from './chart.mjs';
import { money, moneyTone, percent, signedMoney, signedPercent, stamp, whole } from './format.mjs';
import { continued, summary, within } from './equity-points.mjs';
import { colour, onTheme } from './theme.mjs';

const HOUR = 3_600_000;
const RANGES = [
  { value: '24h', label: '24 h', span: 24 * HOUR },
  { value: '7d', label: '7 d', span: 168 * HOUR },
  { value: '30d', label: '30 d', span: 720 * HOUR },
  { value: 'all', label: 'All' },
];
/** Points beyond which the curve is asked for anew, thinned. */
const MOST_POINTS = 640;
/** Newest points kept for a curve that is on its way meanwhile, and may have been read before them. */
const LATE_POINTS = 10;

let chart = null;
let equity = null;
let drawdown = null;
let range = 'all';
let curve = { points: [], peak: 0 };
let late = [];
let limit = 0;
let limitLine = null;
let asked = 0;
/** The newest question was not answered. */
let failed = false;

const clear = (name, share) =>
  colour(name)
    .replace(/^rgb\(/, 'rgba(')
    .replace(/\)$/, `, ${share})`);

const theme = () => {
  chart.applyOptions(chartOptions());
  equity.applyOptions({
    lineColor: colour('--accent'),
    topColor: clear('--accent', 0.28),
    bottomColor: clear('--accent', 0.02),
  });
  drawdown.applyOptions({
    lineColor: colour('--down'),
    topColor: clear('--down', 0.02),
    bottomColor: clear('--down', 0.3),
  });
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
  byId('curve').setAttribute(
    'aria-label',
    `Equity from ${money(first.equity)} on ${stamp(first.at)} to ${money(last.equity)} on ${stamp(last.at)}; deepest drawdown ${percent(worst)}${outside}`,
  );
  byId('curve-note').replaceChildren(
    el(
      'span',
      {},
      'Equity ',
      el('b', {}, money(last.equity)),
      ' ',
      el(
        'span',
        moneyTone(result),
        `${signedMoney(result)} (${signedPercent(first.equity > 0 ? result / first.equity : null)})`,
      ),
      outside,
    ),
    el(
      'span',
      { class: 'key', 'data-key': 'drawdown' },
      whole(`deepest drawdown ${percent(worst)}; the lock trips at ${percent(limit, 0)}`),
    ),
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
  const found = await getJson(`/api/equity?range=${range}`).catch(() => null);
  if (mine !== asked) return;
  failed = found === null;
  if (failed) return;
  // The chart wants one point a time, rising.
  const rising = found.points.filter(({ at }, index) => index === 0 || at > found.points[index - 1].at);
  curve = continued({ points: rising, peak: found.peak }, late);
  limit = found.maxTotalDrawdown;
  draw();
  chart.timeScale().fitContent();
};

export const startEquity = () => {
  // From here on all is read anew, perhaps from another database.
  late = [];
  if (chart !== null) return load();
  chart = createChart(byId('curve'), chartOptions());
  keepWhole(chart, byId('curve'));
  equity = chart.addSeries(AreaSeries, {
    lineWidth: 2,
    priceLineVisible: false,
    priceFormat: { type: 'custom', minMove: 0.01, formatter: money },
  });
  drawdown = chart.addSeries(
    AreaSeries,
    {
      lineWidth: 1,
      priceLineVisible: false,
      invertFilledArea: true,
      priceFormat: { type: 'custom', minMove: 0.01, formatter: (value) => `${value.toFixed(1)} %` },
    },
    1,
  );
  limitLine = drawdown.createPriceLine({
    price: 0,
    color: colour('--down'),
    lineWidth: 1,
    lineStyle: LineStyle.Dotted,
    axisLabelVisible: false,
    title: '',
  });
  const [upper, lower] = chart.panes();
  upper?.setStretchFactor(2.4);
  lower?.setStretchFactor(1);
  theme();
  onTheme(theme);
  segments(byId('equity-ranges'), RANGES, range, (chosen) => {
    range = chosen;
    load();
  });
  return load();
};

/** With each view of the board, which comes once the bot answers. */
export const askEquityAgain = () => {
  if (!failed) return;
  failed = false;
  load();
};

export const addToEquity = (news) => {
  if (chart === null || news.equity === undefined) return;
  late = [...late, ...news.equity].slice(-LATE_POINTS);
  const { points, peak, more } = continued(curve, news.equity);
  curve = { points, peak };
  const span = RANGES.find(({ value }) => value === range)?.span;
  const shorter = span === undefined ? null : within(curve, (points.at(-1)?.at ?? 0) - span);
  if (points.length > MOST_POINTS) return void load();
  if (shorter !== null) {
    curve = shorter;
    return draw();
  }
  for (const { at, equity: value, drawdown: fall } of more) {
    equity.update({ time: at / 1000, value });
    drawdown.update({ time: at / 1000, value: -fall * 100 });
  }
  describe();
};
