// What happened: fills, trades, orders, alerts, locks and commands, newest first.
import { byId, el, getJson } from './dom.mjs';
import { base, capital, price, quantity, signedMoney, signedPercent, stamp, tone, whole } from './format.mjs';

const cell = (content, className = '') => el('td', className, content);
const when = (at) => el('td', 'when', stamp(at));
const chip = (text, kind = '') => el('span', `chip ${kind}`, text);

const ORDER_KIND = { working: 'accent', intent: 'warn', unknown: 'warn', filled: 'good', rejected: 'bad' };
/** As /trades says it. */
const exitWord = (reason) => (reason === 'take-profit' ? 'target' : reason);
const exitKind = (reason) => (reason === 'take-profit' ? 'good' : reason.includes('stop') ? 'bad' : '');

/** `head`: name, a class for narrow screens or numbers, and a shorter name for a phone. */
const TABS = {
  fills: {
    label: 'Fills',
    head: [
      ['Time'],
      ['Symbol'],
      ['Side'],
      ['Quantity', 'number wide-only'],
      ['Price', 'number'],
      ['Fee', 'number wide-only'],
      ['Realised', 'number'],
      ['For', 'wide-only'],
    ],
    none: 'No fill yet.',
    row: (fill) => [
      when(fill.at),
      cell(base(fill.symbol)),
      cell(chip(fill.side, fill.side === 'buy' ? 'accent' : '')),
      cell(quantity(fill.quantity), 'number wide-only'),
      cell(price(fill.price), 'number'),
      cell(`${quantity(fill.fee)} ${fill.feeAsset}`, 'number wide-only'),
      cell(fill.realised === 0 ? '' : signedMoney(fill.realised), `number ${tone(fill.realised)}`),
      cell(fill.purpose, 'wide-only'),
    ],
  },
  trades: {
    label: 'Trades',
    head: [
      ['Closed'],
      ['Symbol'],
      ['Entry', 'number wide-only'],
      ['Exit', 'number wide-only'],
      ['Net', 'number'],
      ['', 'number'],
      ['Why it ended', '', 'Why'],
    ],
    none: 'No trade has been closed yet.',
    row: (trade) => [
      when(trade.closedAt),
      cell(base(trade.symbol)),
      cell(price(trade.entryPrice), 'number wide-only'),
      cell(price(trade.exitPrice), 'number wide-only'),
      cell(signedMoney(trade.pnl), `number ${tone(trade.pnl)}`),
      cell(signedPercent(trade.pnlFraction), `number ${tone(trade.pnl)}`),
      cell(chip(exitWord(trade.exitReason), exitKind(trade.exitReason))),
    ],
  },
  orders: {
    label: 'Orders',
    head: [['Time'], ['Order'], ['Quantity', 'number wide-only'], ['Price', 'number'], ['State'], ['Why', 'wide-only']],
    none: 'No order yet.',
    row: (order) => [
      when(order.updatedAt),
      cell(`${capital(order.purpose)}, ${order.side} ${base(order.symbol)}`),
      cell(quantity(order.quantity), 'number wide-only'),
      cell(
        order.stopPrice === null
          ? order.limitPrice === null
            ? 'market'
            : price(order.limitPrice)
          : `stop ${price(order.stopPrice)}`,
        'number',
      ),
      cell(chip(order.status, ORDER_KIND[order.status] ?? '')),
      cell(order.detail ?? order.reason, 'text wide-only'),
    ],
  },
  alerts: {
    label: 'Alerts',
    head: [['Time'], ['Kind', 'wide-only'], ['What']],
    none: 'No alert yet.',
    row: (alert) => [
      when(alert.at),
      cell(
        chip(
          alert.kind,
          alert.kind === 'lock' ? 'bad' : alert.kind === 'order-failure' || alert.kind === 'drawdown' ? 'warn' : '',
        ),
        'wide-only',
      ),
      cell(alertText(alert), 'text'),
    ],
  },
  locks: {
    label: 'Locks',
    head: [['Time'], ['Lock'], ['Change'], ['Why'], ['By', 'wide-only']],
    none: 'No lock has been set yet.',
    row: (lock) => [
      when(lock.at),
      cell(lock.lockId),
      cell(chip(lock.change, lock.change === 'set' ? 'bad' : 'good')),
      cell(lock.reason, 'text'),
      cell(lock.by, 'wide-only'),
    ],
  },
  commands: {
    label: 'Commands',
    head: [['Time'], ['Who'], ['Command'], ['Outcome']],
    none: 'Nobody has given a command yet.',
    row: (command) => [
      when(command.at),
      cell(`${command.name} (${command.role})`),
      cell(command.command, 'mono'),
      cell(command.outcome, 'text'),
    ],
  },
};

