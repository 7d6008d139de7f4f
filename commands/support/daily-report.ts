import { counted } from '../../src/core/words.ts';
import type { Alert } from '../../src/core/engine/alert.ts';
import type { EpochMs } from '../../src/core/units.ts';
import type { OperatorService, PositionView, StatusView } from '../../src/ports/operator.ts';
import type { OperatorTools, PeriodView } from '../../src/ports/operator-tools.ts';
import { createTimes, money, percent, signedMoney, signedPercent, type Times } from './format.ts';
import { stateLine } from './views.ts';

/** The last whole UTC day: the report's hour may come just after midnight. */
const yesterdayLine = (period: PeriodView | undefined): readonly string[] =>
  period === undefined
    ? []
    : [
        `Yesterday (UTC) ${signedMoney(period.pnl)} (${signedPercent(period.pnlFraction)}), ${counted(period.trades, 'trade')}`,
      ];

/**
 * Results are those of UTC days; where the operator's calendar shows another day at this moment, the report says which
 * it means.
 */
const dayName = (at: EpochMs, times: Times): string => {
  const day = createTimes('UTC').day(at);
  return day === times.day(at) ? day : `${day} (UTC)`;
};

/**
 * After /unlock has rebased the day, what is left of its limit is measured from there; the day has lost more than that.
 */
const rebasedLine = ({ dayRebased, dayPnl, dayPnlFraction }: StatusView): readonly string[] =>
  dayRebased === true
    ? [`Since /unlock rebased the day ${signedMoney(dayPnl)} (${signedPercent(dayPnlFraction)})`]
    : [];

/** What a position lacks of its protection; nothing where its stop rests on the exchange. */
const stopGap = ({ stopPrice, stopWorking }: PositionView): string =>
  stopWorking ? '' : stopPrice === null ? ', NO STOP' : ', STOP NOT CONFIRMED';

/**
 * The daily report as an alert for the outbox: state, the day's result against
 * its limit, yesterday's, trades, positions and locks. The key carries
 * `day`, the one in which the report's hour fell even when it comes late, so a
 * missed and caught-up schedule sends it once.
 */
export const buildDailyReport = (
  day: string,
  service: OperatorService,
  timeZone: string,
  tools?: Pick<OperatorTools, 'periods'>,
): Alert => {
  const times = createTimes(timeZone);
  const status = service.status();
  const today = service.pnl('today');
  const [running, yesterday] = tools?.periods('day', 2) ?? [];
  const result =
    status.dayRebased === true && running !== undefined
      ? running
      : { pnl: status.dayPnl, pnlFraction: status.dayPnlFraction };
  const positions = status.positions.map(
    (held) =>
      `${held.symbol}: ${signedMoney(held.unrealised)} (${signedPercent(held.unrealisedFraction)})${stopGap(held)}`,
  );
  return {
    kind: 'report',
    key: `daily-report:${day}`,
    title: `📊 ${dayName(status.marketNow, times)}: ${signedMoney(result.pnl)} (${signedPercent(result.pnlFraction)})`,
    lines: [
      stateLine(status),
      ...(status.state === 'active'
        ? status.entryBars.map(({ why, symbols }) => `${why}: no entries in ${symbols.join(', ')}.`)
        : []),
      `Equity ${status.equity === null ? `unknown: ${status.equityUnknown ?? 'no reason given'}` : `${money(status.equity)} ${service.balance().quoteAsset}`}`,
      ...yesterdayLine(yesterday),
      ...rebasedLine(status),
      `Limit for the day -${percent(status.maxDailyDrawdown)}; drawdown ${percent(status.drawdownFraction)} of ${percent(status.maxTotalDrawdown)}`,
      `Trades ${today.trades} (${today.wins} won, ${today.losses} lost), fees ${money(today.fees)}`,
      ...(positions.length === 0 ? ['No position.'] : positions),
      ...(status.locks.length === 0
        ? ['No lock holds.']
        : status.locks.map(({ id, clearing }) => `🔒 ${id}: clears: ${clearing}`)),
    ],
    commands: ['/pnl', '/trades', '/status'],
    symbol: null,
    at: status.marketNow,
  };
};
