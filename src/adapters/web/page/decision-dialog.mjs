// Why the bot did it: odds, features, size, every check of the Guardian, and what became of it.
import { byId, el, getJson } from './dom.mjs';
import { money, percent, plain, price, quantity, signedMoney, signedPercent, stamp, tone, whole } from './format.mjs';

const part = (title, ...children) => el('section', {}, el('h3', {}, title), ...children);

const place = (node, fraction, property = 'left') => {
  node.style[property] = `${Math.max(0, Math.min(1, fraction)) * 100}%`;
  return node;
};

const prediction = ({ probability, breakEven, expectedValue, margin, target, stop, costs }) => {
  if (probability === null)
    return part('Prediction', el('p', 'soft', 'The model gave no answer for this hour, so there was no entry.'));
  const gauge = el(
    'div',
    { class: 'gauge', 'aria-hidden': 'true' },
    el('div', 'gauge-bar', place(el('i'), probability, 'width')),
  );
  if (breakEven !== null)
    gauge.append(place(el('div', 'gauge-mark', el('span', {}, `break-even ${breakEven.toFixed(3)}`)), breakEven));
  const verdict = expectedValue >= margin ? 'worth more than the margin of' : 'less than the margin of';
  return part(
    'Odds',
    el('p', 'say', 'Probability that the target comes before the stop: ', el('b', {}, probability.toFixed(3))),
    gauge,
    target === null
      ? null
      : el(
          'p',
          'sum',
          `${probability.toFixed(3)} × ${percent(target)} − ${(1 - probability).toFixed(3)} × ${percent(stop)} − costs ${percent(costs)} = ${signedPercent(expectedValue)}`,
        ),
    el(
      'p',
      {},
      'Expected value ',
      el('b', tone(expectedValue), signedPercent(expectedValue)),
      `, ${verdict} ${percent(margin)}.`,
    ),
  );
};

const effectRow = ({ name, unit, source, value, typical, effect }, most) => {
  const bar = el('i', { 'data-sign': effect < 0 ? '-' : '+' });
  const width = (Math.abs(effect) / most) * 50;
  bar.style.width = `${width}%`;
  bar.style.left = effect < 0 ? `${50 - width}%` : '50%';
  return el(
    'div',
    { class: 'effect', title: `${source} (${unit})` },
    el('div', 'effect-name', name.replaceAll('_', ' '), el('small', {}, `${plain(value)}, usually ${plain(typical)}`)),
    el('div', { class: 'effect-bar', 'aria-hidden': 'true' }, bar),
    el('div', `number ${tone(effect)}`, `${effect < 0 ? '−' : '+'}${Math.abs(effect).toFixed(3)}`),
  );
};

const features = ({ features: effects, featuresMissing }) => {
  if (effects === null) return part('What mattered', el('p', 'soft', `Not known: ${featuresMissing}.`));
  if (effects.length === 0)
    return part(
      'What mattered',
      el('p', 'soft', 'No single feature moved the answer: change any one to its usual value and it stays.'),
    );
  const most = Math.max(...effects.map(({ effect }) => Math.abs(effect)));
  return part(
    'What mattered',
    el(
      'p',
      'soft small',
      'How much lower or higher the probability would be with that one feature at its usual value.',
    ),
    el('div', 'effects', ...effects.map((effect) => effectRow(effect, most))),
  );
};

const sizing = ({ sizing: sized }) => {
  if (sized === null) return null;
  const most = sized.steps[0]?.quantity ?? 0;
  const rows = sized.steps.map(({ words, quantity: size }, index) => {
    const bar = el('i');
    bar.style.width = `${most > 0 ? Math.max(0.5, (size / most) * 100) : 0}%`;
    const cut = index > 0 && size < (sized.steps[index - 1]?.quantity ?? size);
    return el(
      'div',
      'effect cuts',
      el('div', 'effect-name', words, cut ? el('small', {}, 'cut here') : null),
      el('div', { class: 'effect-bar', 'aria-hidden': 'true' }, bar),
      el('div', 'number', plain(size)),
    );
  });
  return part(
    'Size',
    el(
      'p',
      'soft small',
      `Equity ${money(sized.equity)}, so at most ${money(sized.riskAmount)} may be lost; ${price(sized.lossPerUnit)} a unit at the stop with fees and slippage; limit price ${price(sized.limitPrice)}.`,
    ),
    el('div', 'effects', ...rows),
  );
};