const alertText = ({ title, lines }) => {
  const node = el('span', {}, whole(title));
  if (lines.length > 0) node.append(el('span', 'soft', ` · ${whole(lines.join(' · '))}`));
  return node;
};

/** A table of rows, the newest first; those that came since the last drawing glow once. */
export const table = (name, head, rows, toCells, none, known, keyOf) => {
  if (rows.length === 0) return el('p', 'empty', none);
  const body = el('tbody');
  for (const row of rows.toReversed()) {
    const key = keyOf(row);
    body.append(
      el('tr', { class: known !== null && !known.has(key) ? 'fresh' : '', 'data-key': key }, ...toCells(row)),
    );
  }
  const heads = head.map(([text, className = '', short = null]) =>
    el('th', { scope: 'col', class: className, 'data-short': short }, text),
  );
  return el('table', {}, el('caption', 'hidden', name), el('thead', {}, el('tr', {}, ...heads)), body);
};

/** Draws a table anew and leaves the row that is being read where it is, however many have come above it. */
export const keepPlace = (box, redraw) => {
  const rows = () => [...box.querySelectorAll('tbody tr')];
  const top = (row) => row.getBoundingClientRect().top;
  const read = box.scrollTop === 0 ? undefined : rows().find((row) => top(row) >= top(box));
  const was = read === undefined ? 0 : top(read);
  redraw();
  const same = rows().find(({ dataset }) => dataset.key === read?.dataset.key);
  if (read !== undefined && same !== undefined) box.scrollTop += top(same) - was;
};

const keyOf = (row) => `${row.id ?? row.at} ${row.status ?? ''}`;

let shown = 'fills';
let data = { fills: [], trades: [], orders: [], alerts: [], locks: [], commands: [] };
const seen = new Map();

const draw = () => {
  const { label, head, row, none } = TABS[shown];
  const rows = data[shown];
  keepPlace(byId('activity'), () =>
    byId('activity').replaceChildren(table(label, head, rows, row, none, seen.get(shown) ?? null, keyOf)),
  );
  seen.set(shown, new Set(rows.map(keyOf)));
};

/** Commands come with no stream: while they are shown they are asked for, a new question at this interval. */
const COMMANDS_EVERY = 2_000;
let askedAt = Number.NEGATIVE_INFINITY;
let drawnCommands = '';

const refreshCommands = async () => {
  askedAt = performance.now();
  const commands = await getJson('/api/commands');
  const text = JSON.stringify(commands);
  if (text === drawnCommands) return;
  drawnCommands = text;
  data = { ...data, commands: commands.toReversed() };
  if (shown === 'commands') draw();
};

/** With each view of the board, which comes while the bot answers. */
export const askCommandsAgain = () => {
  if (shown === 'commands' && performance.now() - askedAt >= COMMANDS_EVERY) refreshCommands().catch(() => undefined);
};

const choose = (name) => {
  shown = name;
  for (const tab of byId('activity-tabs').children) {
    const own = tab.dataset.tab === name;
    tab.setAttribute('aria-selected', String(own));
    tab.tabIndex = own ? 0 : -1;
  }
  byId('activity').scrollTop = 0;
  draw();
  if (name === 'commands') refreshCommands().catch(() => undefined);
};

export const startTables = () => {
  const names = Object.keys(TABS);
  byId('activity-tabs').replaceChildren(
    ...names.map((name) => {
      const tab = el(
        'button',
        { type: 'button', role: 'tab', id: `tab-${name}`, 'data-tab': name, 'aria-controls': 'activity' },
        TABS[name].label,
      );
      tab.addEventListener('click', () => choose(name));
      return tab;
    }),
  );
  byId('activity-tabs').addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = names[(names.indexOf(shown) + step + names.length) % names.length];
    choose(next);
    byId(`tab-${next}`).focus();
  });
  choose('fills');
};

export const showTables = (rows, news, commands) => {
  data = { ...data, ...rows, commands: commands ?? data.commands };
  if (commands !== undefined || Object.keys(news).length === 0 || news[shown] !== undefined) draw();
};
