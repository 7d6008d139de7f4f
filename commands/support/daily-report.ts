import type { Alert } from '../../src/core/engine/alert.ts';
import type { OperatorService } from '../../src/ports/operator.ts';
import type { OperatorTools, PeriodView } from '../../src/ports/operator-tools.ts';
import { createTimes, money, percent, signedMoney, signedPercent } from './format.ts';
import { STATE_SIGN, STATE_WORD } from './views.ts';

/** The last whole UTC day: the report's hour may come just after midnight. */
const yesterdayLine = (period: PeriodView | undefined): readonly string[] =>
  period === undefined ? [] : [`Yesterday (UTC) ${signedMoney(period.pnl)} (${signedPercent(period.pnlFraction)}), ${period.trades} trade${period.trades === 1 ? '' : 's'}`];

/**
 * The daily report as an alert for the outbox: state, the day's result against
 * its limit, yesterday's, trades, positions and locks. The key carries
 * `day`, the one in which the report's hour fell even when it comes late, so a
 * missed and caught-up schedule sends it once.
 */
export const buildDailyReport = (day: string, service: OperatorService, timeZone: string, tools?: Pick<OperatorTools, 'periods'>): Alert => {
  const times = createTimes(timeZone);
  const status = service.status();
  const today = service.pnl('today');
  const positions = status.positions.map((held) => `${held.symbol}: ${signedMoney(held.unrealised)} (${signedPercent(held.unrealisedFraction)})${held.stopPrice === null ? ', NO STOP' : ''}`);
  return {
    kind: 'report',
    key: `daily-report:${day}`,
    title: `📊 ${times.day(status.marketNow)}: ${signedMoney(status.dayPnl)} (${signedPercent(status.dayPnlFraction)})`,
    lines: [
      `${STATE_SIGN[status.state]} ${STATE_WORD[status.state]}`,
      `Equity ${status.equity === null ? `unknown: ${status.equityUnknown ?? 'no reason given'}` : `${money(status.equity)} ${service.balance().quoteAsset}`}`,
      ...yesterdayLine(tools?.periods('day', 2)[1]),
      `Limit for the day -${percent(status.maxDailyDrawdown)}; drawdown ${percent(status.drawdownFraction)} of ${percent(status.maxTotalDrawdown)}`,
      `Trades ${today.trades} (${today.wins} won, ${today.losses} lost), fees ${money(today.fees)}`,
      ...(positions.length === 0 ? ['No position.'] : positions),
      ...(status.locks.length === 0 ? ['No lock holds.'] : status.locks.map(({ id, clearing }) => `🔒 ${id}: clears ${clearing}`)),
    ],
    commands: ['/pnl', '/trades', '/status'],
    symbol: null,
    at: status.marketNow,
  };
};
