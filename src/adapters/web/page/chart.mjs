// Candles with what was bought and sold, and where stop and target lie.
import { CandlestickSeries, createChart, createSeriesMarkers, LineStyle } from '/vendor/lightweight-charts.mjs';
import { byId, el, getJson, onChange, say, segments } from './dom.mjs';
import { base, levelsOf, price, stamp, whole } from './format.mjs';
import { colour, onTheme } from './theme.mjs';

const HOUR = 3_600_000;
const SPANS = [
  { value: 48, label: '2 d' },
  { value: 168, label: '7 d' },
  { value: 480, label: '20 d' },
];
/** Marks that a picture of this size can hold. */
const MOST_MARKS = 300;

export const chartOptions = () => ({
  autoSize: true,
  layout: {
    background: { color: 'transparent' },
    textColor: colour('--soft'),
    fontFamily: 'Inter, system-ui, sans-serif',
    fontSize: 11,
    attributionLogo: false,
    panes: { separatorColor: colour('--line'), enableResize: false },
  },
  grid: { vertLines: { visible: false }, horzLines: { color: colour('--line') } },
  rightPriceScale: { borderVisible: false, entireTextOnly: true, scaleMargins: { top: 0.08, bottom: 0.06 } },
  // With its edges fixed the time scale keeps the first and the last label whole.
  timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, fixLeftEdge: true, fixRightEdge: true },
  localization: { locale: 'en-GB' },
  handleScroll: { mouseWheel: false, vertTouchDrag: false },
  handleScale: { mouseWheel: false, pinch: true, axisPressedMouseMove: false },
});

/**
 * Shows the whole span that was chosen, from the first size on: a chart that is filled before it has a width would show
 * its end only.
 */
export const keepWhole = (made, element) => {
  const scale = made.timeScale();
  scale.subscribeSizeChange(() => scale.fitContent());
  scale.subscribeVisibleLogicalRangeChange((range) => {
    element.dataset.bars =
      range === null ? '0' : String(Math.round(range.to - range.from - Math.max(0, scale.scrollPosition())));
  });
};

/**
 * Pixels to the right of the newest candle, for the names of the lines: they would hide it, and the newest mark with
 * it.
 */
const ROOM_FOR_NAMES = 46;
const withRoom = () => {
  const options = chartOptions();
  return { ...options, timeScale: { ...options.timeScale, fixRightEdge: false, rightOffsetPixels: ROOM_FOR_NAMES } };
};

let chart = null;
let series = null;
let markers = null;
let lines = [];
let symbol = null;
let hours = 168;
let candles = [];
let marks = [];
let forming = null;
let asked = 0;
/** The symbol whose candles are shown: another one's prices must not be drawn on from them. */
let shownOf = null;
/**
 * The newest question was not answered: asked again with the next view of the board, which comes once the bot answers.
 */
let failed = false;

const toBar = ({ openTime, open, high, low, close }) => ({ time: openTime / 1000, open, high, low, close });

const drawMarks = () => {
  const first = candles[0]?.openTime ?? 0;
  const hour = (at) => Math.floor(at / HOUR) * HOUR;
  const shown = marks.filter(({ at }) => at >= first).slice(-MOST_MARKS);
  // Several fills of one order are one mark.
  const merged = new Map(shown.map((mark) => [`${hour(mark.at)} ${mark.side} ${mark.purpose}`, mark]));
  markers.setMarkers(
    [...merged.values()]
      .map(({ at, side, realised }) => ({
        time: hour(at) / 1000,
        position: side === 'buy' ? 'belowBar' : 'aboveBar',
        shape: side === 'buy' ? 'arrowUp' : 'arrowDown',
        color: side === 'buy' ? colour('--accent') : realised >= 0 ? colour('--up') : colour('--down'),
        size: 1,
      }))
      .toSorted((a, b) => a.time - b.time),
  );
};

const describe = () => {
  const first = candles[0];
  const last = candles.at(-1);
  if (first === undefined || last === undefined) return;
  const high = Math.max(...candles.map((candle) => candle.high));
  const low = Math.min(...candles.map((candle) => candle.low));
  byId('chart').setAttribute(
    'aria-label',
    `${symbol}: ${candles.length} hourly candles from ${stamp(first.openTime)} to ${stamp(last.openTime)}, low ${price(low)}, high ${price(high)}, last ${price(last.close)}. The tables below list fills and trades.`,
  );
};

const theme = () => {
  chart.applyOptions(withRoom());
  series.applyOptions({
    upColor: colour('--up'),
    downColor: colour('--down'),
    wickUpColor: colour('--up'),
    wickDownColor: colour('--down'),
    borderVisible: false,
  });
  drawMarks();
  drawLines.forget();
};

const load = async () => {
  asked += 1;
  const mine = asked;
  failed = false;
  const found = await getJson(`/api/chart?symbol=${encodeURIComponent(symbol)}&hours=${hours}`).catch(() => null);
  if (mine !== asked) return;
  failed = found === null;
  // What is shown stays, unless it is another symbol's.
  if (failed && shownOf === symbol) return;
  if (failed) say(byId('chart-note'), 'The candles can’t be read now.');
  candles = [...(found?.candles ?? [])];
  marks = [...(found?.marks ?? [])];
  shownOf = symbol;
  forming = null;
  series.setData(candles.map(toBar));
  drawMarks();
  describe();
  chart.timeScale().fitContent();
};

