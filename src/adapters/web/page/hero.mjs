// State and the figures that matter, and what of it is worth saying aloud.
import { byId, el, say, setClass } from './dom.mjs';
import { barText, longStamp, money, moneyTone, percent, signedMoney, signedPercent, span, whole } from './format.mjs';

const WORDS = { active: 'Active', reducing: 'Exits only', halted: 'Halted' };
const CALM = 'No lock holds. Every order passes the Guardian first.';
/**
 * New books before their first start, which may wait for the exchange for hours: nothing is known yet, least of all
 * that all is well.
 */
export const isStarting = ({ mode }) => mode === 'starting';
/** Why the bot may do no more than it may, and what ends that: the card of the locks is far below on a phone. */
export const whyOf = ({ mode, why, entryBars }) => {
  if (isStarting({ mode })) return 'It waits for the exchange and trades nothing.';
  if (why !== null) return `${why.reason}. Clears: ${why.clearing}.`;
  return entryBars.length === 0 ? CALM : barText(entryBars);
};

/** A green "Active" over a bot that may enter nowhere would mislead. */
export const shownState = ({ state, mayEnter }) => (state === 'active' && !mayEnter ? 'reducing' : state);

export const wordOf = (status) => (isStarting(status) ? 'Starting' : WORDS[shownState(status)]);

const figure = (id, text, unit = '', className = '') => {
  const node = byId(id);
  if (node.dataset.shown === text + unit) return;
  node.dataset.shown = text + unit;
  // The blank is for those who hear or copy it: a margin alone would read "2.81 %of 10 %".
  node.replaceChildren(text, ...(unit === '' ? [] : [' ', el('span', 'unit', unit)]));
  setClass(node, className);
};

const exposure = (risk) => risk?.limits.find(({ name }) => name === 'gross exposure') ?? null;

let spoken = null;

export const showHero = ({ status, risk, version }) => {
  say(byId('mode'), status.mode);
  say(byId('market-time'), longStamp(status.marketNow));
  const state = shownState(status);
  byId('hero').dataset.state = state;
  say(byId('state'), wordOf(status));
  say(byId('why'), whole(whyOf(status)));
  figure('equity', money(status.equity), status.equity === null ? '' : 'USDT', status.equity === null ? 'warn' : '');
  byId('equity').title = status.equityUnknown ?? '';
  figure('day', signedMoney(status.dayPnl), signedPercent(status.dayPnlFraction), moneyTone(status.dayPnl));
  figure(
    'drawdown',
    percent(status.drawdownFraction),
    isStarting(status) ? '' : `of ${percent(status.maxTotalDrawdown, 0)}`,
    status.drawdownFraction === null ? 'warn' : '',
  );
  const gross = exposure(risk);
  figure(
    'exposure',
    gross === null || gross.value === null ? 'unknown' : percent(gross.value, 0),
    gross === null ? '' : `of ${percent(gross.limit, 0)}`,
    gross?.value === null ? 'warn' : '',
  );
  figure('next', `in ${span(Math.max(0, status.nextDecisionAt - status.marketNow))}`, '');
  say(
    byId('version'),
    `Version ${version.version}, engine ${version.engineVersion.slice(0, 12)}, Node ${version.node.replace('v', '')}`,
  );
  document.title = `${wordOf(status)} · Guardian Bot`;
  const words = `${wordOf(status)}. ${whyOf(status)}`;
  if (spoken !== null && spoken !== words) say(byId('announce'), words);
  spoken = words;
};
