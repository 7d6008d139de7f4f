// Open positions between their stop and their target.
import { byId, el, onChange } from './dom.mjs';
import { moneyTone, price, quantity, signedMoney, signedPercent, span } from './format.mjs';

const range = ({ stopPrice, targetPrice, entryPrice, lastPrice }) => {
  const place = (value) => `${Math.max(0, Math.min(100, ((value - stopPrice) / (targetPrice - stopPrice)) * 100))}%`;
  const mark = (className, at, title) => {
    const node = el('span', { class: className, title });
    node.style.left = place(at);
    return node;
  };
  return el(
    'div',
    { class: 'range', 'aria-hidden': 'true' },
    el('div', 'range-bar'),
    mark('range-mark', entryPrice, 'Entry'),
    lastPrice === null ? null : mark('range-mark now', lastPrice, 'Now'),
  );
};

const position = (held) => {
  const {
    symbol,
    unrealised,
    unrealisedFraction,
    entryPrice,
    lastPrice,
    stopPrice,
    stopWorking,
    targetPrice,
    closing,
    unsellable,
    left,
  } = held;
  return el(
    'div',
    'position',
    el(
      'div',
      'position-head',
      el('span', {}, symbol),
      el('span', moneyTone(unrealised), `${signedMoney(unrealised)}  ${signedPercent(unrealisedFraction)}`),
    ),
    el(
      'div',
      'position-sub',
      el('span', {}, `${quantity(held.quantity)} @ ${price(entryPrice)}`),
      el('span', {}, `now ${price(lastPrice)}`),
    ),
    closing === null ? null : el('p', 'warn', `Being closed: ${closing}`),
    unsellable === undefined ? null : el('p', 'warn', `Cannot be sold now: ${unsellable}. Its stop stays.`),
    stopPrice === null ? el('p', 'bad', 'No stop rests on the exchange') : range(held),
    stopPrice === null
      ? null
      : el(
          'div',
          'range-ends',
          el('span', stopWorking ? '' : 'bad', `stop ${price(stopPrice)}${stopWorking ? '' : ' (not confirmed)'}`),
          el('span', {}, `${left} left`),
          el('span', {}, `target ${price(targetPrice)}`),
        ),
  );
};

export const noPosition = (mode) =>
  mode === 'starting' ? 'The account is not known yet: the bot is starting.' : 'No position: everything is in cash.';

const draw = onChange(({ mode, positions }) =>
  byId('positions').replaceChildren(
    ...(positions.length === 0 ? [el('p', 'none', noPosition(mode))] : positions.map(position)),
  ),
);

export const showPositions = ({ status }) =>
  draw({
    mode: status.mode,
    positions: status.positions.map((held) => ({
      ...held,
      left: span(Math.max(0, held.horizonAt - status.marketNow)),
    })),
  });
