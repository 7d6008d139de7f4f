import type { LockCost } from './lock-costs.ts';
import type { BacktestStudy } from './study.ts';
import { money, signedMoney } from './words.ts';

/** What has to be known of the figures of a run that did not reach the end of its span. */
export const STOPPED_NOTE = 'ratios, shares of the time and hours with the Guardian are of the time until then';

/**
 * What the two runs' difference is made of and what was left when the one with the Guardian was stopped, as sentences
 * without their stop.
 */
export const guardianLines = ({
  lockCosts,
  guardianCost,
}: Pick<BacktestStudy, 'lockCosts' | 'guardianCost'>): readonly string[] =>
  [difference(guardianCost), afterStop(lockCosts)].filter((line) => line !== null);

const difference = ({ total, locks, rest }: BacktestStudy['guardianCost']): string | null => {
  if (total === 0 && locks === 0) return null;
  const ended = total === 0 ? 'just as high' : `${money(Math.abs(total))} USDT ${total > 0 ? 'higher' : 'lower'}`;
  return `Without the Guardian it ended ${ended}: ${signedMoney(locks)} by the locks, ${signedMoney(rest)} by what followed (trades that one run alone was free to make, sizes) and by entries that the loss budget cut or denied`;
};

const afterStop = (costs: readonly LockCost[]): string | null => {
  const stopping = costs.find(({ missedTradesAfterStop }) => missedTradesAfterStop > 0);
  if (stopping === undefined) return null;
  return `After the stop the other run made ${stopping.missedTradesAfterStop} more trades, ${signedMoney(stopping.missedAfterStop)} USDT in the equity of this one: they count for ${stopping.title.toLowerCase()}, which stopped it`;
};
