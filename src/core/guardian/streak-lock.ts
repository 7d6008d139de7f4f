import type { Limits } from '../risk/limits.ts';
import { HOUR_MS, type EpochMs, type Milliseconds, type SymbolName } from '../units.ts';
import type { Change, Look } from './change.ts';
import { impose } from './lock-changes.ts';
import type { GuardianState } from './state.ts';

/** The kill-switch: losing trades in a row. */

/** Losing trades of the streak that are kept for the message. */
const STREAK_SHOWN = 10;

/** A closed trade, net of fees: a loss lengthens the streak, anything else ends it. */
export const recordTrade = (
  state: GuardianState,
  trade: {
    readonly symbol: SymbolName;
    readonly pnlFraction: number;
    readonly lost: boolean;
    readonly closedAt: EpochMs;
  },
  limits: Limits,
  changes: Change[],
): void => {
  if (!trade.lost) {
    state.lossStreak = [];
    return;
  }
  const { symbol, pnlFraction, closedAt } = trade;
  state.lossStreak = [...state.lossStreak, { symbol, pnlFraction, closedAt }].slice(-STREAK_SHOWN);
  evaluateStreak(state, { at: closedAt, changes }, limits);
};

/** Kill-switch: also looked at when a start has brought a tighter limit, which the streak may have reached already. */
export const evaluateStreak = (
  state: GuardianState,
  { at, changes }: Pick<Look, 'at' | 'changes'>,
  limits: Limits,
): void => {
  const { lossStreak } = state;
  const limit = limits.maxConsecutiveLosses;
  if (lossStreak.length < limit) return;
  const newest = lossStreak.slice(-limit);
  const shown = newest
    .map((loss) => `${loss.symbol.split('/')[0] ?? loss.symbol} ${(loss.pnlFraction * 100).toFixed(2)} %`)
    .join(', ');
  const span = (newest.at(-1)?.closedAt ?? at) - (newest[0]?.closedAt ?? at);
  impose(state, changes, {
    kind: 'kill-switch',
    symbol: null,
    since: at,
    reason:
      lossStreak.length === 1
        ? `1 loss (${shown})`
        : `${lossStreak.length} losses in a row (${shown}, over ${spanInWords(span)})`,
    limit,
    value: lossStreak.length,
  });
};

const spanInWords = (span: Milliseconds): string => {
  const hours = Math.round(span / HOUR_MS);
  if (hours < 48) return hours === 1 ? 'one hour' : `${hours} hours`;
  return `${Math.round(hours / 24)} days`;
};
