import type { LockCost } from './lock-costs.ts';
import { signedMoney } from './words.ts';

/** What has to be known of the figures of a run that did not reach the end of its span. */
export const STOPPED_NOTE = 'ratios, shares of the time and hours with the Guardian are of the time until then';
/** What the other run did after this one was stopped, or null. */
export const afterStop = (costs: readonly LockCost[]): string | null => {
  const stopping = costs.find(({ missedTradesAfterStop }) => missedTradesAfterStop > 0);
  if (stopping === undefined) return null;
  return `After the stop the other run made ${stopping.missedTradesAfterStop} more trades, ${signedMoney(stopping.missedAfterStop)} USDT in the equity of this one: they count for ${stopping.title.toLowerCase()}, which stopped it`;
};
