import { createSchedule } from '../../adapters/system/schedule.ts';
import { CLOSING_MARGIN } from '../../app/market-feed.ts';
import { createPollingPacer, LOOK_EVERY } from '../../app/polling-pacer.ts';
import type { Base, Surroundings } from './base.ts';

/**
 * Seconds after the full hour at which the exchange is asked for the closed candle: past the margin by which an hour is
 * sure to be closed.
 */
const CANDLE_SECOND = 2;

/**
 * The real clock and a steady look at the market, woken when an hour has closed. Wake-ups that are missed change
 * nothing but the moment.
 */
export const realTime = ({
  config,
  log,
  wall,
  time,
  resources,
}: Base): Pick<Surroundings, 'clock' | 'pacer' | 'closingMargin'> => {
  if (time !== null) return { ...time, closingMargin: 0 };
  const pacer = createPollingPacer(wall, LOOK_EVERY);
  const schedule = createSchedule({
    timeZone: config.timeZone,
    onError: (job, error) => log.error({ job, error }, 'a scheduled job failed'),
    onMissed: (job, at) => {
      log.warn({ job, planned: new Date(at).toISOString() }, 'a scheduled wake-up was missed; it is caught up');
      pacer.wake();
    },
  });
  schedule.hourly('candle', CANDLE_SECOND, () => pacer.wake());
  resources.defer(() => schedule.stop());
  return { clock: wall, pacer, closingMargin: CLOSING_MARGIN };
};
