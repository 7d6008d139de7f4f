import { HOUR_MS, type SymbolName } from '../../core/units.ts';
import type {
  BoardRecords,
  BoardRows,
  CandleLine,
  Dashboard,
  EquityCurve,
  EquityRange,
  Health,
  MarketChart,
  RowCursor,
} from '../../ports/dashboard.ts';
import type { OperatorService } from '../../ports/operator.ts';
import type { OperatorTools } from '../../ports/operator-tools.ts';
import type { AuditStore } from '../../ports/store.ts';
import type { EngineHost } from '../engine-host.ts';
import { decisionDetail } from './decision-detail.ts';
import { withDrawdown } from './equity-curve.ts';
import type { FeatureExplainer } from './explain-features.ts';

/** Rows of a kind that a page begins with. */
const FIRST_ROWS = 40;
/** A reader that missed more rows of a kind than this begins anew. */
const MOST_MISSED = 200;
/** Hours of candles that a page may ask for. */
const MOST_HOURS = 720;
/** Points of an equity curve: as many as a wide screen can tell apart. */
const CURVE_POINTS = 480;
/** Candles looked at for a reader that catches up. */
const CATCH_UP_CANDLES = 240;

/** Beyond what any number of symbols adds up to: an earlier version counted candles in milliseconds. */
const MOST_HOURS_HELD = 1e9;

/** A closed candle as the market feed keeps it. */
type RecentCandle = Omit<CandleLine, 'symbol'>;

export interface DashboardOptions {
  readonly host: EngineHost;
  readonly service: OperatorService;
  readonly tools: Pick<OperatorTools, 'model' | 'readiness'>;
  readonly records: BoardRecords;
  readonly audits: Pick<AuditStore, 'audits'>;
  /** The newest closed candles, oldest first. */
  readonly recent: (symbol: SymbolName, count: number) => readonly RecentCandle[];
  readonly explainer: FeatureExplainer;
  readonly health: () => Health;
  readonly outboxDepth: () => number;
  readonly instanceId: string;
}

const spanOf = (range: EquityRange): number => {
  switch (range) {
    case '24h':
      return 24 * HOUR_MS;
    case '7d':
      return 168 * HOUR_MS;
    case '30d':
      return 720 * HOUR_MS;
    case 'all':
      return Number.MAX_SAFE_INTEGER;
  }
};

/** What the page shows, read from engine, database and market feed; changes nothing. */
export const createDashboard = (options: DashboardOptions): Dashboard => {
  const { host, service, tools, records, recent } = options;
  const { state } = host;
  const symbols = (): readonly SymbolName[] => state.config?.symbols ?? [];

  /**
   * The newest of each symbol, as far back as hours have come in all: among them is every one that came, whichever
   * symbol was late.
   */
  const newestCandles = (hours: number): readonly CandleLine[] =>
    symbols()
      .flatMap((symbol) => {
        const candles = recent(symbol, Math.min(hours, CATCH_UP_CANDLES));
        const from = (candles.at(-1)?.openTime ?? 0) - hours * HOUR_MS;
        return candles.filter(({ openTime }) => openTime > from).map((candle) => candleLine(symbol, candle));
      })
      .toSorted((a, b) => a.openTime - b.openTime);

  /**
   * Hours up to the newest candle of each symbol, added up. One that has none yet counts as the others: a start reads
   * them one after another.
   */
  const hoursHeld = (): number => {
    const newest = symbols().map((symbol) => Math.floor((recent(symbol, 1)[0]?.openTime ?? 0) / HOUR_MS));
    const last = Math.max(0, ...newest);
    return newest.reduce((sum, hours) => sum + (hours === 0 ? last : hours), 0);
  };

  const cursor = (): RowCursor => ({ ...records.cursor(), candles: hoursHeld() });

  const between = (after: RowCursor, until: RowCursor): BoardRows | null => {
    const hours = until.candles - after.candles;
    if (after.candles > MOST_HOURS_HELD || (hours > CATCH_UP_CANDLES && after.candles > 0)) return null;
    const rows = records.between(after, until, MOST_MISSED);
    if (rows === null) return null;
    // Fewer hours than the reader has: the bot has just been started and reads its history.
    return { ...rows, candles: hours > 0 ? newestCandles(hours) : [] };
  };

  const chart = (symbol: SymbolName, hours: number): MarketChart | null => {
    if (!symbols().includes(symbol)) return null;
    const candles = recent(symbol, Math.max(1, Math.min(MOST_HOURS, hours))).map((candle) =>
      candleLine(symbol, candle),
    );
    const from = candles[0]?.openTime ?? state.at;
    const marks = records
      .fillsSince(symbol, from)
      .map(({ at, price, side, purpose, quantity, realised }) => ({ at, price, side, purpose, quantity, realised }));
    return { symbol, candles, marks };
  };

  const equity = (range: EquityRange): EquityCurve => {
    const from = Math.max(0, state.at - spanOf(range));
    return {
      range,
      ...withDrawdown(records.equity(from, CURVE_POINTS)),
      maxTotalDrawdown: state.config?.limits.maxTotalDrawdown ?? 0,
    };
  };

  return {
    instanceId: options.instanceId,
    board: () => ({
      status: service.status(),
      risk: state.config === null ? null : service.risk(),
      orders: Object.values(state.orders).flatMap((record) =>
        record.status === 'working' || record.status === 'intent' || record.status === 'unknown'
          ? (records.order(record.draft.clientOrderId) ?? [])
          : [],
      ),
      model: tools.model(),
      readiness: tools.readiness(),
      version: service.version(),
      health: options.health(),
      outboxDepth: options.outboxDepth(),
    }),
    cursor,
    between,
    newest: (until) => ({ ...records.newest(until, FIRST_ROWS), candles: [] }),
    decision: async (symbol, openTime) => {
      const row = records.decision(symbol, openTime);
      return row === null ? null : await decisionDetail(row, state, records, options.explainer);
    },
    chart,
    equity,
    commands: (count) =>
      options.audits
        .audits(count)
        .map(({ at, caller, command, outcome }) => ({ at, name: caller.name, role: caller.role, command, outcome })),
  };
};

const candleLine = (symbol: SymbolName, { openTime, open, high, low, close }: RecentCandle): CandleLine => ({
  symbol,
  openTime,
  open,
  high,
  low,
  close,
});
