// Limits as bars that fill, and the locks that hold.
import { byId, el, onChange, say, setClass } from './dom.mjs';
import { barText, base, capital, money, percent, signedPercent, span, stamp, whole } from './format.mjs';

/** Steps at which the bot alerts. */
const STEPS = [0.5, 0.75, 0.9];

const levelOf = (share) => (share >= 0.9 ? 'bad' : share >= 0.5 ? 'warn' : 'good');

const bar = ({ name, share, use, tail, cap, known }) => {
  const track = el('div', {
    class: 'track',
    role: 'meter',
    'aria-label': name,
    'aria-valuemin': 0,
    'aria-valuemax': 100,
    'aria-valuenow': Math.round(share * 100),
    'aria-valuetext': `${use} ${tail}`,
  });
  const fill = el('div', { class: 'fill', 'data-level': known ? (cap ? 'cap' : levelOf(share)) : 'unknown' });
  fill.style.transform = `scaleX(${share})`;
  const steps = (cap || !known ? [] : STEPS).map((step) => {
    const mark = el('i');
    mark.style.left = `${step * 100}%`;
    return mark;
  });
  track.append(fill, ...steps);
  return el('div', 'limit', el('span', {}, name), el('span', 'limit-use', el('b', {}, use), ` ${tail}`), track);
};

const clamp = (value) => Math.max(0, Math.min(1, value));

const shown = (value, unit) => {
  if (value === null) return 'unknown';
  if (unit === 'fraction') return percent(value, value !== 0 && value < 0.1 ? 2 : 0);
  if (unit === 'quote') return `${money(value)} USDT`;
  return unit === 'seconds' ? span(value * 1_000) : String(value);
};

const NAMES = {
  'daily drawdown': 'Loss today',
  'total drawdown': 'Below the peak',
  'minimum balance': 'Minimum balance',
};

const share = ({ name, limit, value }) => {
  if (value === null || limit === 0) return 1;
  // A minimum is used up as equity falls to it.
  return clamp(name === 'minimum balance' ? limit / Math.max(limit, value) : value / limit);
};

/** Age of data has a clock of its own in the demo; the list of health shows it. */
const rows = ({ risk }) =>
  (risk?.limits ?? [])
    .filter(({ unit }) => unit !== 'seconds')
    .map((limit) => ({
      name: NAMES[limit.name] ?? capital(limit.name),
      known: limit.value !== null,
      share: share(limit),
      use: limit.unit === 'quote' && limit.value !== null ? money(limit.value) : shown(limit.value, limit.unit),
      // Caps are there to be used; limits of loss are not.
      cap: /exposure|balance/.test(limit.name) && limit.value !== null,
      tail: `${limit.name === 'minimum balance' ? 'over' : 'of'} ${shown(limit.limit, limit.unit)}`,
    }));

/** "Kill-switch: 3 losses in a row" in two parts. */
/** Title and cause. A cause of an operator's begins with a name, which is written as its owner does. */
export const inTwo = ({ kind, reason }) => {
  const at = reason.indexOf(': ');
  if (at < 0) return [reason, ''];
  const cause = reason.slice(at + 2);
  return [reason.slice(0, at), kind.startsWith('operator-') ? cause : capital(cause)];
};

const lock = (held) => {
  const { id, symbol, state, since, clearing, policy } = held;
  const [title, why] = inTwo(held);
  return el(
    'div',
    { class: 'lock', 'data-state': state, 'data-lock': id },
    el(
      'div',
      'lock-head',
      el('span', {}, `${title}${symbol === null ? '' : ` ${base(symbol)}`}`),
      el('span', `chip ${state === 'halted' ? 'bad' : 'warn'}`, state === 'halted' ? 'halted' : 'exits only'),
      policy === 'flatten' ? el('span', 'chip', 'closes positions') : null,
    ),
    el('p', {}, whole(why)),
    el('p', 'soft', whole(`Since ${stamp(since)}. Clears: ${clearing}.`)),
  );
};

const drawLimits = onChange((bars) =>
  byId('limits').replaceChildren(
    ...(bars.length === 0 ? [el('p', 'none', 'They are known when the bot has started.')] : bars.map(bar)),
  ),
);
/** What stands where no lock does, with its class. */
export const noLock = (mode, entryBars) => {
  if (mode === 'starting') return ['none', 'No lock holds yet, and no entry is possible: the bot is starting.'];
  return entryBars.length === 0
    ? ['none all-clear', 'No lock holds: entries are allowed.']
    : ['none warn', `No lock holds, but: ${barText(entryBars)}`];
};
const drawLocks = onChange(({ mode, locks, entryBars }) =>
  byId('locks').replaceChildren(...(locks.length === 0 ? [el('p', ...noLock(mode, entryBars))] : locks.map(lock))),
);
const drawTerms = onChange((risk) => {
  if (risk !== null)
    say(byId('limits-chip'), `risk ${percent(risk.riskPerTrade)} a trade, stop ${signedPercent(-risk.stopLoss, 1)}`);
  setClass(byId('limits-chip'), risk === null ? 'hidden' : 'chip');
});

export const showLimits = (board) => {
  drawLimits(rows(board));
  drawLocks({ mode: board.status.mode, locks: board.status.locks, entryBars: board.status.entryBars });
  drawTerms(board.risk === null ? null : { riskPerTrade: board.risk.riskPerTrade, stopLoss: board.risk.stopLoss });
};
