// State and the figures that matter, and what of it is worth saying aloud.
import { byId, el, say, setClass } from './dom.mjs';
import { longStamp, money, percent, signedMoney, signedPercent, span, tone, whole } from './format.mjs';

const WORDS = { active: 'Active', reducing: 'Exits only', halted: 'Halted' };
const CALM = 'No lock holds. Every order passes the Guardian first.';
const BLIND = 'No lock holds, but equity is not known: no entry until it is.';

const whyOf = ({ why, equity }) => why ?? (equity === null ? BLIND : CALM);

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
  byId('hero').dataset.state = status.state;
  say(byId('state'), WORDS[status.state]);
  say(byId('why'), whole(whyOf(status)));
  figure('equity', money(status.equity), status.equity === null ? '' : 'USDT', status.equity === null ? 'warn' : '');
  byId('equity').title = status.equityUnknown ?? '';
  figure('day', signedMoney(status.dayPnl), signedPercent(status.dayPnlFraction), tone(status.dayPnl));
  figure('drawdown', percent(status.drawdownFraction), `of ${percent(status.maxTotalDrawdown, 0)}`, status.drawdownFraction === null ? 'warn' : '');
  const gross = exposure(risk);
  figure('exposure', gross === null || gross.value === null ? 'unknown' : percent(gross.value, 0), gross === null ? '' : `of ${percent(gross.limit, 0)}`, gross?.value === null ? 'warn' : '');
  figure('next', `in ${span(Math.max(0, status.nextDecisionAt - status.marketNow))}`, '');
  say(byId('version'), `Version ${version.version}, engine ${version.engineVersion.slice(0, 12)}, Node ${version.node.replace('v', '')}`);
  document.title = `${WORDS[status.state]} · Guardian Bot`;
  const words = `${WORDS[status.state]}. ${whyOf(status)}`;
  if (spoken !== null && spoken !== words) say(byId('announce'), words);
  spoken = words;
};
