import type {
  AuditEntry,
  Caller,
  LockView,
  OperatorService,
  PnlRange,
  PositionView,
  StatusView,
  UnlockPreview,
  UnlockRequest,
} from '../../../src/ports/operator.ts';
import type { Clock } from '../../../src/ports/clock.ts';

/** A small bot to talk to: enough state to see that commands act, and how often. */
export interface FakeService extends OperatorService {
  readonly auditRows: AuditEntry[];
  readonly calls: { readonly name: string; readonly caller: Caller; readonly detail: unknown }[];
  setLocks(locks: readonly LockView[]): void;
  setPreview(change: Partial<UnlockPreview>): void;
  readonly paused: boolean;
}

export const killSwitch: LockView = {
  id: 'kill-switch',
  serial: 1,
  kind: 'kill-switch',
  symbol: null,
  state: 'halted',
  policy: 'hold',
  since: Date.UTC(2024, 7, 5, 8),
  reason: 'Kill-switch: 3 losses in a row (BTC -0.97 %, ETH -1.02 %, BTC -0.99 %)',
  clearing: '/unlock',
  clearedByUnlock: true,
};

export const operatorPause: LockView = {
  id: 'operator-pause',
  serial: 2,
  kind: 'operator-pause',
  symbol: null,
  state: 'reducing',
  policy: 'hold',
  since: Date.UTC(2024, 7, 5, 11),
  reason: 'Paused by operator: Op (1001): news at 14:30',
  clearing: '/resume',
  clearedByUnlock: false,
};

const position: PositionView = {
  symbol: 'BTC/USDT',
  quantity: 0.0123,
  entryPrice: 60_123.4,
  lastPrice: 60_500,
  unrealised: 4.51,
  unrealisedFraction: 0.0061,
  stopPrice: 59_221.6,
  stopWorking: true,
  closing: null,
  targetPrice: 61_927.1,
  openedAt: Date.UTC(2024, 7, 5, 9, 0, 5),
  horizonAt: Date.UTC(2024, 7, 6, 9),
};

const statusView = (clock: Clock, locks: readonly LockView[], paused: boolean): StatusView => ({
  mode: 'demo',
  state: locks.some(({ state }) => state === 'halted') ? 'halted' : paused ? 'reducing' : 'active',
  why: locks[0] ?? null,
  entryBars:
    locks.length > 0 || paused ? [{ code: 'state-reducing', why: 'Locked', symbols: ['BTC/USDT', 'ETH/USDT'] }] : [],
  mayEnter: locks.length === 0 && !paused,
  equity: 1_012.4,
  equityUnknown: null,
  dayBaseline: 1_010.09,
  dayPnl: 2.31,
  dayPnlFraction: 0.0023,
  maxDailyDrawdown: 0.02,
  drawdownFraction: 0.008,
  maxTotalDrawdown: 0.1,
  lossStreak: 1,
  maxConsecutiveLosses: 3,
  positions: [position],
  locks,
  symbols: [
    {
      symbol: 'BTC/USDT',
      lastPrice: 60_500,
      priceAgeMs: 3_000,
      newestCandleClose: clock.marketNow(),
      lastDecision: { at: clock.marketNow(), text: 'holds: position open' },
    },
    {
      symbol: 'ETH/USDT',
      lastPrice: 2_451.2,
      priceAgeMs: 4_000,
      newestCandleClose: clock.marketNow(),
      lastDecision: { at: clock.marketNow(), text: 'no edge: 0.31 (EV -0.12 %)' },
    },
  ],
  marketNow: clock.marketNow(),
  nextDecisionAt: clock.marketNow() + 720_000,
  wallNow: clock.wallNow(),
  startedAt: clock.wallNow() - 7_200_000,
});

const pnlView = (clock: Clock, range: PnlRange) => ({
  range,
  from: clock.marketNow() - 7 * 86_400_000,
  to: clock.marketNow(),
  equity: 1_012.4,
  startEquity: 1_000,
  realised: 7.89,
  unrealised: 4.51,
  fees: 3.1,
  deposits: 0,
  trades: 12,
  wins: 7,
  losses: 5,
  winRate: 0.583,
  profitFactor: 1.4,
  expectancy: 0.66,
  maxDrawdown: 0.012,
  sharpe: null,
  sortino: null,
  bySymbol: [
    { symbol: 'BTC/USDT', trades: 8, pnl: 9.2 },
    { symbol: 'ETH/USDT', trades: 4, pnl: -1.31 },
  ],
  curve: Array.from({ length: 100 }, (_, index) => ({
    at: clock.marketNow() - (100 - index) * 3_600_000,
    equity: 1_000 + index / 8 + 4 * Math.sin(index / 5),
    drawdown: 0,
  })),
});

