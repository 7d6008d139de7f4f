// The status panel: one server-sent view after the other, put into the page as text (never as markup).
const byId = (id) => document.getElementById(id);

const el = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};

const number = (value, digits = 2) => value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const money = (value) => (value === null ? 'unknown' : number(value));
const price = (value) => (value === null ? 'unknown' : number(value, Math.abs(value) >= 100 ? 2 : Math.abs(value) >= 1 ? 4 : 6));
const sign = (value) => (value > 0 ? '+' : value < 0 ? '-' : '');
const signed = (value) => (value === null ? 'unknown' : `${sign(value)}${number(Math.abs(value))}`);
const percent = (fraction, digits = 2) => (fraction === null ? 'unknown' : `${number(fraction * 100, digits)} %`);
const signedPercent = (fraction) => (fraction === null ? '' : `${sign(fraction)}${number(Math.abs(fraction) * 100)} %`);
const tone = (value) => (value === null || value === 0 ? '' : value > 0 ? 'good' : 'bad');
const time = (at) => new Date(at).toLocaleString('en-GB', { timeZone: 'UTC', day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const span = (ms) => (ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : ms < 3_600_000 ? `${Math.floor(ms / 60_000)} min` : `${Math.floor(ms / 3_600_000)} h`);

const STATES = { active: 'Active', reducing: 'Reducing: exits only', halted: 'Halted: exits only' };

const limitBar = (name, used, limit, text) => {
  const share = used === null || limit === 0 ? 1 : Math.max(0, Math.min(1, used / limit));
  const node = el('div', 'limit');
  const row = el('div', 'limit-row');
  row.append(el('span', '', name), el('span', '', text));
  const track = el('div', 'track');
  const fill = el('div', 'fill');
  fill.dataset.level = share >= 0.9 ? 'bad' : share >= 0.5 ? 'warn' : 'good';
  fill.style.width = `${share * 100}%`;
  track.append(fill);
  track.setAttribute('role', 'meter');
  track.setAttribute('aria-label', name);
  track.setAttribute('aria-valuemin', '0');
  track.setAttribute('aria-valuemax', '100');
  track.setAttribute('aria-valuenow', String(Math.round(share * 100)));
  node.append(row, track);
  return node;
};

const limits = (view) => {
  const dayLoss = view.dayPnlFraction === null ? null : Math.max(0, -view.dayPnlFraction);
  const unknownOr = (value, text) => (value === null ? 'unknown' : text);
  return [
    limitBar('Loss today', dayLoss, view.maxDailyDrawdown, unknownOr(dayLoss, `${percent(dayLoss)} of ${percent(view.maxDailyDrawdown)}`)),
    limitBar('Drawdown from the peak', view.drawdownFraction, view.maxTotalDrawdown, unknownOr(view.drawdownFraction, `${percent(view.drawdownFraction)} of ${percent(view.maxTotalDrawdown)}`)),
    limitBar('Losses in a row', view.lossStreak, view.maxConsecutiveLosses, `${view.lossStreak} of ${view.maxConsecutiveLosses}`),
  ];
};

const lock = (held) => {
  const node = el('div', 'lock');
  node.dataset.state = held.state;
  node.append(el('div', 'lock-id', held.id), el('p', '', held.reason), el('p', '', `Since ${time(held.since)}. Clears: ${held.clearing}`));
  return node;
};

const position = (held) => {
  const node = el('div', 'position');
  const head = el('div', 'position-head');
  head.append(el('span', '', held.symbol), el('span', tone(held.unrealised), `${signed(held.unrealised)}  ${signedPercent(held.unrealisedFraction)}`));
  const sub = el('div', 'position-sub');
  sub.append(el('span', '', `${held.quantity.toLocaleString('en-GB', { maximumFractionDigits: 8 })} @ ${price(held.entryPrice)}`), el('span', '', `now ${price(held.lastPrice)}`));
  node.append(head, sub);
  if (held.stopPrice === null) {
    node.append(el('div', 'bad', 'No stop on the exchange'));
    return node;
  }
  const place = (value) => `${Math.max(0, Math.min(100, ((value - held.stopPrice) / (held.targetPrice - held.stopPrice)) * 100))}%`;
  const range = el('div', 'range');
  const entry = el('div', 'range-mark');
  entry.style.left = place(held.entryPrice);
  entry.title = 'Entry';
  range.append(el('div', 'range-bar'), entry);
  if (held.lastPrice !== null) {
    const now = el('div', 'range-mark now');
    now.style.left = place(held.lastPrice);
    range.append(now);
  }
  const ends = el('div', 'range-ends');
  ends.append(el('span', held.stopWorking ? '' : 'bad', `stop ${price(held.stopPrice)}${held.stopWorking ? '' : ' (not confirmed)'}`), el('span', '', `target ${price(held.targetPrice)}`));
  node.append(range, ends);
  return node;
};

const market = (symbol) => {
  const node = el('div', 'market');
  const row = el('div', 'market-row');
  row.append(el('strong', '', symbol.symbol), el('span', '', symbol.lastPrice === null ? 'no price yet' : `${price(symbol.lastPrice)} · ${span(symbol.priceAgeMs)} old`));
  node.append(row);
  if (symbol.lastDecision !== null) node.append(el('p', '', symbol.lastDecision));
  return node;
};

const fill = (id, nodes, none) => byId(id).replaceChildren(...(nodes.length === 0 ? [el('div', 'none', none)] : nodes));

/** At most this many points of equity are kept; older ones are thinned by half. */
const MAX_POINTS = 600;
let points = [];

const remember = (at, equity) => {
  if (equity === null) return;
  const last = points.at(-1);
  if (last !== undefined && at <= last.at) return;
  points.push({ at, equity });
  if (points.length > MAX_POINTS) points = points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
};

const svg = (tag, attributes) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};

const drawSpark = (baseline) => {
  const chart = byId('spark');
  chart.toggleAttribute('hidden', points.length < 2);
  if (points.length < 2) return;
  const values = points.map(({ equity }) => equity).concat(baseline === null ? [] : [baseline]);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const y = (value) => (high === low ? 45 : 84 - ((value - low) / (high - low)) * 78);
  const first = points[0].at;
  const width = points.at(-1).at - first;
  const line = points.map(({ at, equity }) => `${(((at - first) / width) * 600).toFixed(1)} ${y(equity).toFixed(1)}`).join(' L ');
  chart.replaceChildren(
    svg('path', { class: 'spark-area', d: `M 0 90 L ${line} L 600 90 Z` }),
    ...(baseline === null ? [] : [svg('line', { class: 'spark-base', x1: 0, x2: 600, y1: y(baseline), y2: y(baseline) })]),
    svg('path', { class: 'spark-line', d: `M ${line}` }),
  );
};

const figure = (node, value, className, unit) => {
  node.className = className;
  node.replaceChildren(value, ...(unit === '' ? [] : [el('span', 'unit', unit)]));
};

const show = (view) => {
  byId('mode').textContent = view.mode;
  byId('market-time').textContent = `${time(view.marketNow)} UTC`;
  byId('hero').dataset.state = view.state;
  byId('state').textContent = STATES[view.state];
  byId('why').hidden = view.why === null;
  byId('why').textContent = view.why ?? '';
  figure(byId('equity'), view.equity === null ? 'unknown' : money(view.equity), `figure${view.equity === null ? ' warn' : ''}`, view.equity === null ? (view.equityUnknown ?? '') : 'USDT');
  figure(byId('day'), signed(view.dayPnl), `figure small ${tone(view.dayPnl)}`, signedPercent(view.dayPnlFraction));
  byId('next').textContent = `Next decision ${time(view.nextDecisionAt)} UTC`;
  remember(view.marketNow, view.equity);
  drawSpark(view.dayBaseline);
  byId('limits').replaceChildren(...limits(view));
  fill('locks', view.locks.map(lock), 'No lock holds.');
  fill('positions', view.positions.map(position), 'No position: all is in cash.');
  fill('markets', view.symbols.map(market), 'No market yet.');
};

export const startStatus = () => {
  const live = byId('live');
  const say = (on) => {
    live.dataset.on = String(on);
    live.textContent = on ? 'live' : 'connecting';
  };
  const source = new EventSource('/api/status/stream');
  source.addEventListener('open', () => say(true));
  source.addEventListener('error', () => say(false));
  source.addEventListener('status', (event) => show(JSON.parse(event.data)));
};
