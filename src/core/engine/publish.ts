import type { Change } from '../guardian/change.ts';
import { percent } from '../guardian/equity-locks.ts';
import { LOCKS, type Lock, type LockKind } from '../guardian/lock.ts';
import { policyOf, tradingState } from '../guardian/state.ts';
import { span } from '../words.ts';
import { heldInHalt } from './state.ts';
import { alert, emit, type Turn } from './turn.ts';
import { openPositions } from './words.ts';

const TRADING: Readonly<Record<ReturnType<typeof tradingState>, string>> = {
  active: 'Trading is active',
  reducing: 'Exits only',
  halted: 'Trading is halted',
};

/** How it stands now, for people. */
export const stateLine = (turn: Turn): string =>
  `${TRADING[tradingState(turn.state.guardian, null)]}, ${openPositions(turn.state)}.`;

/** Turns the Guardian's changes of this step into recorded effects and alerts. */
export const publish = (turn: Turn): void => {
  for (const change of turn.changes) {
    switch (change.type) {
      case 'lock-set':
        emit(turn, { type: 'lock', change: 'set', lock: change.lock, by: 'rule' });
        lockAlert(turn, change);
        break;
      case 'lock-cleared': {
        const { lock, by } = change;
        emit(turn, { type: 'lock', change: 'cleared', lock, by });
        // Data that come and go are no deed of anybody's: a kind of its own, which may be silenced.
        if (lock.kind === 'stale-data')
          alert(
            turn,
            'data',
            `${lock.id}:${lock.since}:${turn.wall}`,
            `${lock.symbol ?? ''}: data are fresh again`,
            [`after ${span(turn.at - lock.since)}; ${by}`, stateLine(turn)],
            ['/status'],
            lock.symbol,
          );
        else
          alert(
            turn,
            'unlock',
            `${lock.id}:${lock.since}:${turn.wall}`,
            `${LOCKS[lock.kind].title}${forSymbol(lock.symbol)} cleared`,
            [by, stateLine(turn)],
            ['/status'],
            lock.symbol,
          );
        break;
      }
      case 'baseline':
        emit(turn, change);
        break;
      case 'drawdown-step': {
        const name = change.name === 'daily' ? 'Daily' : 'Total';
        alert(
          turn,
          'drawdown',
          `${change.name}:${change.step}:${turn.at}`,
          `${name} drawdown ${percent(change.drawdown)}: ${usedOf(change)} % of the limit ${percent(change.limit)} used`,
          [stateLine(turn)],
          ['/pnl', '/risk'],
        );
        break;
      }
    }
  }
};

/** What is used, not the step that was passed with it. 100 is the limit itself, and nothing short of it. */
const usedOf = ({ drawdown, limit }: Extract<Change, { type: 'drawdown-step' }>): number =>
  drawdown < limit ? Math.min(99, Math.round((drawdown / limit) * 100)) : Math.floor((drawdown / limit) * 100);

const forSymbol = (symbol: string | null): string => (symbol === null ? '' : ` ${symbol}`);

/** Where an operator looks before /unlock, where it is not the result. */
const LOOK: Partial<Record<LockKind, string>> = {
  reconciliation: '/balance',
  'start-gate': '/orders',
  'model-drift': '/model',
  'crash-loop': '/health',
  'operators-unreachable': '/health',
  'operator-halt': '/status',
};

/** What the button beside it says already. */
const BUTTON_ENOUGH = /^\/(unlock|resume)/;

/** What the lock does with the positions there are. */
const closing = ({ state, config }: Turn, lock: Lock): string => {
  if (policyOf(lock.kind, config.lockPolicies) === 'hold') return '';
  const held = state.symbolList.flatMap(({ symbol, managed }) =>
    managed !== null && (lock.symbol === null || lock.symbol === symbol) ? [symbol] : [],
  );
  const waiting = heldInHalt(state).filter((symbol) => held.includes(symbol));
  const now =
    held.length === waiting.length
      ? ''
      : lock.symbol === null
        ? ', positions are being closed'
        : ', its position is being closed';
  return waiting.length === 0 ? now : `${now}, ${waiting.join(', ')} will be sold when the exchange trades it again`;
};

const lockAlert = (turn: Turn, change: Extract<Change, { type: 'lock-set' }>): void => {
  const { lock } = change;
  const { title, state, clearing, clears } = LOCKS[lock.kind];
  const commands =
    clearing === 'resume' ? ['/resume'] : clearing === 'self' ? ['/status'] : [LOOK[lock.kind] ?? '/pnl', '/unlock'];
  const action = `${state === 'halted' ? 'Trading halted' : lock.symbol === null ? 'No entries' : `No entries in ${lock.symbol}`}${closing(turn, lock)}`;
  alert(
    turn,
    'lock',
    `${lock.id}:${lock.since}:${turn.wall}`,
    `${title}: ${lock.reason}`,
    [`${action}, ${openPositions(turn.state)}.`, ...(BUTTON_ENOUGH.test(clears) ? [] : [`Clears: ${clears}.`])],
    commands,
    lock.symbol,
  );
};
