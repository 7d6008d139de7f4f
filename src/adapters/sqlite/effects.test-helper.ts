import type { Alert } from '../../core/engine/alert.ts';
import { decimal } from '../../core/decimal.ts';
import type {
  AlertEffect,
  DecisionEffect,
  FillEffect,
  LockEffect,
  OrderEffect,
  PlaceEffect,
  TradeEffect,
} from '../../core/engine/effect.ts';
import type { Input } from '../../core/engine/input.ts';
import type { ApprovedOrder } from '../../core/guardian/approved-order.ts';
import type { OrderDraft } from '../../core/orders/order.ts';

export const NOON = Date.UTC(2024, 7, 5, 12);

export const timer = (at = NOON, wall = at): Input => ({ type: 'timer', at, wall });

export const draftOf = (clientOrderId: string, rest: Partial<OrderDraft> = {}): OrderDraft => ({
  clientOrderId,
  symbol: 'BTC/USDT',
  side: 'buy',
  type: 'limit',
  purpose: 'entry',
  quantity: decimal('0.1'),
  limitPrice: decimal('60000.5'),
  stopPrice: null,
  timeInForce: 'IOC',
  expiresAtWall: NOON + 60_000,
  reason: 'signal',
  ...rest,
});

/** The adapter only reads an approved order; the real ones come from the Guardian alone. */
export const place = (clientOrderId: string, rest: Partial<OrderDraft> = {}): PlaceEffect => {
  const draft = draftOf(clientOrderId, rest);
  return { type: 'place', order: { draft, toJSON: () => draft } as unknown as ApprovedOrder };
};

export const order = (clientOrderId: string, rest: Partial<OrderEffect> = {}): OrderEffect => ({
  type: 'order',
  clientOrderId,
  symbol: 'BTC/USDT',
  status: 'filled',
  exchangeOrderId: '77',
  executed: decimal('0.1'),
  detail: null,
  ...rest,
});

export const fill = (clientOrderId: string, tradeId: string, rest: Partial<FillEffect> = {}): FillEffect => ({
  type: 'fill',
  symbol: 'BTC/USDT',
  tradeId,
  clientOrderId,
  purpose: 'entry',
  side: 'buy',
  price: decimal('60000.5'),
  quantity: decimal('0.1'),
  quoteQuantity: decimal('6000.05'),
  fee: decimal('6.00005'),
  feeAsset: 'USDT',
  realised: decimal('0'),
  at: NOON,
  ...rest,
});

export const trade = (entryOrderId: string, rest: Partial<TradeEffect> = {}): TradeEffect => ({
  type: 'trade',
  symbol: 'BTC/USDT',
  quantity: decimal('0.1'),
  entryPrice: decimal('60000.5'),
  exitPrice: decimal('61000'),
  fees: decimal('12.1'),
  pnl: decimal('87.85'),
  pnlFraction: 0.0146,
  openedAt: NOON,
  closedAt: NOON + 3_600_000,
  exitReason: 'take-profit',
  entryOrderId,
  ...rest,
});

export const lockChange = (change: 'set' | 'cleared', id = 'kill-switch', at = NOON): LockEffect => ({
  type: 'lock',
  change,
  by: change === 'set' ? 'rule' : 'telegram 1',
  lock: { id, kind: 'kill-switch', symbol: null, since: at, reason: '3 losses in a row', limit: 3, value: 3 },
});

export const decision = (rest: Partial<DecisionEffect> = {}): DecisionEffect => ({
  type: 'decision',
  symbol: 'BTC/USDT',
  openTime: NOON - 3_600_000,
  probability: 0.61,
  expectedValue: 0.0012,
  margin: 0.001,
  outcome: 'entered',
  text: 'entry',
  sizing: null,
  checks: [{ ok: true, code: 'cash', limit: 1, value: 'x' }],
  clientOrderId: null,
  ...rest,
});

export const alertOf = (key: string, rest: Partial<Alert> = {}): Alert => ({
  kind: 'lock',
  key,
  title: `title of ${key}`,
  lines: ['a line'],
  commands: ['/unlock'],
  symbol: null,
  at: NOON,
  ...rest,
});

export const alertEffect = (key: string): AlertEffect => ({ type: 'alert', alert: alertOf(key) });
