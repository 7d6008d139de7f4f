// One line a decision; each opens the whole story.
import { byId, el } from './dom.mjs';
import { openDecision } from './decision-dialog.mjs';
import { base, signedPercent, stamp, tone, whole } from './format.mjs';
import { keepPlace, table } from './tables.mjs';

const OUTCOMES = {
  entered: ['entered', 'good'],
  denied: ['denied', 'bad'],
  exit: ['exit', 'warn'],
  holding: ['holding', 'accent'],
  'no-edge': ['no edge', ''],
  'no-prediction': ['no prediction', 'warn'],
};
const HEAD = [
  ['Candle'],
  ['Symbol'],
  ['Probability', '', 'Odds'],
  ['Expected value', 'number', 'EV'],
  ['Outcome'],
  ['In words', 'wide-only'],
];

const odds = (probability) => {
  if (probability === null) return el('span', 'soft', 'none');
  const fill = el('i');
  fill.style.width = `${probability * 100}%`;
  return el('span', 'odds', el('span', { class: 'odds-bar', 'aria-hidden': 'true' }, fill), probability.toFixed(3));
};

const cells = (decision) => {
  const { symbol, openTime, probability, expectedValue, outcome, text } = decision;
  const [word, kind] = OUTCOMES[outcome] ?? [outcome, ''];
  return [
    el(
      'td',
      {},
      el(
        'button',
        {
          class: 'row-button',
          type: 'button',
          'aria-label': `Why: ${symbol}, ${stamp(openTime)}`,
          'data-symbol': symbol,
          'data-at': openTime,
        },
        stamp(openTime),
      ),
    ),
    el('td', {}, base(symbol)),
    el('td', {}, odds(probability)),
    el(
      'td',
      `number ${expectedValue === null ? '' : tone(expectedValue)}`,
      expectedValue === null ? '' : signedPercent(expectedValue),
    ),
    el('td', {}, el('span', `chip ${kind}`, word)),
    el('td', 'text wide-only soft', whole(text)),
  ];
};

const keyOf = ({ symbol, openTime }) => `${symbol} ${openTime}`;
const buttonOf = ({ symbol, at }) =>
  byId('decisions').querySelector(`.row-button[data-symbol="${symbol}"][data-at="${at}"]`);
let seen = null;

export const startDecisions = () => {
  byId('decisions').addEventListener('click', (event) => {
    const button = event.target.closest('tr')?.querySelector('.row-button');
    if (button !== null && button !== undefined) openDecision(button.dataset.symbol, Number(button.dataset.at));
  });
};

export const showDecisions = ({ decisions }, news) => {
  if (seen !== null && news.decisions === undefined) return;
  // A drawing anew must not take the keyboard's place away.
  const focused =
    document.activeElement?.classList.contains('row-button') === true ? document.activeElement.dataset : null;
  const drawn = table(
    'Decisions, newest first',
    HEAD,
    decisions,
    cells,
    'The first decision comes with the next closed hour.',
    seen,
    keyOf,
  );
  keepPlace(byId('decisions'), () => byId('decisions').replaceChildren(drawn));
  for (const row of byId('decisions').querySelectorAll('tbody tr')) row.classList.add('opens');
  if (focused !== null) buttonOf(focused)?.focus({ preventScroll: true });
  seen = new Set(decisions.map(keyOf));
};
