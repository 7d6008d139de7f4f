import type {
  BoardRows,
  BoardView,
  Dashboard,
  DecisionDetail,
  DecisionLine,
  RowCursor,
} from '../../ports/dashboard.ts';
import type { StatusView } from '../../ports/operator.ts';

const status: StatusView = {
  mode: 'demo',
  state: 'active',
  why: null,
  entryBars: [],
  mayEnter: true,
  equity: 1_000,
  equityUnknown: null,
  dayBaseline: 1_000,
  dayPnl: 0,
  dayPnlFraction: 0,
  maxDailyDrawdown: 0.02,
  drawdownFraction: 0,
  maxTotalDrawdown: 0.1,
  lossStreak: 0,
  maxConsecutiveLosses: 3,
  positions: [],
  locks: [],
  symbols: [],
  marketNow: 0,
  nextDecisionAt: 3_600_000,
  wallNow: 0,
  startedAt: 0,
};

const decision = (id: number): DecisionLine => ({
  id,
  symbol: 'BTC/USDT',
  openTime: id * 3_600_000,
  at: id,
  probability: 0.5,
  expectedValue: 0.001,
  margin: 0.002,
  outcome: 'no-edge',
  text: `decision ${id}`,
  clientOrderId: null,
});

const EMPTY: BoardRows = {
  decisions: [],
  fills: [],
  trades: [],
  orders: [],
  alerts: [],
  locks: [],
  equity: [],
  candles: [],
};

/** A dashboard whose rows are decisions 1, 2, 3 ... */
export interface FakeDashboard extends Dashboard {
  /** Another decision. */
  decide(): void;
  equityNow: number;
  /** None until some are set. */
  symbols: readonly string[];
}

export const createFakeDashboard = (instanceId = 'db1', mostMissed = 5): FakeDashboard => {
  let newest = 0;
  const fake = { equityNow: 1_000, symbols: [] as readonly string[] };
  const cursor = (): RowCursor => ({
    decisions: newest,
    fills: 0,
    trades: 0,
    orders: 0,
    alerts: 0,
    locks: 0,
    equity: 0,
    candles: 1_704_067_200_000,
  });
  const rows = (after: number, until: number): BoardRows => ({
    ...EMPTY,
    decisions: Array.from({ length: until - after }, (_, index) => decision(after + index + 1)),
  });
  const board = (): BoardView => ({
    status: {
      ...status,
      equity: fake.equityNow,
      symbols: fake.symbols.map((symbol) => ({
        symbol,
        lastPrice: 100,
        priceAgeMs: 0,
        newestCandleClose: 0,
        lastDecision: null,
      })),
    },
    risk: null,
    orders: [],
    model: null,
    readiness: null,
    version: { version: '1', engineVersion: '1', mode: 'demo', model: null, node: 'v24' },
    health: { ok: true, checks: [] },
    outboxDepth: 0,
  });
  return Object.assign(fake, {
    instanceId,
    decide: () => void (newest += 1),
    board,
    cursor,
    between: (after: RowCursor, until: RowCursor) =>
      until.decisions - after.decisions > mostMissed ? null : rows(after.decisions, until.decisions),
    newest: (until: RowCursor) => rows(Math.max(0, until.decisions - 3), until.decisions),
    decision: (symbol: string, openTime: number): Promise<DecisionDetail | null> =>
      Promise.resolve(
        symbol === 'BTC/USDT' && openTime === 3_600_000
          ? {
              ...decision(1),
              sequence: 1,
              breakEven: 0.4,
              target: 0.03,
              stop: 0.015,
              costs: 0.003,
              sizing: null,
              checks: [],
              features: null,
              featuresMissing: 'a test',
              order: null,
              fills: [],
              trade: null,
            }
          : null,
      ),
    chart: (symbol: string) => {
      if (fake.symbols.includes(symbol))
        return { symbol, candles: [{ symbol, openTime: 0, open: 99, high: 101, low: 98, close: 100 }], marks: [] };
      return symbol === 'BTC/USDT' ? { symbol, candles: [], marks: [] } : null;
    },
    equity: (range: string) => ({ range, points: [], peak: 0, maxDrawdown: null, maxTotalDrawdown: 0.1 }),
    commands: () => [],
  });
};
