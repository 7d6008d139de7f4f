import type { Clock } from '../../../src/ports/clock.ts';
import type { Caller, CommandOutcome } from '../../../src/ports/operator.ts';
import type { ChartView, OperatorTools, OrderView } from '../../../src/ports/operator-tools.ts';
import { createAlertSettings } from '../../../src/app/outbox/alert-settings.ts';
import type { ChatMemory } from '../../../src/ports/chat.ts';

const HOUR = 3_600_000;

export interface FakeTools extends OperatorTools {
  readonly calls: { readonly name: string; readonly caller: Caller; readonly detail: unknown }[];
}

const stop: OrderView = {
  id: 'gb-4f2a-18',
  symbol: 'BTC/USDT',
  side: 'sell',
  purpose: 'stop',
  state: 'working',
  quantity: 0.0123,
  filled: 0,
  limitPrice: 58_037.1,
  triggerPrice: 59_221.6,
  createdAt: Date.UTC(2024, 7, 5, 9),
};

const entry: OrderView = {
  ...stop,
  id: 'gb-4f2a-19',
  side: 'buy',
  purpose: 'entry',
  triggerPrice: null,
  limitPrice: 60_100,
};

const chartView = (symbol: string, hours: number, now: number): ChartView => ({
  symbol,
  candles: Array.from({ length: hours }, (_, index) => {
    const open = 60_000 + 500 * Math.sin(index / 6);
    const close = 60_000 + 500 * Math.sin((index + 1) / 6);
    return {
      openTime: now - (hours - index) * HOUR,
      open,
      close,
      high: Math.max(open, close) + 60,
      low: Math.min(open, close) - 60,
    };
  }),
  marks: [{ at: now - 5 * HOUR, price: 60_100, side: 'entry' }],
  entryPrice: 60_100,
  stopPrice: 59_221.6,
  targetPrice: 61_927.1,
});

export const createFakeTools = (clock: Clock, memory: ChatMemory): FakeTools => {
  const calls: FakeTools['calls'] = [];
  const settings = createAlertSettings(memory, () => clock.wallNow());
  const done = async (name: string, caller: Caller, detail: unknown): Promise<CommandOutcome> => {
    calls.push({ name, caller, detail });
    return { ok: true, code: name, text: `Done: ${name}` };
  };
  return {
    calls,
    orders: () => [stop, entry],
    health: () => [
      { name: 'Engine', ok: true, detail: 'last step 2 s ago' },
      { name: 'Exchange', ok: null, detail: 'not asked yet' },
    ],
    model: () => ({
      name: 'demo',
      hash: 'abcdef0123456789',
      purpose: 'demo only',
      trainedThrough: Date.UTC(2024, 5, 30),
      edge: 'No demonstrated edge after costs.',
      stopLoss: 0.015,
      takeProfit: 0.03,
      horizonHours: 24,
      predictions: [{ symbol: 'BTC/USDT', probability: 0.412, at: clock.marketNow() }],
      drift: {
        hours: 600,
        prediction: 0.08,
        features: [
          { name: 'realised_volatility_24h', index: 0.31 },
          { name: 'rsi_14', index: 0.02 },
        ],
      },
    }),
    symbols: () => ['BTC/USDT', 'ETH/USDT'],
    chart: (symbol, hours) => chartView(symbol, hours, clock.marketNow()),
    periods: (kind, count) =>
      Array.from({ length: count }, (_, index) => ({
        from: Date.UTC(2024, 7, 5) - index * 24 * HOUR * (kind === 'day' ? 1 : kind === 'week' ? 7 : 30),
        to: clock.marketNow(),
        trades: index,
        pnl: index === 3 ? null : 12.3 - index,
        pnlFraction: index === 3 ? null : 0.0123,
        fees: 1,
      })),
    logs: (count) =>
      Array.from({ length: count }, (_, index) => ({
        at: clock.wallNow() - index * 1_000,
        level: 'info' as const,
        text: `decision ${index}`,
      })),
    readiness: () => ({
      at: clock.wallNow(),
      score: 82,
      checks: [
        { domain: 'Live data', name: 'freshness', verdict: 'PASS', evidence: '3 s' },
        { domain: 'Security', name: 'env-mode', verdict: 'FAIL', evidence: '.env is 0644, must be 0600' },
      ],
    }),
    equityHistory: () =>
      Array.from({ length: 1_000 }, (_, index) => ({
        at: clock.marketNow() - (1_000 - index) * HOUR,
        equity: 1_000 + index / 10,
      })),
    halt: async (caller, reason) => ({
      ...(await done('halt', caller, reason)),
      text: 'Halted: exits only, working entries cancelled. /unlock ends it.',
    }),
    flattenPreview: (symbol) => ({
      positions: [
        {
          symbol: symbol ?? 'BTC/USDT',
          openedBy: 'gb-4f2a-17',
          quantity: 0.0123,
          lastPrice: 60_500,
          estimatedProceeds: 743.41,
        },
      ],
      refusal: null,
    }),
    flatten: async (caller, symbols) => done('flatten', caller, symbols),
    cancelPreview: (orderId) => {
      const order = [stop, entry].find(({ id }) => id === orderId) ?? null;
      const refusal =
        order === null
          ? `There is no working order ${orderId}.`
          : order.purpose === 'stop'
            ? 'A protective stop is never cancelled by hand.'
            : null;
      return { order, refusal };
    },
    cancel: async (caller, orderId) => done('cancel', caller, orderId),
    unsettled: () => [`${stop.id}: stop, unknown for 12 min`],
    settlePreview: async ({ orderId, claim }) => ({
      what: [`Settles ${orderId}`, `Books ${claim}`],
      refusal: null,
      shown: 'seen',
    }),
    settle: async (caller, request, shown) => done('settle', caller, { ...request, shown }),
    reconcile: async (caller) => done('reconcile', caller, null),
    backup: async (caller) => done('backup', caller, null),
    alertSettings: () => settings.view(),
    mute: async (caller, span) => {
      settings.mute(span);
      return done('mute', caller, span);
    },
    setAlertMode: async (caller, kind, mode) => {
      settings.set(kind, mode);
      return done('alerts', caller, { kind, mode });
    },
  };
};