const checks = ({ checks: list, outcome }) => {
  if (list.length === 0)
    return outcome === 'holding' || outcome === 'no-edge'
      ? part('The Guardian', el('p', 'soft', 'Not asked: the policy wanted no entry.'))
      : null;
  const items = list.map(({ ok, code, words, limit, value }) =>
    el(
      'li',
      { class: ok ? '' : 'failed', title: code },
      el('span', { class: `mark ${ok ? 'good' : 'bad'}`, 'aria-hidden': 'true' }, ok ? '✓' : '✕'),
      el('span', {}, words, el('span', 'hidden', ok ? ': passed' : ': refused')),
      el(
        'span',
        'value',
        [value, limit === '' || limit === value ? '' : `limit ${limit}`].filter((text) => text !== '').join(' · '),
      ),
    ),
  );
  const failed = list.filter(({ ok }) => !ok).length;
  return part(
    failed === 0 ? `The Guardian: ${list.length} checks, all passed` : `The Guardian: refused at check ${list.length}`,
    el('ul', 'guard', ...items),
  );
};

const aftermath = ({ order, fills, trade }) => {
  if (order === null) return null;
  const lines = [
    el(
      'p',
      {},
      `${order.side === 'buy' ? 'Buy' : 'Sell'} ${quantity(order.quantity)} at ${order.limitPrice === null ? 'market' : price(order.limitPrice)}: `,
      el('b', {}, order.status),
      el('span', 'soft mono', `  ${order.id}`),
    ),
    ...fills.map((fill) =>
      el(
        'p',
        'soft small',
        `${stamp(fill.at)}: ${quantity(fill.quantity)} @ ${price(fill.price)}, fee ${quantity(fill.fee)} ${fill.feeAsset}`,
      ),
    ),
    trade === null
      ? null
      : el(
          'p',
          {},
          `Closed ${stamp(trade.closedAt)} by ${trade.exitReason}: `,
          el('b', tone(trade.pnl), `${signedMoney(trade.pnl)} (${signedPercent(trade.pnlFraction)})`),
        ),
  ];
  return part('What became of it', ...lines);
};

const head = (title) => {
  const close = el('button', { class: 'close', type: 'button', 'aria-label': 'Close' }, '✕');
  close.addEventListener('click', () => byId('decision').close());
  return el('div', 'dialog-head', el('h2', { id: 'decision-title' }, title), close);
};

const body = (decision) =>
  el(
    'div',
    { class: 'dialog-body', tabindex: '0' },
    el('p', 'say', whole(decision.text)),
    ...[prediction, features, sizing, checks, aftermath].map((draw) => draw(decision)).filter((node) => node !== null),
  );

export const openDecision = async (symbol, openTime) => {
  const dialog = byId('decision');
  const title = `${symbol}, ${stamp(openTime)}`;
  dialog.replaceChildren(head(title), el('div', 'dialog-body', el('p', 'soft', 'Looking it up')));
  Object.assign(dialog.dataset, { symbol, at: openTime });
  if (!dialog.open) dialog.showModal();
  // The head stays, and the keyboard on its button; an answer that comes after another decision was opened is not
  // shown.
  const fill = (node) => {
    if (dialog.dataset.symbol === symbol && dialog.dataset.at === String(openTime))
      dialog.lastElementChild.replaceWith(node);
  };
  try {
    const decision = await getJson(`/api/decision?symbol=${encodeURIComponent(symbol)}&at=${openTime}`);
    fill(body(decision));
  } catch {
    fill(el('div', 'dialog-body', el('p', 'bad', 'This decision can’t be looked up now.')));
  }
};

export const startDialog = () => {
  const dialog = byId('decision');
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  // Rows that came meanwhile have drawn the table anew: the button that opened this one may be another by now.
  dialog.addEventListener('close', () => {
    const { symbol, at } = dialog.dataset;
    (
      byId('decisions').querySelector(`.row-button[data-symbol="${symbol}"][data-at="${at}"]`) ?? byId('decisions')
    ).focus();
  });
};