export const createFakeService = (clock: Clock): FakeService => {
  const auditRows: AuditEntry[] = [];
  const calls: FakeService['calls'] = [];
  let locks: readonly LockView[] = [];
  let preview: Partial<UnlockPreview> = {};
  let paused = false;
  const trade = (id: number) => ({
    id,
    symbol: id % 3 === 0 ? 'ETH/USDT' : 'BTC/USDT',
    quantity: 0.01,
    entryPrice: 60_000,
    exitPrice: 60_300,
    fees: 1.2,
    pnl: id % 2 === 0 ? 3.1 : -9.87,
    pnlFraction: id % 2 === 0 ? 0.005 : -0.0163,
    openedAt: clock.marketNow() - id * 86_400_000,
    closedAt: clock.marketNow() - id * 80_000_000,
    exitReason: id % 2 === 0 ? 'take-profit' : 'stop',
  });
  return {
    auditRows,
    calls,
    get paused() {
      return paused;
    },
    setLocks: (next) => {
      locks = next;
    },
    setPreview: (change) => {
      preview = change;
    },
    status: () => statusView(clock, locks, paused),
    pnl: (range) => pnlView(clock, range),
    positions: () => [position],
    trades: (limit, offset) => ({
      total: 37,
      trades: Array.from({ length: Math.max(0, Math.min(limit, 37 - offset)) }, (_, index) =>
        trade(offset + index + 1),
      ),
    }),
    balance: () => ({
      quoteAsset: 'USDT',
      cash: 268.25,
      positions: [{ asset: 'BTC', quantity: 0.0123, value: 744.15 }],
      feeAsset: null,
      external: [{ asset: 'DOGE', quantity: 1_000 }],
      equity: 1_012.4,
      asOf: clock.marketNow(),
    }),
    risk: () => ({
      riskPerTrade: 0.01,
      stopLoss: 0.015,
      takeProfit: 0.03,
      horizonHours: 24,
      maxLeverage: 1,
      limits: [
        { name: 'Daily drawdown', limit: 0.02, value: 0.003, unit: 'fraction' },
        { name: 'Minimum balance', limit: 100, value: 1_012.4, unit: 'quote' },
        { name: 'Losses in a row', limit: 3, value: 1, unit: 'count' },
        { name: 'Price age', limit: 300, value: null, unit: 'seconds' },
      ],
    }),
    locks: () => locks,
    version: () => ({
      version: '0.1.0',
      engineVersion: '1',
      mode: 'demo',
      model: { name: 'demo', hash: 'abcdef0123456789', purpose: 'demo only' },
      node: '24.21.0',
    }),
    pause: async (caller, reason) => {
      calls.push({ name: 'pause', caller, detail: reason });
      paused = true;
      return { ok: true, code: 'paused', text: 'Paused: no entries. Stops and exits go on. /resume ends it.' };
    },
    resume: async (caller) => {
      calls.push({ name: 'resume', caller, detail: null });
      paused = false;
      locks = locks.filter(({ kind }) => kind !== 'operator-pause');
      return { ok: true, code: 'resumed', text: 'Trading goes on.' };
    },
    unlockPreview: () => ({
      shown: { shownAt: 0, serials: {} },
      locks: locks.filter(({ clearedByUnlock }) => clearedByUnlock),
      staying: [],
      baselines: [],
      newLossPermitted: null,
      refusals: [],
      ...preview,
    }),
    unlock: async (caller, request: UnlockRequest) => {
      calls.push({ name: 'unlock', caller, detail: request });
      locks = locks.filter(({ id }) => !request.lockIds.includes(id));
      return { ok: true, code: 'unlocked', text: `Cleared: ${request.lockIds.join(', ')}` };
    },
    audit: (entry) => void auditRows.push(entry),
  };
};