const line = (value, title, name, style) =>
  series.createPriceLine({
    price: value,
    title,
    color: colour(name),
    lineWidth: 1,
    lineStyle: style,
    axisLabelVisible: true,
  });

const drawLines = onChange((position) => {
  for (const old of lines) series.removePriceLine(old);
  lines = [];
  if (position === null) return;
  if (position.stopPrice !== null) lines.push(line(position.stopPrice, 'stop', '--down', LineStyle.Solid));
  lines.push(
    line(position.entryPrice, 'entry', '--soft', LineStyle.Dashed),
    line(position.targetPrice, 'target', '--up', LineStyle.Solid),
  );
});

const note = (status, position) => {
  const now = status.symbols.find((each) => each.symbol === symbol);
  const nodes = [el('span', {}, `${base(symbol)} `, el('b', {}, price(now?.lastPrice ?? null)))];
  for (const [key, text] of levelsOf(position ?? null))
    nodes.push(el('span', key === '' ? {} : { class: 'key', 'data-key': key }, text));
  if (now?.lastDecision) nodes.push(el('span', {}, `${stamp(now.lastDecision.at)} ${whole(now.lastDecision.text)}`));
  return nodes;
};

/** The hour under way, as far as the page has seen it. */
const follow = ({ lastPrice }, marketNow) => {
  if (lastPrice === null || candles.length === 0 || shownOf !== symbol) return;
  const openTime = Math.floor(marketNow / HOUR) * HOUR;
  // Only the hour after the newest candle: a later one would stand in the way of the candle still to come.
  if (openTime !== candles.at(-1).openTime + HOUR) return;
  if (forming?.openTime !== openTime)
    forming = { openTime, open: candles.at(-1).close, high: lastPrice, low: lastPrice, close: lastPrice };
  forming.close = lastPrice;
  forming.high = Math.max(forming.high, forming.open, lastPrice);
  forming.low = Math.min(forming.low, forming.open, lastPrice);
  series.update(toBar(forming));
};

const shownNote = onChange(({ status, position }) =>
  byId('chart-note').replaceChildren(...note(status, position ?? undefined)),
);

const select = (chosen) => {
  symbol = chosen;
  drawLines(null);
  return load();
};

/** The symbols to choose from; the one that is shown stays while it is among them. */
const offer = (symbols) => {
  if (!symbols.includes(symbol)) symbol = symbols[0];
  segments(
    byId('chart-symbols'),
    symbols.map((value) => ({ value, label: base(value) })),
    symbol,
    select,
  );
};

export const startChart = (symbols) => {
  const before = symbol;
  offer(symbols);
  if (chart !== null) return symbol === before ? load() : select(symbol);
  chart = createChart(byId('chart'), withRoom());
  keepWhole(chart, byId('chart'));
  series = chart.addSeries(CandlestickSeries, {
    priceLineVisible: false,
    priceFormat: { type: 'custom', minMove: 1e-10, formatter: price },
  });
  markers = createSeriesMarkers(series, []);
  theme();
  onTheme(theme);
  segments(byId('chart-hours'), SPANS, hours, (chosen) => {
    hours = chosen;
    load();
  });
  return load();
};

export const showChart = ({ status }) => {
  if (chart === null) return;
  if (failed) load();
  const position = status.positions.find((held) => held.symbol === symbol);
  const now = status.symbols.find((each) => each.symbol === symbol);
  if (now !== undefined) follow(now, status.marketNow);
  drawLines(
    position === undefined
      ? null
      : { stopPrice: position.stopPrice, entryPrice: position.entryPrice, targetPrice: position.targetPrice },
  );
  shownNote({
    status: {
      symbols: status.symbols.map(({ symbol: name, lastPrice, lastDecision }) => ({
        symbol: name,
        lastPrice,
        lastDecision,
      })),
    },
    position: position ?? null,
  });
};

export const addToChart = (news) => {
  if (chart === null || shownOf !== symbol) return;
  const own = (news.candles ?? []).filter(
    (candle) => candle.symbol === symbol && candle.openTime > (candles.at(-1)?.openTime ?? 0),
  );
  for (const candle of own) {
    candles.push(candle);
    if (forming !== null && forming.openTime <= candle.openTime) forming = null;
    series.update(toBar(candle));
  }
  // The oldest ones leave: the span shown stays what was chosen, and the page as small as it was.
  if (candles.length > hours + 48) {
    candles = candles.slice(-hours);
    series.setData(candles.map(toBar));
    if (forming !== null) series.update(toBar(forming));
  }
  const fills = (news.fills ?? []).filter((fill) => fill.symbol === symbol);
  if (fills.length > 0) marks = [...marks, ...fills].slice(-MOST_MARKS);
  if (own.length > 0 || fills.length > 0) {
    drawMarks();
    describe();
  }
};
