// State and the figures that matter, and what of it is worth saying aloud.
import { byId, el, say, setClass } from './dom.mjs';
import { base, longStamp, money, moneyTone, percent, signedMoney, signedPercent, span, whole } from './format.mjs';

const WORDS = { active: 'Active', reducing: 'Exits only', halted: 'Halted' };
const CALM = 'No lock holds. Every order passes the Guardian first.';
const BLIND = 'No lock holds, but equity is not known: no entry until it is.';

/** Locks that hold a symbol only, which leave the bot as a whole as it was: "Stale data: no entries in BTC, ETH." */
const heldSymbols = ({ locks }) => {
  const held = Map.groupBy(locks.filter(({ symbol }) => symbol !== null), ({ reason }) => reason.split(': ')[0]);
  return [...held].map(([title, own]) => `${title}: no entries in ${own.map(({ symbol }) => base(symbol)).join(', ')}.`);
};

/** Why the bot may do no more than it may, and what ends that: the card of the locks is far below on a phone. */
export const whyOf = (status) => {
  const { why, equity, locks } = status;
  const held = heldSymbols(status);
  if (why !== null) {
    const lock = locks.find(({ symbol, reason }) => symbol === null && reason === why);
    return lock === undefined ? why : `${why}. Clears: ${lock.clearing}.`;
  }
  if (held.length > 0) return [...held, ...(equity === null ? ['Equity is not known.'] : [])].join(' ');
  return equity === null ? BLIND : CALM;
};

/** No entry can be made while equity is not known or every symbol is held: a green "Active" would say otherwise. */
export const shownState = ({ state, equity, locks, symbols }) => {
  const mayEnter = equity !== null && symbols.some(({ symbol }) => locks.every((lock) => lock.symbol !== symbol));
  return state === 'active' && !mayEnter ? 'reducing' : state;
};

const figure = (id, text, unit = '', className = '') => {
  const node = byId(id);
  if (node.dataset.shown === text + unit) return;
  node.dataset.shown = text + unit;
  node.replaceChildren(text, ...(unit === '' ? [] : [el('span', 'unit', unit)]));
  setClass(node, className);
};

const exposure = (risk) => risk?.limits.find(({ name }) => name === 'gross exposure') ?? null;

let spoken = null;

export const showHero = ({ status, risk, version }) => {
  say(byId('mode'), status.mode);
  say(byId('market-time'), longStamp(status.marketNow));
  const state = shownState(status);
  byId('hero').dataset.state = state;
  say(byId('state'), WORDS[state]);
  say(byId('why'), whole(whyOf(status)));
  figure('equity', money(status.equity), status.equity === null ? '' : 'USDT', status.equity === null ? 'warn' : '');
  byId('equity').title = status.equityUnknown ?? '';
  figure('day', signedMoney(status.dayPnl), signedPercent(status.dayPnlFraction), moneyTone(status.dayPnl));
  figure('drawdown', percent(status.drawdownFraction), `of ${percent(status.maxTotalDrawdown, 0)}`, status.drawdownFraction === null ? 'warn' : '');
  const gross = exposure(risk);
  figure('exposure', gross === null || gross.value === null ? 'unknown' : percent(gross.value, 0), gross === null ? '' : `of ${percent(gross.limit, 0)}`, gross?.value === null ? 'warn' : '');
  figure('next', `in ${span(Math.max(0, status.nextDecisionAt - status.marketNow))}`, '');
  say(byId('version'), `Version ${version.version}, engine ${version.engineVersion.slice(0, 12)}, Node ${version.node.replace('v', '')}`);
  document.title = `${WORDS[state]} · Guardian Bot`;
  const words = `${WORDS[state]}. ${whyOf(status)}`;
  if (spoken !== null && spoken !== words) say(byId('announce'), words);
  spoken = words;
};
